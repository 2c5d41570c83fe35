"""The chat between two browsers: messages, replies, reactions, edits and deletions, what is unread, who types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import Locator, expect

from .conftest import PHONE

if TYPE_CHECKING:
    from .conftest import Meet, Visit
    from .visitor import Visitor

SCRIPT = "<img src=x onerror=\"document.title='taken over'\"><b>bold</b>"


async def chatting(meet: Meet, *names: str) -> tuple[str, list[Visitor]]:
    """People in a room, all with the chat open."""
    room_id, visitors = await meet(*names)
    for visitor in visitors:
        await visitor.button("Chat").click()
        await expect(visitor.chat_box).to_be_visible()
    return room_id, visitors


def message(visitor: Visitor, words: str | re.Pattern[str]) -> Locator:
    return visitor.log.locator("[data-message]").filter(has_text=words)


async def tool(visitor: Visitor, words: str, name: str) -> None:
    """Point at a message and press one of its buttons."""
    await message(visitor, words).hover()
    await message(visitor, words).get_by_role("toolbar").get_by_role("button", name=name).click()


async def test_messages_replies_and_reactions(meet: Meet) -> None:
    """WS-7, WS-8, ROOM-13, UI-14: all arrive at the other; a reaction is taken back by pressing it again."""
    _, (ada, bob) = await chatting(meet, "Ada", "Bob")
    await ada.say("shall we?")
    await expect(message(bob, "shall we?")).to_be_visible()

    await tool(bob, "shall we?", "React")
    await bob.page.get_by_role("menu", name="Reactions").get_by_role("menuitem", name="Party").click()
    reaction = message(ada, "shall we?").get_by_role("button", name="🎉")
    await expect(reaction).to_have_accessible_name("🎉, 1: Bob")
    await reaction.click()
    mine = message(bob, "shall we?").get_by_role("button", name="🎉")
    await expect(mine).to_have_accessible_name(re.compile("🎉, 2: "))
    await mine.click()
    await expect(reaction).to_have_accessible_name("🎉, 1: you")
    await reaction.click()
    await expect(mine).to_have_count(0)

    await tool(bob, "shall we?", "Reply")
    await bob.say("yes, now")
    quote = message(ada, "yes, now").get_by_role("button", name=re.compile("shall we"))
    await expect(quote).to_be_visible()


async def test_messages_are_edited_and_deleted(meet: Meet) -> None:
    """WS-22, CHAT-2, CHAT-3, UI-14: one's own, in place; a reply to a deleted message tells nothing of it."""
    _, (ada, bob) = await chatting(meet, "Ada", "Bob")
    await ada.say("frist")
    await tool(bob, "frist", "Reply")
    await bob.say("you mean first")

    await ada.chat_box.press("ArrowUp")
    editing = ada.page.get_by_role("textbox", name="Edit message")
    await editing.fill("first")
    await editing.press("Enter")
    await expect(message(bob, "first (edited)")).to_be_visible()
    await expect(bob.log.get_by_text("frist")).to_have_count(0)

    await message(bob, "first (edited)").hover()
    await expect(bob.page.get_by_role("toolbar").get_by_role("button", name="Reply")).to_be_visible()
    await expect(bob.page.get_by_role("toolbar").get_by_role("button", name="Edit")).to_have_count(0)
    await expect(bob.page.get_by_role("toolbar").get_by_role("button", name="Delete")).to_have_count(0)

    await tool(ada, "first (edited)", "Delete")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(message(bob, "This message was deleted.")).to_be_visible()
    await expect(message(bob, "you mean first")).to_contain_text("a deleted message")
    await bob.page.reload()
    await expect(message(bob, "This message was deleted.")).to_be_visible()
    await expect(message(bob, "you mean first")).to_contain_text("a deleted message")


async def test_what_is_unread(meet: Meet) -> None:
    """UI-15: it is counted on the button and in the title while the chat is closed, and not for one's own messages."""
    _, (ada, bob) = await meet("Ada", "Bob", name="Den")
    await ada.button("Chat").click()
    await ada.say("one")
    await ada.say("two")
    await expect(bob.button("Chat, 2 unread")).to_be_visible()
    await expect(bob.page).to_have_title("(2) Den · Rayrooms")
    await expect(ada.button("Chat")).to_be_visible()
    await bob.button("Chat, 2 unread").click()
    await expect(message(bob, "two")).to_be_visible()
    await expect(bob.button("Chat")).to_be_visible()
    await expect(bob.page).to_have_title("Den · Rayrooms")


async def test_who_types_a_message(meet: Meet) -> None:
    """ROOM-12, UI-14."""
    _, (ada, bob) = await chatting(meet, "Ada", "Bob")
    await ada.chat_box.press_sequentially("hel")
    typing = bob.page.get_by_text(re.compile("^Ada is typing"))
    await expect(typing).to_be_visible()
    await ada.chat_box.fill("")
    await expect(typing).to_have_count(0)


async def test_a_message_that_cannot_be_sent(meet: Meet) -> None:
    """CL-32, UI-14: it stays in the box with the reason, and can be sent later."""
    _, (ada, bob) = await chatting(meet, "Ada", "Bob")
    await ada.cable.cut()
    await ada.is_offline()
    await ada.chat_box.fill("are you there?")
    await ada.chat_box.press("Enter")
    await expect(ada.page.get_by_role("alert").filter(has_text="Not sent.")).to_be_visible()
    await expect(ada.chat_box).to_have_value("are you there?")
    await ada.plug_in()
    await bob.type("Yes.")
    await expect(ada.editor).to_contain_text("Yes.")  # so she is in the room again
    await ada.say("are you there?")
    await expect(message(bob, "are you there?")).to_have_count(1)


async def test_markup_is_text(visit: Visit) -> None:
    """UI-16: in messages, in the document, and in the names of rooms and people; addresses become links."""
    ada, bob = await visit(SCRIPT), await visit("Bob", screen=PHONE)
    room_id = await ada.person.make_room(name=SCRIPT, description=SCRIPT)
    for visitor in (ada, bob):
        await visitor.enter(room_id)
    await ada.button("Chat").click()
    await ada.say(SCRIPT)
    await ada.say("javascript:alert(1) https://rooms.example/a?b=<c>")
    await ada.type("<img src=x onerror=")
    for panel in ("People", "Chat"):
        await bob.page.get_by_role("navigation", name="Views").get_by_role("button", name=panel).click()
        await expect(bob.page.get_by_role("complementary").get_by_text(SCRIPT).first).to_be_visible()
    await expect(bob.log.get_by_role("link")).to_have_count(1)
    await expect(bob.log.get_by_role("link")).to_have_attribute("href", re.compile(r"^https://rooms\.example/a\?b="))
    await ada.open("/")
    await expect(ada.page.get_by_role("link", name=SCRIPT)).to_be_visible()
    for visitor in (ada, bob):
        await expect(visitor.page.locator("img[src=x]")).to_have_count(0)
        assert "taken over" not in (await visitor.page.title()).replace(SCRIPT, "")
