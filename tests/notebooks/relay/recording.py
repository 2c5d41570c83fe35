"""Writes down what a link does, step by step, and does recorded steps again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec
from rayrooms_jupyter.relay.limits import Limits
from rayrooms_jupyter.relay.link import Ended, Event, Frame, Link, Opened
from rayrooms_jupyter.relay.messages import Message, Open

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


class RecordedLink(Link):
    """A link that keeps a record of its steps.

    A step is {"do": the method, its arguments by name, "gives": the message that it returned, "told": the events,
    "due", "phase", "full"}; of the last three only what has changed.
    """

    def __init__(self, limits: Limits, now: float, opening: Open | None = None) -> None:
        super().__init__(limits, now, opening)
        self.steps: list[Json] = []
        self._start: Json = {"limits": asdict(limits), "start": now, "token": opening and opening.token}
        self._last: Json = {}
        self._told: list[Event] = []

    def record(self, name: str) -> Json:
        """All that was done."""
        return {"name": name, **self._start, "steps": self.steps}

    def take_events(self) -> list[Event]:
        told, self._told = self._told, []
        return told

    def opened(self) -> None:
        self._step({"do": "opened"}, super().opened)

    def push(self, frame: str) -> None:
        self._step({"do": "push", "frame": frame}, lambda: super(RecordedLink, self).push(frame))

    def finish(self, code: str, reason: str, now: float) -> None:
        self._told.clear()
        step = {"do": "finish", "code": code, "reason": reason, "now": now}
        self._step(step, lambda: super(RecordedLink, self).finish(code, reason, now))

    def receive(self, message: Message, now: float) -> None:
        step = {"do": "receive", "message": _plain(message), "now": now}
        self._step(step, lambda: super(RecordedLink, self).receive(message, now))

    def take(self, now: float) -> Message | None:
        return self._step({"do": "take", "now": now}, lambda: super(RecordedLink, self).take(now))

    def _step(self, step: Json, do: Callable[[], Message | None]) -> Message | None:
        given = do()
        if given is not None:
            step["gives"] = _plain(given)
        if told := super().take_events():
            step["told"] = [_event(event) for event in told]
            self._told += told
        state: Json = {"due": self.due(), "phase": self.phase, "full": self.is_full}
        step |= {key: value for key, value in state.items() if key not in self._last or self._last[key] != value}
        self._last = state
        self.steps.append(step)
        return given


def replay(record: Json) -> list[Json]:
    """The steps of a record, as a link does them now."""
    opening = None if record["token"] is None else Open(record["token"])
    link = RecordedLink(Limits(**record["limits"]), record["start"], opening)
    for step in record["steps"]:
        match step["do"]:
            case "opened":
                link.opened()
            case "push":
                link.push(step["frame"])
            case "finish":
                link.finish(step["code"], step["reason"], step["now"])
            case "receive":
                link.receive(msgspec.convert(step["message"], Message), step["now"])
            case "take":
                link.take(step["now"])
    return link.steps


def _plain(message: Message) -> Json:
    """As it is once it was read from JSON."""
    plain: Json = msgspec.json.decode(msgspec.json.encode(message))
    return plain


def _event(event: Event) -> Json:
    match event:
        case Opened():
            return {"type": "opened"}
        case Frame(text):
            return {"type": "frame", "text": text}
        case Ended(code, reason):
            return {"type": "ended", "code": code, "reason": reason}
