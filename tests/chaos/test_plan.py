"""Plans: the same from the same seed, to and from files, and with everything in them that can be done."""

from __future__ import annotations

import pytest

from .plan import KINDS, OUTAGE_SECONDS, Fault, Plan, Storm, make_plan, short_plan

SEEDS = range(20)


def test_a_seed_is_a_plan() -> None:
    """CHAOS-1: the same seed draws the same storms, another seed others; more minutes only add some at the end."""
    for seed in SEEDS:
        assert make_plan(seed, 5) == make_plan(seed, 5)
        shorter, longer = make_plan(seed, 5).storms, make_plan(seed, 30).storms
        assert longer[: len(shorter)] == shorter
    assert len({make_plan(seed, 5).as_json() for seed in SEEDS}) == len(SEEDS)


def test_a_plan_goes_through_a_file() -> None:
    """CHAOS-1: what was printed can be run again, also in part; what is no plan is refused."""
    for plan in (make_plan(3, 5), short_plan(3)):
        assert Plan.from_json(plan.as_json()) == plan
    with pytest.raises(ValueError, match="no such faults"):
        Plan.from_json(Plan(1, 1, 1, [Storm("odd", [Fault("earthquake", 0, 0, 0)])]).as_json())
    with pytest.raises(ValueError, match="missing required field"):
        Plan.from_json("{}")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_visits_everything(seed: int) -> None:
    """CHAOS-2: in ten minutes every kind of fault comes, and a minute without Postgres, and a power cut."""
    plan = make_plan(seed, 10)
    faults = [fault for storm in plan.storms for fault in storm.faults]
    assert {fault.kind for fault in faults} == KINDS.keys()
    assert any(fault.lasts == OUTAGE_SECONDS for fault in faults)
    assert plan.seconds >= 600
    for fault in faults:
        least, most = KINDS[fault.kind]
        assert fault.lasts == OUTAGE_SECONDS or least <= fault.lasts <= most
    for storm in plan.storms:
        assert storm.seconds > max(fault.ends for fault in storm.faults)
        assert [fault.at for fault in storm.faults] == sorted(fault.at for fault in storm.faults)


def test_the_short_plan_visits_each_part() -> None:
    """CHAOS-2."""
    kinds = {fault.kind for storm in short_plan(1).storms for fault in storm.faults}
    assert {kind.partition("_")[0] for kind in kinds} >= {"room", "gateway", "directory", "persistence", "postgres"}
    assert {kind.partition("_")[0] for kind in kinds} >= {"link", "database"}
    assert short_plan(1).seconds < 60
    assert all(storm.exact for storm in short_plan(1).storms)


def test_words_may_be_cut_only_where_two_keepers_of_an_edit_are_lost() -> None:
    """CHAOS-3: G4 covers one process at a time."""

    def storm(*kinds: str) -> Storm:
        return Storm("odd", [Fault(kind, 0, 0, 0) for kind in kinds])

    assert storm("room_kill", "gateway_kill", "directory_kill", "postgres_kill", "haproxy_kill").exact
    assert storm("persistence_kill", "gateway_kill", "postgres_kill", "database_drop").exact
    assert storm("persistence_stop", "room_kill").exact
    assert not storm("persistence_kill", "room_kill").exact
    assert not storm("room_stop", "persistence_kill").exact
    assert not storm("node_kill").exact
