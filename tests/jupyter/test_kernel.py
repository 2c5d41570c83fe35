"""The kernel beside the views: they go on without it, and it takes part with a client of its own."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from .conftest import editor_cell

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.live.people import Person

    from .conftest import Arrive, Meet

ENDLESS = "while True: pass"
ASLEEP = "import time; time.sleep(3600)"
KEYS = 60


async def test_busy_and_restarted_kernels(arrive: Arrive, lab: JupyterServer, host: Person) -> None:
    """NB-61, NB-62: direct and proxied editors mind neither, and no keystroke is lost."""
    room_id = await host.make_room()
    await host.insert(room_id, 0, "|")
    cells = [editor_cell(room_id, f"transport={way!r}") for way in ("direct", "proxy")]
    path = lab.write(f"{room_id}.ipynb", [*cells, ENDLESS, ASLEEP])
    ada, bob = await arrive("Ada"), await arrive("Bob")
    for colleague in (ada, bob):
        await colleague.open(path)
    for cell in (0, 1):
        await ada.run_cell(cell)
    direct, proxied = await ada.joins(cell=0), await bob.joins(cell=1)
    await direct.uses("direct")
    await proxied.uses("proxy")
    await proxied.press("Control+Home")

    for cell, (left, right) in {2: ("x", "y"), 3: ("X", "Y")}.items():
        await ada.start_cell(cell)
        await ada.is_busy()
        await direct.press("Control+End")  # a page that is starved for 200 ms loses its caret with the focus
        await asyncio.gather(direct.type(right), proxied.type(left))
        for editor in (direct, proxied):
            await editor.is_saved()
        await bob.is_busy()
        await ada.interrupt_kernel()
    for editor in (direct, proxied):
        await editor.sees("xX|yY")

    (old,) = lab.kernels()
    await direct.press("Control+End")
    await asyncio.gather(
        direct.content.press_sequentially("a" * KEYS, delay=20),
        proxied.content.press_sequentially("b" * KEYS, delay=20),
        ada.restart_kernel(),
    )
    assert old not in lab.kernels()
    for editor, transport in ((direct, "direct"), (proxied, "proxy")):
        await editor.sees("xX" + "b" * KEYS + "|yY" + "a" * KEYS)
        await editor.is_saved()
        await editor.uses(transport)
    assert await host.text(room_id) == "xX" + "b" * KEYS + "|yY" + "a" * KEYS


async def test_a_program_in_the_kernel(meet: Meet, host: Person) -> None:
    """NB-63, NB-64: its edits come to everybody; both see what the shared text prints, whoever runs it."""
    read_back = "print(repr(ed.text), ed.status, sorted({user.name for user in ed.users}))"
    room_id, _, (ada, bob), (here, there) = await meet(
        "Ada", "Bob", text="answer = 6 * 7", cells=("ed.insert(0, '# from the kernel\\n')", read_back, "ed.run()")
    )
    await ada.run_cell(1)
    for editor in (here, there):
        await editor.sees("# from the kernel\nanswer = 6 * 7")
    await there.press("Control+End")
    await there.type("\nprint(f'{answer} is it')")
    await there.is_saved()
    await here.sees("# from the kernel\nanswer = 6 * 7\nprint(f'{answer} is it')")
    await ada.run_cell(2)
    assert "answer is it" not in await ada.outputs(2)
    assert "{answer} is it" in await ada.outputs(2)
    assert "online" in await ada.outputs(2)
    assert "Ada" in await ada.outputs(2)
    assert "Bob" in await ada.outputs(2)

    await ada.run_cell(3)
    for colleague in (ada, bob):
        await expect(colleague.output(0)).to_contain_text("42 is it")
    await there.press("Control+Home")
    await there.type("print('run by', 'Bob')\n")
    await there.is_saved()
    await there.button(re.compile("^Run")).click()
    for colleague in (ada, bob):
        await expect(colleague.output(0)).to_contain_text("run by Bob")
    before = await bob.execution_counts()
    await there.press("Control+Home")
    await there.type("print('run by', 'keys')\n")
    await there.press("Shift+Enter")
    for colleague in (ada, bob):
        await expect(colleague.output(0)).to_contain_text("run by keys")
    assert await bob.execution_counts() == before
    assert (await host.text(room_id)).startswith("print('run by', 'keys')\nprint('run by', 'Bob')\n# from the kernel")


async def test_undo_takes_back_ones_own(meet: Meet) -> None:
    """NB-65: not what others or the kernel wrote meanwhile."""
    _, _, (ada, _), (here, there) = await meet("Ada", "Bob", cells=("ed.insert(len(ed.text), ' kernel')",))
    await here.type("mine")
    await there.sees("mine")
    await there.press("Control+End")
    await there.type(" theirs")
    await here.sees("mine theirs")
    await ada.run_cell(1)
    await here.sees("mine theirs kernel")
    await here.press("Control+z")
    for editor in (here, there):
        await editor.sees(" theirs kernel")
    await there.press("Control+z")
    for editor in (here, there):
        await editor.sees(" kernel")
    assert await ada.execution_counts() == [1, 2]
