"""Distances between brains are a metric on what they would do, over moments that never change."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.life.action import ASK_CORTEX, FLAT_ACTIONS, SLOTS, STAY
from nimmer.minds.census import take_census
from nimmer.minds.mlp import ACTIONS, Weights, initial_weights
from nimmer.minds.nursery import prepare_brains, weights_path
from nimmer.minds.personality import conduct, distances, personality
from nimmer.minds.probes import draw_probes, load_probes
from nimmer.minds.weights import Origin, load_weights, save_weights

PROBES = load_probes()


def brain(seed: int, opinions: float = 100.0) -> Weights:
    weights = initial_weights("small", Chance(seed).generator("w"))
    weights["w3"] *= np.float32(opinions)
    return weights


def always(flat: int) -> Weights:
    weights = brain(1, 0.0)
    weights["b3"][flat] = 60.0
    return weights


def test_the_moments_kept_are_the_moments_drawn() -> None:
    drawn = draw_probes()
    again = (
        "features or actions have changed: call nimmer.minds.probes.keep_probes() and say so in the changelog"
    )
    np.testing.assert_allclose(PROBES.features, drawn.features, atol=1e-6, err_msg=again)
    assert (PROBES.possible == drawn.possible).all(), again
    assert not PROBES.possible[:, FLAT_ACTIONS.index(ASK_CORTEX)].any()
    moves = PROBES.possible[:, :SLOTS]
    assert (moves == (PROBES.features[:, 0 : 8 * SLOTS : 8] > 0)).all()  # the feature "there is an edge"
    assert len(np.unique(PROBES.features, axis=0)) == len(PROBES.features)


def test_a_conduct_is_a_distribution_over_what_can_be_done() -> None:
    found = conduct(brain(3), PROBES)
    assert found.shape == (64, ACTIONS)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)
    assert (found[~PROBES.possible] == 0.0).all()


def test_who_never_does_the_same_is_1_apart_and_twins_are_0() -> None:
    stays, looks = conduct(always(8), PROBES), conduct(always(9), PROBES)
    matrix = distances([stays, looks, stays])
    assert matrix[0, 1] == pytest.approx(1.0, abs=1e-6)
    assert matrix[0, 2] == 0.0
    found = personality(matrix)
    assert found is not None
    assert (found.alike.one, found.alike.other) == (0, 2)
    assert found.mean == pytest.approx(2 / 3, abs=1e-6)
    assert FLAT_ACTIONS[8] == STAY


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=6))
@settings(max_examples=25, deadline=None)
def test_it_is_a_metric(seeds: list[int]) -> None:
    matrix = distances([conduct(brain(seed), PROBES) for seed in seeds])
    assert (matrix >= 0.0).all()
    assert (matrix <= 1.0).all()
    assert (matrix == matrix.T).all()
    assert (np.diag(matrix) == 0.0).all()
    through = matrix[:, :, None] + matrix[None]  # from i by j to k
    assert (matrix[:, None, :] <= through + 1e-9).all()


@given(st.integers(0, 1000), st.integers(1001, 2000))
@settings(max_examples=20, deadline=None)
def test_it_is_the_mean_of_half_the_absolute_differences(one: int, other: int) -> None:
    left, right = conduct(brain(one), PROBES), conduct(brain(other), PROBES)
    plain = sum(
        sum(abs(float(a) - float(b)) for a, b in zip(p, q, strict=True)) / 2
        for p, q in zip(left, right, strict=True)
    ) / len(left)
    assert distances([left, right])[0, 1] == pytest.approx(plain, abs=1e-6)


def test_one_alone_has_no_personality() -> None:
    assert personality(distances([conduct(brain(1), PROBES)])) is None


def test_a_census_reads_what_was_saved_last(tmp_path: Path) -> None:
    prepare_brains(tmp_path, 3, "small", 7)
    before = take_census(tmp_path, 3)
    path = weights_path(tmp_path, 1)
    weights, origin = load_weights(path)
    weights["b3"][9] += 3.0
    save_weights(path, weights, Origin(origin.npc, origin.seed, 12))
    after = take_census(tmp_path, 3)
    assert after.steps == [0, 12, 0]
    assert after.matrix[0, 2] == before.matrix[0, 2]
    assert after.matrix[0, 1] > before.matrix[0, 1] + 0.1
    assert after.village is not None
    assert 1 in after.village.apart
    with pytest.raises(WeightsError, match=r"npc-3\.safetensors"):
        take_census(tmp_path, 4)
