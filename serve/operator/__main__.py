"""`python -m serve.operator`: what `scripts/rayrooms` runs once the environment is there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

from rayrooms.errors import RayroomsError
from serve.launcher.errors import LaunchError
from serve.operator import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED: Final = 128 + signal.SIGINT


def run(arguments: Sequence[str]) -> int:
    """Run one command. Returns 0 when it did what was asked, 1 when it could not, which one line on stderr explains."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows few characters stops no command
    command, settings, chosen = options.read(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a database that was started for the command is stopped
    try:
        code = asyncio.run(command.run(settings, chosen))
        sys.stdout.flush()
    except (RayroomsError, LaunchError) as error:
        output.complain(error)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
