"""Executes a notebook as Jupyter would, in a kernel with Jupyter directories of its own."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING, Any

from nbclient import NotebookClient
from nbformat import v4

from tests.live.server import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

CELL_TIMEOUT = 60
_ASK = "print(repr({}))"


def environment(directory: Path, url: str) -> dict[str, str]:
    """What a kernel inherits from a Jupyter server whose extension leads to the room server at `url`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAYROOMS_", "JUPYTER"))}
    return {
        **inherited,
        **{f"JUPYTER_{kind.upper()}_DIR": str(directory / kind) for kind in ("config", "data", "runtime")},
        "IPYTHONDIR": str(directory / "ipython"),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'notebooks'}",
        "RAYROOMS_URL": url,
    }


async def execute(notebook: NotebookNode, directory: Path, env: dict[str, str], *, kernel: str = "python3") -> None:
    """Run all cells and keep their outputs in `notebook`. Raises CellExecutionError for a cell that fails."""
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT, kernel_name=kernel, resources={"metadata": {"path": str(directory)}}
    )
    await client.async_execute(env=env)


async def execute_and_ask(notebook: NotebookNode, question: str, directory: Path, env: dict[str, str]) -> Any:
    """Run all cells, and then an expression of literals in the same kernel; returns its value."""
    asked = v4.new_notebook(
        cells=[*notebook.cells, v4.new_code_cell(_ASK.format(question))], metadata=notebook.metadata
    )
    await execute(asked, directory, env)
    return ast.literal_eval(printed(asked.cells[-1]))


def printed(cell: NotebookNode) -> str:
    """What a cell printed."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")
