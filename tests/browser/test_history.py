"""The history: any version with who wrote what, by mouse and keyboard, and bringing one back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import Locator, expect

from tests.live.people import until

from .record import converged

if TYPE_CHECKING:
    from .conftest import Meet
    from .visitor import Visitor


def shown(visitor: Visitor) -> Locator:
    """The document at the version that the slider stands at."""
    return visitor.page.get_by_role("textbox", name="Document at the version shown")


async def is_by(visitor: Visitor, name: str, text: str) -> None:
    """Wait until this is what the person wrote of what is shown."""

    async def holds() -> bool:
        return "".join(await shown(visitor).locator(f"[title='{name}']").all_text_contents()) == text

    await until(holds)


async def write_history(meet: Meet) -> tuple[str, list[Visitor]]:
    """Ada wrote "one", then Bob " two"; each letter is a version."""
    room_id, (ada, bob) = await meet("Ada", "Bob")
    await ada.type("one")
    await bob.sees("one")
    await bob.press("Control+End")
    await bob.type(" two")
    assert await converged(room_id, ada, bob) == "one two"
    return room_id, [ada, bob]


async def test_earlier_versions_and_their_authors(meet: Meet) -> None:
    """UI-17: the slider goes through all versions by keyboard; each shows its text, whose it is, and who made it."""
    _, (ada, bob) = await write_history(meet)
    await ada.button("History").click()
    slider = ada.page.get_by_role("slider", name="Version")
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Version 7 of 7, Bob, "))
    await is_by(ada, "Ada", "one")
    await is_by(ada, "Bob", " two")
    authors = ada.page.get_by_role("list", name="Authors of this text")
    await expect(authors).to_contain_text("You")
    await expect(authors).to_contain_text("Bob")

    await slider.focus()
    await slider.press("Home")
    await expect(ada.page.get_by_text("The beginning")).to_be_visible()
    await expect(shown(ada)).to_have_text("")
    for text in ("o", "on", "one"):
        await slider.press("ArrowRight")
        await expect(shown(ada)).to_have_text(text)
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Version 3 of 7, Ada, "))
    await expect(authors).not_to_contain_text("Bob")

    await bob.type("!")
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Version 3 of 8, "))
    await expect(shown(ada)).to_have_text("one")
    await ada.button("Play").click()
    await expect(shown(ada)).to_have_text("one two!")
    await ada.button("Back to now").click()
    await ada.sees("one two!")


async def test_a_version_is_brought_back(meet: Meet) -> None:
    """UI-18: as a new edit that everybody sees and its author can undo; the history keeps all of it."""
    room_id, (ada, bob) = await write_history(meet)
    await ada.button("History").click()
    slider = ada.page.get_by_role("slider", name="Version")
    await slider.fill("3")
    await expect(shown(ada)).to_have_text("one")
    await ada.button("Restore this version").click()
    await ada.page.get_by_role("dialog", name="Restore version 3?").get_by_role("button", name="Restore").click()
    await bob.sees("one")
    await ada.sees("one")
    await ada.press("Control+z")
    await bob.sees("one two")
    await ada.press("Control+y")
    assert await converged(room_id, ada, bob) == "one"

    await bob.button("History").click()
    await expect(bob.page.get_by_role("slider", name="Version")).to_have_attribute(
        "aria-valuetext", re.compile("^Version 10 of 10, Ada, ")
    )
    await is_by(bob, "Ada", "one")
    await expect(shown(bob)).to_have_text("one")


async def test_a_viewer_reads_the_history(meet: Meet) -> None:
    """UI-17, ROOM-16: and cannot bring a version back."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="text")
    path = f"/api/rooms/{room_id}/members/{bob.person.user_id}"
    await ada.person.api("PUT", path, {"role": "viewer"})
    await expect(bob.page.get_by_text("Read only", exact=True)).to_be_visible()
    await bob.button("History").click()
    await expect(shown(bob)).to_have_text("text")
    await expect(bob.button("Restore this version")).to_have_count(0)
