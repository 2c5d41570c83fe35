"""Who is in a room, and what they do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import Locator, expect

from tests.live.people import vouched_for

from .test_accessibility import violations

if TYPE_CHECKING:
    from tests.live.server import Server

    from .conftest import Meet
    from .visitor import Visitor

LOOK = """visibility => {
  Object.defineProperty(document, 'visibilityState', {value: visibility, configurable: true})
  document.dispatchEvent(new Event('visibilitychange'))
}"""
"""Have the page believe that its tab is hidden, or is looked at again."""


def listed(viewer: Visitor, status: str, name: str) -> Locator:
    """Somebody in the list of people, under that heading."""
    people = viewer.page.get_by_role("complementary", name="People")
    return people.get_by_role("region", name=status).get_by_role("listitem").filter(has_text=name)


async def test_who_is_here_away_and_gone(meet: Meet) -> None:
    """WS-5, WS-12, UI-32: and who is editing; the avatars above show those who are here."""
    _, (ada, bob) = await meet("Ada", "Bob")
    await expect(listed(ada, "Online", "Bob")).to_be_visible()
    await bob.type("x")
    await expect(listed(ada, "Online", "Bob")).to_contain_text("Editing…")
    await expect(listed(ada, "Online", "Bob")).not_to_contain_text("Editing…")
    await bob.page.evaluate(LOOK, "hidden")
    await expect(listed(ada, "Away", "Bob")).to_be_visible()
    await bob.page.evaluate(LOOK, "visible")
    await expect(listed(ada, "Online", "Bob")).to_be_visible()

    present = ada.page.get_by_role("list", name="Present").get_by_role("img", name="Bob")
    await expect(present).to_be_visible()
    await bob.page.close()
    await expect(listed(ada, "Offline", "Bob")).to_be_visible()
    await expect(present).to_have_count(0)


async def test_guests_are_told_from_those_who_signed_in(meet: Meet, own_server: Server) -> None:
    """UI-33, APP-47, UI-28: with a seal and in words; axe finds nothing serious."""
    room_id, (ada,) = await meet("Ada")
    grace = vouched_for(own_server, "grace", "Grace", ada.person.http)
    async with grace.inside(room_id):
        await expect(listed(ada, "Online", "Ada")).to_contain_text("Ada, guest")
        seal = listed(ada, "Online", "Grace").locator(".person__seal")
        await expect(listed(ada, "Online", "Grace")).to_contain_text("Grace, signed in")
        await seal.hover()
        await expect(ada.page.get_by_text("Signed in with an account")).to_be_visible()
        await ada.page.get_by_role("complementary", name="People").get_by_text("Ada", exact=True).hover()
        await expect(ada.page.get_by_text("Guest: a name that anybody could have chosen")).to_be_visible()
        assert await violations(ada) == []
    await expect(listed(ada, "Offline", "Grace")).to_be_visible()
    await expect(seal).to_have_count(0)
