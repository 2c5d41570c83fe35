"""Without a connection one writes on, and whatever becomes of the tab, all of it arrives, once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import Page, expect

from rayrooms.client.room import RoomClient

from .conftest import LOG_WINDOW
from .record import converged, stores

if TYPE_CHECKING:
    from tests.live.people import Person

    from .conftest import Meet

KEPT = """async () => {
  const count = async (name) => {
    const db = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const stores = [...db.objectStoreNames]
    const counts = stores.length === 0 ? [] : await Promise.all(stores.map((store) => new Promise((resolve, reject) => {
      const counting = db.transaction(store).objectStore(store).count()
      counting.onsuccess = () => resolve(counting.result)
      counting.onerror = () => reject(counting.error)
    })))
    db.close()
    return counts.reduce((sum, one) => sum + one, 0)
  }
  const names = (await indexedDB.databases()).map((database) => database.name)
  return (await Promise.all(names.map(count))).reduce((sum, one) => sum + one, 0)
}"""


async def kept(page: Page) -> int:
    """How many rows the page's databases hold, of whatever kind."""
    rows: int = await page.evaluate(KEPT)
    return rows


async def write_much(person: Person, room_id: str) -> None:
    """Make more edits than the room remembers, at the end."""
    async with RoomClient.open(person.url, room_id, token=person.token) as room:
        for number in range(2 * LOG_WINDOW):
            room.insert(len(room.text), str(number % 10))
            if number % 20 == 0:
                await room.wait_acked()


async def test_writing_on_without_a_connection(meet: Meet) -> None:
    """G1, G2, G4, UI-6: the page says how much is unsent; back online all arrives by itself, once."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="one\ntwo")
    await ada.press("Control+Home", "End")
    await ada.cable.cut()
    await ada.is_offline()
    await expect(ada.saving).to_have_text("Offline")
    await ada.type(" of mine")
    await expect(ada.saving).to_have_text(re.compile(r"^Offline · \d+ unsent$"))
    await expect(ada.page.get_by_text("You are offline. Write on")).to_be_visible()

    await bob.press("Control+End")
    await bob.type(" of theirs")
    await bob.is_saved()
    await bob.sees("one\ntwo of theirs")

    await ada.plug_in()
    assert await converged(room_id, ada, bob) == "one of mine\ntwo of theirs"
    await expect(ada.saving).to_have_text("Saved")
    await expect(ada.page.get_by_text("You are offline. Write on")).to_have_count(0)


async def test_the_browser_says_that_the_network_is_back(meet: Meet) -> None:
    """UI-6: then the page does not wait for its next try."""
    room_id, (ada,) = await meet("Ada")
    await ada.context.set_offline(offline=True)
    await ada.cable.cut()
    await ada.is_offline()
    await ada.type("offline")
    await ada.cable.mend()
    await ada.context.set_offline(offline=False)
    assert await converged(room_id, ada) == "offline"


async def test_a_tab_closed_with_unsent_edits(meet: Meet) -> None:
    """G2, G4, UI-7: opened again, the room has all that was typed offline, beside what others wrote meanwhile."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="one\ntwo")
    await ada.press("Control+Home", "End")
    await ada.type(" online")
    await ada.is_saved()
    await ada.cable.cut()
    await ada.is_offline()
    await ada.type(" offline")
    await ada.press("Enter")
    await ada.type("and a line 😀")
    await expect(ada.saving).to_have_text(re.compile("unsent"))
    await ada.page.close()

    await bob.press("Control+Home")
    await bob.type("zero\n")
    await bob.press("Control+End")
    await bob.type(" three")
    await bob.is_saved()

    await ada.cable.mend()
    await ada.new_tab()
    await ada.enter(room_id)
    assert await converged(room_id, ada, bob) == "zero\none online offline\nand a line 😀\ntwo three"
    await ada.page.reload()
    assert await converged(room_id, ada, bob) == "zero\none online offline\nand a line 😀\ntwo three"


async def test_a_tab_closed_while_the_network_goes(meet: Meet) -> None:
    """G2, G4, UI-7: also edits that were sent and of which nobody knows whether they arrived."""
    room_id, (ada,) = await meet("Ada")
    for number in range(3):
        await ada.press("Control+End")
        await ada.type(f"word{number} ")
        await ada.cable.cut()
        await ada.type("more ")
        await ada.page.close()
        await ada.cable.mend()
        await ada.new_tab()
        await ada.enter(room_id)
    assert await converged(room_id, ada) == "word0 more word1 more word2 more "


async def test_a_room_that_has_moved_on_too_far(meet: Meet) -> None:
    """G2, G4, UI-7: the room cannot tell any more what happened since; its text and the kept edits are put together."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="begin\nend ")
    await ada.press("Control+Home", "End")
    await ada.cable.cut()
    await ada.is_offline()
    await ada.type(" and this")
    await expect(ada.saving).to_have_text(re.compile("unsent"))
    await ada.page.close()
    await write_much(bob.person, room_id)
    await ada.cable.mend()
    await ada.new_tab()
    await ada.enter(room_id)
    assert await converged(room_id, ada, bob) == "begin and this\nend " + "0123456789" * (LOG_WINDOW // 5)


async def test_an_open_tab_that_was_offline_for_long(meet: Meet) -> None:
    """G2, G4, UI-6."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="begin\nend ")
    await ada.press("Control+Home", "End")
    await ada.cable.cut()
    await ada.is_offline()
    await ada.type(" and this")
    await write_much(bob.person, room_id)
    await ada.plug_in()
    assert await converged(room_id, ada, bob) == "begin and this\nend " + "0123456789" * (LOG_WINDOW // 5)


async def test_edits_of_a_closed_tab_are_delivered_by_another(meet: Meet) -> None:
    """G2, G4, UI-7: two tabs wrote offline, one was closed; the other brings in the edits of both."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="one\ntwo")
    first = ada.page
    second = await ada.new_tab()
    await ada.enter(room_id)
    await ada.cable.cut()
    await ada.is_offline()
    await ada.press("Control+Home", "End")
    await ada.type(" second")
    ada.page = first
    await ada.is_offline()
    await ada.press("Control+End")
    await ada.type(" first")
    await expect(ada.saving).to_have_text(re.compile("unsent"))
    await first.close()
    ada.page = second
    await ada.plug_in()
    await ada.page.reload()
    await bob.sees("one second\ntwo first")
    assert await converged(room_id, ada, bob) == "one second\ntwo first"


async def test_nothing_is_kept_once_all_is_saved(meet: Meet) -> None:
    """UI-8: the browser's database is empty again after the next opening."""
    room_id, (ada,) = await meet("Ada")
    await ada.type("soon saved")
    await ada.is_saved()
    await stores(ada.person, room_id, "soon saved")
    await ada.page.reload()
    await ada.sees("soon saved")
    await expect(ada.saving).to_have_text("Saved")
    await ada.open("/")
    await expect(ada.page.get_by_role("heading", name="Rooms")).to_be_visible()
    assert await kept(ada.page) == 0
