"""Whether a backup file holds a room that could be opened: found out before anything is touched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from persistence.backup.file import BackupReader
from persistence.backup.records import Operation, Room, Snapshot
from rayrooms import text
from rayrooms.errors import InvalidError

if TYPE_CHECKING:
    from pathlib import Path

    from persistence.backup.records import Counts


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: the room, how many lines of each kind, and its newest version."""

    room: Room
    counts: Counts

    @property
    def version(self) -> int:
        return self.counts.operations


def examine(path: Path) -> Contents:
    """Read a file to its end, twice, and replay its log: each operation fits, each snapshot is the text of its version.

    In memory are one document and one line. Raises InvalidError, which says what is wrong, and UnavailableError when
    the file cannot be read.
    """
    reader = BackupReader(path)
    room: Room | None = None
    snapshots: dict[int, bytes] = {}
    for record, _ in reader:
        if isinstance(record, Room):
            room = record
        elif isinstance(record, Snapshot):
            snapshots[record.version] = _digest(record.content)
    assert room is not None
    assert reader.counts is not None
    _replay(path, snapshots)
    return Contents(room, reader.counts)


def _replay(path: Path, snapshots: dict[int, bytes]) -> None:
    content, version = "", 0
    _compare(path, content, version, snapshots)
    for record, _ in BackupReader(path):
        if isinstance(record, Operation):
            content, version = _applied(path, content, record), record.version
            _compare(path, content, version, snapshots)


def _applied(path: Path, content: str, record: Operation) -> str:
    try:
        _require_invertible(record)
        return text.apply(content, record.op)
    except InvalidError as error:
        message = f"{path} cannot be restored: operation {record.version} does not fit: {error.message}"
        raise InvalidError(message) from error


def _require_invertible(record: Operation) -> None:
    text.check(record.op)
    if any(isinstance(part, dict) and isinstance(part["d"], int) for part in record.op):
        raise InvalidError("A delete does not carry its text.")


def _compare(path: Path, content: str, version: int, snapshots: dict[int, bytes]) -> None:
    if version in snapshots and _digest(content) != snapshots[version]:
        raise InvalidError(f"{path} cannot be restored: the snapshot of version {version} is not what its log says.")


def _digest(content: str) -> bytes:
    return hashlib.sha256(content.encode(errors="surrogatepass")).digest()
