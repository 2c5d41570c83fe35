"""Which way a view takes to the room server, and who it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from rayrooms.client.room import RoomClient

from .conftest import editor_cell
from .widget import AT_LAST

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.browser.cable import Cable
    from tests.live.people import Person

    from .conftest import Arrive, Meet, NewTab

WAYS = ("direct", "proxy", "relay")
BLOCKED = "Content Security Policy"


async def identities(host: Person, room_id: str) -> set[tuple[str, bool]]:
    """Everybody in the room but programs: the name, and whether the server can vouch for it."""
    async with RoomClient.open(host.url, room_id, token=host.token) as room:
        return {(user.name, user.verified) for user in room.users if user.user_id != host.user_id}


async def user_ids(host: Person, room_id: str) -> set[str]:
    """Everybody who ever was in the room."""
    page = await host.api("GET", f"/api/rooms/{room_id}/members")
    return {member["user_id"] for member in page["items"]}


async def test_each_in_turn(arrive: Arrive, lab: JupyterServer, host: Person) -> None:
    """NB-67, NB-68: all of them lead to the same room; who is there by direct or proxy is known to Jupyter."""
    room_id = await host.make_room()
    path = lab.write(f"{room_id}.ipynb", [editor_cell(room_id, f"transport={way!r}") for way in WAYS])
    ada = await arrive("Ada")
    await ada.open(path)
    text = ""
    for cell, way in enumerate(WAYS):
        await ada.run_cell(cell)
        editor = await ada.joins(cell=cell)
        await editor.uses(way)
        await editor.sees(text)
        await editor.press("Control+End")
        await editor.type(f"{way} ")
        text += f"{way} "
        await editor.is_saved()
        for other in range(cell + 1):
            await ada.widget(cell=other).sees(text)
    assert {("Ada", True), ("Ada", False)} <= await identities(host, room_id)


async def test_auto_gives_way_to_the_proxy_and_returns(
    meet: Meet, inner_cable: Cable, outer_cable: Cable, host: Person
) -> None:
    """NB-69: without a direct way the proxy is used; at the next connection the direct one again."""
    await outer_cable.cut()
    try:
        room_id, _, (ada,), (editor,) = await meet("Ada")
        ada.expects_trouble("status of 502")  # for what is asked through the proxy as its cable is cut
        await editor.uses("proxy")
        await editor.type("proxied")
        await editor.is_saved()
        assert ("Ada", True) in await identities(host, room_id)
    finally:
        await outer_cable.mend()
    await inner_cable.cut()
    await inner_cable.mend()
    await editor.uses("direct")
    await editor.type(", direct")
    await editor.is_saved()
    assert await host.text(room_id) == "proxied, direct"


async def test_auto_ends_at_the_relay(arrive: Arrive, plain_lab: JupyterServer, host: Person) -> None:
    """NB-70, NB-71: where pages reach only a Jupyter that knows of no rooms, the kernel sends even the code."""
    room_id = await host.make_room()
    path = plain_lab.write(f"{room_id}.ipynb", [editor_cell(room_id)])
    ada, bob = await arrive("Ada", plain_lab), await arrive("Bob", plain_lab)
    for colleague in (ada, bob):
        colleague.expects_trouble(BLOCKED, "status of 404")
        await colleague.open(path)
    await ada.run_cell(0)
    here, there = await ada.joins(), await bob.joins()
    for editor in (here, there):
        await editor.uses("relay")
    await here.type("by relay")
    await there.sees("by relay")
    await expect(there.cursor("Ada")).to_be_attached(timeout=AT_LAST)
    assert {("Ada", False), ("Bob", False)} <= await identities(host, room_id)
    assert [answer for colleague in (ada, bob) for answer in colleague.answers if answer.ok] == []

    await here.is_saved()
    await ada.restart_kernel()
    await here.is_offline()
    await here.press("Control+End")
    await here.type(" and on")
    await ada.run_cell(0)
    again = await ada.joins()
    await again.uses("relay")
    await again.sees("by relay and on")
    await again.is_saved()
    assert await host.text(room_id) == "by relay and on"


async def test_a_guest_directly(new_tab: NewTab, plain_lab: JupyterServer, host: Person) -> None:
    """NB-72: without the extension, one takes part under the name that Jupyter knows; a reload stays the same guest."""
    room_id = await host.make_room()
    path = plain_lab.write(f"{room_id}.ipynb", [editor_cell(room_id)])
    cyd = await new_tab("Cyd", plain_lab, bypass_csp=True)
    cyd.expects_trouble("status of 404")
    await cyd.start()
    await cyd.open(path)
    await cyd.run_cell(0)
    editor = await cyd.joins()
    await editor.uses("direct")
    await editor.type("once")
    await editor.is_saved()
    assert ("Cyd", False) in await identities(host, room_id)
    members = await user_ids(host, room_id)

    await cyd.start()
    await cyd.open(path)
    again = await cyd.joins()
    await again.sees("once")
    assert await user_ids(host, room_id) == members
