"""A Jupyter server as a child process, with nothing but the extension in it and every file of its own in one place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import httpx
import psutil

from tests.live.server import ROOT
from tests.notebooks.server import users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

_START_TIMEOUT = 60.0
_POLL = 0.05
_OTHERS = (
    "jupyter_lsp",
    "jupyter_server_fileid",
    "jupyter_server_terminals",
    "jupyter_server_ydoc",
    "jupyterlab",
    "notebook",
    "notebook_shim",
)
_XSRF = "0123456789abcdef"


class Jupyter:
    """One server from `with` to its end. `config` is added to its configuration; people log in by `users.cookie`."""

    def __init__(
        self,
        directory: Path,
        config: Mapping[str, Mapping[str, Any]],
        *,
        environment: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        config_file: str | None = None,
    ) -> None:
        self._directory = directory
        self._log = directory / "log"
        self._options = options
        self._process: psutil.Popen | None = None
        self.url = ""
        """Its base URL, with a slash at the end."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAYROOMS_", "JUPYTER"))}
        self._environment = {
            **inherited,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'notebooks'}",
            **{f"JUPYTER_{kind.upper()}_DIR": str(directory / kind) for kind in ("config", "data", "runtime")},
            "IPYTHONDIR": str(directory / "ipython"),
            **(environment or {}),
        }
        for part in ("config/jupyter_server_config.d", "data", "runtime", "ipython", "root"):
            (directory / part).mkdir(parents=True)
        (directory / "config" / "jupyter_server_config.d" / "rayrooms.json").write_bytes(
            (ROOT / "notebooks" / "config" / "rayrooms.json").read_bytes()
        )
        app = {
            "ip": "127.0.0.1",
            "port": 0,
            "open_browser": False,
            "allow_root": True,
            "base_url": "/user/ada/",
            "root_dir": str(directory / "root"),
            "identity_provider_class": f"{users.CookieUsers.__module__}.{users.CookieUsers.__name__}",
            "jpserver_extensions": dict.fromkeys(_OTHERS, False),
            **config.get("ServerApp", {}),
        }
        (directory / "config" / "jupyter_server_config.json").write_text(json.dumps({**config, "ServerApp": app}))
        if config_file is not None:
            (directory / "config" / "jupyter_server_config.py").write_text(config_file)

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = psutil.Popen(
                [sys.executable, "-m", "jupyter_server", *self._options],
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._answers():
            assert self._process.poll() is None, f"Jupyter did not start:\n{self.log()}"
            assert time.monotonic() < deadline, f"Jupyter does not answer:\n{self.log()}"
            time.sleep(_POLL)
        return self

    def _answers(self) -> bool:
        assert self._process is not None
        info = self._directory / "runtime" / f"jpserver-{self._process.pid}.json"
        try:
            self.url = json.loads(info.read_text())["url"].replace("localhost", "127.0.0.1")
            return httpx.get(f"{self.url}api", timeout=5).is_success
        except (OSError, ValueError, httpx.HTTPError):
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        family = [self._process, *self._process.children(recursive=True)]
        self._process.terminate()
        _, left = psutil.wait_procs(family, timeout=20)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=10)

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/user/ada/")

    @property
    def socket_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}rayrooms/ws"

    def log(self) -> str:
        return self._log.read_text()

    def page(self, username: str | None) -> httpx.AsyncClient:
        """What a page of this server can ask, with that user logged in: cookies, and Jupyter's XSRF token."""
        login = "" if username is None else f"{users.cookie(username)}; "
        return httpx.AsyncClient(
            base_url=f"{self.url}rayrooms/",
            headers={"Cookie": f"{login}_xsrf={_XSRF}", "X-XSRFToken": _XSRF, "Sec-Fetch-Site": "same-origin"},
            timeout=30,
        )
