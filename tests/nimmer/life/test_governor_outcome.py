"""What came of an epoch is the difference of two looks, and nothing odd in a look makes it odd."""

import json
from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.governor import NpcSituation
from nimmer.life.governor_outcome import Outcome, Tally, outcome, outcomes, recalled

BEFORE = Tally(3, 1, 0.5, 80.0, 10, 2, 2.0, 100, 110, 5.0, 1)


def test_an_outcome_is_the_difference_of_two_looks() -> None:
    after = Tally(3, 1, 0.75, 70.0, 14, 3, 4.5, 280, 310, 7.5, 2)
    assert outcome(BEFORE, after) == Outcome(0.25, -10.0, 4, 1, 2.5, 200, 20, 2.5, 1)


def test_a_level_passed_counts_for_what_was_missing_of_it() -> None:
    assert outcome(BEFORE, replace(BEFORE, level=2, coverage=0.1)).coverage_gained == pytest.approx(0.6)


def test_a_body_that_comes_back_younger_has_lost_nothing() -> None:
    younger = Tally(3, 1, 0.5, 80.0, 9, 1, 1.0, 90, 100, 4.0, 0)
    assert outcome(BEFORE, younger) == Outcome()


def test_only_who_was_seen_twice_has_an_outcome() -> None:
    assert set(outcomes({3: BEFORE, 4: Tally(4)}, {3: BEFORE, 5: Tally(5)})) == {3}


def test_an_outcome_is_worth_what_it_gained_and_met() -> None:
    assert Outcome(0.25, -10.0, 4, 1, 2.5, 200, 20, 2.5, 1).points == pytest.approx(5.0 + 2.5 - 0.2)


@given(st.builds(Tally, npc=st.just(3), coverage=st.floats(), lifeforce=st.floats(), cpu_s=st.floats()))
def test_whatever_is_seen_an_outcome_is_finite(after: Tally) -> None:
    found = outcome(BEFORE, after).as_json()
    assert all(isfinite(value) for value in found.values())


def test_a_tally_comes_back_from_json_as_it_was() -> None:
    assert Tally.restored(json.loads(json.dumps(BEFORE.state()))) == BEFORE
    for broken in ({}, {**BEFORE.state(), "level": "two"}, {**BEFORE.state(), "cpu_s": None}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            Tally.restored(broken)


def test_what_happened_is_filled_into_the_situation() -> None:
    now = NpcSituation(3, True, 10.0, 50.0, 0.75, 1.0, 70.0)
    past = Outcome(0.25, -10.0, 4, 1, 2.5, 200, 20, 2.5, 1)
    seen = recalled(now, past, 10.0)
    assert (seen.cpu_used_percent, seen.ticks_kept, seen.gained) == (25.0, 0.9, 0.25)
    assert (seen.earned, seen.met, seen.missed) == (-10.0, 4, 1)
    assert recalled(now, Outcome(), 0.0) == replace(now, ticks_kept=1.0)
