"""Signing in and out, the lists of rooms, making one, files, and the theme."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.async_api import expect

from .record import converged, stores

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Meet, Visit


async def test_signing_in_and_out(visit: Visit) -> None:
    """UI-20: by name, on the page that one wanted; the browser remembers it until one signs out."""
    ada = await visit("Ada", signed_in=False)
    owner = await visit("Owner")
    room_id = await owner.person.make_room(name="Open house")
    await ada.open(f"/rooms/{room_id}")
    await expect(ada.page.get_by_text("Sign in to enter the room.")).to_be_visible()
    await ada.button("Continue").click()
    await expect(ada.page.get_by_role("alert")).to_have_text("Enter the name that others should see.")
    await ada.page.get_by_role("textbox", name="Your name").fill("Ada Lovelace")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("heading", name="Open house")).to_be_visible()
    await expect(ada.editor).to_be_visible()

    await ada.open("/")
    await ada.page.reload()
    await ada.button("Account: Ada Lovelace").click()
    await ada.page.get_by_role("menuitem", name="Change name…").click()
    await ada.page.get_by_role("textbox", name="Name").fill("Countess")
    await ada.button("Save").click()
    await ada.button("Account: Countess").click()
    await ada.page.get_by_role("menuitem", name="Sign out").click()
    await expect(ada.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await expect(ada.page.get_by_role("textbox", name="Your name")).to_have_value("Countess")
    await ada.page.reload()
    await expect(ada.page.get_by_role("heading", name="Welcome back")).to_be_visible()


async def test_a_new_name_is_what_others_see(meet: Meet) -> None:
    """UI-20: from the next room that one enters."""
    room_id, (ada, bob) = await meet("Ada", "Bob")
    await ada.open("/")
    await ada.button("Account: Ada").click()
    await ada.page.get_by_role("menuitem", name="Change name…").click()
    await ada.page.get_by_role("textbox", name="Name").fill("Countess")
    await ada.button("Save").click()
    await expect(ada.button("Account: Countess")).to_be_visible()
    await ada.enter(room_id)
    await expect(bob.page.locator(".rr-flag")).to_have_text("Countess")


async def test_making_and_finding_rooms(visit: Visit) -> None:
    """REST-13, UI-21: with name, description, language and who may enter; only the owner finds a private one."""
    word = f"quokka{secrets.token_hex(4)}"
    quiet, loud = f"Quiet {word}", f"Loud {word}"
    ada, bob = await visit("Ada"), await visit("Bob")
    await ada.open("/")
    await expect(ada.page.get_by_role("heading", name="Your first room is one click away")).to_be_visible()
    for name, access, language in ((quiet, "Private", "Python"), (loud, "Public", "Markdown")):
        await ada.page.get_by_role("button", name="New room").first.click()
        dialog = ada.page.get_by_role("dialog", name="New room")
        await dialog.get_by_role("button", name="Create room").click()
        await expect(dialog.get_by_role("alert")).to_have_text("Give the room a name.")
        await dialog.get_by_role("textbox", name="Name").fill(name)
        await dialog.get_by_role("textbox", name=re.compile("^Description")).fill("about marsupials")
        await dialog.get_by_role("combobox", name="Language").select_option(label=language)
        await dialog.get_by_role("radio", name=access).check(force=True)
        await dialog.get_by_role("button", name="Create room").click()
        await expect(ada.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        await expect(ada.page.get_by_role("banner").get_by_text(language)).to_be_visible()
        await expect(ada.editor).to_be_visible()
        await ada.page.get_by_role("link", name="Back to your rooms").click()
        await expect(ada.page.get_by_role("link", name=name)).to_be_visible()

    for visitor, found in ((ada, [loud, quiet]), (bob, [loud])):
        await visitor.open("/")
        if visitor is bob:
            await visitor.page.get_by_role("radio", name="Public").check(force=True)
        await visitor.page.get_by_role("searchbox", name="Search rooms").fill(word[:-2])
        await expect(visitor.page.get_by_role("heading", level=2)).to_have_text(
            [re.compile(name) for name in found], timeout=10_000
        )
    await bob.page.get_by_role("searchbox", name="Search rooms").fill("nobody calls a room so")
    await expect(bob.page.get_by_role("heading", name=re.compile("^No room matches"))).to_be_visible()
    await bob.button("Clear search").click()
    await bob.page.get_by_role("link", name=loud).click()
    await expect(bob.editor).to_be_visible()
    await bob.open("/")
    await expect(bob.page.get_by_role("link", name=loud)).to_be_visible()


async def test_the_document_as_a_file(meet: Meet, tmp_path: Path) -> None:
    """UI-22: downloaded under the room's name and language; a file takes the document's place as one edit."""
    room_id, (ada, bob) = await meet("Ada", "Bob", text="print('é 😀')\n", name="My: notes", language="python")
    await ada.button("More").click()
    async with ada.page.expect_download() as downloading:
        await ada.page.get_by_role("menuitem", name="Download as text").click()
    download = await downloading.value
    assert download.suggested_filename == "My notes.py"
    assert (await download.path()).read_bytes() == "print('é 😀')\n".encode()

    file = tmp_path / "other.txt"
    file.write_bytes("one\r\ntwo 😀\r\n".encode())
    await ada.page.get_by_label("Text file to upload").set_input_files(file)
    await ada.page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    await bob.sees("one\ntwo 😀\n")
    await ada.press("Control+z")
    assert await converged(room_id, ada, bob) == "print('é 😀')\n"

    file.write_bytes(b"\x00\x01\xff")
    await ada.page.get_by_label("Text file to upload").set_input_files(file)
    await expect(ada.page.get_by_text("This file is not plain text.")).to_be_visible()
    await stores(ada.person, room_id, "print('é 😀')\n")


async def test_light_and_dark(meet: Meet) -> None:
    """UI-23: as the system has it, until one chooses; the choice is remembered and holds in open tabs too."""
    room_id, (ada,) = await meet("Ada", text="text")
    page = ada.page
    dark, light = "rgb(18, 18, 20)", "rgb(247, 246, 243)"
    await expect(page.locator("html")).to_have_css("background-color", light)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_css("background-color", dark)
    await page.emulate_media(color_scheme="light")
    await ada.button("More").click()
    await page.get_by_role("menuitemradio", name="Dark").click()
    await expect(page.locator("html")).to_have_css("background-color", dark)
    other = await ada.new_tab()
    await ada.open("/")
    await expect(other.locator("html")).to_have_css("background-color", dark)
    await ada.button("Theme").click()
    await other.get_by_role("menuitemradio", name="Light").click()
    await expect(page.locator("html")).to_have_css("background-color", light)
    await ada.enter(room_id)
    await expect(other.locator("html")).to_have_css("background-color", light)
