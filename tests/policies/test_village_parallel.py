import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nimmer.world.levels import load_levels
from policies.village_parallel import VillageParallel
from policies.village_vector import VillageVector

LEVEL = load_levels()[1]
STAY, LOOK = 8, 9


def conformance(name: str) -> Callable[..., Any]:
    with warnings.catch_warnings():
        # Importing PettingZoo's own tests warns of how PettingZoo names its games, which is not ours to change.
        warnings.simplefilter("ignore", DeprecationWarning)
        import pettingzoo.test

        found: Callable[..., Any] = getattr(pettingzoo.test, name)
        return found


@pytest.mark.parametrize("max_ticks", [30, 1000])
def test_it_passes_pettingzoo_s_parallel_api_test(max_ticks: int) -> None:
    conformance("parallel_api_test")(VillageParallel(LEVEL, npcs=7, max_ticks=max_ticks), num_cycles=80)


def test_it_passes_pettingzoo_s_seed_test() -> None:
    conformance("parallel_seed_test")(lambda: VillageParallel(LEVEL, npcs=7), num_cycles=60)


def test_it_is_the_same_world_as_the_vector_form() -> None:
    one, many = VillageParallel(LEVEL, npcs=6), VillageVector(LEVEL, worlds=1, npcs=6)
    first, _ = one.reset(seed=4)
    together, _ = many.reset(seed=4)
    generator = np.random.Generator(np.random.PCG64(1))
    for _ in range(30):
        for npc, agent in enumerate(one.agents):
            assert np.array_equal(first[agent], together[npc])
        actions = generator.integers(0, 12, 6)
        first, rewards, _, _, _ = one.step(dict(zip(one.agents, actions.tolist(), strict=True)))
        together, gains, _, _, _ = many.step(actions)
        assert list(rewards.values()) == pytest.approx(gains.tolist())


def test_an_agent_left_out_does_nothing() -> None:
    env = VillageParallel(LEVEL, npcs=2)
    env.reset(seed=1)
    _, rewards, _, _, infos = env.step({"npc_1": LOOK})
    assert rewards == {"npc_0": 0.0, "npc_1": 1.0}
    assert infos["npc_1"]["coverage"] == pytest.approx(1 / 25)


def test_all_agents_end_together_and_a_finished_episode_stands_still() -> None:
    env = VillageParallel(LEVEL, npcs=3, max_ticks=1)
    env.reset(seed=1)
    _, _, terminations, truncations, _ = env.step(dict.fromkeys(env.agents, STAY))
    assert not any(terminations.values())
    assert all(truncations.values())
    assert env.agents == []
    assert env.step({}) == ({}, {}, {}, {}, {})


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match="max_ticks is 0"):
        VillageParallel(LEVEL, max_ticks=0)
    with pytest.raises(RuntimeError, match="call reset"):
        VillageParallel(LEVEL).step({})
