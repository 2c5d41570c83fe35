"""House rules that a machine can hold: sizes, names, docstrings, nothing left lying about."""

from __future__ import annotations

import ast
import re
import subprocess

from tests.architecture.sources import ROOT, modules

_LONGEST = 500
_MOST_ARE_UNDER = 300
_VAGUE = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}
_LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX)\b")


def test_no_module_is_too_long() -> None:
    """ARCH-4: no module is over 500 lines, and nine in ten are under 300."""
    assert [str(module.path) for module in modules() if module.lines > _LONGEST] == []
    short = [module for module in modules() if module.lines < _MOST_ARE_UNDER]
    assert len(short) >= 0.9 * len(modules())


def test_every_module_says_what_it_is_for() -> None:
    """ARCH-5: each module opens with a docstring."""
    assert [str(module.path) for module in modules() if not ast.get_docstring(module.tree)] == []


def test_names_say_what_is_inside() -> None:
    """ARCH-6: no module is called utils, helpers or the like."""
    assert [str(module.path) for module in modules() if module.path.name in _VAGUE] == []


def test_nothing_is_left_over() -> None:
    """ARCH-7: no notes to self in the code."""
    noted = [str(module.path) for module in modules() if module.package != "tests" and _LEFT_OVER.search(module.text)]
    assert noted == []


def test_tests_wait_on_conditions() -> None:
    """ARCH-8: no test sleeps for a while and hopes; short sleeps stand only inside a loop that checks a condition."""
    offenders = []
    for module in modules():
        if module.package != "tests":
            continue
        looped = {
            inner
            for node in ast.walk(module.tree)
            if isinstance(node, ast.While | ast.For | ast.AsyncFor)
            for inner in ast.walk(node)
        }
        offenders += [
            f"{module.path}:{node.lineno}"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and _is_real_sleep(node) and node not in looped
        ]
    assert offenders == []


def test_scripts_can_be_run() -> None:
    """ARCH-9: every script is executable, names bash in its first line and is valid bash."""
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix]
    assert {path.name for path in scripts} >= {"up", "test", "check", "env", "lock"}
    for path in (*scripts, ROOT / ".ci" / "run"):
        assert path.stat().st_mode & 0o111, path
        assert path.read_text().startswith("#!/usr/bin/env bash\n"), path
        subprocess.run(["bash", "-n", str(path)], check=True)


def _is_real_sleep(call: ast.Call) -> bool:
    """Tell whether it sleeps for longer than a turn of the event loop."""
    name = ast.unparse(call.func)
    waits = not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
    return name in {"time.sleep", "asyncio.sleep", "sleep"} and waits
