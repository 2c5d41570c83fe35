"""What people at two browsers feel: a key pressed here until it is painted there, and what a key costs locally.

`python -m loadtest.keystroke http://127.0.0.1:8000` needs Chromium and a server that admits guests. Both browsers and
the server share the machine and its clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import time
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from loadtest.latency import percentiles
from rayrooms import RoomClient
from rayrooms.client.rest import RestClient

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from rayrooms.client.rest import SignedIn

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-renderer-backgrounding"]
_WARM_UP = 20
_PARAGRAPH = "The quick brown fox jumps over the lazy dog, and nobody minds.\n" * 6 + "\n"

_WATCH = """() => {
  window.pressed = []; window.handled = []; window.painted = []
  const now = () => performance.timeOrigin + performance.now()
  const later = callback => {
    const {port1, port2} = new MessageChannel()
    port1.onmessage = callback
    port2.postMessage(0)
  }
  addEventListener('keydown', event => {
    pressed.push(performance.timeOrigin + event.timeStamp)
    begun = performance.now()
  }, true)
  let begun = 0
  // The editor's own observer was there first and has dealt with the key when this one is called.
  new MutationObserver(() => {
    handled.push(performance.now() - begun)
    requestAnimationFrame(() => later(() => painted.push(now())))
  }).observe(document.querySelector('.cm-content'), {childList: true, characterData: true, subtree: true})
}"""
"""Notes when keys were pressed, how long their handlers took, and when a changed document had been painted."""


async def _tab(browser: Browser, url: str, room_id: str, who: SignedIn) -> Page:
    # The page forbids eval, which waiting for a condition needs.
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    session = {
        "token": who.token,
        "user_id": who.user_id,
        "name": who.name,
        "expires_at": who.expires_at.isoformat(),
        "obtained_at": time.time() * 1000,
    }
    await context.add_init_script(f"localStorage.setItem('rayrooms.session', {json.dumps(json.dumps(session))})")
    page = await context.new_page()
    await page.goto(f"{url}/rooms/{room_id}")
    await page.wait_for_selector(".cm-content")
    await page.evaluate(_WATCH)
    return page


async def _press(here: Page, there: Page, keys: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds to the other screen, to the own screen, and in the handlers, one each for every key."""
    across, local, handlers = [], [], []
    await here.locator(".cm-content").focus()
    for number in range(keys + _WARM_UP):
        for page in (here, there):
            await page.evaluate("pressed.length = handled.length = painted.length = 0")
        await here.keyboard.press("a" if number % 8 else "Space")
        await asyncio.gather(
            there.wait_for_function("painted.length > 0"),
            here.wait_for_function("painted.length > 0 && handled.length > 0"),
        )
        if number >= _WARM_UP:
            pressed, handled = await here.evaluate("[pressed[0], handled[0]]")
            across.append(await there.evaluate("painted[0]") - pressed)
            local.append(await here.evaluate("painted[0]") - pressed)
            handlers.append(handled)
    return across, local, handlers


async def measure(url: str, *, keys: int, size: int) -> list[str]:
    """Press `keys` keys in a document of `size` characters; a line for each thing that was timed."""
    async with RestClient(url) as rest:
        ada, bob = await rest.sign_in_guest("Ada"), await rest.sign_in_guest("Bob")
    async with RestClient(url, token=ada.token) as rest:
        room = await rest.create_room("Keystrokes", language="markdown")
    if size:
        async with RoomClient.open(url, room.room_id, token=ada.token) as client:
            client.insert(0, (_PARAGRAPH * (size // len(_PARAGRAPH) + 1))[:size])
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browsers = [await playwright.chromium.launch(executable_path=path, args=_FLAGS) for _ in range(2)]
        here, there = [
            await _tab(browser, url, room.room_id, who) for browser, who in zip(browsers, (ada, bob), strict=True)
        ]
        across, local, handlers = await _press(here, there, keys)
        for browser in browsers:
            await browser.close()
    times = {"other screen": across, "own screen": local, "handlers": handlers}
    return [
        f"{size:>9,} characters, {name:<12} {percentiles(ms / 1000 for ms in taken)}" for name, taken in times.items()
    ]


def main() -> None:
    """Print the times for each document size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--size", type=int, nargs="*", default=[0, 1_000_000], help="document sizes in characters")
    options = parser.parse_args()
    for size in options.size:
        print("\n".join(asyncio.run(measure(options.url.rstrip("/"), keys=options.keys, size=size))))


if __name__ == "__main__":
    main()
