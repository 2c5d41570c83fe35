"""A user of an idle room: its edit is committed once, whatever the room does meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.idler import IdleUser
from rayrooms.protocol import (
    Ack,
    AckData,
    Acked,
    ConnectionResponse,
    ConnectionResponseData,
    Error,
    ErrorData,
    LeftRoomData,
    RoomJoined,
    RoomJoinedData,
    RoomLeft,
)

if TYPE_CHECKING:
    from rayrooms.protocol import ServerEvent


class Room(IdleUser):
    """A user whose socket ends in the test, which answers for the server."""

    def __init__(self) -> None:
        super().__init__("r", "a")
        self.sent: list[dict[str, Any]] = []

    async def connect(self, url: str, token: str) -> None:  # noqa: ARG002 - there is no server
        self.hear(ConnectionResponse(data=ConnectionResponseData(session_id="s", user_id="u", name="U")))

    def send(self, data: bytes) -> None:
        self.sent.append(msgspec.json.decode(data))

    def hear(self, event: ServerEvent) -> None:
        self.received(msgspec.json.encode(event))

    def joined(self, *, version: int, last_seq: int, content: str | None = None) -> None:
        data = RoomJoinedData(
            room_id="r",
            session_id="s",
            client_id="a",
            version=version,
            epoch=1,
            version_epoch=1,
            durable=version,
            last_seq=last_seq,
            role="owner",
            content=content,
        )
        self.hear(RoomJoined(data=data))

    def acknowledge(self, version: int, seq: int) -> None:
        self.hear(Acked(data=AckData(room_id="r", client_id="a", acks=[Ack(version=version, seq=seq)])))

    def edits(self) -> list[tuple[int, int, list[Any]]]:
        """Seq, version and operation of each edit that was sent."""
        return [
            (one["data"]["seq"], one["data"]["version"], one["data"]["op"])
            for one in self.sent
            if one["event"] == "code_change"
        ]


@pytest.fixture
async def user() -> Room:
    """In the room, with one edit committed."""
    user = Room()
    opening = asyncio.create_task(user.open("", ""))
    await asyncio.sleep(0)
    user.joined(version=0, last_seq=0, content="")
    await opening
    typing = await _type(user, "x")
    user.acknowledge(1, 1)
    assert await typing >= 0
    return user


async def _type(user: Room, text: str) -> asyncio.Task[float]:
    typing = asyncio.create_task(user.type(text))
    await asyncio.sleep(0)
    return typing


async def test_an_edit_of_an_awake_room_is_sent_once(user: Room) -> None:
    """LOAD-10."""
    typing = await _type(user, "y")
    user.acknowledge(2, 2)
    await typing
    assert user.edits() == [(1, 0, ["x"]), (2, 1, ["y"])]
    assert (user.text, user.moves, user.repeats) == ("yx", 0, 0)


async def test_an_edit_that_the_move_swallowed_is_sent_again(user: Room) -> None:
    """LOAD-10, PR-10: with the same seq; the time runs from the first sending."""
    typing = await _type(user, "y")
    user.joined(version=1, last_seq=1)
    assert not typing.done()
    user.acknowledge(2, 2)
    await typing
    assert user.edits()[1:] == [(2, 1, ["y"])] * 2
    assert (user.text, user.moves, user.repeats) == ("yx", 1, 1)


async def test_an_edit_that_was_committed_before_the_move_is_not_sent_again(user: Room) -> None:
    """LOAD-10: the new owner names the last seq; that is its acknowledgement, and a late one changes nothing."""
    typing = await _type(user, "y")
    user.joined(version=2, last_seq=2)
    await typing
    user.acknowledge(2, 2)
    assert len(user.edits()) == 2
    third = await _type(user, "z")
    user.acknowledge(3, 3)
    await third
    assert user.edits()[2] == (3, 2, ["z"])
    assert user.text == "zyx"


async def test_a_room_that_moves_while_nothing_is_sent_is_only_counted(user: Room) -> None:
    """LOAD-10."""
    user.joined(version=1, last_seq=1)
    assert (len(user.edits()), user.text, user.moves) == (1, "x", 1)


async def test_a_refusal_for_now_is_waited_for(user: Room) -> None:
    """LOAD-10: `retry_after` is kept to."""
    typing = await _type(user, "y")
    data = ErrorData(code="rate_limited", message="Wait.", seq=2, retry_after=0.01)
    user.hear(Error(data=data))
    assert len(user.edits()) == 2
    async with asyncio.timeout(5):
        while len(user.edits()) == 2:  # noqa: ASYNC110 - the loop's own timer sets no event
            await asyncio.sleep(0.001)
    user.acknowledge(2, 2)
    await typing
    assert user.repeats == 1


@pytest.mark.parametrize(
    "end",
    [
        Error(data=ErrorData(code="forbidden", message="No.")),
        RoomLeft(data=LeftRoomData(room_id="r", reason="removed")),
        None,
    ],
)
async def test_a_user_who_is_out_says_so(user: Room, end: ServerEvent | None) -> None:
    """LOAD-10: an edit that will never be acknowledged fails at once, and so do later ones."""
    typing = await _type(user, "y")
    if end is None:
        user.lost("connection lost")
    else:
        user.hear(end)
    with pytest.raises(ConnectionError, match="room r: "):
        await typing
    with pytest.raises(ConnectionError, match="room r: "):
        await user.type("z")
