"""The evolution strategy: it climbs, goes on bit for bit, and takes no state of another net."""

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.minds.strategy import Named, Strategy, StrategySettings, centred_ranks

GOAL = 3.0
BEGIN: Named = {"a": np.zeros((2, 3), np.float32), "b": np.zeros(4, np.float32)}


def generation(search: Strategy) -> None:
    tried = search.ask(Chance(1).generator("noise", search.generation))
    search.tell(-((tried["a"] - GOAL) ** 2).sum(axis=(1, 2)).astype(np.float64))


def test_it_finds_what_is_rewarded_and_leaves_the_rest_where_it_is() -> None:
    search = Strategy(BEGIN, StrategySettings(pairs=16, sigma=0.1, rate=0.1))
    for _ in range(120):
        generation(search)
    assert np.abs(search.weights()["a"] - GOAL).max() < 0.5
    assert search.weights()["b"].shape == (4,)


def test_candidates_come_in_mirrored_pairs() -> None:
    search = Strategy(BEGIN, StrategySettings(pairs=3))
    tried = search.ask(Chance(1).generator("noise"))["a"]
    assert tried.shape == (6, 2, 3)
    np.testing.assert_allclose(tried[:3], -tried[3:], atol=1e-6)


def test_a_search_that_was_interrupted_goes_on_bit_for_bit() -> None:
    whole, first = Strategy(BEGIN, StrategySettings(pairs=4)), Strategy(BEGIN, StrategySettings(pairs=4))
    for _ in range(5):
        generation(whole)
    for _ in range(2):
        generation(first)
    second = Strategy(BEGIN, StrategySettings(pairs=4))
    second.restore(first.state())
    for _ in range(3):
        generation(second)
    assert np.array_equal(whole.mean, second.mean)


def test_the_state_of_another_size_is_refused_with_the_fix() -> None:
    small = Strategy({"a": np.zeros(2, np.float32)}, StrategySettings(pairs=2))
    with pytest.raises(WeightsError, match=r"10 numbers as mean, this search has 2.*resume with that size"):
        small.restore(Strategy(BEGIN, StrategySettings(pairs=2)).state())
    with pytest.raises(WeightsError, match="nothing as mean"):
        small.restore({})


def test_ranks_are_centred_and_equal_scores_share_theirs() -> None:
    assert centred_ranks(np.array([5.0, -1.0, 2.0])).tolist() == [0.5, -0.5, 0.0]
    assert centred_ranks(np.array([1.0, 1.0, 7.0])).tolist() == [-0.25, -0.25, 0.5]
    assert centred_ranks(np.array([-np.inf, 0.0])).tolist() == [-0.5, 0.5]
