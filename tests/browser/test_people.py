"""Who is in a room, and what they do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import Locator, expect

if TYPE_CHECKING:
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
