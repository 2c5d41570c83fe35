"""Spans of an edit, which its stages make apart from one another and which fit together all the same."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from persistence.telemetry.span_export import tracer
from persistence.telemetry.tracing import Edit, Span, Stage, Tracer
from tests.architecture.sources import ROOT
from tests.sockets.fakes import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STAGES: tuple[Stage, ...] = ("gateway.receive", "room.commit", "persistence.flush")


def stages_of(edit: Edit) -> list[Span]:
    """Its spans, each made by a tracer of its own as in three processes."""
    spans: list[Span] = []
    for stage in STAGES:
        Tracer(1.0, spans.append).span(stage, edit, 0.002, version=7)
    return spans


def test_stages_make_one_trace_without_telling_each_other() -> None:
    """OBS-14: each the child of the one before; another edit's is another trace."""
    receive, commit, flush = stages_of(Edit("room", "client", 3))
    assert len({span.trace_id for span in (receive, commit, flush)}) == 1
    assert len({span.span_id for span in (receive, commit, flush)}) == 3
    assert (receive.parent_span_id, commit.parent_span_id, flush.parent_span_id) == (
        None,
        receive.span_id,
        commit.span_id,
    )
    for other in (Edit("room", "client", 4), Edit("room", "clien", 3), Edit("roo", "mclient", 3)):
        assert stages_of(other)[0].trace_id != receive.trace_id


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.1, 800, 1_200), (1.0, 10_000, 10_000)])
def test_a_share_of_all_edits_is_traced(share: float, least: int, most: int) -> None:
    """OBS-14: the same ones by everybody."""
    one, other = (Tracer(share, lambda _span: None) for _ in range(2))
    edits = [Edit("room", f"client-{n % 7}", n) for n in range(10_000)]
    chosen = [edit for edit in edits if one.traces(edit)]
    assert least <= len(chosen) <= most
    assert chosen == [edit for edit in edits if other.traces(edit)]


def test_without_traces_nothing_is_another_than_without_this_module() -> None:
    """OBS-16: the choice is made once, when a process starts."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from persistence.settings import Settings\n"
        "from persistence.writer import Writer\n"
        "from actors.room_actor import LiveRoom, _room_type\n"
        "from serve.replica import GatewayTally, Handlers, _counting\n"
        "settings = Settings(database_url='postgresql://nowhere/x', runtime_dir='/tmp', traces='')\n"
        "tally, handlers = _counting(settings)\n"
        "assert type(tally) is GatewayTally and handlers is Handlers\n"
        "assert _room_type(settings.traces, settings.traces_share, 'n') is LiveRoom\n"
        "assert type(Writer.from_settings(settings)._tally).__name__ == 'WriterTally'\n"
        "print(*(name for name in sys.modules if 'trac' in name.rpartition('.')[2] or 'span_export' in name))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith(("persistence", "actors", "serve"))}
    assert loaded == set()


def as_otlp(line: str) -> Any:
    """What a collector makes of it, by OpenTelemetry's own definitions; ids are hex, unlike in Protobuf's JSON."""
    document = json.loads(line)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name, size in (("traceId", 16), ("spanId", 8), ("parentSpanId", 8)):
                    if name in span:
                        assert len(bytes.fromhex(span.pop(name))) == size
    return ParseDict(document, ExportTraceServiceRequest())


def check(line: str) -> None:
    """One request with one span, as a collector reads it."""
    read: Any = as_otlp(line)
    [resource] = read.resource_spans
    assert {one.key: one.value.string_value for one in resource.resource.attributes} == {
        "service.name": "rayrooms",
        "host.id": "n1",
    }
    [span] = resource.scope_spans[0].spans
    assert span.name == "room.commit"
    assert 0 <= span.end_time_unix_nano - span.start_time_unix_nano - 2_000_000 < 1_000
    said = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
    assert said == {
        "rayrooms.room_id": "room",
        "rayrooms.client_id": "client",
        "rayrooms.seq": 3,
        "rayrooms.version": 7,
    }


async def test_spans_go_to_a_file(tmp_path: Path) -> None:
    """OBS-15: a request a line."""
    path = tmp_path / "traces"
    tracer(f"file:{path}", 1.0, node="n1").span("room.commit", Edit("room", "client", 3), 0.002, version=7)
    await until(lambda: path.exists() and path.read_text().endswith("\n"))
    [line] = path.read_text().splitlines()
    check(line)


async def test_spans_go_to_a_collector() -> None:
    """OBS-15: by OTLP over HTTP; one that is away is nobody's trouble, and later ones arrive."""
    requests: list[bytes] = []

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("post /v1/traces http/1.1\r\n")
        assert "content-type: application/json\r\n" in head
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        requests.append(await reader.readexactly(size))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(collect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    made = tracer(f"http://127.0.0.1:{port}/", 1.0, node="n1")

    async def sent(told: Callable[[], bool]) -> None:
        made.span("room.commit", Edit("room", "client", 3), 0.002, version=7)
        await until(told)

    await sent(lambda: not made._export.__self__._spans)  # type: ignore[attr-defined]
    async with await asyncio.start_server(collect, "127.0.0.1", port):
        await sent(lambda: bool(requests))
    check(requests[-1].decode())
