"""How Postgres is asked to plan what our connections send."""

from __future__ import annotations

from typing import Final

BY_INDEX: Final = "SET enable_seqscan TO off"
"""Read no table from end to end where an index leads to what is asked for.

A prepared statement keeps the plan that was best for the table as it was when it was planned. For a table that had just
been emptied and analysed that is to read all of it, and the table grows: the writer's search for the head of a room's
log then took five times its CPU, until the next analysis a minute later. All our queries have their index (SPEC DB-12).
"""
