"""Two browsers in one room: what both type converges, carets stand where they are, undo takes back one's own only."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from playwright.async_api import Locator, expect

from tests.live.people import until

from .record import converged, log

if TYPE_CHECKING:
    from .conftest import Meet, Visit
    from .visitor import Visitor

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NEAR = 2.0
"""How far apart, in pixels, a caret may be drawn in two browsers."""


def caret_of(viewer: Visitor, author: Visitor) -> Locator:
    """The only other caret that `viewer` has, with its flag."""
    return viewer.page.locator(".rr-caret").filter(has_text=author.name)


async def middle(locator: Locator) -> tuple[float, float] | None:
    box = await locator.bounding_box()
    return (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) if box is not None else None


async def stand_together(author: Visitor, viewer: Visitor, place: str = "") -> None:
    """Wait until `viewer` sees the caret of `author` where `author` sees it."""
    distance: list[tuple[float, float]] = []

    async def is_near() -> bool:
        theirs, own = caret_of(viewer, author), author.page.locator(".cm-cursor-primary")
        if await theirs.count() != 1 or await own.count() != 1:
            return False
        place, own_place = await middle(theirs), await middle(own)
        if place is None or own_place is None:  # it is just being drawn anew
            return False
        (x, y), (own_x, own_y) = place, own_place
        distance[:] = [(x - own_x, y - own_y)]
        return abs(x - own_x) <= NEAR and abs(y - own_y) <= NEAR

    try:
        await until(is_near)
    except TimeoutError:
        raise AssertionError(f"the caret is drawn off by {distance} {place}") from None


async def test_typing_at_the_same_and_at_different_places(meet: Meet) -> None:
    """G1, G2, UI-1."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="one\ntwo")

    await ada.press("Control+Home", "End")
    await bob.press("Control+End")
    await asyncio.gather(ada.type(f" {LETTERS}"), bob.type(f" {LETTERS.upper()}"))
    assert await converged(room_id, ada, bob) == f"one {LETTERS}\ntwo {LETTERS.upper()}"

    await asyncio.gather(ada.press("Control+End", "Enter"), bob.press("Control+End"))
    await converged(room_id, ada, bob)
    await bob.press("Control+End")
    await asyncio.gather(ada.type(LETTERS), bob.type(LETTERS.upper()))
    last = (await converged(room_id, ada, bob)).splitlines()[-1]
    assert "".join(letter for letter in last if letter.islower()) == LETTERS
    assert "".join(letter for letter in last if letter.isupper()) == LETTERS.upper()

    typed = [entry for entry in await log(ada.person, room_id) if not entry["client_id"].startswith("api.")]
    assert len({entry["client_id"] for entry in typed}) == 2


async def test_replacing_and_deleting_the_same_text(meet: Meet) -> None:
    """G1, UI-1: selections that overlap are typed over at once."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="one two three four")
    await ada.press("Control+Home", *["Shift+ArrowRight"] * 13)
    await bob.press("Control+End", *["Shift+ArrowLeft"] * 10)
    await asyncio.gather(ada.type("ABC"), bob.type("xyz"))
    assert sorted(await converged(room_id, ada, bob)) == sorted("ABCxyz")


async def test_a_caret_is_where_its_owner_has_it(meet: Meet) -> None:
    """UI-2: past emoji, combining marks, wide text, tabs and text from right to left; at the ends and within."""
    lines = [
        "plain words",
        "👩‍👩‍👧‍👦 family 🏳️‍🌈 and 😀",
        "e\u0301te\u0301 cafe\u0301",
        "漢字かな交じり文 한국어",
        "\tafter a tab",
        "left مرحبا left",
    ]
    _, (ada, bob) = await meet("Ada", "Bob", text="\n".join(lines))
    await ada.press("Control+Home")
    for line in lines:
        for keys in (["End"], ["ArrowLeft", "ArrowLeft"], ["Home"], ["ArrowRight", "ArrowRight"]):
            await ada.press(*keys)
            await stand_together(ada, bob, f"in {line!r} after {keys}")
        await ada.press("ArrowDown")


async def test_a_caret_rides_on_what_others_type(meet: Meet) -> None:
    """UI-2: it keeps its place in the text, tells whose it is, and goes when they do."""
    _, (ada, bob) = await meet("Ada", "Bob", text="one two\nthree 😀 four")
    await ada.go_to(2, 8)
    await stand_together(ada, bob)
    await expect(caret_of(bob, ada).locator(".rr-flag")).to_have_text("Ada")

    await bob.go_to(1, 3)
    await bob.type(" 😀👍 and\nmore ")
    await bob.go_to(3, 0)
    await bob.type("漢字")
    await ada.sees("one 😀👍 and\nmore two\n漢字three 😀 four")
    await stand_together(ada, bob)
    await stand_together(bob, ada)

    await ada.press(*["Shift+ArrowRight"] * 3)
    await expect(bob.page.locator(".rr-selection")).to_have_count(1)
    await stand_together(ada, bob)

    await ada.page.close()
    await expect(bob.page.locator(".rr-caret")).to_have_count(0)
    await expect(bob.page.locator(".rr-selection")).to_have_count(0)


async def test_a_click_on_a_person_goes_to_their_caret(meet: Meet) -> None:
    """UI-3: also where the document is longer than the screen."""
    _, (ada, bob) = await meet("Ada", "Bob", text="\n".join(f"line {number}" for number in range(1, 501)))
    await ada.press("Control+End")
    last = bob.page.get_by_text("line 500", exact=True)
    await expect(last).to_have_count(0)
    people = bob.page.get_by_role("complementary", name="People")

    async def is_shown_where_ada_is() -> bool:
        # Her caret may still be on its way to this page: then a click leads to where it was.
        await people.get_by_role("button", name=re.compile("^Ada")).click()
        return await last.count() == 1

    await until(is_shown_where_ada_is)
    await expect(last).to_be_in_viewport()
    await expect(caret_of(bob, ada)).to_be_in_viewport()
    await expect(caret_of(bob, ada).locator(".rr-flag")).to_have_css("opacity", "1")


async def test_undo_takes_back_only_ones_own(meet: Meet) -> None:
    """UI-4: across, before and within what others typed since; redo brings it back."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="start ")
    await ada.press("Control+End")
    await ada.type("mine")
    await bob.sees("start mine")
    await bob.go_to(1, 8)
    await bob.type("THEIRS")
    await bob.press("Control+Home")
    await bob.type("THEIR ")
    await ada.sees("THEIR start miTHEIRSne")

    await ada.press("Control+z")
    await bob.sees("THEIR start THEIRS")
    await ada.button("Redo").click()
    await bob.sees("THEIR start miTHEIRSne")
    await ada.button("Undo").click()
    assert await converged(room_id, ada, bob) == "THEIR start THEIRS"
    await expect(ada.button("Undo")).to_be_disabled()


async def test_two_tabs_of_one_person(meet: Meet, visit: Visit) -> None:
    """UI-5: they are one person with two carets; each tab's edits reach the other, and one closing leaves the other."""
    room_id, (ada,) = await meet("Ada", text="here")
    first = ada.page
    second = await ada.new_tab()
    await ada.enter(room_id)
    await expect(second.locator(".rr-caret")).to_have_count(1)
    await expect(second.get_by_role("complementary", name="People").get_by_role("listitem")).to_have_count(1)
    await ada.press("Control+End")
    await ada.type(" and there")
    ada.page = first
    await ada.sees("here and there")
    await ada.press("Control+Home")
    await ada.type("both ")
    ada.page = second
    await ada.sees("both here and there")
    await ada.is_saved()
    await first.close()
    await expect(second.locator(".rr-caret")).to_have_count(0)
    await ada.type("!")
    assert await converged(room_id, ada) == "both here and there!"
