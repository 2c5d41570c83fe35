"""A real ipykernel, and a front end without a browser: it executes cells, and keeps the state of the widgets."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_client.blocking.client import BlockingKernelClient

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0

Message = dict[str, Any]


@dataclass
class Cell:
    """What came of executing a cell; `printed` holds what was shown in it later as well."""

    msg_id: str
    printed: str = ""
    errors: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    done: bool = False

    @property
    def next_input(self) -> str | None:
        """The text that replaces the cell's, if any."""
        for payload in self.reply.get("payload", []):
            if payload["source"] == "set_next_input":
                assert payload["replace"], payload
                text: str = payload["text"]
                return text
        return None


class Kernel:
    """A kernel process. What it sends is taken in while something is waited for."""

    def __init__(self, home: Path, url: str, static: Path) -> None:
        directories = {
            name: str(home / name)
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")
        }
        bootstrap = home / "bootstrap"
        bootstrap.mkdir(parents=True, exist_ok=True)
        (bootstrap / "sitecustomize.py").write_text(
            f"import pathlib, rayrooms_jupyter.assets as assets\nassets.STATIC = pathlib.Path({str(static)!r})\n"
        )
        python_path = os.pathsep.join([str(bootstrap), str(ROOT), str(ROOT / "notebooks")])
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("RAYROOMS_", "JUPYTER"))}
        self.models: dict[str, dict[str, Any]] = {}
        self.custom: list[tuple[str, Message]] = []
        self.log: list[Message] = []
        self._cells: dict[str, Cell] = {}
        self._manager = KernelManager(
            kernel_name="python3", connection_file=str(home / f"kernel-{time.time_ns()}.json")
        )
        self._manager.start_kernel(
            env=environment | directories | {"RAYROOMS_URL": url, "PYTHONPATH": python_path, "USER": "ada"},
            cwd=str(home),
        )
        self.client: BlockingKernelClient = self._manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    # -------------------------------------------------------------- cells

    def start(self, code: str, *, cell_id: str | None = None) -> Cell:
        """Ask for a cell to be executed."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {} if cell_id is None else {"cellId": cell_id}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        cell = Cell(message["header"]["msg_id"])
        self._cells[cell.msg_id] = cell
        return cell

    def finish(self, cell: Cell, *, fails: bool = False) -> Cell:
        """Wait until a cell was executed."""
        self.until(lambda: cell.done and bool(cell.reply))
        assert (cell.reply["status"] == "error") == fails, cell
        return cell

    def execute(self, code: str, *, cell_id: str | None = None, fails: bool = False) -> Cell:
        return self.finish(self.start(code, cell_id=cell_id), fails=fails)

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel."""
        cell = self.execute(f"print(repr(({expression})))")
        return eval(cell.printed)

    # -------------------------------------------------------------- widgets

    def model_of(self, variable: str) -> str:
        model: str = self.value(f"{variable}.model_id")
        return model

    def send(self, model_id: str, content: Message, *, subshell: str | None = None) -> None:
        """What a view of the widget sends."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": model_id, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def received(self, model_id: str, view: str) -> list[Message]:
        """The custom messages for one view."""
        return [content for model, content in self.custom if model == model_id and content.get("view") == view]

    def outputs(self, variable: str) -> Callable[[], list[dict[str, Any]]]:
        """What is shown under an editor, now and later."""
        model = self.model_of(f"{variable}.output")
        return lambda: list(self.models[model]["outputs"])

    def new_subshell(self) -> str:
        """Another thread of the kernel, as JupyterLab has it for widgets."""
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        reply = self.client.get_control_msg(timeout=PATIENCE)
        subshell: str = reply["content"]["subshell_id"]
        return subshell

    # -------------------------------------------------------------- life

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def restart(self) -> None:
        """As the Restart button does it."""
        self.models.clear()
        self._manager.restart_kernel(now=False)
        self.client.wait_for_ready(timeout=PATIENCE)

    def shutdown(self) -> None:
        self._manager.shutdown_kernel(now=False)

    def kill(self) -> None:
        self.client.stop_channels()
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)

    def until(self, holds: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Take in what the kernel sends until something holds."""
        deadline = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < deadline, f"it did not happen; the last messages: {self.log[-12:]}"
            with contextlib.suppress(Empty):
                self._take(self.client.get_iopub_msg(timeout=0.05))
            self._take_replies()

    def _take_replies(self) -> None:
        while self.client.shell_channel.msg_ready():
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            cell = self._cells.get(reply["parent_header"].get("msg_id", ""))
            if cell is not None:
                cell.reply = reply["content"]

    def _take(self, message: Message) -> None:
        self.log.append(message)
        content = message["content"]
        cell = self._cells.get(message["parent_header"].get("msg_id", ""))
        match message["msg_type"]:
            case "comm_open":
                self.models[content["comm_id"]] = dict(content["data"]["state"])
            case "comm_msg" if content["data"].get("method") == "update":
                self.models.setdefault(content["comm_id"], {}).update(content["data"]["state"])
            case "comm_msg" if content["data"].get("method") == "custom":
                self.custom.append((content["comm_id"], content["data"]["content"]))
            case "stream" if cell is not None and content["name"] == "stdout":
                cell.printed += content["text"]
            case "stream" | "error" if cell is not None:
                cell.errors += content.get("text", "") or f"{content['ename']}: {content['evalue']}"
            case "execute_result" | "display_data" if cell is not None:
                cell.data.append(content["data"])
            case "status" if cell is not None and content["execution_state"] == "idle":
                cell.done = True


def text_of(outputs: list[dict[str, Any]], stream: str = "stdout") -> str:
    """All that was printed."""
    return "".join(output["text"] for output in outputs if output.get("name") == stream)
