"""`backup` and `restore`: rooms to files and back, straight from and to the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from pydantic import TypeAdapter, ValidationError

from persistence.backup import back_up, file_name, restore
from persistence.backup.records import Counts
from persistence.repositories import EveryRoomRepository
from rayrooms.errors import InvalidError, NotFoundError, RayroomsError
from serve.launcher.errors import LaunchError
from serve.operator.command import Command
from serve.operator.database import opened
from serve.operator.output import complain, plain, say, some
from serve.operator.server import admin_client
from serve.schemas.base import RoomId

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import AsyncIterator

    from persistence.database import Database
    from persistence.settings import Settings

_IDS_AT_ONCE = 500


class _BackedUp(msgspec.Struct):
    room_id: str
    file: str
    version: int
    counts: Counts


class _RestoredRoom(msgspec.Struct):
    room_id: str
    file: str
    version: int
    replaced: bool


def room_id(text: str) -> str:
    """An id that a room may have. Raises InvalidError."""
    try:
        return TypeAdapter(RoomId).validate_python(text)
    except ValidationError as error:
        raise InvalidError(f"{plain(text)!r} is no id for a room: letters, digits and . _ ~ - make one.") from error


def _backup_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help="ids of rooms")
    parser.add_argument("--all", action="store_true", help="all rooms")
    parser.add_argument("--to", required=True, metavar="DIR", help="the directory for the files, one for each room")


async def _backup(settings: Settings, options: Namespace) -> int:
    if options.all == bool(options.rooms):
        raise InvalidError("Name the rooms to back up, or give --all.")
    directory = _made(Path(options.to))
    failed = 0
    async with opened(settings) as found:
        rooms = _all(found.database) if options.all else _named(options.rooms)
        async for name in rooms:
            try:
                await _backup_one(found.database, name, directory, as_json=options.json)
            except NotFoundError as error:
                if not options.all:  # else it was deleted meanwhile
                    failed += 1
                    complain(error)
            except RayroomsError as error:
                if error.code == "database_unavailable":
                    raise
                failed += 1
                complain(error)
    return 1 if failed else 0


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(f"{directory} cannot be made: {error.strerror}.") from error
    return directory


async def _backup_one(database: Database, name: str, directory: Path, *, as_json: bool) -> None:
    path = directory / file_name(name)
    counts = await back_up(database, name, path)
    if as_json:
        say(msgspec.json.encode(_BackedUp(name, str(path), counts.operations, counts)).decode())
    else:
        what = f"{some(counts.members, 'member')}, {some(counts.messages, 'message')}"
        say(f"{plain(name)}: version {counts.operations}, {what} in {path}")


async def _all(database: Database) -> AsyncIterator[str]:
    after = ""
    while True:
        async with database.session() as session:
            names = await EveryRoomRepository(session).ids(after, limit=_IDS_AT_ONCE)
        for name in names:
            yield name
        if len(names) < _IDS_AT_ONCE:
            return
        after = names[-1]


async def _named(names: list[str]) -> AsyncIterator[str]:
    for name in dict.fromkeys(names):
        yield name


def _restore_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="files that `backup` wrote")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--replace", action="store_true", help="put the file in the place of a room that exists")
    instead.add_argument("--as", dest="new_id", metavar="ID", help="make a copy under this id")


async def _restore(settings: Settings, options: Namespace) -> int:
    new_id = None if options.new_id is None else room_id(options.new_id)
    if new_id is not None and len(options.files) > 1:
        raise InvalidError("--as takes one file.")
    failed = 0
    async with opened(settings) as found:
        for file in options.files:
            try:
                restored = await restore(found.database, Path(file), room_id=new_id, replace=options.replace)
            except RayroomsError as error:
                if error.code == "database_unavailable":
                    raise
                failed += 1
                complain(error)
                continue
            if options.json:
                line = _RestoredRoom(restored.room_id, file, restored.version, restored.replaced)
                say(msgspec.json.encode(line).decode())
            else:
                how = "replaced" if restored.replaced else "restored"
                say(f"{plain(restored.room_id)}: {how} at version {restored.version}")
            if restored.replaced and not found.ours:
                await _reopen(settings, options, restored.room_id)
    return 1 if failed else 0


async def _reopen(settings: Settings, options: Namespace, name: str) -> None:
    """Have a server that holds the replaced room in memory read it anew. It is fenced in any case."""
    try:
        async with admin_client(settings, options) as admin:
            await admin.reopen(name)
    except (RayroomsError, LaunchError) as error:
        complain(f"no server was told of it, and one that has {name} open shows it at the next edit ({error})")


COMMANDS = (
    Command(
        "backup", "Write rooms to files, one for each, whether the server runs or not.", _backup_arguments, _backup
    ),
    Command("restore", "Make rooms from such files.", _restore_arguments, _restore),
)
