"""The governor's net: the same weights for any village, in any order, and never an unbounded wish."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.life.governor import Envelope, Limits, NpcSituation, static_rule
from nimmer.life.governor_observation import (
    NPC_FEATURE_NAMES,
    NPC_FEATURES,
    WORLD_FEATURES,
    GovernorObservation,
)
from nimmer.minds.governor_net import GovernorNet, GovernorWeights, decode, forward, initial_weights


def lively(size: str = "small", seed: int = 1, scale: float = 1.0) -> GovernorWeights:
    generator = Chance(seed).generator("net")
    weights = initial_weights(size, generator)
    weights["head_w"] += (scale * generator.standard_normal(weights["head_w"].shape)).astype(np.float32)
    return weights


def seen(npcs: int, seed: int = 2) -> GovernorObservation:
    generator = Chance(seed).generator("seen")
    return GovernorObservation(
        np.arange(npcs, dtype=np.int32),
        generator.random((npcs, NPC_FEATURES)).astype(np.float32),
        generator.random(WORLD_FEATURES).astype(np.float32),
    )


def test_a_fresh_net_shares_the_cpu_by_need_as_the_static_rule_does_and_else_treats_everybody_alike() -> None:
    net = GovernorNet(initial_weights("small", Chance(0).generator("net")))
    village = seen(10)
    village.features[:, 0] *= 0.9  # one who knows all but nothing still counts as needing a little
    wishes = net.propose(village, 100.0)
    assert {(one.tick_hz, one.cortex_priority, one.gates) for one in wishes} == {(10.5, 5, (0,) * 8)}
    coverage = village.features[:, NPC_FEATURE_NAMES.index("coverage")]
    ruled = static_rule(
        [NpcSituation(npc, True, 10, 10, float(coverage[npc]), 1, 100) for npc in range(10)], 100.0
    )
    assert [one.cpu_percent for one in wishes] == pytest.approx([one.cpu_percent for one in ruled], rel=1e-4)
    assert sum(array.size for array in net.weights.values()) < 10_000


@pytest.mark.parametrize("npcs", [1, 3, 200])
def test_the_same_weights_serve_any_number_of_npcs(npcs: int) -> None:
    net = GovernorNet(lively())
    wishes = net.propose(seen(npcs), 25.0 * npcs)
    assert [one.npc for one in wishes] == list(range(npcs))
    assert sum(one.cpu_percent for one in wishes) <= 25.0 * npcs + 1e-6
    assert all(1.0 <= one.tick_hz <= 20.0 and 0 <= one.cortex_priority <= 10 for one in wishes)


def test_nobody_is_a_village_too() -> None:
    assert GovernorNet(lively()).propose(seen(0), 100.0) == []


@given(st.permutations(range(9)))
def test_who_is_named_first_makes_no_difference(order: list[int]) -> None:
    net, village = GovernorNet(lively()), seen(9)
    usual = net.forward(village, 100.0)
    mixed = net.forward(
        GovernorObservation(village.npcs[order], village.features[order], village.world), 100.0
    )
    for name in usual._fields:
        before, after = getattr(usual, name), getattr(mixed, name)
        np.testing.assert_allclose(before[order].astype(float), after.astype(float), rtol=1e-4)


def test_a_population_of_nets_answers_as_each_of_them_would() -> None:
    nets = [lively(seed=seed) for seed in (1, 2, 3)]
    stacked = {name: np.stack([net[name] for net in nets]) for name in nets[0]}
    village = seen(5)
    together = forward(stacked, np.stack([village.features] * 3), np.stack([village.world] * 3))
    for at, net in enumerate(nets):
        np.testing.assert_allclose(
            together[at], forward(net, village.features, village.world), rtol=1e-5, atol=1e-6
        )


@settings(max_examples=50)
@given(st.sampled_from([0.0, 1.0, 1e3, 3e38]), st.floats(-1e3, 1e5), st.integers(1, 30))
def test_extreme_weights_still_propose_finite_numbers_that_the_envelope_bounds(
    scale: float, capacity: float, npcs: int
) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        weights = {name: np.clip(array * scale, -3e38, 3e38) for name, array in lively().items()}
        wishes = GovernorNet({name: array.astype(np.float32) for name, array in weights.items()}).propose(
            seen(npcs), capacity
        )
    assert all(np.isfinite([one.tick_hz, one.cpu_percent]).all() for one in wishes)
    living = [NpcSituation(npc, True, 10.0, 10.0, 0.5, 1.0, 100.0) for npc in range(npcs)]
    verdict = Envelope(max(capacity, 1.0)).apply(wishes, {}, living)
    assert not verdict.fell_back
    assert all(5.0 <= one.cpu_percent <= 100.0 for one in verdict.allocations)


def test_an_output_forces_a_gate_only_beyond_one() -> None:
    outputs = np.zeros((2, 9))
    outputs[0, 4:] = [2.0, -2.0, 0.9, -0.9, np.nan]
    wish = decode(outputs, 100.0, Limits())
    assert wish.gates.tolist() == [[1, -1, 0, 0, 0], [0, 0, 0, 0, 0]]


def test_what_is_no_governor_is_refused_by_name() -> None:
    weights = lively()
    with pytest.raises(WeightsError, match="weight 'head_b' is missing"):
        GovernorNet({name: array for name, array in weights.items() if name != "head_b"})
    with pytest.raises(WeightsError, match=r"'encoder_w' has the shape \(2, 2\).*train it again"):
        GovernorNet({**weights, "encoder_w": np.zeros((2, 2), np.float32)})
    with pytest.raises(WeightsError, match="'joint_b' is float64"):
        GovernorNet({**weights, "joint_b": np.zeros(16)})
    with pytest.raises(WeightsError, match="'joint_b' holds values that are not finite"):
        GovernorNet({**weights, "joint_b": np.full(16, np.nan, np.float32)})
    with pytest.raises(WeightsError, match="weights more are not part"):
        GovernorNet({**weights, "more": np.zeros(1, np.float32)})
    with pytest.raises(WeightsError, match="size 'huge' is none of small"):
        initial_weights("huge", Chance(0).generator("net"))
