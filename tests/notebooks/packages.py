"""Makes the distributions as a release does, and environments with nothing in them but what a user would install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

from tests.live.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUILD_TIMEOUT = 120
INSTALL_TIMEOUT = 300


class Failed(Exception):  # noqa: N818 - what happened, not a fault
    """A command ended with an error; the message is all that it said."""


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float) -> str:
    """What a command prints. Raises Failed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, timeout=timeout, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failed(done.stdout + done.stderr)
    return done.stdout + done.stderr


def without_node(directory: Path) -> dict[str, str]:
    """An environment in which no program is found on the path."""
    directory.mkdir(exist_ok=True)
    return {**os.environ, "PATH": str(directory)}


def build(kind: str, source: Path, to: Path, env: Mapping[str, str]) -> Path:
    """An sdist or a wheel of `source`, made with what is installed here. Raises Failed."""
    before = set(to.glob("*"))
    run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        kind,
        "--directory",
        to,
        cwd=source,
        env=env,
        timeout=BUILD_TIMEOUT,
    )
    (made,) = set(to.glob("*")) - before
    return made


def unpack(sdist: Path, to: Path) -> Path:
    """The directory that an sdist holds."""
    with tarfile.open(sdist) as archive:
        archive.extractall(to, filter="data")
    (directory,) = to.iterdir()
    return directory


class Environment:
    """A virtual environment of its own, with the locked versions of whatever is installed into it."""

    def __init__(self, directory: Path, *requirements: str) -> None:
        self._uv = shutil.which("uv") or str(ROOT / ".venv" / "bootstrap" / "bin" / "uv")
        self._directory = directory
        self.python = directory / "bin" / "python"
        run(self._uv, "venv", "--quiet", "--python", sys.executable, directory, timeout=INSTALL_TIMEOUT)
        lock = ROOT / "requirements.lock"
        install = (self._uv, "pip", "install", "--quiet", "--python", self.python, "--constraint", lock)
        run(*install, *requirements, timeout=INSTALL_TIMEOUT)

    def packages(self) -> set[str]:
        """The names of all that is installed."""
        listed = run(self._uv, "pip", "freeze", "--python", self.python, timeout=INSTALL_TIMEOUT)
        return {line.partition("==")[0].partition(" @")[0].lower() for line in listed.splitlines()}

    def command(self, name: str) -> Path:
        return self._directory / "bin" / name

    def run(self, program: str, env: Mapping[str, str] | None = None) -> str:
        """What a Python program prints there, with nothing of the checkout in sight. Raises Failed."""
        return run(self.python, "-I", "-c", program, cwd=self._directory, env=env, timeout=INSTALL_TIMEOUT)
