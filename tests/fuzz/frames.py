"""Hostile socket frames, from a seed and from what an attacker knows. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from .mutation import HOSTILE_NUMBERS, HOSTILE_TEXTS, scrambled, twisted

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

Transport = Literal["json", "msgpack", "socketio"]
TRANSPORTS: tuple[Transport, ...] = ("json", "msgpack", "socketio")

DEPTH = 20_000
MAX_MESSAGE = 256 * 1024
"""The server's default bound: some frames are just over it."""
_MOST_INSERTED = 64
_EAGERNESS, _EDITING, _LEAVING = 0.7, 0.4, 0.2
_BIG_INTEGER = "9" * 5_000
_TEXT, _BINARY, _CONTINUATION, _RESERVED, _PING = 1, 2, 0, 3, 9


@dataclass
class Place:
    """What an attacker knows of a room that it may enter."""

    room_id: str
    joined: bool = False
    version: int = 0
    last_seq: int = 0
    message_ids: list[str] = field(default_factory=list)


@dataclass
class Known:
    """What an attacker knows: itself, its rooms, and names that are none of its business."""

    user_id: str
    token: str
    client_id: str
    places: list[Place]
    foreign_rooms: list[str]
    foreign_clients: list[str]
    foreign_users: list[str]
    foreign_token: str


@dataclass(frozen=True)
class Hostile:
    """One thing to send: a message in one or more fragments, or with `raw` bytes for the stream below them."""

    kind: str
    parts: tuple[bytes, ...]
    is_text: bool
    raw: bool = False


Event = dict[str, Any]


class HostileFrames:
    """Draws one frame after the other for one transport."""

    def __init__(self, rng: random.Random, transport: Transport) -> None:
        self._rng = rng
        self._transport = transport
        kinds: dict[str, tuple[int, Callable[[Known], Hostile]]] = {
            "honest": (18, self._honest),
            "twisted": (30, self._twisted),
            "forged": (28, self._forged),
            "scrambled": (6, self._scrambled),
            "strange numbers": (4, self._strange_numbers),
            "surrogates": (3, self._surrogates),
            "deep": (1, self._deep),
            "huge": (1, self._huge),
            "other sort": (3, self._other_sort),
            "fragments": (3, self._fragments),
            "noise": (3, self._noise),
            "not UTF-8": (1, self._not_utf8),
            "broken framing": (1, self._broken_framing),
        }
        self.kinds = list(kinds)
        self._makers = [maker for _, maker in kinds.values()]
        self._weights = [weight for weight, _ in kinds.values()]

    def next(self, known: Known) -> Hostile:
        """The next frame."""
        [make] = self._rng.choices(self._makers, self._weights)
        return make(known)

    # -------------------------------------------------------------- kinds

    def _honest(self, known: Known) -> Hostile:
        return self._message("honest", self._event(known))

    def _twisted(self, known: Known) -> Hostile:
        return self._message("twisted", twisted(self._rng, self._event(known), self._rng.choice((1, 1, 1, 2, 3))))

    def _forged(self, known: Known) -> Hostile:
        """Of the right shape, but with a claim that does not hold."""
        event = self._rng.choice(_FORGERIES)(self._rng, known, self._event(known))
        return self._message("forged", event)

    def _scrambled(self, known: Known) -> Hostile:
        data = scrambled(self._rng, self._encoded(self._event(known)))
        is_text = self._is_text
        if is_text:  # what is no UTF-8 would end the connection each time; that has a kind of its own
            data = data.decode(errors="replace").encode()
        return Hostile("scrambled", (data,), is_text)

    def _strange_numbers(self, known: Known) -> Hostile:
        event = self._edit_event(known)
        key = self._rng.choice(("version", "seq", "position", "op"))
        if self._transport == "msgpack":
            number = self._rng.choice((float("nan"), float("inf"), 2**64 - 1, -(2**63), 1e300))
            event["data"][key] = [number, "x"] if key == "op" else number
            return self._message("strange numbers", event)
        literal = self._rng.choice(("NaN", "Infinity", "-Infinity", "1e400", "-0", _BIG_INTEGER, "01", "0x1", "1e5"))
        event["data"][key] = ["@", "x"] if key == "op" else "@"
        return Hostile("strange numbers", (self._encoded(event).replace(b'"@"', literal.encode(), 1),), is_text=True)

    def _surrogates(self, known: Known) -> Hostile:
        event = self._edit_event(known)
        event["data"]["op"] = ["@@"]
        lone = self._rng.choice((b"\xed\xa0\x80x", b"\xed\xb0\x80x"))
        if self._transport != "msgpack":
            lone = self._rng.choice((b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\\u0000", b"\\uDFFFx"))
            return Hostile("surrogates", (self._encoded(event).replace(b"@@", lone, 1),), is_text=True)
        data = self._encoded(event).replace(b"\xa2@@", bytes((0xA0 | len(lone),)) + lone, 1)
        return Hostile("surrogates", (data,), is_text=False)

    def _deep(self, known: Known) -> Hostile:
        room = known.places[0].room_id
        if self._transport == "msgpack":
            head = msgspec.msgpack.encode({"event": "code_change", "data": {"room_id": room, "op": 0}})[:-1]
            return Hostile("deep", (head + b"\x91" * DEPTH + b"\xc0",), is_text=False)
        opening, closing = self._rng.choice((("[", "]"), ('{"a":', "}")))
        nest = opening * DEPTH + "0" + closing * DEPTH
        field_name = self._rng.choice(("op", "extra"))
        data = f'{{"room_id":"{room}","{field_name}":{nest}}}'
        text = (
            f'42["code_change",{data}]' if self._transport == "socketio" else f'{{"event":"code_change","data":{data}}}'
        )
        return Hostile("deep", (text.encode(),), is_text=True)

    def _huge(self, known: Known) -> Hostile:
        event = self._event(known)
        event["data"]["padding"] = "x" * (MAX_MESSAGE + self._rng.randint(0, 4096))
        return self._message("huge", event)

    def _other_sort(self, known: Known) -> Hostile:
        data = self._encoded(self._event(known))
        if self._is_text:
            return Hostile(
                "other sort",
                (self._rng.choice((data, b"", msgspec.msgpack.encode(self._event(known)))),),
                is_text=False,
            )
        text = json.dumps(self._event(known)).encode()
        return Hostile("other sort", (self._rng.choice((text, b"")),), is_text=True)

    def _fragments(self, known: Known) -> Hostile:
        """One message cut into pieces, also in the middle of a character."""
        event = {"event": "chat_message", "data": {"room_id": known.places[0].room_id, "content": "héé😀"}}
        data = self._encoded(event) if self._rng.random() < 0.5 else self._encoded(self._event(known))
        cuts = sorted(self._rng.randint(0, len(data)) for _ in range(self._rng.randint(1, 6)))
        parts = tuple(data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True))
        return Hostile("fragments", parts, self._is_text)

    def _noise(self, _known: Known) -> Hostile:
        rng = self._rng
        if self._transport == "socketio":
            texts = (
                "",
                "9",
                "4",
                "47",
                "45",
                "5",
                "0",
                "2probe",
                "451-[]",
                "42",
                "42[]",
                '42["ping",1,2]',
                "43[]",
                "40/x,",
            )
            tail = rng.choice(("", "", "[", "/admin,", "1-", "999999999999999999", '{"token":1}', "\x00"))
            return Hostile("noise", ((rng.choice(texts) + tail).encode(),), is_text=True)
        if self._transport == "msgpack":
            return Hostile("noise", (rng.randbytes(rng.randint(0, 64)),), is_text=False)
        nonsense = (
            "",
            "null",
            "[]",
            "{}",
            "0",
            '"',
            "{",
            '{"event":',
            '{"event":"x"}',
            '{"event":null}',
            "nul",
            "\ufeff{}",
        )
        return Hostile("noise", (rng.choice(nonsense).encode(),), is_text=True)

    def _not_utf8(self, _known: Known) -> Hostile:
        """A text frame that is no text: RFC 6455 wants the connection closed with 1007."""
        bad = self._rng.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"))
        return Hostile("not UTF-8", (b'{"event":"ping"' + bad,), is_text=True)

    def _broken_framing(self, _known: Known) -> Hostile:
        """What RFC 6455 forbids: the connection must be closed, with 1002 where the server can still say so."""
        rng = self._rng
        broken = rng.choice(
            (
                _raw_frame(_RESERVED, b"x"),
                _raw_frame(_TEXT, b"x", reserved=0b010),
                _raw_frame(_CONTINUATION, b"x"),
                _raw_frame(_PING, b"x" * 200),
                _raw_frame(_PING, b"x", final=False),
                _raw_frame(_TEXT, b"x", masked=False),
                _raw_frame(_TEXT, b"x", final=False) + _raw_frame(_BINARY, b"x"),
                _raw_frame(_TEXT, rng.randbytes(32), reserved=0b100),
                bytes((0x81, 0xFF)) + (2**63).to_bytes(8, "big") + bytes(4),
            )
        )
        return Hostile("broken framing", (broken,), is_text=False, raw=True)

    # -------------------------------------------------------------- well-formed events

    def _event(self, known: Known) -> Event:
        """An event that the server has reason to accept."""
        rng = self._rng
        place = rng.choice(known.places)
        if not place.joined and rng.random() < _EAGERNESS:
            return _event("join_room", place, client_id=known.client_id)
        if rng.random() < _EDITING:
            return self._edit_event(known, place)
        return rng.choice(self._others(known, place))

    def _others(self, known: Known, place: Place) -> list[Event]:
        """What can be said beside edits, once each."""
        rng = self._rng
        about = {"message_id": rng.choice(place.message_ids or ["none"])}
        last = {"version": rng.choice((None, place.version))}
        earlier = {"version": rng.choice((None, place.version, max(0, place.version - 3)))}
        return [
            _event("join_room", place, client_id=known.client_id, **last),
            _event("leave_room" if rng.random() < _LEAVING else "typing", place, is_typing=rng.random() < 0.5),
            _event("cursor_update", place, position=0),
            _event("cursor_update", place, ranges=[[0, 1], [1, 0]]),
            _event("presence_update", place, status=rng.choice(("online", "away"))),
            _event("chat_message", place, content=rng.choice(("hi", "😀", "x\ny"))),
            _event("add_reaction", place, emoji="👍", **about),
            _event("edit_message", place, content="again", **about),
            _event("delete_message", place, **about),
            _event("get_sync", place, **earlier),
            {"event": "ping", "data": {}},
            {"event": "connect", "data": {"token": known.token}},
        ]

    def _edit_event(self, known: Known, place: Place | None = None) -> Event:
        rng = self._rng
        place = place or rng.choice(known.places)
        text = rng.choice(("x", "é", "😀", "\n", "ab"))
        edit: dict[str, Any] = rng.choice(
            (
                {"op": [text]},
                {"op": [1, text]},
                {"op": [{"d": 1}]},
                {"op": [text, {"d": 1}]},
                {"type": "insert", "position": 0, "content": text},
                {"type": "delete", "position": 0, "length": 1},
                {"type": "replace", "position": 0, "length": 1, "content": text},
            )
        )
        if rng.random() < 0.3:
            edit = {**edit, "version": place.version}
        if rng.random() < 0.3:
            edit = {**edit, "client_id": known.client_id, "seq": place.last_seq + 1}
        return _event("code_change", place, **edit)

    # -------------------------------------------------------------- encoding

    @property
    def _is_text(self) -> bool:
        return self._transport != "msgpack"

    def _message(self, kind: str, event: Any) -> Hostile:
        return Hostile(kind, (self._encoded(event),), self._is_text)

    def _encoded(self, event: Any) -> bytes:
        if self._transport == "msgpack":
            return _msgpack(event)
        if self._transport == "socketio" and isinstance(event, dict) and "event" in event:
            ack = str(self._rng.randrange(1000)) if self._rng.random() < 0.3 else ""
            return b"42" + ack.encode() + json.dumps([event["event"], event.get("data", {})]).encode()
        return json.dumps(event).encode()


def _event(name: str, place: Place, **data: Any) -> Event:
    return {"event": name, "data": {"room_id": place.room_id, **data}}


def _msgpack(event: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(event)
    except OverflowError:  # msgpack has no larger integers
        return msgspec.msgpack.encode({"event": "code_change", "data": {"version": 2**64 - 1}})


def _raw_frame(opcode: int, payload: bytes, *, final: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """A WebSocket frame as RFC 6455 lays it out, right or wrong; the mask is zero, so the payload stands as it is."""
    first = (0x80 if final else 0) | reserved << 4 | opcode
    flag = 0x80 if masked else 0
    size = (
        bytes((flag | len(payload),)) if len(payload) < 126 else bytes((flag | 126,)) + len(payload).to_bytes(2, "big")
    )
    return bytes((first,)) + size + (bytes(4) if masked else b"") + payload


# ------------------------------------------------------------------ forgeries


def _as_another_user(rng: random.Random, known: Known, event: Event) -> Event:
    event["data"]["user_id"] = rng.choice(known.foreign_users)
    return event


def _in_a_foreign_room(rng: random.Random, known: Known, event: Event) -> Event:
    event["data"]["room_id"] = rng.choice((*known.foreign_rooms, "no-such-room", *HOSTILE_TEXTS))
    return event


def _joins_a_foreign_room(rng: random.Random, known: Known, _event_: Event) -> Event:
    return {"event": "join_room", "data": {"room_id": rng.choice(known.foreign_rooms)}}


def _joins_as_a_foreign_client(rng: random.Random, known: Known, _event_: Event) -> Event:
    client_id = rng.choice((*known.foreign_clients, "api.someone", *HOSTILE_TEXTS))
    return _event("join_room", rng.choice(known.places), client_id=client_id)


def _joins_at_a_strange_version(rng: random.Random, known: Known, _event_: Event) -> Event:
    place = rng.choice(known.places)
    versions = {"version": rng.choice(HOSTILE_NUMBERS[:9]), "version_epoch": rng.choice((None, 1, 10**6, -1))}
    return _event("join_room", place, client_id=known.client_id, **versions)


def _edits_as_a_foreign_client(rng: random.Random, known: Known, _event_: Event) -> Event:
    place, client_id = rng.choice(known.places), rng.choice(known.foreign_clients)
    return _event("code_change", place, op=["stolen"], client_id=client_id, seq=rng.randint(1, 50))


def _replays(rng: random.Random, known: Known, _event_: Event) -> Event:
    place = rng.choice(known.places)
    seq = rng.randint(1, max(1, place.last_seq))
    return _event("code_change", place, op=["replayed"], client_id=known.client_id, seq=seq)


def _skips_ahead(rng: random.Random, known: Known, _event_: Event) -> Event:
    place = rng.choice(known.places)
    seq = place.last_seq + rng.choice((2, 100, 2**40))
    return _event("code_change", place, op=["early"], client_id=known.client_id, seq=seq)


def _edits_at_a_strange_version(rng: random.Random, known: Known, _event_: Event) -> Event:
    place = rng.choice(known.places)
    version = rng.choice((place.version + 1_000, 2**53 - 1, -1, 0, 1, place.version // 2, -(2**53) + 1))
    return _event("code_change", place, op=["x"], version=version)


def _edits_out_of_range(rng: random.Random, known: Known, _event_: Event) -> Event:
    far = 10**6
    edit: dict[str, Any] = rng.choice(
        (
            {"op": [far, "x"]},
            {"op": [{"d": far}]},
            {"op": [2**31 - 1, "x"]},
            {"op": [2**31, "x"]},
            {"op": [{"d": "no such text"}]},
            {"op": [0, "x"]},
            {"op": ["x", "y"]},
            {"op": ["x", 3]},
            {"op": ["a\x00b"]},
            {"op": []},
            {"op": ["x" * _MOST_INSERTED, {"d": 2**31 - 1}]},
            {"type": "insert", "position": far, "content": "x"},
            {"type": "delete", "position": 0, "length": 2**53 - 1},
            {"type": "replace", "position": 2**53 - 1, "length": 1, "content": "x"},
        )
    )
    return _event("code_change", rng.choice(known.places), **edit)


def _points_out_of_range(rng: random.Random, known: Known, _event_: Event) -> Event:
    place, far = rng.choice(known.places), rng.choice((10**6, -1, 2**31, 2**53 - 1, -(2**53) + 1))
    version = rng.choice((None, place.version, max(0, place.version - 2), 10**9, -1))
    where: dict[str, Any] = rng.choice(
        ({"position": far}, {"ranges": [[0, far]]}, {"ranges": [[0, 0]] * 65}, {"ranges": []}, {})
    )
    return _event("cursor_update", place, version=version, **where)


def _syncs_strangely(rng: random.Random, known: Known, _event_: Event) -> Event:
    return _event("get_sync", rng.choice(known.places), version=rng.choice(HOSTILE_NUMBERS[:9]))


def _talks_of_nothing(rng: random.Random, known: Known, _event_: Event) -> Event:
    verb = rng.choice(("add_reaction", "edit_message", "delete_message"))
    message_id = rng.choice(("no-such-message", *HOSTILE_TEXTS))
    return _event(verb, rng.choice(known.places), message_id=message_id, emoji=rng.choice(HOSTILE_TEXTS), content="x")


def _shows_another_token(rng: random.Random, known: Known, _event_: Event) -> Event:
    token = rng.choice((known.foreign_token, "", "a.b.c", known.token[:-3], "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."))
    return {"event": "connect", "data": {"token": token, "protocol": rng.choice((1, 0, 99))}}


def _says_the_unknown(rng: random.Random, _known: Known, event: Event) -> Event:
    name = rng.choice(("destroy", "room_joined", "ack", "error", "JOIN_ROOM", "__class__", "x" * 5_000, *HOSTILE_TEXTS))
    return {**event, "event": name}


_FORGERIES = (
    _as_another_user,
    _in_a_foreign_room,
    _joins_a_foreign_room,
    _joins_as_a_foreign_client,
    _joins_at_a_strange_version,
    _edits_as_a_foreign_client,
    _replays,
    _skips_ahead,
    _edits_at_a_strange_version,
    _edits_out_of_range,
    _points_out_of_range,
    _syncs_strangely,
    _talks_of_nothing,
    _shows_another_token,
    _says_the_unknown,
)
