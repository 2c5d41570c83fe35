"""What a running server tells its operator: metrics of all its processes, and logs.

These come before `test_kills`: what a process has counted leaves the sums some time after its end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
from prometheus_client.parser import text_string_to_metric_families

from persistence.telemetry.catalogue import METRICS

from .people import together, until

if TYPE_CHECKING:
    from .people import Person
    from .server import Server

PATIENCE = 45.0
"""Seconds from an event to its being seen: 5 to the next reading, 10 to the node's agent, and a busy machine."""
TRANSIT = "quetzal"
CHAT = "marrowfat"


async def scraped(url: str) -> dict[str, float]:
    """The series of `/metrics`, by name and labels without the node."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = [f"{name}={value}" for name, value in sorted(sample.labels.items()) if not name.startswith("node")]
            key = " ".join([sample.name, *labels])
            found[key] = found.get(key, 0.0) + sample.value
    return found


async def test_what_happens_is_seen(own_server: Server, ada: Person, bob: Person) -> None:
    """OBS-1, OBS-2, OBS-8, OBS-9: through every process of the server, in one exposition that Prometheus can read."""
    before = await scraped(own_server.url)
    room_id = await ada.make_room()
    async with together(room_id, ada, bob) as (author, reader):
        version = 0
        for seq in range(1, 21):
            version = await author.edit(["x"], seq=seq)
        await reader.expect("code_change", changes=lambda changes: changes[-1]["version"] == version)
        await author.expect("durable", version=version)
        await author.send("code_change", op=["x"], version=version + 1000)
        await author.expect_message("error")
        await bob.insert(room_id, 0, "y")
        after: dict[str, float] = {}

        def grown(series: str) -> float:
            return after.get(series, 0.0) - before.get(series, 0.0)

        async def seen() -> bool:
            await author.edit(["x"])  # a room where nobody does falls asleep before all processes have told
            after.update(await scraped(own_server.url))
            return (
                grown("ray_rayrooms_edits_total via=socket") >= 20
                and grown("ray_rayrooms_records_committed_total") >= 21
                and grown("ray_rayrooms_activation_seconds_count") >= 1
                and after["ray_rayrooms_sockets transport=json"] >= 2
                and after["ray_rayrooms_rooms_awake"] >= 1
                and after["ray_rayrooms_gateways"] == 2
            )

        await until(seen, PATIENCE)
    assert grown("ray_rayrooms_edits_total via=rest") >= 1
    assert grown("ray_rayrooms_edit_seconds_count") >= 20
    assert 0 < grown("ray_rayrooms_edit_seconds_sum") < 20
    assert grown("ray_rayrooms_events_sent_total kind=change") >= 20
    assert grown("ray_rayrooms_events_sent_total kind=durable") >= 2
    assert grown("ray_rayrooms_joins_total kind=first") >= 2
    assert grown("ray_rayrooms_sockets_opened_total transport=json") >= 2
    assert grown("ray_rayrooms_refusals_total code=future_version") == 1
    assert grown("ray_rayrooms_durable_lag_seconds_count") >= 1
    assert grown("ray_rayrooms_flush_seconds_count") >= 1
    assert after["rayrooms_node_scrape_up"] == 1
    for metric in METRICS:
        if metric.kind == "histogram":
            buckets = [after[f"{metric.exposed}_bucket le={end}"] for end in metric.ends]
            assert buckets == sorted(buckets), metric.name
            assert buckets[-1] == after[f"{metric.exposed}_count"], metric.name
    assert any(series.startswith("ray_node_mem_used") for series in after)
    assert any(series.startswith("ray_component_uss_mb Component=ray::RoomActor") for series in after), after.keys()
    assert any(series.startswith("ray_serve_") for series in after), after.keys()


async def test_neither_metrics_nor_logs_tell_what_people_do(own_server: Server, ada: Person, bob: Person) -> None:
    """OBS-3, OBS-12: no word of a document, of the chat or of a name, though everything logs at DEBUG, and as JSON."""
    room_id = await ada.make_room(name=f"{TRANSIT} room")
    async with together(room_id, ada, bob) as (first, second):
        version = await first.edit([f"{TRANSIT} and more"])
        await first.send("chat_message", content=f"{CHAT} and more")
        await second.expect("chat_message")
        await second.edit([{"d": len(TRANSIT)}], version=version)
        await first.send("code_change", op=[10_000, f"{TRANSIT}"], version=version)
        await first.expect_message("error")
        await first.send("chat_message", content=f"{CHAT}\0")
        await first.expect_message("error")
        await first.send("no such event", data=f"{TRANSIT}")
        await first.expect_message("error")
        await bob.insert(room_id, 0, f"{TRANSIT}")
        await first.expect("durable")
    await ada.ask("POST", f"/api/sync/{room_id}/operations", {"op_type": TRANSIT, "position": CHAT, "content": 1})
    async with httpx.AsyncClient(base_url=own_server.url, timeout=30) as client:
        metrics = (await client.get("/metrics")).text
    for hidden in (room_id, ada.user_id, bob.user_id, ada.name, TRANSIT, CHAT):
        assert hidden not in metrics
    logs = own_server.every_log()
    assert len(logs) > 10
    for name, written in logs.items():
        for hidden in (TRANSIT, CHAT):
            assert hidden not in written, name
    lines = [json.loads(line) for line in own_server.log().splitlines() if line.startswith("{")]
    assert {line["level"] for line in lines} >= {"DEBUG", "INFO"}, "the launcher does not log at DEBUG"
    assert all(line["message"] and line["time"] and line["logger"] for line in lines)
