"""Rayrooms in a notebook: rooms as widgets, shared by everybody who has the notebook open, and by its kernel.

    from rayrooms_jupyter import RoomEditor
    ed = RoomEditor("team/notes")
    ed              # shows the editor
    ed.text         # the same document, from Python

`%load_ext rayrooms_jupyter` gives `%%room` and `%rooms`. Names are loaded when they are first used: a Jupyter server
that looks for its extension here needs no widgets, and a kernel no Jupyter server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from IPython.core.interactiveshell import InteractiveShell

    from rayrooms_jupyter.editor import RoomEditor
    from rayrooms_jupyter.execution import RunResult
    from rayrooms_jupyter.panels import RoomChat, RoomPresence

_HOMES = {
    "RoomChat": "rayrooms_jupyter.panels",
    "RoomEditor": "rayrooms_jupyter.editor",
    "RoomPresence": "rayrooms_jupyter.panels",
    "RunResult": "rayrooms_jupyter.execution",
}

__all__ = ["RoomChat", "RoomEditor", "RoomPresence", "RunResult", "load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give the magics `%%room` and `%rooms` to an IPython; `%load_ext rayrooms_jupyter` calls it."""
    _loaded("rayrooms_jupyter.magics").register(shell)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Name the module of the Jupyter server's side, which the server itself imports."""
    return [{"module": "rayrooms_jupyter.server"}]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_loaded(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _loaded(module: str) -> ModuleType:
    """A module that stands on widgets. Raises ImportError that says what to install where they are missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name in {"anywidget", "ipywidgets", "IPython", "traitlets"}:
            raise ImportError(
                f"The widgets need {error.name}, which is not installed here: pip install 'rayrooms[notebook]'"
            ) from error
        raise
