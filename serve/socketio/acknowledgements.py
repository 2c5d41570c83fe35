"""Which events of a client wait for an acknowledgement, and what answers them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rayrooms import protocol
from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import AnyClientEvent
    from serve.socketio.events import Emission, OwnCommit

REPLIES = frozenset({"room_joined", "room_left", "sync_response", "connection_response", "pong"})
"""Events that say something to nobody but the one who asked: an acknowledgement takes their place."""
_SETTLING = frozenset({"room_joined", "room_left"})
"""Events after which the room answers nothing any more that it was sent before."""
_NOTHING = b"{}"

_to_json = msgspec.json.Encoder().encode


class Waiting(Enum):
    """What goes on waiting for its answer when a room tells a client anew that it is in."""

    NOTHING = auto()
    ALL_BUT_EDITS = auto()
    ALL = auto()


class Answer(NamedTuple):
    """What the acknowledgement of this number carries, as JSON."""

    number: int
    data: bytes


class Settlement(NamedTuple):
    """The acknowledgements that an event brings; `instead` when they say it all."""

    answers: list[Answer]
    instead: bool


@dataclass(slots=True)
class _Asked:
    """An event without its answer.

    Edits are kept also if no acknowledgement was asked for: commits name no event and are told apart by their order.
    """

    number: int | None
    room_id: str | None
    is_join: bool
    is_edit: bool
    seq: int | None


class Acknowledgements:
    """The events of one connection that are not answered yet, by the `ref` that the connection gave them.

    An event is answered by what carries its ref. An edit is answered by its commit, which carries none: a client's
    edits commit in their order, so a commit is that of the oldest edit that could be it. What a room that moved or was
    left did not answer is refused.
    """

    def __init__(self) -> None:
        self._asked: dict[int, _Asked] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def expect(self, ref: int, number: int | None, event: AnyClientEvent | None) -> None:
        """An event was taken, or could not be read (None); `number` is that of its acknowledgement, if any."""
        is_edit = isinstance(event, protocol.CodeChange)
        if number is None and not is_edit:
            return
        room_id: str | None = getattr(getattr(event, "data", None), "room_id", None)
        seq = event.data.seq if isinstance(event, protocol.CodeChange) else None
        self._asked[ref] = _Asked(number, room_id, isinstance(event, protocol.JoinRoom), is_edit, seq)

    def accept(self, ref: int) -> list[Answer]:
        """The event is one that nothing answers: unless it was refused, say that it was taken."""
        return _answers(self._asked.pop(ref, None), _NOTHING)

    def settle(self, emission: Emission, waiting: Waiting = Waiting.NOTHING) -> Settlement:
        """Say what an event answers that goes to this client, and what is not answered any more."""
        answers: list[Answer] = []
        if emission.ref is not None:
            data = b'{"error":%b}' % emission.data if emission.event == "error" else emission.data
            answers = _answers(self._asked.pop(emission.ref, None), data)
        else:
            for commit in emission.own:
                answers += self._committed(emission.room_id, commit)
        instead = bool(answers) and emission.event in REPLIES
        if emission.event in _SETTLING:
            answers += self._abandon(emission.room_id, emission.ref, waiting)
        return Settlement(answers, instead)

    def _committed(self, room_id: str | None, commit: OwnCommit) -> list[Answer]:
        for ref, asked in self._asked.items():
            if asked.is_edit and asked.room_id == room_id and asked.seq in {None, commit.seq}:
                del self._asked[ref]
                return _answers(asked, commit.data)
        return []

    def _abandon(self, room_id: str | None, until: int | None, waiting: Waiting) -> list[Answer]:
        """Refuse what came before the event `until`; without one, all but joins, which the next owner answers."""
        lost = [
            ref
            for ref, asked in self._asked.items()
            if asked.room_id == room_id
            and (ref < until if until is not None else not asked.is_join)
            and (waiting is Waiting.NOTHING or (waiting is Waiting.ALL_BUT_EDITS and asked.is_edit))
        ]
        error = UnavailableError("The room moved or was left before it answered this.")
        return [answer for ref in lost for answer in _answers(self._asked.pop(ref), _refusal(error))]


def _answers(asked: _Asked | None, data: bytes) -> list[Answer]:
    return [Answer(asked.number, data)] if asked is not None and asked.number is not None else []


def _refusal(error: RayroomsError) -> bytes:
    return b'{"error":%b}' % _to_json(protocol.ErrorData(code=error.code, message=error.message))
