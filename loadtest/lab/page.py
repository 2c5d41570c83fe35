"""A tab with JupyterLab or Notebook 7 in it, moved through Jupyter's own application object."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from loadtest.lab.users import COOKIE, username_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, Page

Mode = Literal["command", "edit"]

PATIENCE = 90.0
"""Seconds within which Jupyter does what it is told."""

_STARTED = "() => window.jupyterapp !== undefined && jupyterapp.restored.then(() => true)"
_OPEN = """async path => {
  window.panel = await jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'})
  await panel.context.ready
  await panel.sessionContext.ready
}"""
_ADOPT = """async () => {
  window.panel = jupyterapp.shell.currentWidget
  if (panel?.context === undefined) return false
  await panel.context.ready
  await panel.sessionContext.ready
  return true
}"""
_IS_IDLE = "() => panel.sessionContext.session?.kernel?.status === 'idle'"
_IS_BUSY = "() => panel.sessionContext.session?.kernel?.status === 'busy'"
_COUNTS = """() => panel.content.widgets
  .filter(cell => cell.model.type === 'code').map(cell => cell.model.executionCount ?? 0)"""
_CLOSE = """async shut => {
  if (window.panel === undefined || panel.isDisposed) return
  if (shut) await panel.sessionContext.shutdown()
  panel.dispose() // closing would ask whether to save while the server is about to
}"""


class LabPage:
    """One person's tab. At most one notebook is open in it at a time; its panel is `window.panel`."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page = page
        self.name = name
        self.url = url

    async def _evaluate(self, script: str, argument: object = None) -> Any:  # noqa: ANN401 - whatever the script returns
        """Run a script in the page. Playwright itself would wait for ever. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            return await self.page.evaluate(script, argument)

    async def start(self) -> None:
        """Load JupyterLab with nothing open."""
        await self.page.goto(f"{self.url}lab/workspaces/{username_of(self.name)}?reset")
        await self.page.wait_for_function(_STARTED)

    async def open(self, path: str) -> None:
        """Open a notebook and wait until it is in step with the others and has a kernel that is ready."""
        await self._evaluate(_OPEN, path)
        await self.is_idle()

    async def open_classic(self, path: str) -> None:
        """Open a notebook in Notebook 7, which takes the whole tab."""
        await self.page.goto(f"{self.url}notebooks/{quote(path)}")
        await self.page.wait_for_function(_STARTED)
        await self.page.wait_for_function(_ADOPT)
        await self.is_idle()

    async def close(self, *, shut_down: bool = False) -> None:
        """Close the notebook, with its kernel if wished."""
        await self._evaluate(_CLOSE, shut_down)

    async def command(self, name: str, **arguments: object) -> None:
        """Run one of Jupyter's commands and wait for its end."""
        await self._evaluate(
            "([name, args]) => jupyterapp.commands.execute(name, args).then(() => {})", [name, arguments]
        )

    async def switch_on(self, name: str) -> None:
        """Run a command that toggles something, unless it is on."""
        await self._evaluate(
            "name => jupyterapp.commands.isToggled(name) || jupyterapp.commands.execute(name).then(() => {})", name
        )

    async def start_command(self, name: str) -> None:
        """Run a command that may last, such as a cell that does not end."""
        await self._evaluate("name => void jupyterapp.commands.execute(name)", name)

    async def run_all(self) -> None:
        """Run all cells, and wait for their end."""
        await self.command("notebook:run-all-cells")
        await self.is_idle()

    async def select(self, cell: int) -> None:
        """Make a cell the active one, in command mode."""
        await self._evaluate("at => { panel.content.activeCellIndex = at; panel.content.mode = 'command' }", cell)

    async def start_cell(self, cell: int) -> None:
        """Run one cell and do not wait for its end."""
        await self.select(cell)
        await self.start_command("notebook:run-cell")

    async def run_cell(self, cell: int) -> None:
        """Run one cell, and wait for its end."""
        await self.select(cell)
        await self.command("notebook:run-cell")

    async def is_idle(self) -> None:
        await self.page.wait_for_function(_IS_IDLE)

    async def is_busy(self) -> None:
        await self.page.wait_for_function(_IS_BUSY)

    async def restart_kernel(self) -> None:
        """Restart the kernel, without the question that the button asks."""
        await self._evaluate("() => panel.sessionContext.session.kernel.restart()")
        await self.is_idle()

    async def interrupt_kernel(self) -> None:
        await self._evaluate("() => panel.sessionContext.session.kernel.interrupt()")
        await self.is_idle()

    async def mode(self) -> Mode:
        mode: Mode = await self._evaluate("() => panel.content.mode")
        return mode

    async def execution_counts(self) -> list[int]:
        """How often each code cell was run, as Jupyter counts; 0 for those that never were."""
        counts: list[int] = await self._evaluate(_COUNTS)
        return counts

    async def sources(self) -> list[str]:
        """The text of every cell."""
        sources: list[str] = await self._evaluate(
            "() => panel.content.widgets.map(cell => cell.model.sharedModel.getSource())"
        )
        return sources


@asynccontextmanager
async def context_of(
    browser: Browser, url: str, name: str, *, bypass_csp: bool = False
) -> AsyncIterator[BrowserContext]:
    """A browser context in which `name` is logged in to the Jupyter at `url`."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce", bypass_csp=bypass_csp
    )
    await context.add_cookies([{"name": COOKIE, "value": quote(name), "url": url}])
    try:
        yield context
    finally:
        await context.close()
