"""A JupyterLab server (which serves Notebook 7 as well) as a child process, with all its files in one directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import psutil
from nbformat.sign import NotebookNotary

from loadtest.lab import users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0
_POLL = 0.05
_ENABLED = ROOT / "notebooks" / "config" / "rayrooms.json"
"""What the wheel installs so that Jupyter loads the extension."""

_CONFIG: dict[str, Mapping[str, object]] = {
    "ServerApp": {
        "ip": "127.0.0.1",
        "port": 0,
        "open_browser": False,
        "allow_root": True,
        "identity_provider_class": f"{users.CookieUsers.__module__}.{users.CookieUsers.__name__}",
        "jpserver_extensions": {"jupyter_lsp": False, "jupyter_server_terminals": False},
    },
    "LabApp": {"expose_app_in_browser": True, "news_url": None, "extension_manager": "readonly"},
    "JupyterNotebookApp": {"expose_app_in_browser": True},
}
_PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
"""Lab shall not ask whether it may look for news."""


class JupyterServer:
    """One JupyterLab. With `proxy` (traits of `RayroomsProxy`) the Rayrooms extension is on, else it is off.

    `environment` is added to what the server and its kernels get, `headers` to every answer; `python` is the
    interpreter of the environment that JupyterLab is installed in.
    """

    def __init__(
        self,
        directory: Path,
        *,
        proxy: Mapping[str, object] | None,
        environment: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self._directory = directory
        self._python = python
        self._log = directory / "log"
        self.notebooks = directory / "notebooks"
        self.data = directory / "data"
        """What Jupyter and its kernels keep for their user."""
        self.url = ""
        """Its base URL once it runs, with a slash at the end."""
        self._process: psutil.Popen | None = None
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RAYROOMS_", "JUPYTER"))},
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'notebooks'}",
            **{f"JUPYTER_{kind.upper()}_DIR": str(directory / kind) for kind in ("config", "data", "runtime")},
            "IPYTHONDIR": str(directory / "ipython"),
            **(environment or {}),
        }
        for part in ("notebooks", "data", "runtime", "ipython", "config/jupyter_server_config.d", "config/labconfig"):
            (directory / part).mkdir(parents=True)
        config = directory / "config"
        settings = {**_CONFIG, "ServerApp": {**_CONFIG["ServerApp"], "tornado_settings": {"headers": headers or {}}}}
        if proxy is not None:
            settings["RayroomsProxy"] = proxy
        (config / "jupyter_server_config.json").write_text(json.dumps(settings))
        (config / "labconfig" / "page_config.json").write_text(json.dumps(_PAGE))
        if proxy is not None:
            shutil.copy(_ENABLED, config / "jupyter_server_config.d")

    def start(self) -> None:
        """Start it and return once it answers."""
        with self._log.open("ab") as log:
            self._process = psutil.Popen(
                [self._python, "-m", "jupyterlab"],
                cwd=self.notebooks,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")
            time.sleep(_POLL)

    def _answers(self) -> bool:
        running = self._process
        info = self._directory / "runtime" / f"jpserver-{running.pid if running else 0}.json"
        if not info.exists():
            return False
        try:
            self.url = json.loads(info.read_text())["url"].replace("localhost", "127.0.0.1")
            with urllib.request.urlopen(f"{self.url}api", timeout=5):  # noqa: S310 - the server that was just started
                return True
        except (ValueError, KeyError, urllib.error.URLError):  # the file is being written, or nobody listens yet
            return False

    def stop(self) -> None:
        """Stop it and its kernels."""
        process = self._process
        if process is None or not process.is_running():
            return
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, left = psutil.wait_procs(family, timeout=STOP_TIMEOUT)
        for one in left:
            one.kill()
        psutil.wait_procs(left, timeout=STOP_TIMEOUT)

    def kernels(self) -> list[psutil.Process]:
        """The processes of all kernels."""
        assert self._process is not None
        return [one for one in self._process.children() if "ipykernel_launcher" in " ".join(one.cmdline())]

    def log(self) -> str:
        return self._log.read_text()

    def write(self, name: str, cells: Sequence[str], *, metadata: Mapping[str, object] | None = None) -> str:
        """Write a trusted notebook of code cells; returns its path for the browser."""
        new = nbformat.v4
        notebook = new.new_notebook(
            cells=[new.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}, **(metadata or {})},
        )
        self.store(name, notebook, trusted=True)
        return name

    def store(self, name: str, notebook: nbformat.NotebookNode, *, trusted: bool) -> None:
        """Write a notebook as it is, signed or not."""
        nbformat.write(notebook, self.notebooks / name)
        if trusted:
            NotebookNotary(data_dir=str(self.data)).sign(notebook)

    def read(self, name: str) -> str:
        """The file of a notebook as it lies on the disk."""
        return (self.notebooks / name).read_text()
