"""How a widget sits in a notebook: for everybody, in little room, and without a trace of it after its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.live.people import until

if TYPE_CHECKING:
    from playwright.async_api import WebSocket

    from .conftest import Meet
    from .widget import Widget

_AXE = (Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()
_RUN_AXE = """async () => {
  const {violations} = await axe.run({include: [['.rayrooms']]}, {resultTypes: ['violations']})
  return violations.map(({id, nodes}) => `${id}: ${nodes.map(({html, any}) =>
    html + ' ' + any.map(check => check.message).join()).join(' | ')}`)
}"""
_OVERFLOWING = """host => {
  const edge = host.getBoundingClientRect().right + 1
  const scrolls = '.cm-scroller, .visually-hidden, [popover]'
  return [...host.shadowRoot.querySelectorAll('*')]
    .filter(element => element.closest(scrolls) === null)
    .filter(element => element.getBoundingClientRect().right > edge)
    .map(element => `${element.tagName}.${element.getAttribute('class')}`)
}"""
_FOCUS = "host => host.shadowRoot.activeElement?.getAttribute('aria-label') ?? ''"
_BELOW = """element => {
  const {left, bottom} = element.getBoundingClientRect()
  return element.getRootNode().elementFromPoint(left + 20, bottom - 6)?.closest('.cm-tooltip') === element
}"""

JUPYTER_IS_DARK = "isDark => document.body.setAttribute('data-jp-theme-light', String(!isDark))"


async def test_it_is_for_everybody(meet: Meet) -> None:
    """NB-53: axe finds nothing wrong in any of the widgets, in light and in dark, as Jupyter is just then."""
    cells = ("from rayrooms_jupyter import RoomChat, RoomPresence\nRoomPresence(ed)", "RoomChat(ed, height='160px')")
    _, _, (ada, _), (here, there) = await meet(
        "Ada", "Bob", text="import this  # now", options="show_chat=True", cells=cells
    )
    await there.chat_box.fill("hello")
    await there.chat_box.press("Enter")
    await there.press("End")
    for cell in (1, 2):
        await ada.run_cell(cell)
    await ada.joins("presence", cell=1)
    await ada.joins("chat", cell=2)
    await expect(here.chat_log).to_contain_text("hello")
    await expect(here.cursor("Bob")).to_be_attached()
    await ada.page.evaluate(_AXE)
    for is_dark in (False, True):
        try:
            await ada.page.evaluate(JUPYTER_IS_DARK, is_dark)
            await expect(here.host).to_have_attribute("data-theme", "dark" if is_dark else "light")
            assert await ada.page.evaluate(_RUN_AXE) == [], is_dark
        finally:
            await ada.page.evaluate(JUPYTER_IS_DARK, arg=False)


async def test_the_text_is_no_trap_for_the_keyboard(meet: Meet) -> None:
    """NB-54: Tab indents in the text; after Escape it leaves the text, and Jupyter makes nothing of either."""
    _, _, (ada,), (editor,) = await meet("Ada", text="x", options="show_chat=True")
    await editor.press("Control+Home", "Tab")
    await editor.sees("    x")
    mode = await ada.mode()
    await editor.press("Escape")
    await ada.page.keyboard.press("Tab")
    assert await editor.host.evaluate(_FOCUS) == "Close the chat"
    assert await ada.mode() == mode
    await ada.page.keyboard.press("Enter")
    await expect(editor.chat_box).to_have_count(0)
    await expect(editor.content).to_be_focused()


async def test_it_fits_its_cell(meet: Meet) -> None:
    """NB-55: in a cell of any width nothing of a widget sticks out, and all that one can do is there."""
    options = "title='A long title, as people give to rooms that many share', show_chat=True"
    _, _, _, (editor,) = await meet("Ada", text="long " * 60, options=options)
    for width in (320, 400, 560, 720):
        await editor.host.evaluate("(host, width) => { host.style.width = `${width}px` }", width)
        for chats in (1, 0):
            await expect(editor.chat_box).to_have_count(chats)
            assert await editor.host.evaluate(_OVERFLOWING) == [], width
            for name in ("Undo", "Run", "Chat"):
                await expect(editor.host.get_by_role("button", name=name, exact=True)).to_be_visible()
            await editor.host.get_by_role("button", name="Chat", exact=True).click()
            await expect(editor.status).to_contain_text("Ada")


async def test_completions_are_not_cut_off(meet: Meet) -> None:
    """NB-56: what pops up reaches beyond a small editor and the output that it is in."""
    _, _, _, (editor,) = await meet("Ada", text="a\nb\nc\n", options="language='python'")
    await editor.press("Control+End")
    await editor.type("imp")
    popup = editor.host.locator(".cm-tooltip-autocomplete")
    await expect(popup).to_be_visible()
    bottom = "element => element.getBoundingClientRect().bottom"
    assert await popup.evaluate(bottom) > await editor.host.evaluate(bottom)
    assert await popup.evaluate(_BELOW)


async def test_nothing_is_left_of_what_is_removed(meet: Meet) -> None:
    """NB-57: each editor has one connection, however often the same is shown; it ends with its output."""
    sockets: list[WebSocket] = []

    def connections() -> int:
        return sum(not socket.is_closed() and socket.url.endswith("/ws") for socket in sockets)

    async def are(count: int) -> None:
        async def is_so() -> bool:
            return connections() == count

        await until(is_so)

    _, _, (ada,), (editor,) = await meet(
        "Ada", text="x", cells=("ed", "from rayrooms_jupyter import RoomChat; RoomChat(ed)")
    )
    ada.page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - it marks what it is given
    await ada.run_cell(0)
    await ada.joins()
    await ada.run_cell(1)
    again: Widget = await ada.joins(cell=1)
    await ada.run_cell(2)
    await ada.joins("chat", cell=2)
    await are(2)
    await again.press("End")
    await again.type("!")
    await editor.sees("x!")
    await ada.command("notebook:clear-all-cell-outputs")
    await are(0)
    await expect(ada.page.locator(".rayrooms, .rayrooms-notices")).to_have_count(0)


async def test_a_view_that_went_by_the_kernel_says_that_it_is_gone(meet: Meet) -> None:
    """NB-58: it does not wait for what will not come; run again, it has what was written meanwhile."""
    _, _, (ada,), (editor,) = await meet("Ada", text="x", options="transport='relay'")
    await ada.restart_kernel()
    await editor.is_offline()
    await editor.press("End")
    await editor.type("!")
    await expect(editor.host).to_contain_text("run the cell again. What you wrote is kept in this browser")
    await ada.run_cell(0)
    again = await ada.joins()
    await again.sees("x!")
    await again.is_saved()
