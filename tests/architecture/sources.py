"""The project's Python modules, read once, for rules that hold over all of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("rayrooms", "persistence", "actors", "serve")
PACKAGES = (*LAYERS, "loadtest", "notebooks", "tests")


@dataclass(frozen=True)
class Module:
    """One source file: its path below the checkout, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.parts[0]

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def imported(self) -> list[tuple[str, int]]:
        """Every module that it imports anywhere, also inside functions and for types only, with the line."""
        found: list[tuple[str, int]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                inside = ".".join(self.path.parts[:-1]) if node.level else ""
                found.append((node.module or inside if not node.level else inside, node.lineno))
        return found


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """All Python files of all packages."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(_read(path) for path in paths if "node_modules" not in path.parts)


def _read(path: Path) -> Module:
    text = path.read_text()
    return Module(path.relative_to(ROOT), text, ast.parse(text, str(path)))
