"""What the directory tells gateways of rooms that sleep under people who are connected there."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from itertools import islice
from typing import Literal

from persistence.exchanged import Exchanged

_KEPT = 4096

Kind = Literal["awake", "changed"]
"""The room was woken, or what is stored of it and of its members was changed while it slept."""


class Notice(Exchanged, frozen=True):
    room_id: str
    kind: Kind


class Notices(Exchanged, frozen=True):
    """The notices since `after`; with `gap`, some of them are not known any more.

    `board` and `upto` say where to go on. A directory that was restarted has another board.
    """

    board: str
    upto: int
    notices: list[Notice]
    gap: bool


class NoticeBoard:
    """The last few thousand notices, which any number of gateways read at their own pace."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(8)
        self._notices: deque[Notice] = deque(maxlen=_KEPT)
        self._upto = 0
        self._more = asyncio.Event()

    def post(self, room_id: str, kind: Kind) -> None:
        """Put up a notice."""
        self._notices.append(Notice(room_id, kind))
        self._upto += 1
        self._more.set()
        self._more = asyncio.Event()

    async def read(self, board: str, after: int, patience: float) -> Notices:
        """What was put up since notice `after` of `board`; waits up to `patience` seconds while that is nothing."""
        known = board == self._name
        if known and after == self._upto:
            try:
                async with asyncio.timeout(patience):
                    await self._more.wait()
            except TimeoutError:
                return Notices(self._name, self._upto, [], gap=False)
        missed = self._upto - after
        if not known or missed > len(self._notices):
            return Notices(self._name, self._upto, [], gap=True)
        newest_first = list(islice(reversed(self._notices), missed))
        return Notices(self._name, self._upto, newest_first[::-1], gap=False)
