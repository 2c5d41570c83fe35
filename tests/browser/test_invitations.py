"""Links that let people into a private room with a role."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.async_api import expect

from .record import converged

if TYPE_CHECKING:
    from .conftest import Meet, Visit
    from .visitor import Visitor


async def invite(owner: Visitor, role: str) -> str:
    """Make a link in the dialog and copy it; returns its path and fragment. The dialog stays open."""
    if await owner.page.get_by_role("dialog").count() == 0:
        await owner.button("Invite").click()
    dialog = owner.page.get_by_role("dialog")
    await dialog.get_by_label("They join as").select_option(role)
    await dialog.get_by_role("button", name="Create").click()
    await dialog.get_by_role("button", name="Copy", exact=True).click()
    await expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    link = urlsplit(str(await owner.page.evaluate("() => navigator.clipboard.readText()")))
    assert f"{link.scheme}://{link.netloc}" == owner.cable.url
    return f"{link.path}#{link.fragment}"


async def sign_in(visitor: Visitor, name: str) -> None:
    await visitor.page.get_by_role("textbox", name="Your name").fill(name)
    await visitor.button("Continue").click()


async def test_a_link_opened_in_a_fresh_profile(meet: Meet, visit: Visit) -> None:
    """INV-1, INV-4, INV-5, UI-19: it tells who invites to what, and leads into the room with its role."""
    room_id, (ada,) = await meet("Ada", text="welcome", name="Parser pairing", private=True)
    for role, words in (("viewer", "you can read along and chat"), ("member", "you can edit and chat")):
        link = await invite(ada, role)
        guest = await visit(f"Guest as {role}", signed_in=False)
        await guest.open(link)
        await expect(guest.page.get_by_role("heading", level=1)).to_have_text("Ada invites you to Parser pairing")
        await expect(guest.page.get_by_text(words)).to_be_visible()
        await sign_in(guest, f"Guest as {role}")
        await guest.button("Enter the room").click()
        await guest.sees("welcome")
        assert urlsplit(guest.page.url).path == f"/rooms/{room_id}"
        assert urlsplit(guest.page.url).fragment == ""
        await expect(guest.page.get_by_text("Read only", exact=True)).to_have_count(1 if role == "viewer" else 0)
        if role == "member":
            await guest.press("Control+End")
            await guest.type(" in")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await ada.button("Close panel").click()
    assert await converged(room_id, ada) == "welcome in"


async def test_links_that_do_not_work(meet: Meet, visit: Visit) -> None:
    """INV-6, INV-8, UI-19: a link taken back, one cut short, and one of a deleted room say so."""
    room_id, (ada,) = await meet("Ada", private=True)
    taken_back = await invite(ada, "member")
    kept = await invite(ada, "viewer")
    dialog = ada.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Revoke the invitation as member").click()
    await expect(dialog.get_by_role("button", name="Revoke the invitation as member")).to_have_count(0)

    guest = await visit("Guest", signed_in=False)
    guest.expects_trouble("status of 404", "status of 410", "status of 422")
    problem = guest.page.get_by_role("heading", name="This invitation does not work")
    await guest.open(taken_back)
    await expect(problem).to_be_visible()
    await expect(guest.page.get_by_text("This invitation was taken back.")).to_be_visible()
    await guest.open(kept[:-6])
    await expect(problem).to_be_visible()
    await expect(guest.page.get_by_text("The link may have been cut short.")).to_be_visible()
    await guest.open(kept)
    await expect(guest.page.get_by_role("heading", name="Ada invites you to Room")).to_be_visible()
    ada.expects_trouble("status of 404")
    await ada.person.api("DELETE", f"/api/rooms/{room_id}")
    await sign_in(guest, "Guest")
    await guest.button("Enter the room").click()
    await expect(problem).to_be_visible()
    await expect(guest.page.get_by_text("was deleted")).to_be_visible()
