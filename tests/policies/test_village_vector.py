import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from nimmer.world.levels import load_levels
from nimmer.world.observation import observe_features
from nimmer.world.rules import Rules
from nimmer.world.state import newborn
from policies.acts import legal
from policies.village_vector import VillageVector

LEVEL = load_levels()[1]
STAY = 8


def stays(env: VillageVector) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.full(env.num_envs, STAY)


def test_its_batches_fit_its_spaces() -> None:
    env = VillageVector(LEVEL, worlds=4, npcs=5, max_ticks=6)
    observations, _ = env.reset(seed=1)
    assert observations in env.observation_space
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert (env.num_envs, env.single_action_space.n) == (20, 12)  # type: ignore[attr-defined]  # it is a Discrete
    env.action_space.seed(1)
    for _ in range(20):
        observations, rewards, terminations, truncations, infos = env.step(env.action_space.sample())
        assert observations in env.observation_space
        assert observations.flags.c_contiguous
        assert rewards.shape == terminations.shape == truncations.shape == infos["coverage"].shape == (20,)
        assert [array.dtype.name for array in (rewards, terminations, truncations)] == [
            "float32",
            "bool",
            "bool",
        ]


def test_the_same_seed_and_actions_give_the_same_episode() -> None:
    sums = []
    for _ in range(2):
        env = VillageVector(LEVEL, worlds=3, npcs=4, max_ticks=5)
        env.action_space.seed(7)
        env.reset(seed=9)
        sums.append([float(env.step(env.action_space.sample())[0].sum()) for _ in range(12)])
    assert sums[0] == sums[1]


def test_an_episode_is_truncated_and_the_next_call_begins_the_next_one() -> None:
    env = VillageVector(LEVEL, worlds=2, npcs=3, max_ticks=2)
    first, _ = env.reset(seed=1)
    assert not env.step(stays(env))[3].any()
    _, _, terminations, truncations, _ = env.step(stays(env))
    assert truncations.all()
    assert not terminations.any()
    observations, rewards, terminations, truncations, infos = env.step(np.full(6, 9))
    assert not (terminations | truncations).any()
    assert (rewards == 0).all()
    assert (infos["coverage"] == 0).all()
    assert (observations[:, 64] == 1).all()
    assert observations.shape == first.shape


def test_only_the_worlds_that_ended_begin_anew() -> None:
    level = load_levels()[1]
    env = VillageVector(level, worlds=2, npcs=1, max_ticks=1000)
    env.reset(seed=1)
    village = env._village
    assert village is not None
    village.knowledge[0] = level.traits
    village.facts[0] = 25
    _, _, terminations, truncations, _ = env.step(np.full(2, STAY))
    assert terminations.tolist() == [True, False]
    assert not truncations.any()
    _, _, terminations, _, infos = env.step(np.full(2, 9))
    assert infos["coverage"].tolist() == [0.0, np.float32(0.04)]
    assert not terminations.any()


def test_gymnasium_s_own_statistics_wrapper_counts_its_episodes() -> None:
    env = RecordEpisodeStatistics(VillageVector(LEVEL, worlds=1, npcs=2, max_ticks=3))
    env.reset(seed=1)
    for _ in range(3):
        infos = env.step(np.full(2, STAY))[4]
    assert infos["episode"]["l"].tolist() == [3, 3]


def test_legal_actions_are_moves_along_edges_and_all_but_the_cortex() -> None:
    features = observe_features(LEVEL, Rules(), newborn(LEVEL, np.array([[0]], np.int32)))
    assert np.flatnonzero(legal(features)[0, 0]).tolist() == [1, 2, 8, 9, 10]


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match="max_ticks is 0"):
        VillageVector(LEVEL, max_ticks=0)
    with pytest.raises(RuntimeError, match="call reset"):
        VillageVector(LEVEL).step(np.zeros(25))
