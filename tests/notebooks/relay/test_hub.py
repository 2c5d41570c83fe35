"""The kernel's end of the relay, between views and a stand-in for the room server."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from typing import TYPE_CHECKING

import pytest
from rayrooms_jupyter.relay import RelayHub, hub, session
from rayrooms_jupyter.relay.limits import DEFAULT_LIMITS

from rayrooms.errors import ForbiddenError

from .channel import PATIENCE, Comm, View
from .upstream import Upstream, running_upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .upstream import Socket

_TRICKY = ['{"event": "pong"}', "", '"\\\n\u2028', "漢😀" * 3, "é"]


async def _kernel_token() -> str:
    return "the kernel's"


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as upstream:
        yield upstream


@pytest.fixture
async def comm(upstream: Upstream) -> AsyncIterator[Comm]:
    comm = Comm()
    comm.hub = RelayHub(upstream.url, _kernel_token, comm.from_kernel, asyncio.get_running_loop())
    yield comm
    comm.hub.close()


async def _connected(comm: Comm, upstream: Upstream, **view: str) -> tuple[View, Socket]:
    opening = View(comm, **view)
    socket = await upstream.socket()
    return await opening.opened(), socket


async def test_frames_pass_as_they_are(comm: Comm, upstream: Upstream) -> None:
    """RELAY-1, RELAY-4: both ways, in order, over one WebSocket in the JSON subprotocol."""
    view, socket = await _connected(comm, upstream)
    assert socket.subprotocol == "rayrooms.json"
    await socket.say(*_TRICKY)
    await view.until(lambda: len(view.heard) == len(_TRICKY))
    assert view.heard == _TRICKY
    for frame in _TRICKY:
        view.push(frame)
    assert [await socket.hear() for _ in _TRICKY] == _TRICKY


@pytest.mark.parametrize(("token", "used"), [("a guest's", "a guest's"), ("", "the kernel's")])
async def test_who_the_view_is(comm: Comm, upstream: Upstream, token: str, used: str) -> None:
    """RELAY-5: the session is that of the token in `open`; of the kernel's own user without one."""
    _, socket = await _connected(comm, upstream, token=token)
    assert socket.token == used


async def test_what_is_sent_at_once_goes_in_one_message(comm: Comm, upstream: Upstream) -> None:
    """RELAY-8: frames that come close together share messages; the first one after a quiet time waits for nothing."""
    view, socket = await _connected(comm, upstream)
    before = len(comm.sizes)
    frames = [f"frame {number}" for number in range(200)]
    await socket.say(*frames)
    await view.until(lambda: view.heard == frames)
    assert len(comm.sizes) - before < 20


async def test_a_large_document_passes_in_parts(comm: Comm, upstream: Upstream) -> None:
    """RELAY-7: a frame of 2 MB comes whole, in messages of 200 kB at most."""
    view, socket = await _connected(comm, upstream)
    document = "漢字 and text\n" * 100_000
    await socket.say(document)
    await view.until(lambda: bool(view.heard))
    assert view.heard == [document]
    assert len(comm.sizes) > 10
    assert max(comm.sizes) < 200_000


async def test_repeated_openings_open_once(comm: Comm, upstream: Upstream) -> None:
    """RELAY-6: one session upstream for each link, however often it is asked for, also after its end."""
    view, socket = await _connected(comm, upstream)
    opening: dict[str, object] = {"kind": "relay", "view": "view", "link": "link", "type": "open", "token": "x"}
    comm.to_kernel(opening)
    await socket.say("still here")
    await view.until(lambda: bool(view.heard))
    view.close()
    await socket.gone()
    comm.to_kernel(opening)
    other, _ = await _connected(comm, upstream, link="another")
    assert upstream.count == 2
    assert other.ended is None


async def test_views_have_sessions_of_their_own(comm: Comm, upstream: Upstream) -> None:
    """RELAY-6: what is for one view reaches no other, although every front end gets every message."""
    ada, adas = await _connected(comm, upstream, link="a", view="ada", token="a")
    bob, bobs = await _connected(comm, upstream, link="b", view="bob", token="b")
    await adas.say("for Ada")
    await bobs.say("for Bob")
    await ada.until(lambda: bool(ada.heard))
    await bob.until(lambda: bool(bob.heard))
    assert (ada.heard, bob.heard) == (["for Ada"], ["for Bob"])
    ada.close()
    await adas.gone()
    await bobs.say("still")
    await bob.until(lambda: len(bob.heard) == 2)


@pytest.mark.parametrize(("status", "code"), [(401, "bad_token"), (403, "forbidden"), (503, "room_unavailable")])
async def test_a_refused_connection(comm: Comm, upstream: Upstream, status: int, code: str) -> None:
    """RELAY-9: what the server says to the kernel, the view is told by the code of the error."""
    upstream.refusal = status
    view = View(comm)
    assert (await view.end()).code == code
    assert not view.is_open


async def test_a_refusal_that_was_lost(comm: Comm, upstream: Upstream) -> None:
    """RELAY-9: the answer to a repeated `open` is the same refusal."""
    upstream.refusal = 401
    comm.is_cut = True
    view = View(comm)
    comm.is_cut = False
    comm.passes = lambda: len(comm.sizes) > 1
    assert (await view.end()).code == "bad_token"


async def test_no_server(comm: Comm) -> None:
    """RELAY-9: a server that is not there is unavailable."""
    comm.hub = RelayHub("http://127.0.0.1:1", _kernel_token, comm.from_kernel, asyncio.get_running_loop())
    assert (await View(comm).end()).code == "room_unavailable"


@pytest.mark.parametrize(
    ("error", "code"), [(ForbiddenError("No guests."), "forbidden"), (OSError("boom"), "room_unavailable")]
)
async def test_no_token_for_the_kernel(comm: Comm, upstream: Upstream, error: Exception, code: str) -> None:
    """RELAY-9: why the kernel has no token, the view is told."""

    async def no_token() -> str:
        raise error

    comm.hub = RelayHub(upstream.url, no_token, comm.from_kernel, asyncio.get_running_loop())
    assert (await View(comm).end()).code == code


@pytest.mark.parametrize(
    ("status", "code"), [(4401, "bad_token"), (1012, "room_unavailable"), (1013, "room_unavailable")]
)
async def test_the_end_comes_after_what_was_said(comm: Comm, upstream: Upstream, status: int, code: str) -> None:
    """RELAY-9: a server's last frames arrive before the view is told that it has closed the connection."""
    view, socket = await _connected(comm, upstream)
    last = ["x" * 300_000, "going away"]
    await socket.say(*last)
    await socket.connection.close(status)
    assert (await view.end()).code == code
    assert view.heard == last


async def test_a_server_that_dies(comm: Comm, upstream: Upstream) -> None:
    """RELAY-9: a connection that breaks without a word is unavailable."""
    view, socket = await _connected(comm, upstream)
    socket.connection.transport.abort()
    assert (await view.end()).code == "room_unavailable"


async def test_a_view_that_closes(comm: Comm, upstream: Upstream) -> None:
    """RELAY-10: what it sent before arrives, then its socket is closed."""
    view, socket = await _connected(comm, upstream)
    view.push("leave_room")
    view.close()
    assert await socket.hear() == "leave_room"
    await socket.gone()
    assert socket.connection.close_code == 1000


async def test_a_view_that_vanishes(comm: Comm, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """RELAY-11: the kernel asks a silent view for a sign of life, and closes the session of one that gives none."""
    limits = dataclasses.replace(DEFAULT_LIMITS, ping_every=50.0, dead_after=400.0)
    monkeypatch.setattr(session, "DEFAULT_LIMITS", limits)
    view, socket = await _connected(comm, upstream)
    asked = asyncio.Event()
    comm.listeners.append(lambda _: asked.set() if len(comm.sizes) >= 20 else None)
    async with asyncio.timeout(PATIENCE):
        await asked.wait()  # longer than a silent view would live
    await socket.say("hello")
    await view.until(lambda: bool(view.heard))
    comm.is_cut = True
    await socket.gone()


async def test_a_view_that_does_not_read(comm: Comm, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """RELAY-12, G10: while the way to the view is full the server is not read, and in the end the session is closed."""
    monkeypatch.setattr(session, "DEFAULT_LIMITS", dataclasses.replace(DEFAULT_LIMITS, dead_after=2_000.0))
    _, socket = await _connected(comm, upstream)
    comm.is_cut = True
    said = 0

    async def say_much() -> None:
        nonlocal said
        while True:
            await socket.say("x" * 100_000)
            said += 1

    saying = asyncio.create_task(say_much())
    await socket.gone()
    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
    assert 5 < said < 200  # of which most are in the buffers of the sockets; without a limit it would be thousands


async def test_closing_the_hub(comm: Comm, upstream: Upstream) -> None:
    """RELAY-13: all sessions end, and no new one is opened."""
    view, socket = await _connected(comm, upstream)
    assert comm.hub is not None
    comm.hub.close()
    assert (await view.end()).code == "room_unavailable"
    await socket.gone()
    assert (await View(comm, link="late").end()).code == "room_unavailable"
    assert upstream.count == 1


async def test_messages_of_no_link(comm: Comm, upstream: Upstream) -> None:
    """RELAY-6, G8: a view of an unknown link is told so; what is no message harms nobody; `close` is not answered."""
    address: dict[str, object] = {"kind": "relay", "view": "view", "link": "gone"}
    answers: list[dict[str, object]] = []
    comm.listeners.append(lambda message: answers.append(message) if message["link"] in {"gone", "lost"} else None)
    nonsense: list[dict[str, object]] = [
        {"kind": "run"},
        {"kind": "relay"},
        {**address, "type": "what"},
        {**address, "type": "ack", "ack": -1},
    ]
    for message in nonsense:
        comm.to_kernel(message)
    comm.to_kernel({**address, "type": "close", "code": "closed", "reason": ""})
    comm.to_kernel({**address, "link": "x" * 65, "type": "open", "token": ""})
    await _connected(comm, upstream)
    assert answers == []
    comm.to_kernel({**address, "link": "lost", "type": "ack", "ack": 3})
    comm.to_kernel({**address, "type": "data", "seq": 1, "ack": 0})
    other, _ = await _connected(comm, upstream, link="another")
    other.close()
    assert [(answer["link"], answer["type"], answer["code"]) for answer in answers] == [
        ("lost", "close", "room_unavailable"),
        ("gone", "close", "closed"),
    ]


async def test_too_many_views(comm: Comm, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """RELAY-12, G10: the sessions of a kernel are limited."""
    monkeypatch.setattr(hub, "_MOST_LINKS", 1)
    view, socket = await _connected(comm, upstream)
    assert (await View(comm, link="another").end()).code == "room_unavailable"
    view.close()
    await socket.gone()
    await _connected(comm, upstream, link="later")


async def test_other_threads(upstream: Upstream) -> None:
    """RELAY-13: `handle` and `close` may be called from any thread, also when the loop is closed."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sent: list[dict[str, object]] = []
    relay = RelayHub(upstream.url, _kernel_token, sent.append, loop)
    relay.handle({"kind": "relay", "view": "v", "link": "l", "type": "open", "token": ""})
    socket = await upstream.socket()
    relay.close()
    await socket.gone()
    loop.call_soon_threadsafe(loop.stop)
    await asyncio.to_thread(thread.join)
    loop.close()
    relay.handle({"kind": "relay", "view": "v", "link": "l", "type": "open", "token": ""})
    relay.close()
    assert upstream.count == 1
