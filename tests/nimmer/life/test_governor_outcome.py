"""What came of an epoch is the difference of two looks, and nothing odd in a look makes it odd."""

import json
from dataclasses import asdict, replace
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.governor import NpcSituation
from nimmer.life.governor_outcome import (
    COVERAGE_POINTS,
    LIFEFORCE_POINTS,
    SEEN_S,
    TRIGGER_POINTS,
    Outcome,
    Tally,
    outcome,
    outcomes,
    recalled,
)
from nimmer.life.nerve_table import load_nerves
from nimmer.world.scarce_score import ScoreWeights
from nimmer.world.scarcity import KINDS, ScarcityModel

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
    assert (seen.cpu_used_percent, seen.ticks_kept, seen.gained) == (25.0, 0.9, 0.125)
    assert (seen.earned, seen.met, seen.missed) == (-5.0, 2.0, 0.5)
    assert recalled(now, past, 0.0) == now


def test_an_amount_is_seen_alike_in_short_epochs_and_long() -> None:
    now = NpcSituation(3, True, 10.0, 50.0, 0.75, 1.0, 70.0)
    short = recalled(now, Outcome(0.1, 3.0, 2, 1, 1.0, 50, 5, 1.0), SEEN_S)
    long = recalled(now, Outcome(0.6, 18.0, 12, 6, 6.0, 300, 30, 6.0), 6 * SEEN_S)
    assert asdict(short) == pytest.approx(asdict(long))
    assert ScarcityModel().epoch_s == SEEN_S


def test_points_are_those_the_net_is_trained_with() -> None:
    worth = ScoreWeights()
    assert (worth.coverage, worth.lifeforce) == (COVERAGE_POINTS, LIFEFORCE_POINTS)
    by_kind = dict(zip(KINDS, worth.met, strict=True))
    gates = {
        spec.gate.removesuffix("_gate").removesuffix("_avoidance"): spec.name for spec in load_nerves(None)
    }
    assert {kind: TRIGGER_POINTS[nerve] for kind, nerve in gates.items()} == {
        kind: by_kind[kind] for kind in gates
    }
