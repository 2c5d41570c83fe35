"""A backup file on the disk: written beside its place and moved there when complete; read only as a whole."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import msgspec

from persistence.backup.order import LineOrder
from persistence.backup.records import FORMAT, FORMAT_VERSION, Counts, End, Header, Line, Record
from rayrooms.errors import InvalidError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_LEVEL: Final = 6
_LONGEST_LINE: Final = 256 * 1024 * 1024
"""Bytes. A document of 5 MiB in which every character has to be escaped is a seventh of it."""

_LONGEST_QUOTE: Final = 200

_encode = msgspec.json.Encoder().encode
_decode_header = msgspec.json.Decoder(Header).decode
_decode_line = msgspec.json.Decoder(Line).decode


class BackupWriter:
    """One file being written. It appears under its name, private to this user, when the block ends without an error.

    The same records make the same bytes: nothing in the file tells when or where it was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._order = LineOrder()

    def __enter__(self) -> Self:
        """Raises UnavailableError when nothing can be written there."""
        try:
            with ExitStack() as undo:
                descriptor, temporary = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
                self._temporary = Path(temporary)
                undo.callback(self._temporary.unlink)
                self._file = os.fdopen(descriptor, "wb")
                undo.callback(self._file.close)
                self._zip = gzip.GzipFile("", "wb", _LEVEL, self._file, mtime=0)
                undo.callback(self._abandon)
                self._put(_encode(Header(FORMAT, FORMAT_VERSION)))
                self._undo = undo.pop_all()
        except OSError as error:
            raise _unwritable(self._path, error) from error
        return self

    def write(self, record: Record) -> None:
        """Add a record. Raises InvalidError for one that cannot follow, UnavailableError when the disk is full."""
        self._order.follow(record)
        try:
            self._put(_encode(record))
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def counts(self) -> Counts:
        """How much of what was written."""
        return self._order.counts()

    def _put(self, line: bytes) -> None:
        line += b"\n"
        self._hash.update(line)
        self._zip.write(line)

    def _abandon(self) -> None:
        with suppress(OSError):  # the disk may be full, which has been told
            self._zip.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._undo as undo:
            if error is not None:
                return
            try:
                self._put(_encode(End(self._order.counts(), self._hash.hexdigest())))
                self._zip.close()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                self._temporary.replace(self._path)
                undo.pop_all()
                _sync_directory(self._path.parent)
            except OSError as failed:
                raise _unwritable(self._path, failed) from failed


class BackupReader:
    """Reads a file record by record, with bounded memory.

    Only once the iteration has ended is it known that the file is whole: nothing may have been done for good before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.counts: Counts | None = None
        """What the file holds, once it was read to its end."""

    def __iter__(self) -> Iterator[tuple[Record, int]]:
        """Each record, and how many bytes its line has.

        Raises InvalidError when the file is no backup, is of a newer format, was cut short or damaged, or has gaps;
        UnavailableError when it cannot be read.
        """
        try:
            with gzip.open(self._path, "rb") as file:
                yield from self._records(file)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise self._refused(f"it is damaged or cut short ({_said(error)})") from error
        except OSError as error:
            raise UnavailableError(f"{self._path} cannot be read: {error.strerror or error}.") from error

    def _records(self, file: gzip.GzipFile) -> Iterator[tuple[Record, int]]:
        order, checksum = LineOrder(), hashlib.sha256()
        header = self._line(file, 1)
        self._check_header(header)
        checksum.update(header)
        number = 1
        while True:
            number += 1
            data = self._line(file, number)
            try:
                line = _decode_line(data)
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                raise self._refused(f"line {number} cannot be read ({_said(error)})") from error
            if isinstance(line, End):
                break
            checksum.update(data)
            try:
                order.follow(line)
            except InvalidError as error:
                raise self._refused(f"line {number}: {error.message}") from error
            yield line, len(data)
        if file.read(1):
            raise self._refused(f"something follows its end in line {number}")
        self._check_end(line, order, checksum.hexdigest())

    def _line(self, file: gzip.GzipFile, number: int) -> bytes:
        data = file.readline(_LONGEST_LINE)
        if not data.endswith(b"\n"):
            why = "it is cut short" if len(data) < _LONGEST_LINE else "the line is too long"
            raise self._refused(f"{why} in line {number}")
        return data

    def _check_header(self, data: bytes) -> None:
        try:
            header = _decode_header(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise self._refused("it is no backup of a room") from error
        if header.format != FORMAT or header.version < 1:
            raise self._refused("it is no backup of a room")
        if header.version > FORMAT_VERSION:
            raise self._refused(
                f"it was written by a newer version of the server (format {header.version}, this one reads "
                f"{FORMAT_VERSION})"
            )

    def _check_end(self, end: End, order: LineOrder, checksum: str) -> None:
        try:
            counts = order.counts()
        except InvalidError as error:
            raise self._refused(error.message) from error
        if end.counts != counts or end.sha256 != checksum:
            raise self._refused("it is damaged: what it holds is not what its last line says")
        self.counts = counts

    def _refused(self, why: str) -> InvalidError:
        return InvalidError(f"{self._path} cannot be restored: {why}.")


def _said(error: Exception) -> str:
    """What an error says, on one line: it may quote what was in the file."""
    return ascii(str(error)[:_LONGEST_QUOTE])[1:-1]


def _sync_directory(directory: Path) -> None:
    """Have the new name on the disk too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(f"{path} cannot be written: {error.strerror or error}.")
