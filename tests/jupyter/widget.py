"""One view of a widget, as somebody sees it in the output of a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.live.people import until

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

_LINES = """content => [...content.querySelectorAll('.cm-line')].map(line => {
  const copy = line.cloneNode(true)
  copy.querySelectorAll('[aria-hidden=true], .cm-widgetBuffer').forEach(node => node.remove())
  return copy.textContent
}).join('\\n')"""

AT_LAST = 30_000
"""Milliseconds for what takes a reconnect, a kernel's start or many messages first."""


class Widget:
    """`host` is the element that carries the view's state in its attributes; what it shows is in its shadow root."""

    def __init__(self, page: Page, host: Locator) -> None:
        self.page = page
        self.host = host

    # -------------------------------------------------------------- what it says of itself

    async def is_online(self) -> None:
        await expect(self.host).to_have_attribute("data-state", "online", timeout=AT_LAST)

    async def is_offline(self) -> None:
        await expect(self.host).to_have_attribute("data-saved", "offline", timeout=AT_LAST)

    async def is_saved(self) -> None:
        """Wait until it says that all edits are in the database."""
        await expect(self.host).to_have_attribute("data-saved", "saved", timeout=AT_LAST)

    async def uses(self, transport: str) -> None:
        """Wait until it is connected that way."""
        await self.is_online()
        await expect(self.host).to_have_attribute("data-transport", transport, timeout=AT_LAST)

    @property
    def status(self) -> Locator:
        """The bar below the text."""
        return self.host.get_by_role("group", name="Status")

    # -------------------------------------------------------------- the text

    @property
    def content(self) -> Locator:
        return self.host.locator(".cm-content")

    async def text(self) -> str:
        """The document; only for documents that fit on the screen."""
        text: str = await self.content.evaluate(_LINES)
        return text

    async def sees(self, text: str) -> None:
        """Wait until it shows this document."""
        shown = ""

        async def is_shown() -> bool:
            nonlocal shown
            shown = await self.text()
            return shown == text

        try:
            await until(is_shown)
        except TimeoutError:
            raise AssertionError(f"it shows {shown!r}, not {text!r}") from None

    async def type(self, text: str) -> None:
        """Type where the caret is, a key at a time."""
        await self.content.focus()
        await self.page.keyboard.type(text)

    async def press(self, *keys: str) -> None:
        await self.content.focus()
        for key in keys:
            await self.page.keyboard.press(key)

    def cursor(self, name: str) -> Locator:
        """The flag at somebody's caret."""
        return self.host.locator(".rr-flag").filter(has_text=re.compile(f"^{re.escape(name)}$"))

    def person(self, user_id: str) -> Locator:
        """Somebody who is in the room, in the bar of an editor or in the list of people."""
        return self.host.get_by_role("list", name="In the room").locator(f"[data-user={user_id}]")

    @property
    def chat_box(self) -> Locator:
        return self.host.get_by_role("textbox", name="Message", exact=True)

    @property
    def chat_log(self) -> Locator:
        return self.host.get_by_role("log")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.host.get_by_role("button", name=name)
