"""Notebook 7 is another page with the same widget in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from .conftest import editor_cell

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.live.people import Person

    from .conftest import Arrive, NewTab


async def test_notebook_7_beside_a_lab(arrive: Arrive, new_tab: NewTab, lab: JupyterServer, host: Person) -> None:
    """NB-75: one runs the cell in Notebook 7, another has the same notebook open in JupyterLab; both edit."""
    room_id = await host.make_room()
    path = lab.write(f"{room_id}.ipynb", [editor_cell(room_id)])
    bob = await arrive("Bob")
    await bob.open(path)
    ada = await new_tab("Ada")
    await ada.open_classic(path)
    await ada.run_cell(0)
    here, there = await ada.joins(), await bob.joins()
    await here.uses("direct")
    await here.type("classic")
    await there.sees("classic")
    await expect(there.cursor("Ada")).to_be_attached()
    await there.press("Control+End", "Enter")
    await there.type("lab")
    await here.sees("classic\nlab")
    await expect(here.cursor("Bob")).to_be_attached()
    before = await ada.sources()
    await here.press("Escape", "d", "d", "Shift+Enter")
    assert await ada.sources() == before
