"""Builds the notebook's bundle where a distribution is made and there is none yet; pyproject.toml names this."""

from __future__ import annotations

import shutil
import subprocess
import sys

from hatch_jupyter_builder import npm_builder

_OLDEST_NODE = 24
_NEEDED = f"rayrooms: building from a checkout needs Node {_OLDEST_NODE} or newer, with npm"
_OTHERWISE = (
    "Build on a machine that has it, or take a finished wheel or the source distribution: both carry the bundle, and "
    "`scripts/wheel` makes them, bringing a Node of its own."
)


def build(target_name: str, version: str, path: str) -> None:
    """Install the locked npm packages in `path` and run its build; exits with one sentence where there is no Node."""
    if shutil.which("npm") is None or (node := shutil.which("node")) is None:
        sys.exit(f"{_NEEDED}; none was found. {_OTHERWISE}")
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(found.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        sys.exit(f"{_NEEDED}; this is {found}. {_OTHERWISE}")
    npm_builder(target_name, version, path=path, npm=["npm", "--ignore-scripts", "--no-audit", "--no-fund"])
