"""One client's copy of a document: what is committed, the own edits on their way, and those still to be sent."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rayrooms import text
from rayrooms.client.history import exclude
from rayrooms.client.portions import cut, join

if TYPE_CHECKING:
    from rayrooms.errors import RayroomsError
    from rayrooms.protocol import Operation, Range

RECENT = 256
"""Commits remembered although nothing needs them for an edit: cursors taken at those versions can still be placed."""


@dataclass(slots=True)
class SentEdit:
    """An own edit on its way: made after the version last seen and the edits sent before it.

    `ref` is that of its last sending; `refusal` is set when the room has refused it for good.
    """

    op: Operation
    seq: int
    ref: int = 0
    refusal: RayroomsError | None = None


class Seen(NamedTuple):
    """A commit that this client has seen; `seq` is 0 for someone else's, `user_id` empty for an own one."""

    version: int
    op: Operation
    seq: int
    user_id: str


class Replica:
    """The local text with all that it is made of: the commits up to `version`, then `sent`, then `unsent`.

    What others commit is transformed over the own edits, as "right" where these are "left", which mirrors what the
    room does to the own edits when they arrive. Own commits are remembered until they are durable, so that they can
    be made again in a room that has lost them.
    """

    def __init__(self) -> None:
        self.text = ""
        self.version = 0
        self.durable = 0
        self.acked = 0
        """The last own seq that is committed."""
        self.sent: deque[SentEdit] = deque()
        self.unsent: list[Operation] = []
        self._seen: deque[Seen] = deque()
        self._last_own = 0
        self._oldest = 0

    # -------------------------------------------------------------- own edits

    @property
    def last_seq(self) -> int:
        """The last seq that was given to an edit."""
        return self.acked + len(self.sent)

    @property
    def is_acked(self) -> bool:
        """Whether all own edits are committed."""
        return not self.sent and not self.unsent

    @property
    def is_durable(self) -> bool:
        """Whether all own edits are committed and in the database."""
        return self.is_acked and self._last_own <= self.durable

    def edit(self, op: Operation) -> Operation:
        """Apply an own edit to the local text and queue it. Returns it with the text that it deletes.

        Raises InvalidError (invalid_operation, invalid_text) when it is not canonical or does not fit the text.
        """
        text.check(op)
        self.text, op = text.apply_checked(self.text, op)
        if not text.is_noop(op):
            join(self.unsent, op)
        return op

    def send(self, window: int) -> list[SentEdit]:
        """Number the unsent edits that fit into a window of so many on their way, and count them as sent."""
        count = min(window - len(self.sent), len(self.unsent))
        if count <= 0:
            return []
        first = self.last_seq + 1
        edits = [SentEdit(op, first + index) for index, op in enumerate(self.unsent[:count])]
        del self.unsent[:count]
        self.sent.extend(edits)
        return edits

    def find(self, ref: int | None, seq: int | None) -> SentEdit | None:
        """The edit on its way that was last sent with `ref`; without a ref, the one numbered `seq`."""
        for edit in self.sent:
            if edit.ref == ref if ref is not None else edit.seq == seq:
                return edit
        return None

    # -------------------------------------------------------------- commits

    def acknowledge(self, seq: int) -> Seen | None:
        """The next version is the own edit `seq`. None when that is not the first one on its way."""
        if not self.sent or self.sent[0].seq != seq:
            return None
        edit = self.sent.popleft()
        self.acked = seq
        self._last_own = self.version + 1
        return self._saw(edit.op, seq, "")

    def receive(self, op: Operation, user_id: str) -> tuple[Seen, Operation]:
        """The next version is someone else's `op`. Returns it with what it does to the local text.

        Raises InvalidError, having changed nothing, when it does not fit: then this copy is not the room's.
        """
        local = op
        own = []
        for mine in self._line():
            own.append(text.transform(mine, local, "left"))
            local = text.transform(local, mine, "right")
        self.text = text.apply(self.text, local)
        self._put_line(own)
        return self._saw(op, 0, user_id), local

    def settle(self, durable: int) -> None:
        """All versions up to `durable` are in the database."""
        self.durable = max(self.durable, durable)
        self._trim()

    def since(self, version: int) -> list[Seen] | None:
        """The commits above `version`, or None when they are no longer remembered."""
        if version < self._oldest or self.version - version > len(self._seen):
            return None
        return [seen for seen in self._seen if seen.version > version]

    def place(self, selection: Range) -> Range:
        """A selection of someone else's at `version`, where it stands in the local text."""
        for mine in self._line():
            selection = text.transform_range(selection, mine)
        return selection

    # -------------------------------------------------------------- starting over

    def withdraw(self, *, everything: bool = False) -> tuple[list[Operation], Operation]:
        """Take the refused edits (or all) out of the local text and number the others anew.

        Only for when nothing that was sent can be committed any more. Returns what was taken out, and what doing so
        does to the local text.
        """
        goes = [everything or edit.refusal is not None for edit in self.sent] + [everything] * len(self.unsent)
        line = self._line()
        kept, undos = exclude((op, gone or None) for op, gone in zip(line, goes, strict=True))
        still_sent = goes[: len(self.sent)].count(False)
        undo: Operation = undos[0].op if undos else []
        self.text = text.apply(self.text, undo)
        self.sent = deque(SentEdit(op, seq) for seq, op in enumerate(_without_noops(kept[:still_sent]), self.acked + 1))
        self.unsent = _without_noops(kept[still_sent:])
        return [op for op, gone in zip(line, goes, strict=True) if gone], undo

    def rebase(self, content: str, version: int, last_seq: int, durable: int) -> Operation:
        """Move to the room's own `content` at `version`, which holds the own edits up to `last_seq`.

        All later own edits, committed once or not, are made again upon it: they are taken out of what this client has
        seen, what led from there to `content` is found by comparing the texts, and they are transformed over that.
        Those up to `last_seq` that may not be durable (`durable` is the room's watermark) are remembered further, as
        the last commits before `version`. A later one that was durable is not made again: it is not lost, but was
        taken out, by a room that was restored from a backup; its watermark may be lower than the one before.
        Only for when nothing that was sent can be committed any more. Returns what it does to the local text.
        """
        again = self.last_seq + 1
        before, self.durable = self.durable, durable

        def key(seen: Seen) -> int | None:
            if seen.seq > last_seq:
                return again if seen.version > before else None
            return seen.seq if seen.seq and seen.version > durable else None

        line: list[tuple[Operation, int | None]] = [(seen.op, key(seen)) for seen in self._seen]
        line += [(edit.op, again if edit.seq > last_seq else edit.seq) for edit in self.sent]
        line += [(op, again) for op in self.unsent]
        undos = exclude(line).undos
        undo = undos.pop(0).op if undos and undos[0].key == again else []
        mine = text.invert(undo)
        theirs = text.diff(text.apply(self.text, undo), content)
        change = text.transform(theirs, mine, "right")
        mine = text.transform(mine, theirs, "left")
        self._seen.clear()
        for one in undos:
            self._seen.appendleft(Seen(version, text.invert(text.transform(one.op, theirs, "left")), one.key, ""))
            theirs = text.transform(theirs, one.op, "right")
        self._last_own = version if self._seen else 0
        self._oldest = self.version = version
        self.acked = last_seq
        self.text = text.apply(content, mine)
        self.sent.clear()
        self.unsent = cut(mine)
        self._trim()
        return change

    def restart_numbering(self) -> None:
        """Count the own edits from 1 again, for a new client id. What was committed stays committed."""
        self.acked = 0
        for seq, edit in enumerate(self.sent, 1):
            edit.seq = seq
        self._seen.clear()
        self._last_own = 0
        self._oldest = self.version

    # -------------------------------------------------------------- parts

    def _line(self) -> list[Operation]:
        """The own edits on top of `version`, each made after the one before it."""
        return [edit.op for edit in self.sent] + self.unsent

    def _put_line(self, line: list[Operation]) -> None:
        for edit, op in zip(self.sent, line, strict=False):
            edit.op = op
        self.unsent = _without_noops(line[len(self.sent) :])

    def _saw(self, op: Operation, seq: int, user_id: str) -> Seen:
        self.version += 1
        seen = Seen(self.version, op, seq, user_id)
        self._seen.append(seen)
        self._trim()
        return seen

    def _trim(self) -> None:
        """Forget old commits, but for those from the first own one on that is not durable yet."""
        seen = self._seen
        while len(seen) > RECENT and (not seen[0].seq or seen[0].version <= self.durable):
            seen.popleft()


def _without_noops(ops: list[Operation]) -> list[Operation]:
    return [op for op in ops if not text.is_noop(op)]
