"""Texts that are not plain words, and the ways of editing that go beyond typing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import Position, expect

from .record import converged, replayed, stores

if TYPE_CHECKING:
    from .conftest import Meet

FAMILY = "👩‍👩‍👧‍👦"
FLAG = "🏳️‍🌈"
ACCENTED = "e\u0301"


async def test_typing_unicode(meet: Meet) -> None:
    """UI-24: emoji, joined ones and combining marks arrive; Backspace takes what one sees as one."""
    room_id, (ada, bob) = await meet("Ada", "Bob")
    await ada.editor.focus()
    for letter in (FAMILY, "a", FLAG, ACCENTED, "漢", "😀"):
        await ada.page.keyboard.insert_text(letter)
    await bob.sees(f"{FAMILY}a{FLAG}{ACCENTED}漢😀")
    await ada.press("Backspace", "ArrowLeft", "ArrowLeft", "Backspace", "Home", "Delete")
    await bob.sees(f"a{ACCENTED}漢")
    await ada.press("End")
    await ada.type("!")
    await bob.press("Home", "ArrowRight")
    await bob.page.keyboard.insert_text("👍🏽")
    assert await converged(room_id, ada, bob) == f"a👍🏽{ACCENTED}漢!"


async def test_pasting_what_a_room_cannot_hold(meet: Meet) -> None:
    """OT-10, UI-25: line ends become one kind, NUL and lone surrogates are left out, the rest stays."""
    room_id, (ada, bob) = await meet("Ada", "Bob")
    await ada.paste("one\r\ntwo\rthree\nfour")
    await bob.sees("one\ntwo\nthree\nfour")
    await ada.press("Control+a")
    await ada.paste("a\0b\ud83dc 😀")
    await bob.sees("abc 😀")
    assert await converged(room_id, ada, bob) == "abc 😀"


async def test_pasting_a_lot(meet: Meet) -> None:
    """CL-15, UI-25: 300,000 characters, one undo."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="before")
    much = "".join(f"line {number:05} 😀 of many\n" for number in range(15_000))
    assert len(much) > 300_000
    await ada.press("Control+End")
    await ada.paste(much)
    await stores(ada.person, room_id, "before" + much)
    await ada.is_saved()
    await bob.press("Control+End")
    await expect(bob.page.get_by_text("line 14999 😀 of many")).to_be_in_viewport()
    await bob.type("after")
    await stores(ada.person, room_id, f"before{much}after")
    await ada.press("Control+z")
    assert await converged(room_id, ada, bob) == "beforeafter"


async def test_carriage_returns_of_others(meet: Meet) -> None:
    """G1, UI-25: a program may put them in; the editor counts them as what they are."""
    room_id, (ada, bob) = await meet("Ada", "Bob")
    await ada.person.insert(room_id, 0, "one\r\ntwo\r\n")
    await expect(bob.page.locator(".cm-line")).to_have_count(3)
    await bob.press("Control+End")
    await bob.type("three")
    await ada.press("Control+Home", "ArrowDown", "ArrowRight")
    await ada.type("-")
    await bob.is_saved()
    await stores(ada.person, room_id, "one\r\nt-wo\r\nthree")
    assert await replayed(ada.person, room_id) == "one\r\nt-wo\r\nthree"


async def test_several_cursors(meet: Meet) -> None:
    """UI-26: by Ctrl-D and by Alt-click; others see all of them, and each edit."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="red green red blue red")
    await ada.press("Control+Home", "Control+d", "Control+d", "Control+d")
    await expect(bob.page.locator(".rr-caret")).to_have_count(3)
    await ada.type("black")
    await bob.sees("black green black blue black")
    await ada.press("Control+Home")
    box = await ada.page.get_by_text("black green black blue black").bounding_box()
    assert box is not None
    end = Position(x=box["width"] - 2, y=box["height"] / 2)
    await ada.page.get_by_text("black green black blue black").click(modifiers=["Alt"], position=end)
    await ada.type("|")
    assert await converged(room_id, ada, bob) == "|black green black blue black|"


async def test_finding(meet: Meet) -> None:
    """UI-26: the panel opens by key and by button, counts on the keyboard alone, and gives the focus back."""
    room_id, (ada,) = await meet("Ada", text="one two one")
    await ada.press("Control+f")
    field = ada.page.get_by_role("textbox", name="Find")
    await expect(field).to_be_focused()
    await field.press_sequentially("one")
    await expect(ada.page.locator(".cm-searchMatch")).to_have_count(2)
    await field.press("Escape")
    await expect(field).to_have_count(0)
    await expect(ada.editor).to_be_focused()
    await ada.button("Search").click()
    await ada.page.get_by_role("textbox", name="Replace").press_sequentially("1")
    await ada.page.get_by_role("button", name=re.compile("^replace all$", re.IGNORECASE)).click()
    assert await converged(room_id, ada) == "1 two 1"


async def test_tab_indents_and_escape_tab_leaves(meet: Meet) -> None:
    """UI-27: the keyboard is not caught in the editor."""
    room_id, (ada,) = await meet("Ada", text="text")
    await ada.press("Home", "Tab")
    await ada.sees("  text")
    await ada.press("Escape", "Tab")
    await expect(ada.editor).not_to_be_focused()
    assert await converged(room_id, ada) == "  text"
