"""The window of committed operations that a room keeps in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rayrooms.protocol import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence


class Commit(msgspec.Struct, frozen=True, gc=False):
    """One committed operation, in invertible form: it takes the document from `version - 1` to `version`.

    `epoch` is that of the owner that committed it, `at` unix seconds, `sid` the author's session (0: none is live).
    A room holds thousands, which the collector need not walk through: none can be part of a cycle.
    """

    version: int
    op: Operation
    user_id: str
    client_id: str
    seq: int
    epoch: int
    at: float
    sid: int = 0


class Log:
    """Commits `base + 1 .. head` in order; older ones are only in the database.

    `base_epoch` is the epoch under which version `base` was committed, so that a client standing exactly there can be
    matched too. The window holds at least `size` commits once there are as many, at most twice that.
    """

    def __init__(self, commits: Sequence[Commit], *, base: int, base_epoch: int, size: int) -> None:
        self._commits = list(commits)
        self._size = size
        self.base = base
        self._base_epoch = base_epoch

    @property
    def head(self) -> int:
        """The newest version."""
        return self.base + len(self._commits)

    @property
    def last(self) -> Commit | None:
        """The newest commit, if any is in the window."""
        return self._commits[-1] if self._commits else None

    def append(self, commit: Commit) -> None:
        """Add the next commit and forget the oldest half when the window is full."""
        self._commits.append(commit)
        if len(self._commits) >= 2 * self._size:
            dropped = len(self._commits) - self._size
            self._base_epoch = self._commits[dropped - 1].epoch
            del self._commits[:dropped]
            self.base += dropped

    def after(self, version: int) -> list[Commit]:
        """All commits above `version`, which must not lie below `base`."""
        if version < self.base:
            raise IndexError(version)
        return self._commits[version - self.base :]

    def at(self, version: int) -> Commit | None:
        """The commit that made `version`, if the window holds it."""
        index = version - self.base - 1
        return self._commits[index] if 0 <= index < len(self._commits) else None

    def epoch_at(self, version: int) -> int | None:
        """The epoch that committed `version`; None when the window does not reach it."""
        if version == self.base:
            return self._base_epoch
        commit = self.at(version)
        return None if commit is None else commit.epoch

    def matches(self, version: int, epoch: int | None) -> bool:
        """Whether a client that holds `version`, committed under `epoch`, holds a prefix of this log.

        One owner at a time commits under an epoch, so two histories with the same epoch at the same version are the
        same up to there (the log matching property of Raft, Ongaro and Ousterhout 2014, section 5.3).
        """
        known = self.epoch_at(version)
        return known is not None and (epoch is None or epoch == known)
