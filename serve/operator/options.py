"""The command line of `scripts/rayrooms`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from serve.launcher.options import settings_of
from serve.operator import cluster, files, nodes, page, tail, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from persistence.settings import Settings
    from serve.operator.command import Command

COMMANDS: tuple[Command, ...] = (
    *files.COMMANDS,
    *texts.COMMANDS,
    *cluster.COMMANDS,
    *page.COMMANDS,
    *nodes.COMMANDS,
    *tail.COMMANDS,
)

_SETTINGS = ("data_dir", "database_url", "host", "port")


def read(arguments: Sequence[str]) -> tuple[Command, Settings, argparse.Namespace]:
    """Which command is asked for, the settings of its server and its own options.

    Leaves the program with status 2 when the command line is wrong.
    """
    options = _parser().parse_args(arguments)
    settings = settings_of({name: getattr(options, name) for name in _SETTINGS})
    return options.command, settings, options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/rayrooms",
        description="Look after a Rayrooms server and its rooms.",
        epilog="The server is found as scripts/up finds its own: by these options, the environment, .env and the "
        "defaults. `scripts/rayrooms COMMAND --help` tells more of a command; docs/operations.md shows all of them.",
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    shared = _shared()
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help, parents=[shared])
        command.add_arguments(subparser)
        subparser.set_defaults(command=command)
    return parser


def _shared() -> argparse.ArgumentParser:
    """Only text is taken here: Settings is the one place that knows types and bounds."""
    shared = argparse.ArgumentParser(add_help=False)
    server = shared.add_argument_group("the server")
    server.add_argument("--data-dir", metavar="DIR", help="where the server keeps everything (default: data)")
    server.add_argument("--database-url", metavar="URL", help="its Postgres, when that is not the embedded one")
    server.add_argument("--host", help="the address that it listens on (default 127.0.0.1)")
    server.add_argument("--port", help="the port that it listens on (default 8000)")
    server.add_argument("--url", help="where it is reached, when that is not http://HOST:PORT")
    shared.add_argument("--json", action="store_true", help="for programs: one JSON object a line")
    return shared
