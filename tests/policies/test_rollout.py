import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nimmer.chance import Chance
from nimmer.world.levels import load_levels
from policies.rollout import Collector, advantages, draw
from policies.stacked_net import StackedNet
from policies.village_vector import VillageVector

LEVEL = load_levels()[1]


def test_advantages_are_those_computed_by_hand() -> None:
    rewards = np.array([1.0, 0.0, 2.0], np.float32).reshape(3, 1, 1)
    values = np.array([0.5, 1.0, 1.5, 4.0], np.float32).reshape(4, 1, 1)
    ended = np.array([0.0, 1.0, 0.0], np.float32).reshape(3, 1)
    found = advantages(rewards, values, ended, gamma=0.5, smoothing=0.5).reshape(-1)
    # last: 2 + .5 * 4 - 1.5 = 2.5; the middle one ends: 0 - 1 = -1; first: 1 + .5 * 1 - .5 + .25 * -1 = .75
    assert found.tolist() == pytest.approx([0.75, -1.0, 2.5])


@given(st.integers(0, 10**6), st.floats(0.5, 1.0), st.integers(1, 12))
def test_with_full_smoothing_an_advantage_is_the_return_less_the_value(
    seed: int, gamma: float, ticks: int
) -> None:
    generator = Chance(seed).generator("rollout")
    rewards = generator.random((ticks, 1, 2)).astype(np.float32)
    values = generator.random((ticks + 1, 1, 2)).astype(np.float32)
    ended = (generator.random((ticks, 1)) > 0.7).astype(np.float32)
    found = advantages(rewards, values, ended, gamma, 1.0)
    following = values[-1]
    for tick in reversed(range(ticks)):
        following = rewards[tick] + np.float32(gamma) * following * (1 - ended[tick])[:, None]
        assert found[tick] == pytest.approx(following - values[tick], abs=1e-4)


def test_draws_follow_the_distribution() -> None:
    logits = torch.log(torch.tensor([0.7, 0.2, 0.1])).repeat(20_000, 1)
    shares = torch.bincount(draw(logits, torch.Generator().manual_seed(1)), minlength=3) / 20_000
    assert shares.tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.02)


@pytest.mark.parametrize("nets", [1, 5])
def test_a_batch_has_a_row_per_npc_world_and_tick_and_leaves_the_tick_after_an_end_out(nets: int) -> None:
    env = VillageVector(LEVEL, worlds=2, npcs=5, max_ticks=3)
    collector = Collector(env, 5, seed=1)
    net = StackedNet.newborn(nets, "small", Chance(1).generator("net"))
    batch, tally = collector.collect(net, 9, torch.Generator().manual_seed(1), 0.99, 0.95)
    rows = 9 * 2 * 5 // nets
    assert batch.features.shape[:2] == (nets, rows)
    assert batch.actions.shape == batch.lived.shape == batch.returns.shape == (nets, rows)
    # of 9 ticks with episodes of 3, ticks 4 and 8 only begin the next episode
    assert float(batch.lived.sum()) == 9 * 10 - 2 * 10
    assert tally.ticks == [3] * 4
    assert tally.truncated == 4


def test_a_collector_goes_on_where_its_state_was_taken() -> None:
    def collector() -> Collector:
        return Collector(VillageVector(LEVEL, worlds=2, npcs=4, max_ticks=7), 4, seed=5)

    net = StackedNet.newborn(1, "small", Chance(1).generator("net"))
    first, second = collector(), collector()
    first.collect(net, 5, torch.Generator().manual_seed(1), 0.99, 0.95)
    second.restore(first.state())
    batches = [
        one.collect(net, 10, torch.Generator().manual_seed(2), 0.99, 0.95)[0] for one in (first, second)
    ]
    assert torch.equal(batches[0].features, batches[1].features)
    assert torch.equal(batches[0].returns, batches[1].returns)
