"""Without a connection one writes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.cable import Cable
    from tests.live.people import Person

    from .conftest import Meet


async def test_the_server_goes_away_and_comes_back(
    meet: Meet, inner_cable: Cable, outer_cable: Cable, host: Person
) -> None:
    """NB-74: the bar says how much is unsent; back online all of it is saved, and said so, over a reload as well."""
    room_id, path, (_, bob), (here, there) = await meet("Ada", "Bob", text="one\ntwo")
    try:
        await outer_cable.cut()
        await inner_cable.cut()
        for editor in (here, there):
            await editor.is_offline()
        await here.press("Control+Home")
        await here.type("Ada's ")
        await there.press("Control+End")
        await there.type(" of Bob's")
        await expect(here.status).to_contain_text(re.compile(r"Offline.*\d+ unsent"))
        await here.sees("Ada's one\ntwo")
        await there.sees("one\ntwo of Bob's")
        await bob.start()
        await bob.open(path)
    finally:
        await outer_cable.mend()
        await inner_cable.mend()
    for editor in (here, there):
        await editor.is_saved()
        await editor.sees("Ada's one\ntwo of Bob's")
    await expect(here.status).to_contain_text("Saved")
    assert await host.text(room_id) == "Ada's one\ntwo of Bob's"
