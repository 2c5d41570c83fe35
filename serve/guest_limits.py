"""How often guests may sign in from one address: each of them is a row in the database, and a user with limits anew."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING

from rayrooms.errors import RateLimitedError
from serve.sockets.limits import Bucket

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from persistence.settings import Settings

_MINUTE = 60.0
_ADDRESSES_KEPT = 10_000


class GuestLimits:
    """A bucket for each address, of a minute's worth; those not met for longest are forgotten.

    The ingress does not say whose request it passes on, so the address is what the proxy in front of it says in
    `header`; without one all callers share a bucket. `per_minute` None: no limit, as on a server for one machine.
    """

    def __init__(self, per_minute: float | None, header: str) -> None:
        self._per_minute = per_minute
        self._header = header
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings) -> GuestLimits:
        return cls(None if settings.bound_to_loopback else settings.limit_guests, settings.address_header)

    def check(self, headers: Headers) -> None:
        """Count a sign-in. Raises RateLimitedError."""
        if self._per_minute is None:
            return
        missing = self._bucket(self._address(headers), self._per_minute).take(monotonic())
        if missing > 0.0:
            raise RateLimitedError("Too many guests have signed in from this address.", retry_after=missing)

    def _address(self, headers: Headers) -> str:
        """What the nearest proxy has added; whatever stands before that, the caller may have made up."""
        said = headers.getlist(self._header) if self._header else []
        return said[-1].rpartition(",")[2].strip() if said else ""

    def _bucket(self, address: str, per_minute: float) -> Bucket:
        bucket = self._buckets.pop(address, None) or Bucket(per_minute / _MINUTE, per_minute)
        self._buckets[address] = bucket
        if len(self._buckets) > _ADDRESSES_KEPT:
            self._buckets.popitem(last=False)
        return bucket
