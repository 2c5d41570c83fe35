"""`tail`: follow a room as it happens, edits, chat and people, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms.client.events import ChatChanged, PresenceChanged, StatusChanged, TextChanged
from rayrooms.client.rest import RestClient
from rayrooms.client.room import RoomClient
from rayrooms.errors import UnavailableError
from serve.operator.command import Command
from serve.operator.happenings import Connection, Follower
from serve.operator.output import say
from serve.operator.server import operator_token, server_url

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable

    from persistence.settings import Settings
    from serve.operator.happenings import Happening


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("room", metavar="ROOM", help="its id")


async def _tail(settings: Settings, options: Namespace) -> int:
    """Looks on as a viewer whom everybody in the room sees; ends with the room, or with Ctrl-C."""

    async def token() -> str:
        return operator_token(settings)

    def tell(happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            say(happening.as_json() if options.json else happening.as_line())

    url = server_url(settings, options)
    async with RestClient(url, await token()) as rest:
        await rest.room(options.room)  # what is not there, or not reached, is told at once
    async with RoomClient.open(url, options.room, token_provider=token, wait_on_close=False) as room:
        follower = Follower(room.version)
        tell([Connection.now("online", room.version), *follower.people(room.users, room.session_id)])
        follower.heard(room.messages)
        async for event in room.events():
            match event:
                case TextChanged():
                    await _tell_edits(room, follower, tell)
                case ChatChanged(message):
                    tell(follower.chat(message))
                case PresenceChanged():
                    tell(follower.people(room.users, room.session_id))
                case StatusChanged(status="closed", error=error):
                    raise error or UnavailableError("The room was closed.")
                case StatusChanged(status, error):
                    tell([Connection.now(status, room.version, "" if error is None else error.message)])
                    if status == "online":
                        await _tell_edits(room, follower, tell)
                        tell(follower.people(room.users, room.session_id))
                        tell(happening for message in room.messages for happening in follower.chat(message))
                case _:
                    pass
    return 0


async def _tell_edits(room: RoomClient, follower: Follower, tell: Callable[[Iterable[Happening]], None]) -> None:
    """Tell of what was committed since the last time, with its authors, which only the log knows."""
    if room.version < follower.version:  # it was restored from a backup
        follower.version = room.version
        tell([Connection.now("reset", room.version)])
        return
    if room.version > follower.version:
        try:
            operations = await room.history(follower.version, room.version)
        except UnavailableError:
            return  # the next change, or being back, brings them
        tell(follower.edits(operations))


COMMANDS = (Command("tail", "Follow a room live: edits, chat and people.", _arguments, _tail),)
