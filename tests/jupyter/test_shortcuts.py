"""Keys that are pressed in the editor are the editor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .colleague import Colleague
    from .conftest import Meet

JUPYTERS = (
    "Escape", "d", "d", "a", "b", "x", "c", "v", "m", "y", "r", "z", "i", "i", "0", "0", "Shift+L", "Shift+M",
    "Control+s", "Control+Shift+Minus", "Shift+Enter", "Control+Enter", "Alt+Enter", "Escape",
    "ArrowUp", "ArrowDown", "j", "k",
)  # fmt: skip
"""Jupyter's: among others cut, delete, insert, merge and split cells, run them, interrupt and restart the kernel."""


async def test_shortcuts_of_the_notebook_do_nothing(meet: Meet) -> None:
    """NB-66: the notebook stays as it is; what is text arrives as text."""
    _, _, (ada,), (editor,) = await meet("Ada", options="language='text'", cells=("'untouched'",))
    await editor.press("Control+Home")
    before = await notebook_of(ada)
    for key in JUPYTERS:
        await editor.press(key)
        assert await notebook_of(ada) == before, key
    await editor.is_saved()
    assert (await editor.text()).replace("\n", "").strip() == "ddabxcvmyrzii00LMjk"

    # The same keys outside of it mean what they mean to Jupyter.
    await ada.select(1)
    await ada.page.locator(".jp-Notebook .jp-InputPrompt").nth(1).click()
    await ada.page.keyboard.press("b")
    assert len(await ada.sources()) == len(before[0]) + 1


async def notebook_of(colleague: Colleague) -> tuple[list[str], list[int], str]:
    """The cells, how often each was run, and the mode."""
    return await colleague.sources(), await colleague.execution_counts(), await colleague.mode()
