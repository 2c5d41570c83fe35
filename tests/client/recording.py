"""Writes down what the client's state machine does, step by step, for clients in other languages to do the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from rayrooms.client.events import (
    ChatChanged,
    Confirmed,
    CursorMoved,
    EditRefused,
    PresenceChanged,
    RequestRefused,
    TextChanged,
)
from rayrooms.client.state import ClientState
from rayrooms.errors import RayroomsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms.client.events import Event
    from rayrooms.protocol import AnyClientEvent, AnyServerEvent, Operation, Range

Json = dict[str, Any]
T = TypeVar("T")


class RecordedState(ClientState):
    """A client's state machine that keeps a record of its steps.

    A step is {"do": the method, its arguments by name, "error": the code of what it raised, "ref": what it returned,
    "sent": the messages to send, "told": the events, "now": all that one can read of it and that has changed}. Texts
    are not among that: the events lead from each to the next, and `finish` adds the last one.
    """

    def __init__(self, room_id: str, *, new_client_id: Callable[[], str], window: int) -> None:
        self.steps: list[Json] = []
        self.ids: list[str] = []
        self._now: Json = {}
        self._is_stepping = False
        self._taken_outbox: list[AnyClientEvent] = []
        self._taken_events: list[Event] = []

        def noted_id() -> str:
            self.ids.append(new_client_id())
            return self.ids[-1]

        super().__init__(room_id, new_client_id=noted_id, window=window)

    def record(self, name: str) -> Json:
        """All that was done, and the end of it."""
        end = {
            "text": self.text,
            "participants": msgspec.to_builtins(self.company.participants),
            "messages": msgspec.to_builtins(self.company.messages),
        }
        return {"name": name, "window": self._window, "ids": self.ids, "steps": self.steps, "end": end}

    def take_outbox(self) -> list[AnyClientEvent]:
        taken, self._taken_outbox = self._taken_outbox, []
        return taken

    def take_events(self) -> list[Event]:
        taken, self._taken_events = self._taken_events, []
        return taken

    # -------------------------------------------------------------- steps

    def connected(self) -> None:
        self._taken_outbox.clear()
        self._step("connected", super().connected)

    def disconnected(self) -> None:
        self._taken_outbox.clear()
        self._step("disconnected", super().disconnected)

    def join(self) -> None:
        self._step("join", super().join)

    def fail(self, error: RayroomsError) -> None:
        fail = partial(super().fail, error)
        if self._is_stepping:
            fail()
        else:
            self._step("fail", fail, code=error.code, message=error.message)

    def edit(self, op: Operation) -> None:
        self._step("edit", partial(super().edit, op), op=op)

    def set_cursor(self, ranges: list[Range]) -> None:
        self._step("set_cursor", partial(super().set_cursor, ranges), ranges=ranges)

    def set_presence(self, status: Literal["online", "away"]) -> None:
        self._step("set_presence", partial(super().set_presence, status), status=status)

    def set_typing(self, *, is_typing: bool) -> None:
        self._step("set_typing", partial(super().set_typing, is_typing=is_typing), is_typing=is_typing)

    def send_chat(self, content: str, *, reply_to: str | None = None) -> None:
        send = partial(super().send_chat, content, reply_to=reply_to)
        self._step("send_chat", send, content=content, reply_to=reply_to)

    def edit_message(self, message_id: str, content: str) -> None:
        send = partial(super().edit_message, message_id, content)
        self._step("edit_message", send, message_id=message_id, content=content)

    def delete_message(self, message_id: str) -> None:
        self._step("delete_message", partial(super().delete_message, message_id), message_id=message_id)

    def react(self, message_id: str, emoji: str) -> None:
        self._step("react", partial(super().react, message_id, emoji), message_id=message_id, emoji=emoji)

    def ask_version(self) -> int:
        return self._step("ask_version", super().ask_version)

    def ping(self) -> None:
        self._step("ping", super().ping)

    def receive(self, message: AnyServerEvent) -> None:
        self._step("receive", partial(super().receive, message), message=message)

    # -------------------------------------------------------------- parts

    def _step(self, name: str, run: Callable[[], T], **arguments: object) -> T:
        step: Json = {"do": name}
        step |= {key: msgspec.to_builtins(value) for key, value in arguments.items() if value is not None}
        self.steps.append(step)
        self._is_stepping = True
        try:
            result = run()
        except RayroomsError as error:
            step["error"] = error.code
            raise
        else:
            if result is not None:
                step["ref"] = result
            return result
        finally:
            self._is_stepping = False
            self._note_outcome(step)

    def _note_outcome(self, step: Json) -> None:
        sent, told = super().take_outbox(), super().take_events()
        self._taken_outbox += sent
        self._taken_events += told
        if sent:
            step["sent"] = msgspec.to_builtins(sent)
        if told:
            step["told"] = [_told(event) for event in told]
        now = self._read()
        changed = {key: value for key, value in now.items() if key not in self._now or self._now[key] != value}
        self._now = now
        if changed:
            step["now"] = changed

    def _read(self) -> Json:
        return {
            "client_id": self.client_id,
            "session_id": self.session_id,
            "phase": self.phase,
            "retry": self.retry and self.retry.code,
            "failure": self.failure and self.failure.code,
            "role": self.role,
            "name": self.name,
            "language": self.language,
            "version": self.version,
            "saved": self.saved,
            "cursor": msgspec.to_builtins(self.cursor),
            "cursors": msgspec.to_builtins(self.cursors),
        }


def _told(event: Event) -> Json:
    match event:
        case TextChanged(op, own):
            return {"event": "text", "op": msgspec.to_builtins(op), "own": own}
        case ChatChanged(message):
            return {"event": "chat", "message": msgspec.to_builtins(message)}
        case CursorMoved(session_id, user_id, ranges):
            ranges_ = msgspec.to_builtins(ranges)
            return {"event": "cursor", "session_id": session_id, "user_id": user_id, "ranges": ranges_}
        case PresenceChanged(session_id, participant):
            return {
                "event": "presence",
                "session_id": session_id,
                "participant": msgspec.to_builtins(participant),
            }
        case EditRefused(op, error):
            return {"event": "edit_refused", "op": msgspec.to_builtins(op), "code": error.code}
        case RequestRefused(error, ref):
            return {"event": "request_refused", "code": error.code, "ref": ref}
        case Confirmed(ref, version):
            return {"event": "confirmed", "ref": ref, "version": version}
    raise AssertionError(event)
