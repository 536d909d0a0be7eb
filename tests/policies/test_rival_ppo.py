import numpy as np
import pytest
import torch

from nimmer.errors import ConfigError
from nimmer.life.percept import FEATURES
from nimmer.minds.mlp import Weights, check_weights
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.seeds import FIRST_EVALUATION_SEED, evaluation_seeds
from policies.evaluation import evaluate
from policies.minds_of_nets import NetMinds
from policies.rival_ppo import Agent, Args, Batch, estimate, train, update

LEVEL = load_levels()[1]
TINY = Args(worlds=2, num_steps=16, max_ticks=40)


def stack_of_one(weights: Weights) -> Weights:
    return {name: array[None] for name, array in weights.items()}


def test_its_actor_says_the_same_in_numpy() -> None:
    torch.manual_seed(1)
    agent = Agent()
    weights = agent.weights()
    assert check_weights(weights) == 64
    minds = NetMinds("cleanrl", stack_of_one(weights))
    minds.begin(LEVEL, [1, 2], 3)
    seen = np.linspace(0, 1, 2 * 3 * FEATURES, dtype=np.float32).reshape(2, 3, FEATURES)
    with torch.no_grad():
        expected = agent.actor(torch.from_numpy(seen)).numpy()
    assert np.allclose(minds.logits(seen), expected, atol=1e-6)


def test_advantages_are_those_reckoned_by_hand_and_stop_at_an_episodes_end() -> None:
    agent = Agent()
    batch = Batch.empty(3, 1)
    batch.rewards[:, 0] = torch.tensor([1.0, 2.0, 4.0])
    batch.values[:, 0] = torch.tensor([0.5, 0.25, 1.0])
    batch.dones[:, 0] = torch.tensor([0.0, 0.0, 1.0])
    args = Args(gamma=0.5, gae_lambda=0.5)
    found = estimate(agent, batch, torch.zeros(1, FEATURES), torch.ones(1), args)[:, 0]
    second = 2.0 - 0.25
    first = 1.0 + 0.5 * 0.25 - 0.5 + 0.25 * second
    assert found.tolist() == pytest.approx([first, second, 4.0 - 1.0])


def test_steps_that_only_begin_an_episode_teach_nothing() -> None:
    torch.manual_seed(1)
    agent = Agent()
    batch = Batch.empty(8, 2)
    batch.dones[:, 1] = 1.0
    batch.rewards[:, 1] = 1e6
    before = {name: array.copy() for name, array in agent.weights().items()}
    optimizer = torch.optim.SGD(agent.parameters(), lr=0.1)
    gains = torch.zeros(8, 2)
    gains[:, 1] = 1e6
    update(agent, optimizer, batch, gains, Args(norm_adv=False, ent_coef=0.0, vf_coef=0.0))
    for name, array in agent.weights().items():
        assert np.array_equal(array, before[name])


def test_a_little_training_is_repeatable_and_its_brain_can_be_judged() -> None:
    told: list[int] = []
    first = train(LEVEL, 5, 640, 3, TINY, lambda steps, coverage: told.append(steps))
    second = train(LEVEL, 5, 640, 3, TINY)
    assert told == [160, 320, 480, 640]
    for name, array in first.items():
        assert np.array_equal(array, second[name])
    trial = evaluate(NetMinds("cleanrl", stack_of_one(first)), LEVEL, Rules(), 5, evaluation_seeds(2), 50)
    assert trial.ticks.shape == (2,)


def test_it_refuses_a_seed_that_is_kept_for_evaluation() -> None:
    with pytest.raises(ConfigError, match="kept for evaluation"):
        train(LEVEL, 5, 100, FIRST_EVALUATION_SEED, TINY)
