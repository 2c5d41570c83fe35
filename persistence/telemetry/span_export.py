"""Where spans go: to a collector by OTLP over HTTP, to a file or to the standard error, all of them as OTLP's JSON."""

from __future__ import annotations

import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from persistence.telemetry.tracing import Span, Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "file:"
CONSOLE = "console"
_MOST = 2048
"""Spans that wait for a collector; those that are more are dropped."""
_GATHER = 1.0
"""Seconds for which spans are gathered into one request. Without spans nothing wakes."""
_TIMEOUT = 5.0


class _Scope(msgspec.Struct):
    name: str


class _ScopeSpans(msgspec.Struct):
    scope: _Scope
    spans: list[Span]


class _Text(msgspec.Struct, rename="camel"):
    string_value: str


class _Attribute(msgspec.Struct):
    key: str
    value: _Text


class _Resource(msgspec.Struct):
    attributes: list[_Attribute]


class _ResourceSpans(msgspec.Struct, rename="camel"):
    resource: _Resource
    scope_spans: list[_ScopeSpans]


class _Request(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans]


_to_json = msgspec.json.Encoder().encode


def request(spans: list[Span], node: str) -> bytes:
    """What OTLP calls an ExportTraceServiceRequest, as JSON on one line."""
    said = {"service.name": "rayrooms", "host.id": node}
    resource = _Resource([_Attribute(key, _Text(value)) for key, value in said.items() if value])
    return _to_json(_Request([_ResourceSpans(resource, [_ScopeSpans(_Scope("rayrooms"), spans)])]))


def tracer(target: str, share: float, *, node: str = "") -> Tracer:
    """A tracer that exports to `target`: a collector's URL, `file:` and a path, or `console`."""
    if target == CONSOLE:
        return Tracer(share, Gathering(_to_console, node).add)
    if target.startswith(FILE):
        return Tracer(share, Gathering(_Appending(target.removeprefix(FILE)), node).add)
    return Tracer(share, Gathering(_Posting(target), node).add)


class Gathering:
    """Gathers spans for a moment and hands them on in a thread of its own, since that may take long."""

    def __init__(self, hand_on: Callable[[bytes], None], node: str) -> None:
        self._hand_on = hand_on
        self._node = node
        self._spans: deque[Span] = deque(maxlen=_MOST)
        self._due = threading.Event()
        threading.Thread(target=self._run, name="traces", daemon=True).start()

    def add(self, span: Span) -> None:
        """Have a span exported soon; never waits."""
        self._spans.append(span)
        self._due.set()

    def _run(self) -> None:
        calm = threading.Event()
        while True:
            self._due.wait()
            calm.wait(_GATHER)
            self._due.clear()
            spans = [self._spans.popleft() for _ in range(len(self._spans))]
            if spans:
                self._hand_on(request(spans, self._node))


def _to_console(data: bytes) -> None:
    sys.stderr.write(data.decode() + "\n")
    sys.stderr.flush()


class _Appending:
    """Writes each request as a line, which several processes may do to one file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, data: bytes) -> None:
        with open(self._path, "ab", buffering=0) as file:  # noqa: PTH123 - one write of one line
            file.write(data + b"\n")


class _Posting:
    """Sends each request to a collector. What it does not take is lost: traces are samples."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/v1/traces"

    def __call__(self, data: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        post = urllib.request.Request(self._url, data, headers)  # noqa: S310 - the operator's own URL
        try:
            with urllib.request.urlopen(post, timeout=_TIMEOUT):  # noqa: S310 - as above
                pass
        except (OSError, urllib.error.URLError):
            return
