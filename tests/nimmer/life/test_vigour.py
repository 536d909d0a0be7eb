"""Degradation, halt and slumber: docs/domain.md section 6."""

import json
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.lifeforce import Lifeforce
from nimmer.life.vigour import ALL, AWAKE, ENERGY_ONLY, LESS, NOTHING, State, Vigour, next_state

GOOD = 1.0
POOR = 0.5


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (100.0, State.FULL),
        (20.0, State.FULL),
        (19.9, State.SILENT),
        (10.0, State.SILENT),
        (9.9, State.SPARING),
        (5.0, State.SPARING),
        (4.9, State.SLOW),
        (1e-6, State.SLOW),
        (0.0, State.HALTED),
    ],
)
def test_the_poorer_the_less(level: float, state: State) -> None:
    assert Vigour().update(level, GOOD, False, 0.0) is state


def test_a_stage_is_left_a_quarter_above_where_it_began() -> None:
    vigour = Vigour()
    levels = (19.0, 21.0, 24.9, 25.0, 21.0, 9.0, 12.4, 12.5, 4.0, 6.2, 6.25)
    found = [vigour.update(level, GOOD, False, 0.0).name for level in levels]
    assert found == [
        "SILENT", "SILENT", "SILENT", "FULL", "FULL", "SPARING", "SPARING", "SILENT", "SLOW", "SLOW", "SPARING",
    ]  # fmt: skip


def test_what_each_stage_still_does() -> None:
    vigour = Vigour()

    def does(level: float) -> tuple[list[int], list[bool], bool]:
        vigour.update(level, GOOD, True, 0.0)
        return (
            [vigour.senses(tick) for tick in (0, 1)],
            [vigour.may_move(tick) for tick in (0, 1)],
            vigour.may_speak,
        )

    assert does(100.0) == ([ALL, ALL], [True, True], True)
    assert does(19.0) == ([ALL, ALL], [True, True], False)
    assert does(9.0) == ([ALL, LESS], [True, True], False)
    assert does(4.0) == ([LESS, ENERGY_ONLY], [True, False], False)
    assert does(0.0) == ([ENERGY_ONLY, ENERGY_ONLY], [False, False], False)
    assert not vigour.awake


def test_a_halted_body_feels_its_energy_at_each_heartbeat_alone() -> None:
    vigour = Vigour()
    felt = []
    for tick in range(400):
        vigour.update(0.0, inf, False, tick * 0.05)
        felt.append(vigour.senses(tick))
    assert [tick for tick, sparing in enumerate(felt) if sparing != NOTHING] == [0, 168, 336]
    assert ENERGY_ONLY in felt


def test_a_halted_body_begins_again_when_income_has_brought_five() -> None:
    vigour, ledger = Vigour(), Lifeforce(0.0)
    found = []
    for second in range(70):
        found.append(vigour.update(ledger.level, ledger.balance, False, float(second)))
        ledger.advance(1.0)
    assert found.index(State.SLOW) in (60, 61)  # the last micro unit may come a moment late
    assert set(found[:60]) == {State.HALTED}


def test_slumber_begins_when_declining_poor_and_not_needed() -> None:
    assert next_state(0.19, 0.69, False, State.SILENT) is State.ASLEEP
    assert next_state(0.19, 0.69, True, State.SILENT) is State.SILENT
    assert next_state(0.19, 0.70, False, State.SILENT) is State.SILENT
    assert next_state(0.20, 0.69, False, State.FULL) is State.FULL


def test_it_ends_when_thriving_and_rested_or_when_something_is_urgent() -> None:
    assert next_state(0.51, 1.21, False, State.ASLEEP) is State.FULL
    assert next_state(0.50, 1.21, False, State.ASLEEP) is State.ASLEEP
    assert next_state(0.51, 1.20, False, State.ASLEEP) is State.ASLEEP
    assert next_state(0.08, 0.1, True, State.ASLEEP) is State.SPARING
    assert next_state(0.0, 0.1, True, State.ASLEEP) is State.HALTED


def test_who_is_asleep_feels_its_energy_and_does_nothing() -> None:
    vigour = Vigour()
    vigour.update(15.0, POOR, False, 0.0)
    assert vigour.current is State.ASLEEP
    assert [vigour.senses(0), vigour.may_move(0), vigour.may_speak] == [ENERGY_ONLY, False, False]


def test_who_was_woken_stays_awake_for_ten_seconds() -> None:
    vigour = Vigour()
    found = [vigour.update(15.0, POOR, tick == 10, tick * 0.5).name for tick in range(40)]
    assert found == ["ASLEEP"] * 10 + ["SILENT"] * 20 + ["ASLEEP"] * 10


levels = st.one_of(st.just(0.0), st.floats(0.0, 30.0), st.floats(0.0, 200.0))
moments = st.lists(st.tuples(levels, st.floats(0.0, 2.0), st.booleans(), st.floats(0.0, 5.0)), max_size=60)


@given(moments)
def test_every_change_is_one_the_state_knows(moments: list[tuple[float, float, bool, float]]) -> None:
    vigour, now_s = Vigour(), 0.0
    found = [vigour.current]
    for level, balance, urgent, pause_s in moments:
        now_s += pause_s
        found.append(vigour.update(level, balance, urgent, now_s))
        assert (found[-1] is State.HALTED) >= (level == 0.0)
        assert vigour.may_move(0) == (found[-1] in AWAKE)
        assert found[-1] is not State.ASLEEP or not urgent
    for before, after in pairwise(found):
        assert after is before or after in before.successors


@given(st.sampled_from([5.0, 10.0, 20.0]), st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=100))
def test_a_level_that_trembles_changes_the_stage_once_at_most(edge: float, tremble: list[float]) -> None:
    vigour = Vigour()
    vigour.update(edge + 1.0, GOOD, False, 0.0)
    before = vigour.changes
    for tick, shift in enumerate(tremble):
        vigour.update(edge + shift, GOOD, False, tick * 0.05)
    assert vigour.changes - before <= 1


@given(st.lists(st.tuples(st.floats(10.0, 60.0), st.floats(0.0, 2.0), st.booleans()), max_size=200))
def test_nobody_falls_asleep_more_often_than_every_ten_seconds(
    moments: list[tuple[float, float, bool]],
) -> None:
    vigour, fell = Vigour(), []
    before = vigour.current
    for tick, (level, balance, urgent) in enumerate(moments):
        found = vigour.update(level, balance, urgent, tick * 0.5)
        if found is State.ASLEEP and before is not State.ASLEEP:
            fell.append(tick * 0.5)
        before = found
    assert all(after - earlier >= 10.0 for earlier, after in pairwise(fell))


@given(moments, moments)
def test_it_survives_a_restart_and_a_clock_that_began_anew(
    before: list[tuple[float, float, bool, float]], after: list[tuple[float, float, bool, float]]
) -> None:
    vigour, now_s = Vigour(), 4096.0
    for level, balance, urgent, _ in before:
        now_s += 0.5
        vigour.update(level, balance, urgent, now_s)
    other = Vigour()
    other.restore(json.loads(json.dumps(vigour.state())), -4096.0)
    for level, balance, urgent, _ in after:
        now_s += 0.5
        assert vigour.update(level, balance, urgent, now_s) is other.update(
            level, balance, urgent, now_s - 4096.0
        )
        assert vigour.senses(1) == other.senses(1)


def test_a_birth_level_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Vigour(0.0)
