"""Kernels as front ends meet them: the messages of views, restarts, and several kernels in one room."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rayrooms.client.rest import RestClient
from rayrooms.client.room import RoomClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.server import Server
    from tests.notebooks.widgets.kernel import Kernel

pytestmark = pytest.mark.live

START = "from rayrooms_jupyter import RoomEditor; ed = RoomEditor({!r})"


def test_a_view_gets_the_code_in_parts(kernel: Kernel, name: str, static: Path) -> None:
    """NB-18: paced parts, for the view that asked; only plain names of files that are there."""
    kernel.execute(f"ed = RoomEditor({name!r})")
    model = kernel.model_of("ed")
    for view in ("v1", "v2"):
        kernel.send(model, {"kind": "asset", "view": view, "name": "widget-1f.js"})
    kernel.until(lambda: all(len(kernel.received(model, view)) == 3 for view in ("v1", "v2")))
    for view in ("v1", "v2"):
        answers = kernel.received(model, view)
        assert [(part["part"], part["parts"]) for part in answers] == [(0, 3), (1, 3), (2, 3)]
        assert all(len(part["text"]) <= 200_000 for part in answers)
        assert "".join(part["text"] for part in answers) == (static / "widget-1f.js").read_text()


@pytest.mark.parametrize("asked", ["../manifest.json", "/etc/passwd", "absent.js", ".hidden.js", "sub/x.js", ""])
def test_a_view_gets_no_other_file(kernel: Kernel, name: str, asked: str) -> None:
    """NB-18."""
    kernel.execute(f"ed = RoomEditor({name!r})")
    model = kernel.model_of("ed")
    kernel.send(model, {"kind": "asset", "view": "v", "name": asked})
    kernel.until(lambda: bool(kernel.received(model, "v")))
    (answer,) = kernel.received(model, "v")
    assert answer.keys() == {"kind", "view", "name", "error"}


def test_what_is_no_request_is_ignored(kernel: Kernel, name: str) -> None:
    """G8: and what comes after it is answered."""
    kernel.execute(f"ed = RoomEditor({name!r})")
    model = kernel.model_of("ed")
    for content in ({}, {"kind": "asset"}, {"kind": "run", "view": 7}, {"kind": "other", "view": "v"}, [1], None, "x"):
        kernel.send(model, content)  # type: ignore[arg-type]
    kernel.send(model, {"kind": "asset", "view": "v", "name": "loader.js"})
    kernel.until(lambda: bool(kernel.received(model, "v")))
    assert len(kernel.received(model, "v")) == 1


async def test_a_view_gets_a_guests_session(kernel: Kernel, name: str, server: Server) -> None:
    """NB-18, NB-5: in a message for that view, and in no widget's state; a refusal has a code."""
    kernel.execute(f"ed = RoomEditor({name!r})")
    model = kernel.model_of("ed")
    kernel.send(model, {"kind": "guest", "view": "v", "name": "Grace"})
    kernel.send(model, {"kind": "guest", "view": "w", "name": " "})
    kernel.until(lambda: bool(kernel.received(model, "v")) and bool(kernel.received(model, "w")))
    (answer,) = kernel.received(model, "v")
    session = answer["session"]
    assert session.keys() == {"token", "user_id", "name", "expires_at"}
    async with RestClient(server.url, session["token"]) as rest:
        assert (await rest.renew()).user_id == session["user_id"]
    (refusal,) = kernel.received(model, "w")
    assert refusal["error"]["code"] == "malformed"
    assert session["token"] not in json.dumps(kernel.models)


def test_a_restarted_kernel_is_the_same_user(
    start_kernel: Callable[[Path], AbstractContextManager[Kernel]], tmp_path: Path, name: str
) -> None:
    """NB-4: it still owns the rooms that it made, and its old session is gone; what it typed last is saved."""
    me = "[(user.user_id, user.name, user.role) for user in ed.users]"
    with start_kernel(tmp_path) as kernel:
        kernel.execute(START.format(name))
        before = kernel.value(me)
        kernel.execute("ed.insert(0, 'typed last')")
        kernel.restart()
        kernel.execute(START.format(name))
        assert kernel.value(me) == before
        assert before[0][1:] == ("ada (kernel)", "owner")
        assert kernel.value("ed.text") == "typed last"


async def test_a_kernel_that_ends_leaves_the_room(
    start_kernel: Callable[[Path], AbstractContextManager[Kernel]], tmp_path: Path, name: str, server: Server
) -> None:
    """NB-2: at once, after saving what it has."""
    with start_kernel(tmp_path) as kernel:
        kernel.execute(START.format(name))
        kernel.execute("ed.insert(0, 'last words')")
        async with RoomClient.open(server.url, name, name="Bob") as bob:
            assert len(bob.users) == 2
            kernel.shutdown()
            await bob.wait_for(lambda: len(bob.users) == 1, 10)
            assert bob.text == "last words"


async def test_two_kernels_edit_together(
    start_kernel: Callable[[Path], AbstractContextManager[Kernel]], tmp_path: Path, name: str, server: Server
) -> None:
    """G1, NB-2: they and everybody else end with one text, which holds all that was typed."""
    type_much = "for i in range(100): ed.insert(i % (len(ed.text) + 1), {!r})\ned.wait_saved()"
    with start_kernel(tmp_path / "a") as one, start_kernel(tmp_path / "b") as two:
        for kernel in (one, two):
            kernel.execute(START.format(name))
        cells = [kernel.start(type_much.format(letter)) for kernel, letter in ((one, "a"), (two, "b"))]
        one.finish(cells[0])
        two.finish(cells[1])
        async with RoomClient.open(server.url, name, name="Bob") as bob:
            text = bob.text
            assert sorted(text) == ["a"] * 100 + ["b"] * 100
            wait = f"room = ed._room; room.run(lambda client: client.sync(30)); assert ed.text == {text!r}"
            one.execute(wait)
            two.execute(wait)


def test_a_callback_edits_in_a_kernel(kernel: Kernel, name: str) -> None:
    """NB-3: the most natural thing to do in a callback works while the cell that caused it goes on."""
    kernel.execute(f"ed = RoomEditor({name!r})\nimport threading\ndone = threading.Event()")
    kernel.execute(
        "def upper(change):\n"
        "    if ed.text != ed.text.upper():\n"
        "        ed.set_text(ed.text.upper())\n"
        "        ed.wait_saved()\n"
        "        done.set()\n"
        "off = ed.on_change(upper)"
    )
    assert kernel.value("(ed.insert(0, 'loud'), done.wait(30), ed.text)[1:]") == (True, "LOUD")


def test_the_editor_and_its_output_are_shown_together(kernel: Kernel, name: str) -> None:
    """NB-15: the editor with what `ed.run()` shows below it; the same widgets however often it is shown."""
    kernel.execute(f"ed = RoomEditor({name!r})")
    first, second = (kernel.execute("ed").data[0] for _ in range(2))
    box = first["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert second["application/vnd.jupyter.widget-view+json"]["model_id"] == box
    output = kernel.model_of("ed.output")
    assert kernel.models[box]["children"] == [f"IPY_MODEL_{kernel.model_of('ed')}", f"IPY_MODEL_{output}"]
    assert "Trust Notebook" in first["text/plain"]
