"""What is for reading is for reading: because the notebook says so, or because the room does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.live.people import Person

    from .conftest import Meet


async def test_an_editor_for_reading_only(meet: Meet) -> None:
    """NB-76: it takes no keys while the kernel says so, and the kernel can change its mind."""
    allow = "ed.read_only = False"
    _, _, (ada,), (editor,) = await meet("Ada", text="as it is", options="read_only=True", cells=(allow,))
    await expect(editor.status).to_contain_text("Read only")
    await editor.press("x", "Backspace", "Enter")
    await editor.sees("as it is")
    await ada.run_cell(1)
    await expect(editor.status).not_to_contain_text("Read only")
    await editor.press("Control+End")
    await editor.type(" no more")
    await editor.sees("as it is no more")


async def test_a_viewer_of_the_room(meet: Meet, host: Person) -> None:
    """NB-77: who is made a viewer meanwhile sees it and cannot type; the others' edits still come."""
    room_id, _, (_, bob), (here, there) = await meet("Ada", "Bob", text="for all")
    await host.api("PUT", f"/api/rooms/{room_id}/members/{bob.user_id}", {"role": "viewer"})
    await expect(there.status).to_contain_text("Read only")
    await there.press("Control+Home", "x", "Backspace")
    await here.press("Control+End")
    await here.type(" but one")
    await there.sees("for all but one")
    assert await host.text(room_id) == "for all but one"
