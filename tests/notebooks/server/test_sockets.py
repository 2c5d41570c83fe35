"""The proxied socket: whom it lets in, what goes upstream, and that it changes nothing of what passes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import InvalidStatus

from tests.notebooks.server.conftest import page_socket
from tests.notebooks.server.recorder import PATIENCE
from tests.notebooks.server.test_session import claims

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from tests.notebooks.server.jupyter import Jupyter
    from tests.notebooks.server.recorder import Recorder

HANDSHAKE = {
    "host",
    "user-agent",
    "upgrade",
    "connection",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
}
"""All headers of a handshake but the token's."""
MIB = 1024 * 1024


async def refusal(jupyter: Jupyter, username: str | None = "ada", *, origin: str | None = None) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with page_socket(jupyter, username, origin=origin):
            pass
    return refused.value.response.status_code


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """The close code and reason that a page gets."""
    async with asyncio.timeout(PATIENCE):
        await socket.wait_closed()
    assert socket.protocol.close_rcvd is not None, "the connection was cut"
    return socket.protocol.close_rcvd.code, socket.protocol.close_rcvd.reason


async def test_only_for_logged_in_users(vouching: Jupyter, guests: Jupyter, recorder: Recorder) -> None:
    """PROXY-6: without a login at Jupyter no socket is opened, neither here nor upstream."""
    for jupyter in (vouching, guests):
        assert await refusal(jupyter, None) == 403
    assert recorder.lines.empty()


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_only_for_pages_of_this_origin(vouching: Jupyter, recorder: Recorder, origin: str) -> None:
    """PROXY-7: a page of another origin opens no socket, whatever cookies the browser adds."""
    assert await refusal(vouching, origin=origin) == 403
    assert recorder.lines.empty()


async def test_what_goes_upstream_with_a_secret(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-9: the handshake carries the vouched token, and nothing of the page but subprotocols."""
    async with page_socket(vouching, "ada", "rayrooms.json", "bearer.the-pages-own", "strange") as socket:
        headers = (await recorder.line()).seen_headers
        assert socket.subprotocol == "rayrooms.json"
    assert set(headers) == HANDSHAKE | {"authorization"}
    assert headers["sec-websocket-protocol"] == "rayrooms.json"
    assert headers["host"] == f"127.0.0.1:{recorder.port}"
    assert headers["user-agent"] == "rayrooms-jupyter"
    assert claims(headers["authorization"].removeprefix("Bearer "))["sub"] == "ada"


async def test_what_goes_upstream_without_one(guests: Jupyter, recorder: Recorder) -> None:
    """PROXY-9: without a secret the token that the page offers is sent, and not echoed."""
    async with page_socket(guests, "ada", "bearer.guest.token-1", "rayrooms.msgpack") as socket:
        headers = (await recorder.line()).seen_headers
        assert socket.subprotocol == "rayrooms.msgpack"
    assert set(headers) == HANDSHAKE | {"authorization"}
    assert headers["authorization"] == "Bearer guest.token-1"
    assert headers["sec-websocket-protocol"] == "rayrooms.msgpack"
    async with page_socket(guests, "ada", "strange"):
        headers = (await recorder.line()).seen_headers
    assert set(headers) == HANDSHAKE - {"sec-websocket-protocol"}


async def test_frames_pass_unchanged_and_in_order(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-14: text and binary frames of any size pass both ways, in order, each as one."""
    recorder.is_echoing = True
    frames: list[str | bytes] = [
        *(f"text {number} ü" for number in range(500)),
        *(bytes([number % 256]) * number for number in range(500)),
    ]
    frames += ["", b"", "é" * (MIB // 2), b"\0" * MIB]
    async with page_socket(vouching) as socket:

        async def send() -> None:
            for frame in frames:
                await socket.send(frame)

        sending = asyncio.create_task(send())
        async with asyncio.timeout(60):
            assert [await socket.recv() for _ in frames] == frames
        await sending


async def test_the_largest_frame(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-14: a frame of 64 MiB from the room server passes; none of 5 MiB from the page is too large."""
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        large = bytes(64 * MIB)
        sending = asyncio.ensure_future(line.write_message(large, binary=True))
        async with asyncio.timeout(60):
            assert await socket.recv() == large
        await sending
        await socket.send("x" * 5 * MIB)
        assert await line.frame() == "x" * 5 * MIB


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1000, ""), (1000, "done"), (1012, "going away"), (1013, "too slow"), (4401, "bad_token"), (4403, "é" * 50)],
)
async def test_the_room_servers_goodbye(vouching: Jupyter, recorder: Recorder, code: int, reason: str) -> None:
    """PROXY-15: a page gets the room server's close code and reason, after all that was sent before."""
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        await line.write_message("last words")
        line.close(code, reason)
        assert await socket.recv() == "last words"
        assert await closing(socket) == (code, reason)


async def test_the_pages_goodbye(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-15: and the room server gets the page's."""
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        await socket.send("last words")
        await socket.close(4000, "gone home")
    assert await line.frame() == "last words"
    assert await line.frame() is None
    assert (line.close_code, line.close_reason) == (4000, "gone home")


async def test_a_page_that_is_cut_off(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-15: when a page is gone without a word, so is its socket upstream."""
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        socket.transport.abort()
        assert await line.frame() is None


async def test_a_room_server_that_is_cut_off(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-15: when the room server is gone without a word, the page is told 1014."""
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        assert line.ws_connection is not None
        assert line.ws_connection.stream is not None
        line.ws_connection.stream.close()
        assert await closing(socket) == (1014, "the room server is gone")


async def test_dead_and_back(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-16: while the room server is not there, the upgrade and the REST routes answer 502; later they serve."""
    await recorder.stop()
    try:
        assert await refusal(vouching) == 502
        async with vouching.page("ada") as page:
            answer = await page.get("api/rooms/r")
            assert (answer.status_code, answer.json()["code"]) == (502, "room_unavailable")
            assert (await page.get("session")).status_code == 200
    finally:
        recorder.start()
    async with page_socket(vouching):
        await recorder.line()
    async with vouching.page("ada") as page:
        assert (await page.get("api/rooms/r")).status_code == 200


async def test_upstream_refuses_the_handshake(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-16: what answers but opens no socket is a 502 too."""
    recorder.is_refusing = True
    assert await refusal(vouching) == 502


async def test_pings_are_answered(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-17: both sides' pings are answered."""
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        line.ping(b"are you there")
        async with asyncio.timeout(PATIENCE):
            assert await line.pongs.get() == b"are you there"
            await (await socket.ping())


async def test_a_page_that_does_not_read(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-18: a page that stops reading stops the room server, in bounded memory; then it gets everything."""
    count = 200
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        before = vouching.process.memory_info().rss
        written: list[int] = []

        async def write() -> None:
            for number in range(count):
                await line.write_message(number.to_bytes(4, "big") + bytes(MIB), binary=True)
                written.append(number)

        writing = asyncio.create_task(write())
        await stalled(written)
        assert len(written) < count // 2
        assert vouching.process.memory_info().rss - before < 48 * MIB
        # Whoever does read is served meanwhile.
        async with page_socket(vouching, "bob") as other:
            await (await recorder.line()).write_message("hello")
            assert await other.recv() == "hello"
        async with asyncio.timeout(60):
            got = [await socket.recv() for _ in range(count)]
            await writing
        assert [int.from_bytes(frame[:4], "big") for frame in got if isinstance(frame, bytes)] == list(range(count))


async def test_a_room_server_that_does_not_read(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-18: and a room server that stops reading stops the page."""
    count = 200
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        line.is_reading.clear()
        before = vouching.process.memory_info().rss
        written: list[int] = []

        async def write() -> None:
            for number in range(count):
                await socket.send(number.to_bytes(4, "big") + bytes(MIB))
                written.append(number)

        writing = asyncio.create_task(write())
        await stalled(written)
        assert len(written) < count // 2
        assert vouching.process.memory_info().rss - before < 48 * MIB
        line.is_reading.set()
        async with asyncio.timeout(60):
            await writing
            got = [await line.frame() for _ in range(count)]
        assert [int.from_bytes(frame[:4], "big") for frame in got if isinstance(frame, bytes)] == list(range(count))


async def stalled(written: list[int]) -> None:
    """Return once something was written and nothing more has been for a second."""
    loop = asyncio.get_running_loop()
    seen, since = len(written), loop.time()
    async with asyncio.timeout(PATIENCE):
        while not seen or loop.time() - since < 1.0:
            if len(written) != seen:
                seen, since = len(written), loop.time()
            await asyncio.sleep(0.02)


async def test_a_page_that_leaves_while_frames_wait(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-18: when a page goes that did not read, the room server's socket ends soon, and nothing is left open."""
    before = vouching.process.num_fds()
    async with page_socket(vouching) as socket:
        line = await recorder.line()
        written: list[int] = []

        async def write() -> None:
            while True:
                await line.write_message(bytes(MIB), binary=True)
                written.append(len(written))

        writing = asyncio.create_task(write())
        await stalled(written)
        socket.transport.abort()
        assert await line.frame() is None
        await asyncio.wait([writing], timeout=PATIENCE)
        assert writing.done()
        assert writing.exception() is not None
    async with asyncio.timeout(PATIENCE):
        while vouching.process.num_fds() > before:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)


async def test_after_logging_out(vouching: Jupyter, recorder: Recorder) -> None:
    """PROXY-19: a socket outlives the login with which it was opened; a new one needs a login."""
    recorder.is_echoing = True
    async with page_socket(vouching, "ada") as socket:
        assert await refusal(vouching, None) == 403
        await socket.send("still here")
        assert await socket.recv() == "still here"
