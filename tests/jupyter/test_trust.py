"""A notebook that Jupyter does not trust shows no widgets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
from playwright.async_api import expect

from tests.live.people import until

from .conftest import editor_cell

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.live.people import Person

    from .conftest import Arrive


async def test_an_untrusted_notebook_says_what_to_do(arrive: Arrive, lab: JupyterServer, host: Person) -> None:
    """NB-80: in place of the widget is its plain text, which helps; running the cell does what it says."""
    room_id = await host.make_room()
    path = lab.write(f"{room_id}.ipynb", [editor_cell(room_id)])
    ada = await arrive("Ada")
    await ada.open(path)
    await ada.run_cell(0)
    await ada.joins()
    await ada.command("docmanager:save")

    async def is_written() -> bool:
        return "widget-view" in lab.read(path)

    await until(is_written)
    await ada.close(shut_down=True)
    notebook = nbformat.from_dict(json.loads(lab.read(path)))
    notebook.metadata["stranger"] = True  # another content than what was signed when it was saved
    strange = f"strange-{path}"
    lab.store(strange, notebook, trusted=False)

    await ada.open(strange)
    output = ada.output(0)
    await expect(output).to_contain_text("the widget itself is not shown yet")
    await expect(output).to_contain_text("Trust")
    await expect(output).to_contain_text(f"/rooms/{room_id}")
    await expect(ada.widget().host).to_have_count(0)
    await ada.run_cell(0)
    await ada.joins()
    await expect(output).not_to_contain_text("Trust")
