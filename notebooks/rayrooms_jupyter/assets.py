"""The widgets' code for the browser, as scripts/web builds it into this package, and how the kernel hands it out."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rayrooms.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

STATIC = Path(__file__).with_name("static")
PART_SIZE = 200_000
"""Characters in one message."""
RATE = 400_000.0
"""Characters a second in all: Jupyter drops what a kernel sends over 1 MB/s, and others use the kernel too."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(js|css|json)")


class Manifest(msgspec.Struct):
    """What static/manifest.json tells the kernel: the file that holds the code of the views."""

    bundle: str


@cache
def manifest() -> Manifest:
    """Raises UnavailableError when the code was not built, or cannot be read."""
    try:
        return msgspec.json.decode(_read("manifest.json"), type=Manifest)
    except msgspec.DecodeError as error:
        raise UnavailableError(f"{STATIC / 'manifest.json'} cannot be read: {error}.") from error


@cache
def loader() -> str:
    """The module that a widget carries itself: it finds the rest. Raises UnavailableError as `manifest`."""
    return _read("loader.js")


def asset(name: str) -> str:
    """The content of a file of the widgets' code. Raises NotFoundError for anything else."""
    if _PLAIN_NAME.fullmatch(name) is None or not (STATIC / name).is_file():
        raise NotFoundError(f"There is no file {name!r} among the widgets' code.", code="asset_not_found")
    return (STATIC / name).read_text("utf-8")


def parts(content: str) -> Iterator[str]:
    """`content` in pieces that fit a message; one empty piece when there is none."""
    for start in range(0, max(1, len(content)), PART_SIZE):
        yield content[start : start + PART_SIZE]


class Pace:
    """Lets through so many characters a second, in the order asked."""

    def __init__(self, rate: float = RATE) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def admit(self, size: int) -> None:
        """Return when `size` characters may go."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._free_at)
        self._free_at = start + size / self._rate
        if start > now:
            await asyncio.sleep(start - now)


def _read(name: str) -> str:
    try:
        return (STATIC / name).read_text("utf-8")
    except FileNotFoundError:
        raise UnavailableError(
            "The widgets' code for the browser is not there. In a checkout of Rayrooms run scripts/web, which builds "
            f"{STATIC}; an installed package that lacks it is broken.",
            code="not_built",
        ) from None
