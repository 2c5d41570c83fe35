"""How many gateways there are to be: enough, no more than one less at a time, and no going to and fro."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from ray import cloudpickle

from persistence.settings import Settings
from serve.gateway import _number
from serve.scaling import FILLED_AFTERWARDS, SOCKETS, SocketPolicy, gateways_for

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELD = st.lists(st.integers(0, 5_000), max_size=20)
_GATEWAYS = st.integers(1, 20)
_EACH = st.integers(1, 2_000)


@given(_HELD, _GATEWAYS, _EACH)
def test_enough_for_all_sockets(held: list[int], gateways: int, each: int) -> None:
    """SCALE-5: as many as the sockets need, at once; and no more of them than that start."""
    wanted = gateways_for(held, gateways=gateways, per_gateway=each)
    needed = math.ceil(sum(held) / each)
    assert wanted >= needed
    if wanted > gateways:
        assert wanted == needed


@given(_HELD, _GATEWAYS, _EACH)
def test_one_goes_at_a_time_and_only_when_all_are_heard(held: list[int], gateways: int, each: int) -> None:
    """SCALE-6: a gateway that has not said what it holds may hold anything."""
    wanted = gateways_for(held, gateways=gateways, per_gateway=each)
    assert wanted >= max(1, gateways - 1)
    if len(held) != gateways:
        assert wanted >= gateways


@given(st.data(), st.integers(2, 20), _EACH)
def test_after_one_has_gone_there_is_room_for_more(data: st.DataObject, gateways: int, each: int) -> None:
    """SCALE-6: the rest are 70% full at most, so that no gateway comes back for a few more sockets."""
    held = data.draw(st.lists(st.integers(0, each), min_size=gateways, max_size=gateways))
    wanted = gateways_for(held, gateways=len(held), per_gateway=each)
    if wanted < len(held):
        assert sum(held) <= FILLED_AFTERWARDS * each * wanted
        more = math.floor(sum(held) * 1.4)
        for rest in (sum(held), more):
            spread = [rest / wanted] * wanted
            assert gateways_for(spread, gateways=wanted, per_gateway=each) <= wanted


@given(st.integers(0, 100_000), _GATEWAYS, _EACH)
def test_comes_to_rest(sockets: int, gateways: int, each: int) -> None:
    """SCALE-6: with sockets that stay, the number does, once it has gone up at once or down step by step."""
    seen = [gateways]
    for _ in range(gateways + 2):
        seen.append(gateways_for([sockets / seen[-1]] * seen[-1], gateways=seen[-1], per_gateway=each))
    assert seen[-1] == seen[-2]
    assert seen[1:] in (sorted(seen[1:]), sorted(seen[1:], reverse=True))


def _asked(policy: Any, told: dict[str, Sequence[float]], gateways: int) -> int:
    series = {name: [SimpleNamespace(value=value) for value in values] for name, values in told.items()}
    wanted, remembered = policy(SimpleNamespace(raw_metrics={SOCKETS: series}, target_num_replicas=gateways))
    assert remembered == {}
    return int(wanted)


def test_the_policy_as_serve_carries_it() -> None:
    """SCALE-5, SCALE-6: it looks at what each gateway said last, and needs nothing of ours where it is asked."""
    [scaling] = _number(Settings(gateways_max=2, sockets_per_gateway=10)).values()
    carried = scaling.policy.get_serialized_policy_def()
    assert b"gateways_for" in carried, "it is carried by reference"
    policy = cloudpickle.loads(carried)(**scaling.policy.policy_kwargs)
    assert type(policy).__name__ == SocketPolicy.__name__
    assert _asked(policy, {"a": [500, 11]}, 1) == 2
    assert _asked(policy, {"a": [500, 7], "b": [0]}, 2) == 1
    assert _asked(policy, {"a": [7], "b": []}, 2) == 2
    assert _asked(policy, {}, 3) == 3


def test_their_number_is_fixed_unless_there_may_be_more() -> None:
    """SCALE-7: `RAYROOMS_GATEWAYS_MAX` beyond `RAYROOMS_GATEWAYS` is what lets it change, between the two."""
    for most in (0, 2, 3):
        assert _number(Settings(gateways=3, gateways_max=most)) == {"num_replicas": 3}
    scaling = _number(Settings(gateways=3, gateways_max=5, sockets_per_gateway=7, gateways_shrink_after=9))
    config = scaling.pop("autoscaling_config")
    assert scaling == {}
    assert (config.min_replicas, config.max_replicas, config.downscale_delay_s) == (3, 5, 9)
    assert config.policy.policy_kwargs == {"per_gateway": 7}
