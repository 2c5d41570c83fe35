"""Someone at a browser: a profile of their own, and what they do and see in a room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from playwright.async_api import expect

from tests.live.people import until

if TYPE_CHECKING:
    import re

    from playwright.async_api import ConsoleMessage, Locator, Page, WebSocket

    from tests.live.people import Person

    from .profile import Profile

_TEXT = """() => {
  const lines = [...document.querySelectorAll('.cm-content .cm-line')]
  return lines.map(line => {
    const copy = line.cloneNode(true)
    copy.querySelectorAll('[aria-hidden=true], .cm-widgetBuffer').forEach(node => node.remove())
    return copy.textContent
  }).join('\\n')
}"""
_PASTE = """units => {
  const clipboardData = new DataTransfer()
  const pieces = []
  for (let at = 0; at < units.length; at += 10000) pieces.push(String.fromCharCode(...units.slice(at, at + 10000)))
  clipboardData.setData('text/plain', pieces.join(''))
  document.querySelector('.cm-content').dispatchEvent(
    new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}))
}"""


_CUT_CABLE = ("net::ERR_", "WebSocket connection to")
"""The browser's own report of a connection that failed, which no page can keep from it."""

_NO_PAGE_OF_OURS = "/favicon.ico"
"""The browser looks for it beside the bare file from which a profile is wiped; pages name their own icon."""


class Screen(NamedTuple):
    width: int = 1280
    height: int = 800
    dark: bool = False


class Visitor:
    """Someone with a browser profile of their own. `page` is the tab in front."""

    def __init__(self, profile: Profile, person: Person | None, screen: Screen) -> None:
        self.context = profile.context
        self.cable = profile.cable
        self.complaints: list[str] = []
        """Errors and warnings of the pages' consoles, and exceptions that nobody caught."""
        self.sockets: list[WebSocket] = []
        """Every WebSocket that a page of theirs opened."""
        self.page: Page
        self._person = person
        self._screen = screen
        self._known_trouble: list[str] = []

    # -------------------------------------------------------------- the browser

    @property
    def person(self) -> Person:
        """The visitor beside the browser: with their own token over REST."""
        assert self._person is not None, "a visitor who came without signing in"
        return self._person

    async def new_tab(self) -> Page:
        """Open a tab and bring it to the front."""
        await self.use(await self.context.new_page())
        return self.page

    async def use(self, page: Page) -> None:
        """Have this tab in front from now on."""
        await page.set_viewport_size({"width": self._screen.width, "height": self._screen.height})
        await page.emulate_media(color_scheme="dark" if self._screen.dark else "light", reduced_motion="reduce")
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("websocket", lambda socket: self.sockets.append(socket))  # noqa: PLW0108 - it needs a Python function
        self.page = page

    def expects_trouble(self, *words: str) -> None:
        """What the browser itself will report of an answer that the test provokes, such as `status of 403`."""
        self._known_trouble += words

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        source = message.location.get("url", "")
        if source.endswith(_NO_PAGE_OF_OURS) or any(
            words in message.text for words in (*_CUT_CABLE, *self._known_trouble)
        ):
            return
        self.complaints.append(f"{message.text} ({source})")

    async def open(self, path: str) -> None:
        await self.page.goto(self.cable.url + path)

    async def enter(self, room_id: str) -> None:
        """Open a room and wait until one is in it."""
        await self.open(f"/rooms/{room_id}")
        await expect(self.editor).to_be_visible()

    async def plug_in(self) -> None:
        """Mend the cable, which the browser notices and tells its pages."""
        await self.cable.mend()
        for page in self.context.pages:
            await page.evaluate("() => void dispatchEvent(new Event('online'))")

    # -------------------------------------------------------------- what a room page has

    @property
    def editor(self) -> Locator:
        return self.page.locator(".editor-pane .cm-content")

    @property
    def saving(self) -> Locator:
        """What the room page says of one's edits."""
        return self.page.locator("[data-save-state]")

    @property
    def chat_box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def log(self) -> Locator:
        """The chat."""
        return self.page.get_by_role("log")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def text(self) -> str:
        """The document as the editor shows it; only for documents that fit on the screen."""
        text: str = await self.page.evaluate(_TEXT)
        return text

    async def sees(self, text: str) -> None:
        """Wait until the editor shows this document."""
        shown: list[str] = []

        async def is_shown() -> bool:
            shown[:] = [await self.text()]
            return shown == [text]

        try:
            await until(is_shown)
        except TimeoutError:
            raise AssertionError(f"{self.name} sees {shown[-1]!r}, not {text!r}") from None

    async def is_saved(self) -> None:
        """Wait until the page says that all edits are in the database."""
        await expect(self.saving).to_have_attribute("data-save-state", "saved", timeout=30_000)

    async def is_offline(self) -> None:
        await expect(self.saving).to_have_attribute("data-save-state", "offline", timeout=30_000)

    @property
    def name(self) -> str:
        return "the visitor" if self._person is None else self._person.name

    # -------------------------------------------------------------- what one does there

    async def type(self, text: str) -> None:
        """Type where the caret is, a key at a time."""
        await self.editor.focus()
        await self.page.keyboard.type(text)

    async def press(self, *keys: str) -> None:
        """Press keys in the editor."""
        await self.editor.focus()
        for key in keys:
            await self.page.keyboard.press(key)

    async def go_to(self, line: int, column: int) -> None:
        """Put the caret behind so many characters (as one steps through them by arrow keys) of a line from 1."""
        await self.press("Control+Home", *["ArrowDown"] * (line - 1), *["ArrowRight"] * column)

    async def paste(self, text: str) -> None:
        """Paste text, also such as is no valid Unicode and no real clipboard would carry."""
        await self.editor.focus()
        units = text.encode("utf-16-le", "surrogatepass")
        await self.page.evaluate(
            _PASTE, [int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2)]
        )

    async def say(self, words: str) -> None:
        """Post a chat message; the chat must be open."""
        await self.chat_box.fill(words)
        await self.chat_box.press("Enter")
        await expect(self.log.get_by_text(words, exact=True).last).to_be_visible()

    async def stored(self, room_id: str) -> str:
        """The document as the server has it."""
        return await self.person.text(room_id)
