"""What the command lines here share: how they end, how failures are told, and the file that --json writes."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, TypeVar

import msgspec

from loadtest.author import ReplayError
from loadtest.processes import NotHereError
from loadtest.rest import RestError
from loadtest.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from pathlib import Path

T = TypeVar("T")

FAILURES = (RestError, WireError, ReplayError, NotHereError, ConnectionError, TimeoutError)
"""What ends a run: told in a sentence, with a non-zero exit."""


async def told(work: Awaitable[T], title: str = "") -> T:
    """Await it; when several things fail at once, raise RestError with what went wrong first, after the title."""
    try:
        return await work
    except* FAILURES as group:
        raise RestError(f"{title}: {first_failure(group)}" if title else first_failure(group)) from None


def first_failure(group: BaseException) -> str:
    """What went wrong first, in words."""
    failure = group
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return str(failure) or type(failure).__name__


def run(program: str, command: Callable[[], int]) -> int:
    """Do what was asked for; returns the exit status: the command's own, or that of a failure or an interruption."""
    try:
        return command()
    except RestError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def write_json(path: Path | None, report: msgspec.Struct) -> None:
    """Write the file that --json asked for, if it did."""
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def names_in(value: str, known: Collection[str], kind: str) -> list[str]:
    """The names in an option's value, all of them known. Raises ArgumentTypeError."""
    names = value.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {kind} {unknown[0]}; there are {', '.join(known)}")
    return names
