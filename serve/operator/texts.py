"""`export` and `import`: a room's text and history out, a text as a new room in; straight from and to the database."""

from __future__ import annotations

import secrets
import string
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from pydantic import ValidationError

from persistence.backup import history, import_text, text_at
from persistence.tables import Room
from rayrooms.errors import InvalidError, TooLargeError
from serve.launcher.errors import LaunchError
from serve.operator.command import Command
from serve.operator.database import opened
from serve.operator.output import say
from serve.schemas.rooms import NewRoom

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from persistence.settings import Settings

_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 12


class _Imported(msgspec.Struct):
    room_id: str
    version: int


def _export_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("room", metavar="ROOM", help="its id")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--version", type=int, metavar="N", help="the text at this version instead of the newest")
    what.add_argument("--history", action="store_true", help="all operations as JSON, one a line")


async def _export(settings: Settings, options: Namespace) -> int:
    if options.version is not None and options.version < 0:
        raise InvalidError("A version is 0 or more.")
    async with opened(settings) as found:
        if options.history:
            async with aclosing(history(found.database, options.room)) as log:
                async for operation in log:
                    sys.stdout.buffer.write(msgspec.json.encode(operation) + b"\n")
        else:
            text = await text_at(found.database, options.room, options.version)
            sys.stdout.buffer.write(text.encode())
    return 0


def _import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a text in UTF-8")
    parser.add_argument("--name", required=True, help="the room's name")
    parser.add_argument("--owner", required=True, metavar="USER_ID", help="who is to own it, and have written the text")
    parser.add_argument("--id", metavar="ID", help="the room's id (default: a new one)")
    parser.add_argument("--private", action="store_true", help="only members may enter and read")
    parser.add_argument("--language", default="text", help="of its code (default: text)")


async def _import(settings: Settings, options: Namespace) -> int:
    new = _new_room(options)
    content = _content(Path(options.file), settings.max_document)
    room = Room(
        id=new.room_id or "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH)),
        name=new.name,
        owner_id=options.owner,
        private=new.private,
        language=new.language,
    )
    async with opened(settings) as found:
        version = await import_text(found.database, room, content)
    if options.json:
        say(msgspec.json.encode(_Imported(room.id, version)).decode())
    else:
        say(f"{room.id}: {new.name!r} at version {version}")
    return 0


def _new_room(options: Namespace) -> NewRoom:
    """Held to what rooms made over the API are held to."""
    try:
        return NewRoom(name=options.name, room_id=options.id, private=options.private, language=options.language)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = str(problem["loc"][0]).removeprefix("room_")
        raise InvalidError(f"--{name}: {problem['msg']}.") from error


def _content(path: Path, longest: int) -> str:
    try:
        content = path.read_bytes().decode()
    except OSError as error:
        raise LaunchError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidError(f"{path} is no text in UTF-8: byte {error.start} cannot be read.") from error
    if len(content) > longest:
        raise TooLargeError(
            f"{path} has {len(content)} characters, and a document at most {longest} (RAYROOMS_MAX_DOCUMENT).",
            code="document_too_large",
        )
    return content


COMMANDS = (
    Command("export", "Write a room's text to stdout, at any version, or its history.", _export_arguments, _export),
    Command("import", "Make a room from a text file.", _import_arguments, _import),
)
