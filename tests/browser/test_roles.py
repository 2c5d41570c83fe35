"""What a viewer, a removed member and a stranger see of a room, and what the server lets them do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.live.people import asleep

from .record import converged, stores

if TYPE_CHECKING:
    from .conftest import Meet, Visit
    from .visitor import Visitor


async def give(owner: Visitor, room_id: str, guest: Visitor, role: str) -> None:
    await owner.person.api("PUT", f"/api/rooms/{room_id}/members/{guest.person.user_id}", {"role": role})


async def test_a_viewer_reads_along_and_cannot_write(meet: Meet) -> None:
    """ROOM-16, UI-10: the editor takes no key, and the server no edit; a new role counts at once, both ways."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="text")
    await give(ada, room_id, bob, "viewer")
    mark = bob.page.get_by_text("Read only", exact=True)
    await expect(mark).to_be_visible()
    await expect(bob.editor).not_to_be_editable()
    await expect(bob.button("Undo")).to_have_count(0)
    await bob.type("mine")
    await bob.press("Backspace", "Control+v", "Control+z")
    await ada.press("Control+End")
    await ada.type(" goes on")
    await bob.sees("text goes on")
    async with bob.person.inside(room_id) as socket:
        await socket.send("code_change", ref=1, op=["x"], seq=1)
        assert (await socket.error("read_only"))["ref"] == 1

    await give(ada, room_id, bob, "member")
    await expect(mark).to_have_count(0)
    await bob.press("Control+End")
    await bob.type(" with me")
    assert await converged(room_id, ada, bob) == "text goes on with me"

    await give(ada, room_id, bob, "viewer")
    await expect(mark).to_be_visible()
    await bob.type("?")
    assert await converged(room_id, ada, bob) == "text goes on with me"


async def test_a_role_is_given_in_the_page(meet: Meet) -> None:
    """ROOM-16, UI-10: by the menu beside a person."""
    _, (ada, bob) = await meet("Ada", "Bob")
    await ada.button("Manage Bob").click()
    await ada.page.get_by_role("menuitemradio", name="Viewer").click()
    await expect(bob.page.get_by_text("Read only", exact=True)).to_be_visible()
    people = ada.page.get_by_role("complementary", name="People")
    await expect(people.get_by_role("listitem").filter(has_text="Bob")).to_contain_text("Viewer")


async def test_what_a_demoted_writer_had_not_sent(meet: Meet) -> None:
    """CL-14, UI-11: it is taken out of the text, and told, so that it can be copied."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="text")
    await bob.press("Control+End")
    await bob.cable.cut()
    await bob.is_offline()
    await bob.type(" of a member")
    await expect(bob.saving).to_contain_text("unsent")
    await give(ada, room_id, bob, "viewer")
    await bob.plug_in()
    told = bob.page.get_by_role("alert").filter(has_text="The room did not take")
    await expect(told).to_contain_text("of a member")
    await bob.sees("text")
    await told.get_by_role("button", name="Copy what you wrote").click()
    assert await bob.page.evaluate("() => navigator.clipboard.readText()") == " of a member"
    assert await converged(room_id, ada, bob) == "text"


@pytest.mark.parametrize("state", ["awake", "asleep"])
async def test_a_removed_member(meet: Meet, state: str) -> None:
    """ROOM-16, SLEEP-6, UI-12: they are told, and can take along what they saw; others see them go."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="text", private=True)
    if state == "asleep":
        await asleep(ada.person, room_id)
    bob.expects_trouble("status of 404")
    await ada.button("Manage Bob").click()
    await ada.page.get_by_role("menuitem", name="Remove from room…").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(bob.page.get_by_role("heading", name="This room is gone")).to_be_visible()
    await expect(bob.page.get_by_text("you are no longer one of its members")).to_be_visible()
    async with bob.page.expect_download() as downloading:
        await bob.button("Download its text as you last saw it").click()
    assert (await (await downloading.value).path()).read_text() == "text"
    await expect(ada.page.get_by_role("complementary", name="People").get_by_text("Bob")).to_have_count(0)
    await stores(ada.person, room_id, "text")


async def test_rooms_that_cannot_be_entered(visit: Visit) -> None:
    """REST-3, REST-4, UI-12: a private room of others looks as one that does not exist; an address that is none."""
    ada, eve = await visit("Ada"), await visit("Eve")
    eve.expects_trouble("status of 404")
    room_id = await ada.person.make_room(private=True, name="Secret plans")
    await eve.open(f"/rooms/{room_id}")
    await expect(eve.page.get_by_role("heading", name="There is no such room")).to_be_visible()
    await expect(eve.page.get_by_text("Secret plans")).to_have_count(0)
    await eve.open("/rooms/no-such-room")
    await expect(eve.page.get_by_role("heading", name="There is no such room")).to_be_visible()
    await eve.page.get_by_role("link", name="Go to your rooms").click()
    await expect(eve.page.get_by_role("heading", name="Rooms")).to_be_visible()


async def test_a_room_deleted_while_it_is_open(meet: Meet) -> None:
    """WS-16, UI-12: everybody in it is told; its owner is back at the list, without it."""
    _, (ada, bob) = await meet("Ada", "Bob", text="text", name="Doomed")
    bob.expects_trouble("status of 404")
    await ada.button("More").click()
    await ada.page.get_by_role("menuitem", name="Delete room…").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete room").click()
    await expect(bob.page.get_by_role("heading", name="This room is gone")).to_be_visible()
    await expect(ada.page.get_by_role("heading", name="Rooms")).to_be_visible()
    await expect(ada.page.get_by_role("link", name="Doomed")).to_have_count(0)


async def test_the_server_is_away_while_a_room_opens(meet: Meet) -> None:
    """UI-13: the page says that it goes on trying, and opens the room by itself."""
    _, (ada,) = await meet("Ada", text="here", name="Later")
    await ada.page.get_by_role("link", name="Back to your rooms").click()
    await expect(ada.page.get_by_role("link", name="Later")).to_be_visible()
    await ada.cable.cut()
    await ada.page.get_by_role("link", name="Later").click()
    await expect(ada.page.get_by_text("No answer yet. Trying again…")).to_be_visible()
    await ada.plug_in()
    await ada.sees("here")
