"""Traces of edits on their way from socket to Postgres, for OpenTelemetry: which edits, and what a span looks like.

Which edits are traced, and under which ids, follows from the edit alone: gateway, room and writer come to the same
result by themselves, and no message between them has to carry it. Nobody imports this module unless traces are on.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

Stage = Literal["gateway.receive", "room.commit", "persistence.flush"]
_STAGES: tuple[Stage, ...] = ("gateway.receive", "room.commit", "persistence.flush")
_TRACE_BYTES, _SPAN_BYTES = 16, 8
_SERVER, _INTERNAL = 2, 1
"""Kinds of spans in OTLP."""
_WHOLE = 1 << 64


class _Value(msgspec.Struct, rename="camel", omit_defaults=True):
    string_value: str | None = None
    int_value: str | None = None


class _Attribute(msgspec.Struct):
    key: str
    value: _Value


class Span(msgspec.Struct, rename="camel", omit_defaults=True):
    """A span in the JSON form of OTLP: ids in hex, times in unix nanoseconds, as text."""

    trace_id: str
    span_id: str
    name: Stage
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    attributes: list[_Attribute]
    parent_span_id: str | None = None


class Edit(NamedTuple):
    """What an edit is known by everywhere."""

    room_id: str
    client_id: str
    seq: int


class Tracer:
    """Hands the spans of `share` (0 to 1) of all edits to `export`."""

    def __init__(self, share: float, export: Callable[[Span], None]) -> None:
        self._below = int(share * _WHOLE)
        self._export = export

    def traces(self, edit: Edit) -> bool:
        """Whether this edit is one of those."""
        return int.from_bytes(_digest(edit)[:8]) < self._below

    def span(self, stage: Stage, edit: Edit, seconds: float, **more: int) -> None:
        """A stage of an edit ends now, and began `seconds` ago."""
        digest, end = _digest(edit), time.time_ns()
        ids = [digest[start : start + _SPAN_BYTES].hex() for start in range(_TRACE_BYTES, len(digest), _SPAN_BYTES)]
        at = _STAGES.index(stage)
        self._export(
            Span(
                trace_id=digest[:_TRACE_BYTES].hex(),
                span_id=ids[at],
                parent_span_id=ids[at - 1] if at else None,
                name=stage,
                kind=_INTERNAL if at else _SERVER,
                start_time_unix_nano=str(end - int(seconds * 1e9)),
                end_time_unix_nano=str(end),
                attributes=[
                    _Attribute("rayrooms.room_id", _Value(string_value=edit.room_id)),
                    _Attribute("rayrooms.client_id", _Value(string_value=edit.client_id)),
                    *(_Attribute(f"rayrooms.{name}", _Value(int_value=str(value))) for name, value in more.items()),
                    _Attribute("rayrooms.seq", _Value(int_value=str(edit.seq))),
                ],
            )
        )


def _digest(edit: Edit) -> bytes:
    """The id of the edit's trace and those of its three spans."""
    named = msgspec.msgpack.encode(edit)
    return hashlib.blake2b(named, digest_size=_TRACE_BYTES + 3 * _SPAN_BYTES).digest()
