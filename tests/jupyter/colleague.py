"""Somebody at a Jupyter page: what they do with the notebook, and which of their console's complaints are about us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from playwright.async_api import expect

from loadtest.lab.page import LabPage
from loadtest.lab.users import username_of

from .widget import AT_LAST, Widget

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Error, Locator, Page, Response

Kind = Literal["editor", "chat", "presence"]

_OUR_OWN = ("rayrooms", "anywidget")
"""Who speaks of these in a console speaks of us: our scripts are called so, and anywidget runs them."""

_NO_ERRORS_OF_OURS = ("net::ERR_", "WebSocket connection to")
"""The browser's own report of a connection that failed, which no page can keep from it."""


class Colleague(LabPage):
    """One person's tab. `user_id` is theirs on the room server when Jupyter vouches for them."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        super().__init__(page, url, name)
        self.user_id = f"jupyter-{username_of(name)}"
        self.complaints: list[str] = []
        """Errors and warnings of ours, and exceptions that nobody caught."""
        self.answers: list[Response] = []
        """What servers answered to the page about rooms."""
        self._known_trouble: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", self._uncaught)
        page.on("response", self._response)

    def expects_trouble(self, *words: str) -> None:
        """What the browser itself will report of something that the test provokes."""
        self._known_trouble += words

    def _console(self, message: ConsoleMessage) -> None:
        source = message.location.get("url", "")
        words = f"{message.text} ({source})"
        if message.type in {"error", "warning"} and _is_about_us(words):
            self._complain(words)

    def _uncaught(self, error: Error) -> None:
        words = f"{error.message}\n{error.stack}"
        if _is_about_us(words):
            self._complain(words)

    def _complain(self, words: str) -> None:
        if not any(known in words for known in (*_NO_ERRORS_OF_OURS, *self._known_trouble)):
            self.complaints.append(words)

    def _response(self, response: Response) -> None:
        if "/rayrooms/" in response.url or "/api/auth/" in response.url:
            self.answers.append(response)

    def widget(self, kind: Kind = "editor", *, cell: int = 0) -> Widget:
        """The view of a widget in the output of a cell."""
        return Widget(self.page, self.output(cell).locator(f".rayrooms[data-kind={kind}]"))

    def output(self, cell: int) -> Locator:
        """All that a cell put out."""
        return self.page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").nth(cell).locator(".jp-Cell-outputArea")

    async def outputs(self, cell: int) -> str:
        """The text of what a cell put out."""
        return await self.output(cell).inner_text()

    async def joins(self, kind: Kind = "editor", *, cell: int = 0) -> Widget:
        """Wait until a widget is there and connected."""
        widget = self.widget(kind, cell=cell)
        await expect(widget.host).to_be_visible(timeout=AT_LAST)
        await widget.is_online()
        return widget


def _is_about_us(words: str) -> bool:
    return any(name in words.lower() for name in _OUR_OWN)
