"""How much a user may ask of a gateway: a bucket for each kind of message, shared by all connections of the user. Pure.

A bucket is kept as the one time at which it will be full again (the generic cell rate algorithm), so that taking from
it is a few sums and a comparison: no timer, no task, nothing that grows with what was asked.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from persistence.settings import Settings

PENALTY = 0.002
"""Seconds for which a connection is not read after each refusal: what cannot be taken is not read at full speed either,
and a client that pipelines a hundred edits and then waits hardly notices."""
REFUSALS_BORNE = 1_000
"""Refusals after which a connection that does not slow down is cut off ..."""
_REFUSALS_FORGIVEN = 200.0
"""... but for so many a second, more than there are to a client that waits when it is told to."""
_RECOVERY = 0.5
"""Who was refused is told to wait until so many seconds' worth is there: what was on its way is sent again then."""
_USERS_KEPT = 10_000
_ROUNDING = 1e-6
"""Seconds: sums of times are no more exact than that, and a full bucket must not seem to lack something."""


class Rates(NamedTuple):
    """What a user may do in a second, by kind of message; `burst` is how many seconds' worth may come at once."""

    edits: float
    chat: float
    signals: float
    joins: float
    control: float
    bytes: float
    burst: float

    @classmethod
    def from_settings(cls, settings: Settings) -> Rates:
        return cls(
            edits=settings.limit_edits,
            chat=settings.limit_chat,
            signals=settings.limit_signals,
            joins=settings.limit_joins,
            control=settings.limit_control,
            bytes=settings.limit_bytes,
            burst=settings.limit_burst,
        )


_ANONYMOUS = Rates(edits=50, chat=50, signals=50, joins=50, control=50, bytes=256 * 1024, burst=2)


class _Size(NamedTuple):
    """Of a bucket, in seconds: how long it takes to get `each` back, and from empty to full at `most`."""

    each: float
    most: float


@lru_cache(maxsize=64)
def _size(rate: float, capacity: float) -> _Size:
    """One for all buckets of a kind, of which there are thousands."""
    return _Size(1.0 / rate, max(capacity, 1.0) / rate)


class Bucket:
    """Holds up to `capacity`, and gets `rate` back each second. Times are seconds of one clock that never goes back."""

    __slots__ = ("_full_at", "_size")

    def __init__(self, rate: float, capacity: float) -> None:
        self._size = _size(rate, capacity)
        self._full_at = 0.0

    def take(self, now: float) -> float:
        """Take one out and return 0; when there is none, take nothing and return the seconds until there is."""
        full_at = self._full_at
        full_at = max(full_at, now)
        full_at += self._size.each
        missing = full_at - now - self._size.most
        if missing > _ROUNDING:
            return missing
        self._full_at = full_at
        return 0.0

    def spend(self, now: float, amount: float) -> float:
        """Take `amount` out, whether it is there or not; return the seconds until the debt is paid."""
        self._full_at = max(self._full_at, now) + self._size.each * amount
        return max(0.0, self._full_at - now - self._size.most)

    def patience(self, missing: float) -> float:
        """How long to wait for more than the one that `take` found missing."""
        return missing + min(_RECOVERY, self._size.most / 2)


class Allowance:
    """The buckets of one user at one gateway."""

    __slots__ = ("bytes", "chat", "control", "edits", "joins", "refusals", "signals")

    def __init__(self, rates: Rates) -> None:
        burst = rates.burst
        self.edits = Bucket(rates.edits, rates.edits * burst)
        self.chat = Bucket(rates.chat, rates.chat * burst)
        self.signals = Bucket(rates.signals, rates.signals * burst)
        self.joins = Bucket(rates.joins, rates.joins * burst)
        self.control = Bucket(rates.control, rates.control * burst)
        self.bytes = Bucket(rates.bytes, rates.bytes * burst)
        self.refusals = Bucket(_REFUSALS_FORGIVEN, REFUSALS_BORNE)


class Allowances:
    """The allowances of all users at a gateway, and how many connections each may hold there.

    They outlive connections: who is cut off and comes back finds the buckets as they were. Those of users who were not
    met for longest are forgotten first, and by then are full again.
    """

    def __init__(self, rates: Rates, max_sockets: int) -> None:
        self.max_sockets = max_sockets
        self._rates = rates
        self._by_user: OrderedDict[str, Allowance] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings) -> Allowances:
        return cls(Rates.from_settings(settings), settings.max_sockets_per_user)

    def of(self, user_id: str) -> Allowance:
        """What this user has left."""
        found = self._by_user.get(user_id)
        if found is None:
            found = self._by_user[user_id] = Allowance(self._rates)
            if len(self._by_user) > _USERS_KEPT:
                self._by_user.popitem(last=False)
        else:
            self._by_user.move_to_end(user_id)
        return found

    def anonymous(self) -> Allowance:
        """For a connection that has not said yet whose it is."""
        return Allowance(_ANONYMOUS)
