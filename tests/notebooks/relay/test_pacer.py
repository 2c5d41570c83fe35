"""How fast all links of a kernel together send."""

from __future__ import annotations

import pytest
from rayrooms_jupyter.relay.pacer import Pacer

from .channel import OutputLimit


def _sent(size: int, seconds: float) -> list[float]:
    """When messages of a size go, in milliseconds, of somebody who always has one."""
    pacer = Pacer()
    now = 10_000.0
    end = now + seconds * 1000
    sent = []
    while now < end:
        now = max(now, pacer.ready_at())
        pacer.spend(size, now)
        sent.append(now)
    return sent


@pytest.mark.parametrize("size", [1, 100, 2_500, 48_000, 190_000])
def test_below_what_jupyter_lets_through(size: int) -> None:
    """RELAY-14: in any 3 seconds less than 1000 messages and less than 1 MB a second, whatever their size."""
    sent = _sent(size, 20)
    for first, start in enumerate(sent):
        in_window = [at for at in sent[first:] if at < start + 3_000]
        assert len(in_window) < 0.8 * 3 * 1000
        assert len(in_window) * size < 3 * 1_000_000
    limit = OutputLimit()
    assert all(limit.admits(at / 1000) for at in sent)


def test_uses_what_it_may() -> None:
    """RELAY-14: about 500 kB or 200 messages a second go, and after a quiet time a burst at once."""
    assert 480_000 < len(_sent(48_000, 20)) * 48_000 / 20 < 550_000
    small = _sent(100, 20)
    assert 195 < len(small) / 20 < 215
    assert small[150] == small[0]
