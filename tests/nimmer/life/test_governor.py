"""The governor: more to those who know less, and nothing unsafe whatever is proposed."""

from dataclasses import replace
from math import inf, isfinite, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.life.governor import Allocation, Envelope, Limits, NpcSituation, static_rule


def situation(npc: int, coverage: float = 0.5, alive: bool = True, lifeforce: float = 100.0) -> NpcSituation:
    return NpcSituation(npc, alive, 10.0, 10.0, coverage, 1.0, lifeforce)


def test_who_knows_less_gets_more() -> None:
    ignorant, learned = static_rule([situation(0, 0.1), situation(1, 0.9)], 100.0)
    assert ignorant.tick_hz > learned.tick_hz
    assert ignorant.cpu_percent > learned.cpu_percent
    assert ignorant.nice < learned.nice
    assert ignorant.cpu_percent + learned.cpu_percent <= 100.0 + 1e-9


def test_the_dead_get_nothing_and_the_poor_are_spared() -> None:
    rich, poor = static_rule(
        [situation(0, 0.0), situation(1, 0.0, lifeforce=5.0), situation(2, alive=False)], 100.0
    )
    assert (rich.npc, poor.npc) == (0, 1)
    assert poor.tick_hz < rich.tick_hz


def test_everybody_can_be_held_at_one_rate() -> None:
    limits = Limits(min_tick_hz=20.0, max_tick_hz=20.0)
    assert {one.tick_hz for one in static_rule([situation(0, 0.0), situation(1, 1.0)], 100.0, limits)} == {
        20.0
    }


def test_a_village_that_knows_everything_shares_equally() -> None:
    assert {one.cpu_percent for one in static_rule([situation(0, 1.0), situation(1, 1.0)], 60.0)} == {30.0}


def test_an_allocation_moves_one_step_an_epoch() -> None:
    envelope = Envelope(200.0, max_tick_step_hz=5.0, max_cpu_step=25.0)
    last = {0: Allocation(0, 10.0, 50.0)}
    verdict = envelope.apply([Allocation(0, 20.0, 5.0)], last, [situation(0)])
    assert (verdict.allocations[0].tick_hz, verdict.allocations[0].cpu_percent) == (15.0, 25.0)
    assert {clamp.what: clamp.why for clamp in verdict.clamped} == {
        "tick_hz": "more than 5 from the last epoch's 10",
        "cpu_percent": "more than 25 from the last epoch's 50",
    }


def test_a_good_proposal_passes_unchanged() -> None:
    wish = [Allocation(0, 12.0, 50.0, cortex_permission=True, cortex_priority=3, nice=5)]
    verdict = Envelope(100.0).apply(wish, {}, [situation(0)])
    assert (verdict.allocations, verdict.clamped, verdict.fell_back) == (wish, [], False)


def test_an_unusable_proposal_falls_back_to_the_rule_in_the_same_epoch() -> None:
    living = [situation(0), situation(1)]
    for proposed in ([], [Allocation(0, 5, 5)] * 2, [Allocation(npc, nan, inf) for npc in (0, 1)]):
        verdict = Envelope(100.0).apply(proposed, {}, living)
        assert verdict.fell_back
        assert verdict.allocations == static_rule(living, 100.0)
        assert verdict.clamped[0].what == "proposal"


def test_the_floor_is_given_even_where_it_is_more_than_the_capacity() -> None:
    living = [situation(npc) for npc in range(100)]
    verdict = Envelope(200.0).apply(static_rule(living, 200.0), {}, living)
    assert {one.cpu_percent for one in verdict.allocations} == {5.0}
    assert "even the floor" in verdict.clamped[-1].why


def test_broken_bounds_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="capacity_percent is nan"):
        Envelope(nan)
    with pytest.raises(ValueError, match="min_tick_hz"):
        Limits(min_tick_hz=10.0, max_tick_hz=5.0)
    with pytest.raises(ValueError, match="min_cpu_percent"):
        Limits(min_cpu_percent=1.0)


anything = st.floats(allow_nan=True, allow_infinity=True)
wild = st.builds(
    Allocation,
    npc=st.integers(0, 6),
    tick_hz=anything,
    cpu_percent=anything,
    gates=st.lists(st.integers(-300, 300), max_size=12).map(tuple),
    cortex_permission=st.booleans(),
    cortex_priority=st.integers(-100, 100),
    nice=st.integers(-100, 100),
)


@given(st.lists(wild, max_size=10), st.lists(wild, max_size=7), st.integers(1, 6), st.floats(1.0, 1000.0))
@settings(max_examples=200, deadline=None)
def test_whatever_is_proposed_what_is_given_is_safe(
    proposed: list[Allocation], last: list[Allocation], count: int, capacity: float
) -> None:
    living = [situation(npc, npc / 6) for npc in range(count)]
    envelope = Envelope(capacity)
    verdict = envelope.apply(proposed, {one.npc: one for one in last}, living)
    assert [one.npc for one in verdict.allocations] == list(range(count))
    assert sum(one.cpu_percent for one in verdict.allocations) <= max(capacity, 5.0 * count) + 1e-6
    for one in verdict.allocations:
        assert isfinite(one.tick_hz)
        assert 1.0 <= one.tick_hz <= 20.0
        assert 5.0 <= one.cpu_percent <= 100.0
        assert 0 <= one.cortex_priority <= 10
        assert -20 <= one.nice <= 19
        assert len(one.gates) == 8
        assert set(one.gates) <= {-1, 0, 1}


@given(st.lists(wild, min_size=3, max_size=3), st.floats(1.0, 20.0))
def test_no_rate_ever_jumps(proposed: list[Allocation], last_hz: float) -> None:
    wishes = [replace(one, npc=npc) for npc, one in enumerate(proposed)]
    last = {npc: Allocation(npc, last_hz, 30.0) for npc in range(3)}
    verdict = Envelope(300.0).apply(wishes, last, [situation(npc) for npc in range(3)])
    for one in verdict.allocations:
        assert abs(one.tick_hz - last_hz) <= 5.0 + 1e-9
