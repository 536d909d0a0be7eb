"""The net learns on by small steps, towards what scores better, and never far from where it came from."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.minds.governor_learning import RATE, REACH, SIGMA, GovernorLearner
from nimmer.minds.governor_net import GOVERNED_GATES, OUTPUTS, GovernorWeights, check_weights, initial_weights

SOURCE = Chance(11)


def fresh() -> GovernorWeights:
    return initial_weights("medium", SOURCE.generator("weights"))


def distance(weights: GovernorWeights, target: np.ndarray) -> float:
    return float(np.square(weights["head_w"][:, :4] - target).sum())


def test_it_finds_its_way_through_noise_and_a_village_that_grows_richer() -> None:
    start = fresh()
    target = SOURCE.generator("target").uniform(-0.4, 0.4, (32, 4)).astype(np.float32)
    learner, noise = GovernorLearner(start, start, 5), SOURCE.generator("noise")
    for epoch in range(4000):
        trial = learner.trial()
        learner.judge(0.01 * epoch - distance(trial, target) + 0.1 * noise.standard_normal())
    assert distance(learner.weights, target) < 0.5 * distance(start, target)
    assert learner.steps == 2000


def test_only_the_heads_of_shares_learn_and_no_gate() -> None:
    start = fresh()
    learner = GovernorLearner(start, start, 5)
    for score in (1.0, 0.0, 3.0, 7.0):
        learner.trial()
        learner.judge(score)
    changed = {name for name, array in learner.weights.items() if not np.array_equal(array, start[name])}
    assert changed == {"head_w", "head_b"}
    first_gate = OUTPUTS - GOVERNED_GATES
    assert not learner.weights["head_w"][:, first_gate:].any()


def test_two_trials_of_a_pair_are_opposite() -> None:
    start = fresh()
    learner = GovernorLearner(start, start, 5)
    first = learner.trial()["head_b"]
    assert not learner.judge(1.0)
    second = learner.trial()["head_b"]
    assert np.allclose(first + second, 2 * start["head_b"])
    assert np.abs(first[:4]).tolist() == pytest.approx([SIGMA] * 4)


def test_one_killed_between_two_trials_goes_on_as_if_it_had_not_been() -> None:
    start = fresh()
    first, second = GovernorLearner(start, start, 5), GovernorLearner(start, start, 5)
    for score in (1.0, 2.0, 3.0):
        first.judge(score)
    second.restore(json.loads(json.dumps(first.state())))
    second.weights = first.weights
    assert np.array_equal(first.trial()["head_w"], second.trial()["head_w"])
    assert first.judge(5.0) == second.judge(5.0) is True
    assert np.array_equal(first.weights["head_w"], second.weights["head_w"])


def test_a_state_that_is_none_is_refused_and_nothing_taken_from_it() -> None:
    learner = GovernorLearner(fresh(), fresh(), 5)
    for broken in ({}, {**learner.state(), "pairs": "many"}, {**learner.state(), "first": []}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            learner.restore(broken)
    assert learner.state() == GovernorLearner(fresh(), fresh(), 5).state()


def test_a_score_that_is_no_number_abandons_the_pair() -> None:
    start = fresh()
    learner = GovernorLearner(start, start, 5)
    learner.judge(1.0)
    assert not learner.judge(float("nan"))
    assert learner.weights is start
    assert (learner.pairs, learner.steps) == (1, 0)


@given(st.lists(st.floats(), max_size=30))
@settings(max_examples=50, deadline=None)
def test_whatever_the_scores_a_step_is_small_and_the_net_stays_a_net(scores: list[float]) -> None:
    start = fresh()
    learner = GovernorLearner(start, start, 5)
    for score in scores:
        before = learner.weights["head_w"]
        check_weights(learner.trial())
        learner.judge(score)
        check_weights(learner.weights)
        assert np.abs(learner.weights["head_w"] - before).max() <= RATE * SIGMA * 1.001
        assert np.abs(learner.weights["head_w"] - start["head_w"]).max() <= REACH * 1.001
