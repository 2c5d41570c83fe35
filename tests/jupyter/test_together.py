"""People in one collaborative notebook edit in one widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from rayrooms.client.room import RoomClient

if TYPE_CHECKING:
    from tests.live.people import Person

    from .conftest import Arrive, Meet


async def test_two_people_edit_and_a_third_comes_late(meet: Meet, arrive: Arrive, host: Person) -> None:
    """NB-60, NB-68: all see the same text, and the others' cursors by the names that Jupyter vouches for."""
    room_id, path, (ada, bob), (here, there) = await meet("Ada", "Bob", text="one\ntwo")
    await here.press("Control+End")
    await here.type(" of Ada's")
    await there.press("Control+Home")
    await there.type("Bob's ")
    for editor in (here, there):
        await editor.sees("Bob's one\ntwo of Ada's")
        await editor.is_saved()
        await editor.uses("direct")
    await expect(here.cursor("Bob")).to_be_attached()
    await expect(there.cursor("Ada")).to_be_attached()
    await expect(here.status).to_contain_text("Ada(verified)")

    cyd = await arrive("Cyd")
    await cyd.open(path)
    late = await cyd.joins()
    await late.sees("Bob's one\ntwo of Ada's")
    for name in ("Ada", "Bob"):
        await expect(late.cursor(name)).to_be_attached()
    await late.press("Control+End")
    await late.type(", and Cyd's")
    for editor in (here, there):
        await editor.sees("Bob's one\ntwo of Ada's, and Cyd's")
        await expect(editor.cursor("Cyd")).to_be_attached()
        for colleague in (ada, bob, cyd):
            await expect(editor.person(colleague.user_id)).to_have_attribute("data-verified", "true")
    async with RoomClient.open(host.url, room_id, token=host.token) as room:
        verified = {user.user_id: user.name for user in room.users if user.verified}
        assert verified == {"jupyter-ada": "Ada", "jupyter-bob": "Bob", "jupyter-cyd": "Cyd"}
        assert room.text == "Bob's one\ntwo of Ada's, and Cyd's"
