"""A RoomEditor in this process: the document from Python, who the kernel is, and what the widget's state holds."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from rayrooms_jupyter import RoomChat, RoomEditor, RoomPresence, assets, widget
from rayrooms_jupyter.credentials import kernel_name

from rayrooms.client.rest import RestClient
from rayrooms.client.room import RoomClient
from rayrooms.errors import InvalidError, NotFoundError, RayroomsError, UnavailableError
from tests.notebooks.widgets.kernel import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rayrooms.client.events import ChatChanged, TextChanged
    from tests.live.server import Server

pytestmark = pytest.mark.live

TRAITS = {
    "kind",
    "bundle",
    "protocol_version",
    "room",
    "title",
    "url",
    "proxy_path",
    "language",
    "theme",
    "height",
    "read_only",
    "transport",
    "show_chat",
    "runnable",
    "running",
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, static: Path) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RAYROOMS_URL", server.url)


@pytest.fixture
def ed(name: str) -> Iterator[RoomEditor]:
    with RoomEditor(name) as editor:
        yield editor


def strings(value: object) -> Iterator[str]:
    """All strings in a nested value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)
    else:
        yield str(value)


async def test_python_and_others_edit_one_document(ed: RoomEditor, name: str, server: Server) -> None:
    """NB-2: the kernel takes part with no browser open."""

    def edit() -> None:
        ed.insert(0, "hello")
        ed.replace(0, 1, "J")
        ed.delete(4, 1)
        ed.edit([4, "y"])
        ed.wait_saved()

    await asyncio.to_thread(edit)
    async with RoomClient.open(server.url, name, name="Bob") as bob:
        assert bob.text == "Jelly"
        assert {user.name for user in bob.users} == {"Bob", kernel_name()}
        bob.insert(5, "!")
        await bob.wait_durable(30)
        done = threading.Event()
        off = await asyncio.to_thread(ed.on_change, lambda _: done.set())
        bob.insert(0, "> ")
        assert await asyncio.to_thread(done.wait, 30)
        await asyncio.to_thread(off)
        assert await asyncio.to_thread(lambda: ed.text) == "> Jelly!"
        assert await asyncio.to_thread(lambda: (ed.status, ed.saved)) == ("online", "saved")
        await bob.wait_durable(30)  # the editor may have had the last edit before its own author was answered
        assert await asyncio.to_thread(lambda: ed.version) == bob.version


def test_set_text_keeps_what_stays(ed: RoomEditor) -> None:
    """NB-2: as a small edit, so that others' cursors stay where they are."""
    ops: list[Any] = []
    done = threading.Event()

    def hear(change: TextChanged) -> None:
        ops.append(change.op)
        done.set()

    ed.set_text("one\ntwo\nthree\n")
    off = ed.on_change(hear)
    ed.set_text("one\n2\nthree\n")
    assert done.wait(30)
    off()
    assert ops == [[4, "2", {"d": "two"}]]
    assert ed.text == "one\n2\nthree\n"


def test_a_callback_may_edit_and_is_not_told_of_its_own_edits(ed: RoomEditor) -> None:
    """NB-3: one that edits unconditionally neither locks up nor goes on for ever; others are told."""
    told: list[int] = []
    texts: list[str] = []
    done = threading.Event()

    def exclaim(_: object) -> None:
        told.append(len(told))
        ed.insert(0, "!")

    def watch(_: object) -> None:
        texts.append(ed.text)
        if len(texts) == 4:
            done.set()

    ed.on_change(exclaim)
    ed.on_change(watch)
    ed.insert(0, "x")
    ed.insert(0, "y")
    assert done.wait(30)
    assert sorted(ed.text) == ["!", "!", "x", "y"]
    assert texts[-1] == ed.text
    assert told == [0, 1]


def test_a_callback_that_fails_harms_nobody(ed: RoomEditor, caplog: pytest.LogCaptureFixture) -> None:
    """NB-3: its first failure is logged, and callbacks go on being called."""
    told = threading.Semaphore(0)

    def fail(_: object) -> None:
        told.release()
        raise ValueError("no")

    last = threading.Event()
    ed.on_change(fail)
    ed.on_change(lambda _: last.set())
    ed.insert(0, "a")
    ed.insert(0, "b")
    assert told.acquire(timeout=30)
    assert told.acquire(timeout=30)
    ed.insert(0, "c")
    assert told.acquire(timeout=30)
    assert last.wait(30)
    assert [record.message for record in caplog.records if "callback" in record.message] == [
        "A callback of a room failed; it is still called, but said no more."
    ]


def test_a_callback_that_was_taken_back_is_not_called(ed: RoomEditor) -> None:
    """NB-3."""
    calls: list[object] = []
    done = threading.Event()
    off = ed.on_change(calls.append)
    ed.on_change(lambda _: done.set())
    off()
    ed.insert(0, "a")
    assert done.wait(30)
    assert calls == []


def test_the_widgets_share_one_seat_in_the_room(ed: RoomEditor) -> None:
    """NB-2: one session for all widgets of a room; the last to be closed leaves."""
    with RoomChat(ed) as chat, RoomPresence(ed) as presence, RoomEditor(ed.title) as other:
        assert [user.session_id for user in presence.users] == [user.session_id for user in ed.users]
        assert (chat.room, chat.url, chat.kind, presence.kind) == (ed.room, ed.url, "chat", "presence")
        other.insert(0, "shared")
    assert ed.text == "shared"
    assert len(ed.users) == 1
    ed.close()
    assert ed.status == "closed"
    with pytest.raises(RayroomsError, match="closed"):
        _ = ed.text


def test_chat_from_python(ed: RoomEditor) -> None:
    """NB-2."""
    with RoomChat(ed) as chat:
        heard: list[str] = []
        done = threading.Event()

        def hear(event: ChatChanged) -> None:
            heard.append(event.message.content)
            done.set()

        chat.on_chat(hear)
        ed.send_chat("hello")
        assert done.wait(30)
        assert heard == ["hello"]
        assert [message.content for message in chat.messages] == ["hello"]


async def test_a_room_is_made_with_its_title_and_language(server: Server) -> None:
    """NB-1: and the one who made it owns it; one that exists keeps what it is."""
    name = f"team/{uuid.uuid4().hex[:8]}"

    def look() -> tuple[str, ...]:
        with RoomEditor(name, language="markdown", private=True) as first, RoomEditor(name, language=None) as again:
            return first.room, first.title, first.language, again.language, again.title, first.users[0].role

    seen = await asyncio.to_thread(look)
    assert seen == (name.replace("/", "~"), name, "markdown", "markdown", name, "owner")
    async with RestClient(server.url) as rest:
        await rest.sign_in_guest("Eve")
        with pytest.raises(NotFoundError):  # private rooms are hidden from strangers
            await rest.room(seen[0])


def test_two_who_make_a_room_at_once_both_enter(name: str) -> None:
    """NB-1."""
    texts: list[str] = []

    def enter(index: int) -> None:
        with RoomEditor(name, name=f"user {index}") as editor:
            texts.append(editor.text)

    threads = [threading.Thread(target=enter, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert texts == [""] * 4


def test_no_such_room_is_an_error(name: str) -> None:
    """NB-6: where it is not to be made; and so is a name that no room can have."""
    with pytest.raises(NotFoundError):
        RoomEditor(name, create=False)
    with pytest.raises(InvalidError):
        RoomEditor("two words")


def test_a_room_that_cannot_be_entered_is_never_an_empty_text(
    ed: RoomEditor, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NB-6: the widget is made, with a warning, as views may get in where the kernel does not; its text is an error."""
    monkeypatch.setattr(widget, "FIRST_WAIT", 1.0)
    monkeypatch.setattr("rayrooms_jupyter.kernel_rooms.ENTER_TIMEOUT", 1.0)
    with pytest.warns(RuntimeWarning, match="not in the room"):
        lost = RoomEditor(name, url="http://127.0.0.1:9", name="x")
    assert lost.status == "connecting"
    with pytest.raises(UnavailableError, match="reached"):
        _ = lost.text
    lost.close()
    with pytest.warns(RuntimeWarning, match="not in the room"):
        refused = RoomEditor(name, token="no token")
    with pytest.raises(RayroomsError, match="token"):
        _ = refused.text
    refused.close()
    assert ed.text == ""


@pytest.mark.parametrize("make", [RoomEditor, RoomChat, RoomPresence])
def test_no_token_in_the_state(make: Callable[..., Any], server: Server, name: str) -> None:
    """NB-5: not of the widget, nor of its repr, whether the token was given or is a guest's."""

    async def sign_in() -> str:
        async with RestClient(server.url) as rest:
            return (await rest.sign_in_guest("Grace")).token

    token = asyncio.run(sign_in())
    for options in ({"token": token}, {"token": lambda: token}, {"name": "Grace"}):
        with make(name, **options) as shown:
            guest = asyncio.run(shown._room.credentials.token())
            everything = [*strings(shown.get_state()), *strings(shown._repr_mimebundle_()), repr(shown)]
            assert all(secret not in text for text in everything for secret in (token, guest))


def test_the_state_says_which_room_and_how_to_show_it(ed: RoomEditor, server: Server, name: str) -> None:
    """NB-7: never the document, never a status."""
    ed.insert(0, "the document")
    state = ed.get_state()
    own = {key for key in state if not key.startswith("_")} - {"layout", "tabbable", "tooltip"}
    assert own == TRAITS
    assert {key: state[key] for key in TRAITS} == {
        "kind": "editor",
        "bundle": "widget-1f.js",
        "protocol_version": 1,
        "room": name,
        "title": name,
        "url": server.url,
        "proxy_path": "rayrooms",
        "language": "python",
        "theme": "auto",
        "height": "300px",
        "read_only": False,
        "transport": "auto",
        "show_chat": False,
        "runnable": True,
        "running": False,
    }
    assert "the document" not in json.dumps(state, default=str)


def test_only_python_can_be_run(name: str) -> None:
    """NB-7."""
    with RoomEditor(name, language="markdown") as editor:
        assert not editor.runnable
        editor.language = "python"
        assert editor.runnable


def test_plain_text_helps(ed: RoomEditor, server: Server, name: str) -> None:
    """NB-15: to whoever sees no widget: what it is, where the room is on the web, and what to do."""
    data, _ = ed._repr_mimebundle_()
    text = data["text/plain"]
    assert "Trust Notebook" in text
    assert "run this cell" in text
    assert f"{server.url}/rooms/{name}" in text
    assert text == repr(ed)
    assert data[widget.MIME_WIDGET]["model_id"] == ed._repr_mimebundle_()[0][widget.MIME_WIDGET]["model_id"]


def test_without_the_built_code_the_error_says_how_to_build_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NB-7."""
    monkeypatch.setattr(assets, "STATIC", tmp_path / "none")
    assets.loader.cache_clear()
    with pytest.raises(UnavailableError, match="run scripts/web"):
        RoomEditor(name)


def test_a_forked_process_has_no_part_in_its_parents_rooms(server: Server, name: str, tmp_path: Path) -> None:
    """NB-2: it says so instead of waiting for ever, and may enter the room itself."""
    program = f"""
import os, pathlib, sys, warnings
warnings.simplefilter("ignore")
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "notebooks")!r}]
import rayrooms_jupyter.assets as assets
assets.STATIC = pathlib.Path({str(assets.STATIC)!r})
from rayrooms_jupyter import RoomEditor
ed = RoomEditor({name!r}, url={server.url!r})
ed.insert(0, "parent")
ed.wait_saved()
child = os.fork()
if child == 0:
    try:
        ed.text
    except Exception as error:
        print(type(error).__name__, error, flush=True)
    print(RoomEditor({name!r}, url={server.url!r}, name="child").text, flush=True)
    os._exit(0)
os.waitpid(child, 0)
ed.insert(0, "still ")
print(ed.text)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    first, second, third = done.stdout.splitlines()
    assert first.startswith("UnavailableError This room belongs to the process that opened it.")
    assert (second, third) == ("parent", "still parent")
