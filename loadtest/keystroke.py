"""What people at two browsers feel: a key pressed here until it is painted there, and what a key costs locally.

`python -m loadtest.keystroke http://127.0.0.1:8000` needs Chromium and a server that admits guests. Both browsers and
the server share the machine and its clock. With `--notebook` the same is measured between two views of a widget in a
JupyterLab of its own, for each transport.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from loadtest.lab.page import LabPage, context_of
from loadtest.lab.server import JupyterServer
from loadtest.latency import percentiles
from rayrooms import RoomClient
from rayrooms.client.rest import RestClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Locator

    from rayrooms.client.bodies import SignedIn

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-renderer-backgrounding"]
_WARM_UP = 20
_PARAGRAPH = "The quick brown fox jumps over the lazy dog, and nobody minds.\n" * 6 + "\n"

TRANSPORTS = ("direct", "proxy", "relay")

_WATCH = """content => {
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
  }).observe(content, {childList: true, characterData: true, subtree: true})
}"""
"""Notes when keys were pressed, how long their handlers took, and when a changed document had been painted."""


@asynccontextmanager
async def _browsers() -> AsyncIterator[list[Browser]]:
    """Two, each with processes of its own, as two people have them."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browsers = [await playwright.chromium.launch(executable_path=path, args=_FLAGS) for _ in range(2)]
        yield browsers
        for browser in browsers:
            await browser.close()


async def _on_the_web(browser: Browser, url: str, room_id: str, who: SignedIn) -> Locator:
    """The text that the web page's editor shows."""
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
    return page.locator(".cm-content")


async def _press(here: Locator, there: Locator, keys: int) -> dict[str, list[float]]:
    """Milliseconds to the other screen, to the own screen, and in the handlers, one each for every key."""
    across, local, handlers = [], [], []
    for content in (here, there):
        await content.evaluate(_WATCH)
    await here.focus()
    for number in range(keys + _WARM_UP):
        for content in (here, there):
            await content.page.evaluate("pressed.length = handled.length = painted.length = 0")
        await here.page.keyboard.press("a" if number % 8 else "Space")
        await asyncio.gather(
            there.page.wait_for_function("painted.length > 0"),
            here.page.wait_for_function("painted.length > 0 && handled.length > 0"),
        )
        if number >= _WARM_UP:
            pressed, handled = await here.page.evaluate("[pressed[0], handled[0]]")
            across.append(await there.page.evaluate("painted[0]") - pressed)
            local.append(await here.page.evaluate("painted[0]") - pressed)
            handlers.append(handled)
    return {"other screen": across, "own screen": local, "handlers": handlers}


def _lines(label: str, times: dict[str, list[float]]) -> list[str]:
    return [f"{label}, {name:<12} {percentiles(ms / 1000 for ms in taken)}" for name, taken in times.items()]


async def _room(url: str, token: str, size: int) -> str:
    """The id of a new room with a document of that size."""
    async with RestClient(url, token=token) as rest:
        room = await rest.create_room("Keystrokes", language="markdown")
    if size:
        async with RoomClient.open(url, room.room_id, token=token) as client:
            client.insert(0, (_PARAGRAPH * (size // len(_PARAGRAPH) + 1))[:size])
    return room.room_id


async def measure(url: str, *, keys: int, size: int) -> list[str]:
    """Press `keys` keys in a document of `size` characters; a line for each thing that was timed."""
    async with RestClient(url) as rest:
        people = [await rest.sign_in_guest(name) for name in ("Ada", "Bob")]
    room_id = await _room(url, people[0].token, size)
    async with _browsers() as browsers:
        here, there = [
            await _on_the_web(browser, url, room_id, who) for browser, who in zip(browsers, people, strict=True)
        ]
        return _lines(f"{size:>9,} characters", await _press(here, there, keys))


async def measure_notebook(url: str, jupyter: JupyterServer, *, keys: int, size: int) -> list[str]:
    """The same in a notebook that two people have open, by each transport in turn."""
    async with RestClient(url) as rest:
        host = await rest.sign_in_guest("Host")
    lines = []
    async with _browsers() as browsers, AsyncExitStack() as stack:
        people = []
        for name, browser in zip(("Ada", "Bob"), browsers, strict=True):
            context = await stack.enter_async_context(context_of(browser, jupyter.url, name))
            people.append(LabPage(await context.new_page(), jupyter.url, name))
            await people[-1].start()
        for transport in TRANSPORTS:
            room_id = await _room(url, host.token, size)
            cell = f"import rayrooms_jupyter\nrayrooms_jupyter.RoomEditor({room_id!r}, transport={transport!r})"
            path = jupyter.write(f"{transport}-{size}.ipynb", [cell])
            for person in people:
                await person.open(path)
            await people[0].run_all()
            views = [person.page.locator(f".rayrooms[data-transport={transport}]") for person in people]
            here, there = [view.locator(".cm-content") for view in views]
            times = await _press(here, there, keys)
            lines += _lines(f"{size:>9,} characters, {transport:<6}", times)
            for person in reversed(people):
                await person.close(shut_down=person is people[0])
    return lines


def main() -> None:
    """Print the times for each document size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--size", type=int, nargs="*", default=[0, 1_000_000], help="document sizes in characters")
    parser.add_argument("--notebook", action="store_true", help="measure the widget in a JupyterLab")
    parser.add_argument("--jupyter-secret-file", default="", help="the server's, so that Jupyter can vouch for people")
    options = parser.parse_args()
    url = options.url.rstrip("/")
    if not options.notebook:
        for size in options.size:
            print("\n".join(asyncio.run(measure(url, keys=options.keys, size=size))))
        return
    with tempfile.TemporaryDirectory() as directory:
        proxy = {"url": url, "secret_file": options.jupyter_secret_file}
        jupyter = JupyterServer(Path(directory) / "jupyter", proxy=proxy)
        try:
            jupyter.start()
            for size in options.size:
                print("\n".join(asyncio.run(measure_notebook(url, jupyter, keys=options.keys, size=size))))
        finally:
            jupyter.stop()


if __name__ == "__main__":
    main()
