"""PR-9: someone who stops reading costs bounded memory and nobody's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .people import together

if TYPE_CHECKING:
    from .people import Person
    from .server import Server

TRY_AGAIN_LATER = 1013
CHUNK = 200_000


async def test_a_reader_that_stops_is_dropped(own_server: Server, ada: Person, bob: Person, eve: Person) -> None:
    """PR-9, G10: closed with 1013 while others go on; back again, it is brought up to date."""
    room_id = await ada.make_room()
    async with together(room_id, ada, bob) as (author, reader):
        async with eve.inside(room_id) as slow:
            session_id = slow.joined["session_id"]
            await author.expect("user_joined", user=lambda user: user["session_id"] == session_id)
            slow.connection.transport.pause_reading()
            for _ in range(60):  # 24 MB: more than all buffers on the way
                for op in (["x" * CHUNK], [{"d": CHUNK}]):
                    version = await author.edit(op)
                    await reader.expect("code_change", changes=lambda changes, at=version: changes[-1]["version"] == at)
                left = [message["data"] for message in author.received if message["event"] == "user_left"]
                if left:
                    break
            assert [data["session_id"] for data in left] == [session_id]
            slow.connection.transport.resume_reading()
            assert await slow.closed() == TRY_AGAIN_LATER
        async with eve.inside(room_id) as back:
            assert back.joined["version"] == version
