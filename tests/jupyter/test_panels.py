"""The chat and the people of a room as widgets of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.live.people import Person

    from .conftest import Arrive, Meet


async def test_chat_and_presence_without_an_editor(arrive: Arrive, lab: JupyterServer, host: Person) -> None:
    """NB-78: they need none, and the kernel hears and speaks."""
    room_id = await host.make_room()
    cells = [
        f"from rayrooms_jupyter import RoomChat, RoomPresence\nchat = RoomChat({room_id!r})\nchat",
        "RoomPresence(chat)",
        "chat.send_chat('from the kernel')\nprint([message.content for message in chat.messages])",
    ]
    path = lab.write(f"{room_id}.ipynb", cells)
    ada, bob = await arrive("Ada"), await arrive("Bob")
    for colleague in (ada, bob):
        await colleague.open(path)
    for cell in (0, 1):
        await ada.run_cell(cell)
    here, there = await ada.joins("chat"), await bob.joins("chat")
    await there.chat_box.fill("hello from Bob")
    await there.chat_box.press("Enter")
    await expect(here.chat_log).to_contain_text("hello from Bob")
    await ada.run_cell(2)
    assert "hello from Bob" in await ada.outputs(2)
    for chat in (here, there):
        await expect(chat.chat_log).to_contain_text("from the kernel")

    people = await ada.joins("presence", cell=1)
    for colleague in (ada, bob):
        await expect(people.person(colleague.user_id)).to_contain_text(colleague.name)
    await bob.close()
    await expect(people.person(bob.user_id)).to_have_count(0)


async def test_the_chat_beside_the_text(meet: Meet) -> None:
    """NB-79: who has it closed sees that there is something to read."""
    _, _, _, (here, there) = await meet("Ada", "Bob", options="show_chat=True")
    await there.button("Close the chat").click()
    await here.chat_box.fill("look at line 1")
    await here.chat_box.press("Enter")
    await there.button("Chat, 1 unread").click()
    await expect(there.chat_log).to_contain_text("look at line 1")
