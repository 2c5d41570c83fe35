"""`%%room` and `%rooms` in a real kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rayrooms.client.room import RoomClient

if TYPE_CHECKING:
    from tests.live.server import Server
    from tests.notebooks.widgets.kernel import Kernel

pytestmark = pytest.mark.live


async def test_a_cell_and_its_room_become_one(kernel: Kernel, name: str, server: Server) -> None:
    """NB-16: changes of both sides are kept, the cell gets the text that they make, and that is run."""
    first = kernel.execute(f"%%room {name}\na = 1\nb = 2\n(a, b)", cell_id="one")
    assert first.data[0]["text/plain"] == "(1, 2)"
    assert first.next_input is None
    async with RoomClient.open(server.url, name, name="Bob") as bob:
        assert bob.text == "a = 1\nb = 2\n(a, b)"
        bob.replace(4, 1, "10")
        await bob.wait_durable(30)
        second = kernel.execute(f"%%room {name}\na = 1\nb = 20\n(a, b)", cell_id="one")
        assert second.data[0]["text/plain"] == "(10, 20)"
        assert second.next_input == f"%%room {name}\na = 10\nb = 20\n(a, b)"
        await bob.wait_text("a = 10\nb = 20\n(a, b)", 30)


def test_the_first_time_one_side_must_give_way(kernel: Kernel, name: str) -> None:
    """NB-17: an empty cell takes the room's text; two different texts are refused until one is chosen, once."""
    kernel.execute(f"%%room {name}\nx = 'room'\nx", cell_id="author")
    empty = kernel.execute(f"%%room {name}\n", cell_id="empty")
    assert empty.next_input == f"%%room {name}\nx = 'room'\nx"
    assert empty.data[0]["text/plain"] == "'room'"
    refused = kernel.execute(f"%%room {name}\nx = 'cell'\nx", cell_id="other", fails=True)
    assert "--mine" in refused.errors
    assert "--theirs" in refused.errors
    assert "Traceback" not in refused.errors
    mine = kernel.execute(f"%%room {name} --mine\nx = 'cell'\nx", cell_id="other")
    assert mine.data[0]["text/plain"] == "'cell'"
    assert mine.next_input == f"%%room {name}\nx = 'cell'\nx"
    theirs = kernel.execute(f"%%room {name} --theirs\nx = 'third'\nx", cell_id="third")
    assert theirs.next_input == f"%%room {name}\nx = 'cell'\nx"


def test_options_of_a_cell(kernel: Kernel, name: str) -> None:
    """NB-17: --no-run, a language that is not run, the last room by default, a mistake in the line."""
    kernel.execute(f"%%room {name} --no-run\nran = True")
    assert kernel.value("'ran' in globals()") is False
    kernel.execute("%%room\nran = True")
    assert kernel.value("ran") is True
    kernel.execute(f"%%room {name}-md --language markdown\n# not Python, is it?")
    kernel.execute(f"%%room {name}-md\n# not Python, is it!")
    assert "usage" in kernel.execute(f"%%room {name} --what\nx", fails=True).errors
    assert "cannot name a room" in kernel.execute("%%room a?b\nx", fails=True).errors


def test_an_error_in_the_cell_fails_the_cell(kernel: Kernel, name: str) -> None:
    """NB-16, NB-10: Run All stops there, and the traceback shows the text's lines."""
    failed = kernel.execute(f"%%room {name}\nx = 1\nx / 0", fails=True)
    assert "ZeroDivisionError" in failed.errors
    trace = "\n".join(failed.reply["traceback"])
    assert f"<room {name}>" in trace
    assert "execution.py" not in trace


def test_rooms_are_listed(kernel: Kernel, name: str, server: Server) -> None:
    """NB-19: as a table, searched, and as values."""
    kernel.execute(f"ed = RoomEditor({name!r}, title='A <b>bold</b> {name}')")
    shown = kernel.execute(f"%rooms {name} --mine").data[0]
    assert name in shown["text/plain"]
    assert f"{server.url}/rooms/{name}" in shown["text/html"]
    assert "<b>bold" not in shown["text/html"]
    assert kernel.value(f"[room.role for room in get_ipython().run_line_magic('rooms', {name!r})]") == ["owner"]
    assert "No rooms" in kernel.execute("%rooms nothingiscalledlikethis").data[0]["text/plain"]
