"""Recorded editing sessions as edits, each with what its author had seen when it was made."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rayrooms import text

if TYPE_CHECKING:
    from rayrooms.protocol import Operation

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Where traces given by their bare name are looked for, beside the checkout."""

MAX_AUTHORS = 2
"""What an author has seen is then always a beginning of what the room tells it; with three it need not be."""


class TraceError(Exception):
    """A file that cannot be replayed; the message says why."""


class TraceEdit(NamedTuple):
    """One edit of `author`, made when that author had seen the first `seen[a]` edits of each author a."""

    author: int
    seen: tuple[int, ...]
    op: Operation


class Trace(NamedTuple):
    """A session: its edits in an order in which each follows all that its author had seen, and the text they lead to.

    All edits start from the empty text. `end` is what the recording says that it comes to.
    """

    name: str
    authors: int
    edits: list[TraceEdit]
    end: str


class _Transaction(msgspec.Struct):
    """`parents` and `agent` are given in concurrent traces only: there the patches apply to the merged parents."""

    patches: list[tuple[int, int, str]]
    parents: list[int] | None = None
    agent: int = 0


class _File(msgspec.Struct, rename="camel"):
    txns: list[_Transaction]
    end_content: str
    start_content: str = ""
    num_agents: int = 1


def find(name: str) -> Path:
    """The file of a trace given by path or by bare name. Raises TraceError."""
    for path in (Path(name), DATA / f"{name}.json.gz", DATA / name):
        if path.is_file():
            return path
    raise TraceError(f"There is no trace {name!r}, neither as a file nor in {DATA}.")


def load(path: Path) -> Trace:
    """Read a trace of https://github.com/josephg/editing-traces, gzipped or not. Raises TraceError."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        return parse(path.name.split(".")[0], data)
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise TraceError(f"{path} cannot be read as a trace: {error}") from error


def parse(name: str, data: bytes) -> Trace:
    """A trace from its JSON. Raises TraceError, and DecodeError when it is none at all."""
    file = msgspec.json.decode(data, type=_File)
    if not 1 <= file.num_agents <= MAX_AUTHORS:
        raise TraceError(f"{name} has {file.num_agents} authors; at most {MAX_AUTHORS} can be replayed.")
    edits: list[TraceEdit] = []
    made = [0] * file.num_agents
    after: list[tuple[int, ...]] = []
    if file.start_content:
        edits.append(TraceEdit(0, (0,) * file.num_agents, [file.start_content]))
        made[0] += 1
    start = tuple(made)
    for index, transaction in enumerate(file.txns):
        author = transaction.agent
        parents = transaction.parents if transaction.parents is not None else [index - 1] if index else []
        if not 0 <= author < file.num_agents or any(not 0 <= parent < index for parent in parents):
            raise TraceError(f"{name}: transaction {index} names an author or a parent that is not there.")
        seen = [max(counts) for counts in zip(start, *(after[parent] for parent in parents), strict=True)]
        if seen[author] != made[author]:
            raise TraceError(f"{name}: transaction {index} has not seen all that its own author did before.")
        for position, deleted, inserted in transaction.patches:
            op = _operation(position, deleted, inserted)
            if text.is_noop(op):
                continue
            edits.append(TraceEdit(author, tuple(seen), op))
            seen[author] += 1
        made[author] = seen[author]
        after.append(tuple(seen))
    return Trace(name, file.num_agents, edits, file.end_content)


def _operation(position: int, deleted: int, inserted: str) -> Operation:
    return text.from_position_edit("replace", position, content=inserted, length=deleted)
