"""What a command of `scripts/rayrooms` is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Coroutine

    from persistence.settings import Settings


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table of commands. `run` returns the exit status, and may raise RayroomsError or LaunchError."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Settings, Namespace], Coroutine[None, None, int]]
