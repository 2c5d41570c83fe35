"""Everybody can use it: checked by axe-core in each place, and walked through by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import expect

from .conftest import DESK, PHONE, Visit
from .visitor import Screen, Visitor

AXE = (Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()
STILL = """() => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync('*, ::before, ::after { transition: none !important; animation: none !important }')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}"""
"""However short, transitions that follow from one another take a few frames, in which colours are of no scheme."""
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
RUN_AXE = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ['violations']})
  return violations
    .filter(({impact}) => impact === 'serious' || impact === 'critical')
    .map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(node => node.html + ' ' + node.any.map(
      check => check.message).join()).join(' | ')}`)
}"""


async def violations(visitor: Visitor) -> list[str]:
    """What axe finds serious on the page as it now is, in light and in dark."""
    found = []
    if not await visitor.page.evaluate("() => 'axe' in window"):
        await visitor.page.evaluate(AXE)
        await visitor.page.evaluate(STILL)
    for scheme in SCHEMES:
        await visitor.page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {violation}" for violation in await visitor.page.evaluate(RUN_AXE)]
    return found


async def places_outside_rooms(visit: Visit, screen: Screen) -> AsyncIterator[tuple[str, Visitor]]:
    guest = await visit("Guest", signed_in=False, screen=screen)
    await guest.open("/")
    await expect(guest.page.get_by_role("textbox", name="Your name")).to_be_visible()
    yield "signing in", guest

    ada = await visit("Ada", screen=screen)
    for fields in ({"name": "Notes"}, {"name": "Secrets", "private": True, "language": "python"}):
        await ada.person.make_room(**fields)
    await ada.open("/")
    await expect(ada.page.get_by_role("link", name="Secrets")).to_be_visible()
    yield "the list of rooms", ada
    await ada.button("New room").click()
    await expect(ada.page.get_by_role("dialog", name="New room")).to_be_visible()
    yield "making a room", ada
    await ada.open("/rooms/~")
    await expect(ada.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    yield "an address that is none", ada


async def places_in_a_room(visit: Visit, screen: Screen) -> AsyncIterator[tuple[str, Visitor]]:
    ada, bob = await visit("Ada", screen=screen), await visit("Bob", screen=screen)
    room_id = await ada.person.make_room(name="Parser", language="python")
    code = 'def tokens(source: str, *, limit=10):\n    """Words."""  # and marks\n    return [1, None, f"{source}"]\n'
    await ada.person.insert(room_id, 0, code)
    for visitor in (ada, bob):
        await visitor.enter(room_id)
    await expect(ada.page.locator(".cm-line span").first).to_be_visible()

    async def panel(name: str) -> None:
        side = ada.page.get_by_role("complementary", name=name)
        if await side.count() == 0:
            where = ada.page.get_by_role("navigation", name="Views") if screen == PHONE else ada.page
            await where.get_by_role("button", name=name).click()
        await expect(side).to_be_visible()

    yield "a room", ada
    await panel("People")
    await expect(ada.page.get_by_role("complementary").get_by_text("Bob")).to_be_visible()
    yield "its people", ada
    await panel("Chat")
    await ada.say("A message https://rooms.example with a link")
    await ada.say("and another")
    message = ada.log.locator("[data-message]").first
    await message.focus()
    await message.get_by_role("toolbar").get_by_role("button", name="React").click()
    await ada.page.get_by_role("menuitem", name="Party").click()
    yield "its chat", ada
    if screen == PHONE:
        await ada.page.get_by_role("navigation", name="Views").get_by_role("button", name="Editor").click()
    await ada.button("Invite").click()
    dialog = ada.page.get_by_role("dialog")
    await expect(dialog.get_by_text("Bob")).to_be_visible()  # until then it grows, and its buttons move
    await dialog.get_by_role("button", name="Create link").click()
    await expect(ada.page.get_by_role("textbox", name="Invitation link")).to_be_visible()
    yield "inviting", ada
    await ada.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await ada.button("History").click()
    await expect(ada.page.get_by_role("slider", name="Version")).to_be_enabled()
    yield "its history", ada
    await ada.button("Back to now").click()
    await ada.cable.cut()
    await ada.is_offline()
    await expect(ada.page.get_by_text("You are offline.")).to_be_visible()
    yield "without a connection", ada


Places = Callable[[Visit, Screen], AsyncIterator[tuple[str, Visitor]]]


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("places", [places_outside_rooms, places_in_a_room], ids=["outside", "in a room"])
async def test_axe_finds_nothing_serious(visit: Visit, screen: Screen, places: Places) -> None:
    """UI-28: in light and dark, on a desk's screen and on a phone's; nothing is wider than the phone either."""
    found = []
    async for place, visitor in places(visit, screen):
        found += [f"{place}, {violation}" for violation in await violations(visitor)]
        overflow = await visitor.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{place} is {overflow} pixels too wide"
    assert found == []


async def test_by_keyboard_alone(visit: Visit) -> None:
    """UI-29: sign in, make a room, write, chat, react, and leave, without a mouse."""
    ada = await visit("Ada", signed_in=False)
    page, keyboard = ada.page, ada.page.keyboard

    async def tab_to(name: str | re.Pattern[str], role: str = "button") -> None:
        """Press Tab until it has the focus."""
        target = page.get_by_role(role, name=name)  # type: ignore[arg-type]
        await expect(target.first).to_be_visible()
        for _ in range(40):
            await keyboard.press("Tab")
            if await target.first.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"the keyboard does not reach the {role} {name}")

    await ada.open("/")
    await expect(page.get_by_role("textbox", name="Your name")).to_be_focused()
    await keyboard.type("Ada")
    await keyboard.press("Enter")
    await tab_to("New room")
    await keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    await keyboard.type("By hand")
    await tab_to("Private", "radio")
    await keyboard.press("ArrowRight")
    await expect(page.get_by_role("dialog").get_by_role("radio", name="Public")).to_be_checked()
    await keyboard.press("Enter")
    await expect(ada.editor).to_be_focused()
    await keyboard.type("typed")
    await ada.is_saved()

    await keyboard.press("Escape")
    await tab_to(re.compile("^Chat"))
    await keyboard.press("Enter")
    await keyboard.press("Control+.")
    await expect(ada.chat_box).to_be_focused()
    await keyboard.type("said")
    await keyboard.press("Enter")
    await expect(ada.log.get_by_text("said", exact=True)).to_be_visible()
    await keyboard.press("Shift+Tab")
    await keyboard.press("ArrowUp")
    await tab_to("React")
    await keyboard.press("Enter")
    await keyboard.press("ArrowRight")
    await keyboard.press("Enter")
    await expect(ada.log.get_by_role("button", name=re.compile("^❤️, 1"))).to_be_visible()
    await keyboard.press("Control+.")
    await tab_to("Back to your rooms", "link")
    await keyboard.press("Enter")
    await expect(page.get_by_role("link", name="By hand")).to_be_visible()
