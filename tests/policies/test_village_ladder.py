"""Villages that change their level while they are trained."""

import gymnasium as gym
import numpy as np
import pytest

from nimmer.errors import LevelError
from nimmer.world.levels import Levels, load_levels
from policies.acts import ACTIONS
from policies.village_ladder import MOST_QUIZZES, VillageLadder, ladder_of


@pytest.fixture(scope="module")
def levels() -> Levels:
    return load_levels()


def ladder(levels: Levels, max_ticks: int = 10) -> VillageLadder:
    return VillageLadder(levels, 1, worlds=2, npcs=3, max_ticks=max_ticks)


def acts(env: VillageLadder) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.full(env.num_envs, 9)  # everybody looks


def test_a_new_level_ends_every_episode_and_all_are_born_on_it_with_the_next_step(levels: Levels) -> None:
    env = ladder(levels)
    env.reset(seed=1)
    env.step(acts(env))
    assert env.set_level(2) == env.level == 2
    seen, _, terminated, truncated, infos = env.step(acts(env))
    assert not terminated.any()
    assert truncated.all()
    assert infos["coverage"].max() == np.float32(1 / 25)
    seen, rewards, terminated, truncated, infos = env.step(acts(env))
    assert not any(array.any() for array in (rewards, terminated, truncated))
    assert seen in env.observation_space
    assert infos["coverage"].max() == 0.0
    infos = env.step(acts(env))[4]
    assert infos["coverage"].max() == np.float32(1 / 100)


def test_every_end_leaves_a_quiz_to_be_taken_once(levels: Levels) -> None:
    env = ladder(levels)
    env.reset(seed=1)
    for _ in range(10):
        env.step(acts(env))
    taken = env.take_quizzes()
    assert [(quiz.level, len(quiz.shares)) for quiz in taken] == [(1, 3), (1, 3)]
    assert all(share == np.float32(1 / 25) for quiz in taken for share in quiz.shares)
    assert env.take_quizzes() == []


def test_what_nobody_takes_is_bounded(levels: Levels) -> None:
    env = ladder(levels, max_ticks=1)
    env.reset(seed=1)
    for _ in range(2 * MOST_QUIZZES):
        env.step(acts(env))
    assert len(env.take_quizzes()) == MOST_QUIZZES


def test_a_level_set_before_the_worlds_begin_is_where_they_begin(levels: Levels) -> None:
    env = ladder(levels)
    env.set_level(2)
    env.reset(seed=1)
    assert env.step(acts(env))[4]["coverage"].max() == np.float32(1 / 100)
    env.set_level(1)
    env.reset(seed=1)
    assert env.step(acts(env))[4]["coverage"].max() == np.float32(1 / 25)


def test_setting_the_same_level_changes_nothing(levels: Levels) -> None:
    env = ladder(levels)
    env.reset(seed=1)
    env.set_level(2)
    env.set_level(1)
    assert not env.step(acts(env))[3].any()


def test_an_unknown_level_is_refused(levels: Levels) -> None:
    env = ladder(levels)
    env.reset(seed=1)
    with pytest.raises(LevelError, match=r"no level 4; choose 1\.\.3"):
        env.set_level(4)
    assert env.level == 1


def test_random_actions_over_a_climb_stay_within_the_spaces(levels: Levels) -> None:
    env = ladder(levels)
    generator = np.random.Generator(np.random.PCG64(3))
    env.reset(seed=1)
    for tick in range(60):
        if tick in (7, 20, 33):
            env.set_level(2 if env.level == 1 else 1)
        seen, rewards, *_ = env.step(generator.integers(0, ACTIONS, env.num_envs))
        assert seen in env.observation_space
        assert np.isfinite(rewards).all()


def test_it_is_found_inside_wrappers(levels: Levels) -> None:
    env = ladder(levels)
    assert ladder_of(gym.wrappers.vector.RecordEpisodeStatistics(env)) is env
    with pytest.raises(LevelError, match="holds no VillageLadder"):
        ladder_of(object())
