"""A list of rooms that shows itself as a table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rayrooms.client.bodies import RoomSummary

_HEADINGS = ("Room", "Name here", "Language", "Owner", "Your role", "Last edit")


class RoomList:
    """Rooms of the server at `url`, to be iterated over, or shown."""

    def __init__(self, rooms: Iterable[RoomSummary], url: str) -> None:
        self.rooms = list(rooms)
        self._url = url

    def __iter__(self) -> Iterator[RoomSummary]:
        return iter(self.rooms)

    def __len__(self) -> int:
        return len(self.rooms)

    def __getitem__(self, index: int) -> RoomSummary:
        return self.rooms[index]

    def __repr__(self) -> str:
        if not self.rooms:
            return f"No rooms at {self._url}."
        table = [_HEADINGS, *map(_row, self.rooms)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
        )

    def _repr_html_(self) -> str:
        if not self.rooms:
            return f"<p>{escape(repr(self))}</p>"
        head = "".join(f"<th style='text-align: left'>{escape(heading)}</th>" for heading in _HEADINGS)
        rows = "".join(f"<tr>{self._cells(room)}</tr>" for room in self.rooms)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _cells(self, room: RoomSummary) -> str:
        page = escape(f"{self._url}/rooms/{room.room_id}", quote=True)
        name, *others = map(escape, _row(room))
        cells = (f"<a href='{page}' target='_blank' rel='noopener'>{name}</a>", *others)
        return "".join(f"<td style='text-align: left'>{cell}</td>" for cell in cells)


def _row(room: RoomSummary) -> tuple[str, ...]:
    edited = room.edited_at.strftime("%Y-%m-%d %H:%M UTC") if room.edited_at is not None else "never"
    return (room.name, room.room_id, room.language, room.owner_name or room.owner_id, room.role or "", edited)
