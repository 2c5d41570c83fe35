"""The magics: `%%room`, a cell whose text is a room's, and `%rooms`, the list of rooms."""

from __future__ import annotations

import argparse
import os
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from rayrooms.client.rest import RestClient
from rayrooms.client.transport import base_url
from rayrooms.errors import ConflictError, UnavailableError
from rayrooms.text import diff
from rayrooms_jupyter.background import background
from rayrooms_jupyter.execution import Program
from rayrooms_jupyter.kernel_rooms import DEFAULT_URL, Creation, kernel_rooms
from rayrooms_jupyter.listing import RoomList
from rayrooms_jupyter.merging import Shared, agreed_text, body_of
from rayrooms_jupyter.names import room_name
from rayrooms_jupyter.widget import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from rayrooms.client.bodies import RoomSummary
    from rayrooms.client.room import RoomClient
    from rayrooms_jupyter.kernel_rooms import KernelRoom, Seat
    from rayrooms_jupyter.merging import Preference

SYNC_TIMEOUT = 10.0


class _Arguments(argparse.ArgumentParser):
    """Says what is wrong with a magic's line instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}\n{self.format_usage()}")


_ROOM = _Arguments(prog="%%room", add_help=False)
_ROOM.add_argument("name", nargs="?")
_ROOM.add_argument("--language")
_ROOM.add_argument("--url")
_ROOM.add_argument("--private", action="store_true")
_ROOM.add_argument("--no-run", action="store_true", dest="no_run")
_preference = _ROOM.add_mutually_exclusive_group()
_preference.add_argument("--mine", action="store_const", const="mine", dest="preference")
_preference.add_argument("--theirs", action="store_const", const="theirs", dest="preference")

_ROOMS = _Arguments(prog="%rooms", add_help=False)
_ROOMS.add_argument("search", nargs="*")
_ROOMS.add_argument("--mine", action="store_const", const="mine", default="all", dest="scope")
_ROOMS.add_argument("--url")


def register(shell: InteractiveShell) -> None:
    """Give an IPython the magics; doing so again renews them."""
    shell.register_magics(RoomMagics)
    if _let_room_be_empty not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_let_room_be_empty)


@magics_class
class RoomMagics(Magics):
    """`%%room` and `%rooms` of one IPython."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._ipython = shell
        self._seats: dict[tuple[str, str], Seat] = {}
        self._shared: dict[tuple[str | None, str, str], Shared] = {}
        self._last_name: str | None = None

    @line_magic
    def rooms(self, line: str) -> RoomList:
        """List the rooms that the kernel may enter, newest first.

        %rooms [search ...] [--mine] [--url URL]

        Words that begin words of a room's name or description narrow the search; --mine lists only rooms that the
        kernel is a member of.
        """
        wanted = _ROOMS.parse_args(_words(line))
        url = _server(wanted.url)
        credentials = kernel_rooms.credentials(url, None, None)

        async def found() -> list[RoomSummary]:
            async with RestClient(url, await credentials.token()) as rest:
                return await rest.rooms(wanted.scope, " ".join(wanted.search) or None)

        return RoomList(background().run(found()), url)

    @cell_magic
    def room(self, line: str, cell: str) -> Any:  # noqa: ANN401 - the value of the cell's last expression
        """Make the cell's text and the text of a room the same, and run it.

        %%room [name] [--language LANGUAGE] [--no-run] [--mine | --theirs] [--private] [--url URL]

        What was changed in the cell and what was changed in the room since the cell was last executed are both kept.
        The first time, an empty room takes the cell's text and an empty cell the room's; where both hold different
        texts, --mine or --theirs says which is to stay. A room that does not exist is made. Without a name it is the
        room of the last %%room. Texts in other languages than Python are not run.
        """
        wanted = _ROOM.parse_args(_words(line))
        name = wanted.name or self._last_name
        if name is None:
            raise UsageError("%%room: say which room: %%room name")
        url = _server(wanted.url)
        room_id, title = room_name(name)
        creation = Creation(title, wanted.language or DEFAULT_LANGUAGE, wanted.private)
        room = self._enter(url, room_id, creation)
        self._last_name = name
        text = self._agree(room, cell, wanted.preference)
        if text != body_of(cell, text) or wanted.preference is not None:
            self._replace_cell(line, text)
        language = wanted.language or room.enter().language
        if wanted.no_run or language != DEFAULT_LANGUAGE:
            return None
        return Program(text, f"<room {room_id}>", self._ipython).run(self._ipython.user_ns)

    def _enter(self, url: str, room_id: str, creation: Creation) -> KernelRoom:
        """The room, in which the kernel then stays."""
        key = (url, room_id)
        seat = self._seats.get(key)
        if seat is None or seat.room.has_failed:
            seat = kernel_rooms.take_seat(url, room_id, kernel_rooms.credentials(url, None, None), creation)
            try:
                seat.room.enter()
            except BaseException:
                seat.close()
                raise
            self._seats[key] = seat
        return seat.room

    def _agree(self, room: KernelRoom, cell: str, preference: Preference | None) -> str:
        """The text of both from now on, which is the room's already. Raises UsageError when there is none."""
        key = (self._cell_id(), room.url, room.room_id)
        last = self._shared.get(key)

        def agree(client: RoomClient) -> Shared:
            body = body_of(cell, client.text)
            text = agreed_text(body, client.text, last, preference)
            if text != client.text:
                client.edit(diff(client.text, text))
            return Shared(body, text)

        try:
            room.run(lambda client: client.sync(SYNC_TIMEOUT))
            self._shared[key] = room.call(agree)
        except TimeoutError:
            raise UnavailableError("The room cannot be reached now, so its text is not known.") from None
        except ConflictError as error:
            raise UsageError(f"%%room: {error.message}") from error
        return self._shared[key].merged

    def _cell_id(self) -> str | None:
        """Which cell is being executed, where the front end says so."""
        get_parent = getattr(self._ipython, "get_parent", None)
        parent = get_parent() if get_parent is not None else {}
        cell_id = (parent or {}).get("metadata", {}).get("cellId")
        return cell_id if isinstance(cell_id, str) else None

    def _replace_cell(self, line: str, text: str) -> None:
        """Give the cell the text; a choice between the two texts was for this once."""
        words = " ".join(word for word in line.split() if word not in {"--mine", "--theirs"})
        self._ipython.set_next_input(f"%%room {words}".rstrip() + f"\n{text}", replace=True)


def _let_room_be_empty(lines: list[str]) -> list[str]:
    """Add a blank line to a cell that is `%%room` alone: IPython refuses cell magics that have no body at all."""
    if len(lines) == 1 and lines[0].split(maxsplit=1)[:1] == ["%%room"]:
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines


def _server(url: str | None) -> str:
    return base_url(url or os.environ.get("RAYROOMS_URL") or DEFAULT_URL)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{line!r} cannot be read: {error}") from error
