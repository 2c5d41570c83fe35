"""The relay through the kernel, under load and Jupyter's own limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from tests.browser.record import replayed
from tests.live.people import until

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.live.people import Person

    from .conftest import Meet

RATE = 200
SECONDS = 4
EDITS = RATE * SECONDS
KERNEL_EDITS = 200

TYPE_FAST = """(content, [character, edits, rate]) => new Promise(done => {
  content.focus()
  const begun = performance.now()
  let made = 0
  const timer = setInterval(() => {
    const due = Math.min(edits, (performance.now() - begun) * rate / 1000)
    for (; made < due; made += 1) document.execCommand('insertText', false, character)
    if (made >= edits) {
      clearInterval(timer)
      done(performance.now() - begun)
    }
  }, 5)
})"""
"""Insert a character so often at that rate, each an edit of its own. Resolves to the milliseconds that it took."""

KERNEL_WRITES = f"""
import time
for number in range({KERNEL_EDITS}):
    ed.insert(0, "k")
    time.sleep({SECONDS / KERNEL_EDITS})
"""


async def test_nothing_is_lost_at_speed(meet: Meet, lab: JupyterServer, host: Person) -> None:
    """RELAY-1, NB-73: 200 edits/s of each of two people and the kernel's own, all through one kernel."""
    room_id, _, (ada, _), (here, there) = await meet("Ada", "Bob", options="transport='relay'", cells=(KERNEL_WRITES,))
    for editor in (here, there):
        await editor.uses("relay")
    await ada.start_cell(1)
    took = await asyncio.gather(
        here.content.evaluate(TYPE_FAST, ["a", EDITS, RATE]), there.content.evaluate(TYPE_FAST, ["b", EDITS, RATE])
    )
    assert max(took) < 2 * SECONDS * 1000, "the page itself was too slow"
    await ada.is_idle()
    for editor in (here, there):
        await editor.is_saved()

    async def has_all() -> bool:
        return len(await host.text(room_id)) == 2 * EDITS + KERNEL_EDITS

    await until(has_all)
    stored = await replayed(host, room_id)
    assert Counter(stored) == {"a": EDITS, "b": EDITS, "k": KERNEL_EDITS}
    for editor in (here, there):
        await editor.sees(stored)
    assert "rate exceeded" not in lab.log()
