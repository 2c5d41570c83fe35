"""What must hold of the lines of a file one after the other, whoever writes or reads it. Pure."""

from __future__ import annotations

from typing import Final

from persistence.backup.records import (
    AuditEvent,
    Conflict,
    Counts,
    Invitation,
    Member,
    Message,
    Operation,
    Record,
    Room,
    Snapshot,
)
from rayrooms.errors import InvalidError

_KINDS: Final[tuple[type[Record], ...]] = (
    Room,
    Member,
    Invitation,
    Operation,
    Message,
    Snapshot,
    Conflict,
    AuditEvent,
)
_ORDER: Final = {kind: place for place, kind in enumerate(_KINDS)}


class LineOrder:
    """Follows the lines of one file: kinds in their order, versions without gaps, snapshots of versions that exist."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_ORDER, 0)
        self._at = -1
        self._snapshot = -1

    @property
    def version(self) -> int:
        """The newest version so far."""
        return self._counts[Operation]

    def follow(self, record: Record) -> None:
        """Take the next line. Raises InvalidError, saying what is wrong with it."""
        kind = type(record)
        place = _ORDER[kind]
        if place < self._at:
            raise InvalidError(f"a line of kind {_tag(record)} comes too late")
        if (place == 0) != (self._at == -1):
            raise InvalidError("the room itself must come first, and once")
        self._at = place
        self._counts[kind] += 1
        if isinstance(record, Operation) and record.version != self.version:
            raise InvalidError(f"version {self.version} is missing")
        if isinstance(record, Snapshot):
            if record.version > self.version:
                raise InvalidError(f"the operations end before the snapshot of version {record.version}")
            if record.version <= self._snapshot:
                raise InvalidError(f"the snapshot of version {record.version} comes too late")
            self._snapshot = record.version

    def counts(self) -> Counts:
        """How many lines there were. Raises InvalidError when not even the room was among them."""
        if self._at == -1:
            raise InvalidError("there is no room in it")
        return Counts(
            members=self._counts[Member],
            invitations=self._counts[Invitation],
            operations=self._counts[Operation],
            messages=self._counts[Message],
            snapshots=self._counts[Snapshot],
            conflicts=self._counts[Conflict],
            audit_events=self._counts[AuditEvent],
        )


def _tag(record: Record) -> str:
    return str(record.__struct_config__.tag)
