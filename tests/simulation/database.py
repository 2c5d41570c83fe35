"""The modelled database of a simulated room: the log of commits, of which a prefix is durable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rayrooms import text

if TYPE_CHECKING:
    from actors.core.log import Commit


class Database:
    """All commits of a room in order. `text` is what they replay to; `durable` says how many would survive anything."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.durable = 0
        self.epoch = 0
        self.text = ""

    def append(self, commit: Commit) -> None:
        assert commit.version == len(self.commits) + 1, "a gap in the log"
        self.text = text.apply(self.text, commit.op)
        self.commits.append(commit)

    def persist(self, version: int) -> None:
        self.durable = max(self.durable, min(version, len(self.commits)))

    def lose_tail(self) -> int:
        """Both the room and its persistence died: what was not durable is gone. Returns how many commits were."""
        lost = self.commits[self.durable :]
        for commit in reversed(lost):
            self.text = text.apply(self.text, text.invert(commit.op))
        del self.commits[self.durable :]
        return len(lost)
