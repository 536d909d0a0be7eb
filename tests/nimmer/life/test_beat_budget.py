"""The 30,000 ms of a beat: docs/domain.md section 6."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.beat_budget import BeatBudget, Spending, plan


def test_a_beat_in_which_nothing_happens_belongs_to_the_virtual_garden() -> None:
    assert plan(0, 0, 0, 0) == Spending(100, 200, 0, 0, 0, 29_700, 0)


def test_a_reflex_costs_50_and_another_gate_100() -> None:
    assert plan(2, 3, 0, 0).gates == 2 * 50 + 3 * 100


def test_a_busy_beat_by_hand() -> None:
    # remainder 29,300: organs may take 40 %, 11,720, which is five; then 19,300: cognition 8,000, which is two
    assert plan(0, 4, 9, 9) == Spending(100, 200, 400, 10_000, 8_000, 11_300, 0)


def test_what_organs_leave_is_not_lost_because_only_what_was_spent_is_subtracted() -> None:
    assert plan(0, 4, 1, 0) == Spending(100, 200, 400, 2_000, 0, 27_300, 0)


def test_the_caps_hold() -> None:
    beat = BeatBudget()
    assert beat.organs_left_ms == 11_880  # 40 % of 29,700, below the cap of 12,000
    assert beat.cognition_left_ms == 8_000  # the cap, below 50 %
    assert [beat.use_organ() for _ in range(6)] == [True] * 5 + [False]
    assert [beat.think() for _ in range(3)] == [True, True, False]


def test_a_rest_too_small_for_the_garden_is_idle() -> None:
    beat = BeatBudget()
    for _ in range(287):
        beat.open_gate(1)
    assert beat.spending()[-2:] == (0, 1_000)


def test_an_opening_that_does_not_fit_spends_all() -> None:
    beat = BeatBudget()
    for _ in range(296):
        assert beat.open_gate(2)
    assert beat.open_gate(0)
    assert beat.left_ms == 50
    assert not beat.open_gate(1)
    assert beat.left_ms == 0
    assert not beat.open_gate(0)
    assert (beat.use_organ(), beat.think(), beat.left_ms) == (False, False, 0)


@given(st.lists(st.sampled_from(["reflex", "gate", "organ", "thought"]), max_size=700))
def test_the_parts_sum_to_30000_and_none_is_negative(events: list[str]) -> None:
    beat = BeatBudget()
    for event in events:
        match event:
            case "reflex":
                beat.open_gate(0)
            case "gate":
                beat.open_gate(1)
            case "organ":
                beat.use_organ()
            case _:
                beat.think()
        spent = beat.spending()
        assert sum(spent) == 30_000
        assert min(spent) >= 0
        assert min(beat.left_ms, beat.organs_left_ms, beat.cognition_left_ms) >= 0
        assert spent.organs <= 12_000
        assert spent.cognition <= 8_000
    other = BeatBudget()
    other.restore(json.loads(json.dumps(beat.state())))
    assert other.spending() == beat.spending()


@pytest.mark.parametrize("state", [None, [1, 2], [-1, 0, 0], [30_000, 0, 0], ["x", 0, 0]])
def test_a_spending_that_fits_into_no_beat_is_refused(state: object) -> None:
    with pytest.raises(ValueError, match=r"beat|invalid"):
        BeatBudget().restore(state)
