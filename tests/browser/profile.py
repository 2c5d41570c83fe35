"""Browser profiles on cables of their own, used again for one visitor after the other: only their caches stay warm."""

from __future__ import annotations

import json
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from .cable import Cable, plugged_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, Page

_SESSION_KEY = "rayrooms.session"
_SIMPLEST_PAGE = "/favicon.svg"
_STORAGE = "local_storage,indexeddb"


class Profile(NamedTuple):
    context: BrowserContext
    cable: Cable

    async def wiped(self, signed_in: dict[str, Any] | None) -> Page:
        """Make it a new visitor's: with nothing stored, signed in when given a sign-in. Returns its first tab."""
        page = await self.context.new_page()
        cdp = await self.context.new_cdp_session(page)
        await cdp.send("Storage.clearDataForOrigin", {"origin": self.cable.url, "storageTypes": _STORAGE})
        await page.goto(self.cable.url + _SIMPLEST_PAGE)
        if signed_in is not None:
            session = {**signed_in, "obtained_at": time.time() * 1000}
            await page.evaluate("entry => localStorage.setItem(...entry)", [_SESSION_KEY, json.dumps(session)])
        return page


class Profiles:
    """As many profiles as were ever in use at once."""

    def __init__(self, browser: Browser, server_url: str, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._server_url = server_url
        self._stack = stack
        self._free: list[Profile] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Profile]:
        """A profile that nobody else uses meanwhile; its pages are closed afterwards."""
        profile = self._free.pop() if self._free else await self._another()
        try:
            yield profile
        finally:
            for page in profile.context.pages:
                await page.close()
            await profile.context.set_offline(offline=False)
            await profile.cable.mend()
            self._free.append(profile)

    async def _another(self) -> Profile:
        cable = await self._stack.enter_async_context(plugged_in(self._server_url))
        context = await self._browser.new_context(
            permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce"
        )
        self._stack.push_async_callback(context.close)
        return Profile(context, cable)


@asynccontextmanager
async def profiles_of(browser: Browser, server_url: str) -> AsyncIterator[Profiles]:
    """Profiles whose cables lead to the server at this address."""
    async with AsyncExitStack() as stack:
        yield Profiles(browser, server_url, stack)
