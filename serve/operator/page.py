"""`admin-link`: an address that opens the admin page of the running server, for a while."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

import msgspec

from serve.operator.command import Command
from serve.operator.output import say
from serve.operator.server import page_token, server_url

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from persistence.settings import Settings

_MINUTES: Final = 15
_MOST_MINUTES: Final = 60


class _Link(msgspec.Struct):
    url: str
    minutes: int


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=_MINUTES,
        metavar="N",
        help=f"how long the page may be looked at (default {_MINUTES}, at most {_MOST_MINUTES})",
    )


def _minutes(given: str) -> int:
    if not (given.isdecimal() and 1 <= int(given) <= _MOST_MINUTES):
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 1 to {_MOST_MINUTES}")
    return int(given)


async def _link(settings: Settings, options: Namespace) -> int:
    """The token stands in the fragment, which browsers send to no server."""
    token = page_token(settings, options.minutes * 60)
    url = f"{server_url(settings, options).rstrip('/')}/admin#{token}"
    say(msgspec.json.encode(_Link(url, options.minutes)).decode() if options.json else url)
    return 0


COMMANDS = (Command("admin-link", "Print an address that opens the admin page for minutes.", _arguments, _link),)
