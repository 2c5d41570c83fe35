"""What commands write: lines and tables for people, JSON for programs, one line for what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def say(line: str) -> None:
    """One line to whoever reads, at once: it may be a pipe that others follow."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(error: Exception | str) -> None:
    """One line of what went wrong."""
    sys.stderr.write(f"rayrooms: {plain(str(error))}\n")


def plain(text: str) -> str:
    """Text as a terminal may have it: what is not printable, such as an escape sequence in a name, is spelled out."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> list[str]:
    """Columns side by side; those that `numbers` names are set to the right. Cells are made plain."""
    cells = [[plain(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    to_the_right = [name in numbers for name in head]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, to_the_right, strict=True)
        ).rstrip()
        for row in cells
    ]


def size(count: int) -> str:
    """A number of bytes for people."""
    amount = float(count)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError(count)


def some(count: int, what: str) -> str:
    """A number of things: "1 member", "2 members"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
