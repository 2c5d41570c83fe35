"""Every metric of the server, by name: what it counts, in which unit, and how it is told apart. Pure.

Names are as the code counts them. Ray puts `ray_` in front of each, and Prometheus `_total` behind a counter. A metric
has one label at most, whose values are the server's own words: never a room, a user or anything that people wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

BUCKET, SUM = "_bucket", "_sum"
"""A histogram is counted by counters, whose names end so: one for each bucket and one for the sum of all values ..."""
LE = "le"
"""... and this label says which bucket: its upper end."""


@dataclass(frozen=True)
class Metric:
    """One metric. `values` are what its label is known to say, so that each is shown from the start; others may come.

    `bounds` are the upper ends of a histogram's buckets, in seconds; one without an end follows them.
    """

    name: str
    kind: Kind
    help: str
    label: str = ""
    values: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def exposed(self) -> str:
        """The name of its family as Prometheus sees it."""
        return f"ray_{self.name}"

    @property
    def ends(self) -> list[str]:
        """What LE says for each bucket of a histogram."""
        return [*map(str, self.bounds), "+Inf"]


_QUICK = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SLOW = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

# ---- counted by gateways

EDITS = Metric(
    "rayrooms_edits",
    "counter",
    "Edits that a room accepted, by the way they came.",
    label="via",
    values=("socket", "rest"),
)
EDIT_SECONDS = Metric(
    "rayrooms_edit_seconds",
    "histogram",
    "From taking an edit off a socket to handing its acknowledgement to it, for one edit of a session at a time.",
    bounds=_QUICK,
)
EVENTS_SENT = Metric(
    "rayrooms_events_sent",
    "counter",
    "Events of rooms handed to sockets, apart from answers to their own messages.",
    label="kind",
    values=("change", "signal", "durable"),
)
SOCKETS = Metric(
    "rayrooms_sockets",
    "gauge",
    "Open sockets.",
    label="transport",
    values=("json", "msgpack", "socketio"),
)
SOCKETS_OPENED = Metric(
    "rayrooms_sockets_opened",
    "counter",
    "Sockets that were ever opened.",
    label="transport",
    values=("json", "msgpack", "socketio"),
)
JOINS = Metric(
    "rayrooms_joins",
    "counter",
    "Requests to join a room: of clients that hold nothing of it yet, and of those that come back to it.",
    label="kind",
    values=("first", "return"),
)
REFUSALS = Metric(
    "rayrooms_refusals",
    "counter",
    "Messages and requests that were refused, by error code.",
    label="code",
)
SLOW_READERS = Metric(
    "rayrooms_slow_readers_closed",
    "counter",
    "Sockets that were closed because their peer did not read what it was sent.",
)
GATEWAYS = Metric("rayrooms_gateways", "gauge", "Gateway replicas that report.")

# ---- counted by the directory

ROOMS_AWAKE = Metric("rayrooms_rooms_awake", "gauge", "Rooms that are awake.")
ROOMS_SLEPT = Metric("rayrooms_rooms_slept", "counter", "Rooms that were put to sleep, idle or for want of space.")
ACTIVATION_SECONDS = Metric(
    "rayrooms_activation_seconds",
    "histogram",
    "From the wish to wake a room to its owner being ready, the wait for a process included.",
    bounds=_SLOW,
)
ACTIVATIONS_FAILED = Metric("rayrooms_activations_failed", "counter", "Rooms that could not be woken when asked for.")

# ---- counted by persistence actors

DURABLE_LAG_SECONDS = Metric(
    "rayrooms_durable_lag_seconds",
    "histogram",
    "From a frame of accepted records reaching the node's writer to its commit in Postgres.",
    bounds=_SLOW,
)
FLUSH_SECONDS = Metric(
    "rayrooms_flush_seconds", "histogram", "One transaction of the writer, from its start to its commit.", bounds=_SLOW
)
FLUSHES_FAILED = Metric(
    "rayrooms_flushes_failed", "counter", "Transactions that failed since Postgres was not well; they are tried again."
)
RECORDS_COMMITTED = Metric("rayrooms_records_committed", "counter", "Records that are in Postgres.")
BACKLOG_RECORDS = Metric("rayrooms_backlog_records", "gauge", "Records that the writer holds and Postgres does not.")
BACKLOG_BYTES = Metric("rayrooms_backlog_bytes", "gauge", "The same in bytes.")
BACKLOG_SECONDS = Metric("rayrooms_backlog_seconds", "gauge", "How long the oldest of them has been waiting.")
FENCES = Metric(
    "rayrooms_fences",
    "counter",
    "Feeds that were cut off: of owners with a newer successor, and of those whose data Postgres refuses.",
    label="reason",
    values=("stale", "refused"),
)

METRICS: tuple[Metric, ...] = (
    EDITS,
    EDIT_SECONDS,
    EVENTS_SENT,
    SOCKETS,
    SOCKETS_OPENED,
    JOINS,
    REFUSALS,
    SLOW_READERS,
    GATEWAYS,
    ROOMS_AWAKE,
    ROOMS_SLEPT,
    ACTIVATION_SECONDS,
    ACTIVATIONS_FAILED,
    DURABLE_LAG_SECONDS,
    FLUSH_SECONDS,
    FLUSHES_FAILED,
    RECORDS_COMMITTED,
    BACKLOG_RECORDS,
    BACKLOG_BYTES,
    BACKLOG_SECONDS,
    FENCES,
)
"""All of them, in the order in which they are shown."""
