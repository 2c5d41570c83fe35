"""The page for those who run the server: by a link, live, and for nobody else."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.live.people import until
from tests.live.server import ROOT

from .conftest import PHONE
from .test_accessibility import violations

if TYPE_CHECKING:
    from playwright.async_api import Locator, Request

    from tests.live.server import Server

    from .conftest import Meet, Visit
    from .visitor import Visitor

NOT_YOURS = "This page is for those who run the server"


async def admin_link(server: Server, url: str) -> str:
    """The address that the operator's command prints."""
    command = ("-P", "-m", "serve.operator", "admin-link", "--data-dir", str(server.data_dir), "--url", url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAYROOMS_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return out.decode().strip()


def row(visitor: Visitor, words: str) -> Locator:
    return visitor.page.get_by_role("row").filter(has_text=words)


async def figure(visitor: Visitor, words: str, column: str) -> float:
    """What stands in a room's row under a column; -1 while the room is not there."""
    cells = row(visitor, words).locator("th, td")
    names = await visitor.page.get_by_role("region", name="Rooms").locator("thead th").all_text_contents()
    if not names or await cells.count() != len(names):
        return -1
    shown = await cells.nth(names.index(column)).inner_text()
    return float(shown) if re.fullmatch(r"[\d.]+", shown) else -1


async def test_the_server_live(own_server: Server, visit: Visit, meet: Meet) -> None:
    """UI-34, APP-48: who comes by the link sees a room's figures change while somebody types, and no word of it."""
    boss = await visit("Boss", signed_in=False)
    link = await admin_link(own_server, boss.cable.url)
    address, _, token = link.partition("#")
    asked: list[Request] = []
    boss.page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - it needs a Python function
    await boss.page.goto(link)
    await expect(boss.page.get_by_role("heading", name="Server")).to_be_visible()
    assert boss.page.url == address
    await expect(boss.page.get_by_text("All parts are well.")).to_be_visible()

    room_id, (ada,) = await meet("Ada", name="Watched", private=True, room_id="00000watched")

    async def is_seen() -> bool:
        await ada.type("hidden ")  # or it would soon be asleep
        return await figure(boss, room_id, "Version") >= 1 and await figure(boss, room_id, "People") == 1

    await until(is_seen)
    before = await figure(boss, room_id, "Version")

    async def has_moved() -> bool:
        await ada.type("hidden ")
        return await figure(boss, room_id, "Version") > before and await figure(boss, room_id, "Edits/s") > 0

    await until(has_moved)
    await expect(boss.page.get_by_text("hidden")).to_have_count(0)
    await expect(boss.page.get_by_role("region", name="Gateways").locator("tbody tr")).to_have_count(2)
    assert len(asked) > 5
    assert token not in "".join(request.url for request in asked if not request.is_navigation_request())

    boss.expects_trouble("status of 409")  # the only node is not drained
    await boss.button(re.compile("^Drain .+…$")).press("Enter")
    dialog = boss.page.get_by_role("dialog", name=re.compile("^Drain"))
    await dialog.get_by_role("button", name="Drain", exact=True).press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("no other node")
    await boss.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

    await boss.page.get_by_role("radio", name="All").press("Space")  # the first page has the lowest ids
    await expect(row(boss, room_id)).to_be_visible()
    await expect(boss.page.get_by_role("region", name="Rooms")).to_have_attribute("aria-busy", "false")
    found = await violations(boss)
    await boss.page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
    assert found + await violations(boss) == []
    assert await boss.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0

    await boss.page.reload()
    await expect(boss.page.get_by_role("heading", name="Server")).to_be_visible()
    await boss.button("Leave").click()
    await expect(boss.page.get_by_role("heading", name=NOT_YOURS)).to_be_visible()
    assert await boss.page.evaluate("() => sessionStorage.length") == 0


async def test_everybody_else(visit: Visit) -> None:
    """UI-34, APP-52: a guest, and whoever is not signed in or has a link that holds no more, get one sentence."""
    guest = await visit("Guest")
    guest.expects_trouble("status of 403", "status of 401")
    await guest.open("/admin")
    await expect(guest.page.get_by_role("heading", name=NOT_YOURS)).to_be_visible()
    await expect(guest.page.get_by_text("You are signed in as Guest")).to_be_visible()
    await expect(guest.page.get_by_role("row")).to_have_count(0)
    await guest.open("/admin#no.such.token")
    await expect(guest.page.get_by_text("does not hold any more")).to_be_visible()
    assert "#" not in guest.page.url

    stranger = await visit("Stranger", signed_in=False)
    await stranger.open("/admin")
    await expect(stranger.page.get_by_role("heading", name=NOT_YOURS)).to_be_visible()
    await expect(stranger.page.get_by_text("admin-link")).to_be_visible()
