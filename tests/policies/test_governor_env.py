"""The governor as an RL problem: the vector environment's contract, and the torch module that is the numpy net."""

from typing import Any

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import ConfigError
from nimmer.life.governor_observation import NPC_FEATURES, WORLD_FEATURES
from nimmer.minds.governor_net import OUTPUTS, forward
from nimmer.world.seeds import FIRST_EVALUATION_SEED
from policies.governor_env import GovernorVector
from policies.governor_training import Course, beginning

COURSE = Course(epochs=2)


def test_villages_begin_and_end_together_and_the_next_call_begins_anew() -> None:
    villages = GovernorVector(3, 4, 1, COURSE)
    first, _ = villages.reset()
    actions = np.zeros((3, 4 * OUTPUTS), np.float32)
    seen, reward, terminated, truncated, _ = villages.step(actions)
    assert seen.shape == (3, 4 * NPC_FEATURES + WORLD_FEATURES)
    assert ((seen >= 0.0) & (seen <= 1.0)).all()
    assert reward.shape == (3,)
    assert not (terminated | truncated).any()
    assert villages.step(actions)[3].all()
    fresh, reward, _, truncated, _ = villages.step(actions)
    assert not truncated.any()
    assert (reward == 0.0).all()
    assert not np.array_equal(first, fresh)


def test_the_same_training_seed_draws_the_same_villages_and_evaluation_seeds_are_refused() -> None:
    one, other = (GovernorVector(2, 4, 5, COURSE).reset()[0] for _ in range(2))
    assert np.array_equal(one, other)
    with pytest.raises(ConfigError, match="kept for evaluation"):
        GovernorVector(2, 4, FIRST_EVALUATION_SEED, COURSE)


def test_the_torch_module_says_what_the_numpy_net_says() -> None:
    torch = pytest.importorskip("torch")
    from policies.governor_module import GovernorModule
    from policies.governor_ppo import weights_of

    villages = GovernorVector(3, 4, 1, COURSE)
    seen, _ = villages.reset()
    weights = beginning("small", Chance(2).generator("net"))
    weights["head_w"] += (
        Chance(3).generator("head").standard_normal(weights["head_w"].shape).astype(np.float32)
    )
    config: dict[str, Any] = {"weights": weights, "npcs": 4, "spread": -1.0}
    module = GovernorModule(
        observation_space=villages.single_observation_space,
        action_space=villages.single_action_space,
        model_config=config,
    )
    with torch.no_grad():
        answer = module.forward_inference({"obs": torch.tensor(seen)})["action_dist_inputs"].numpy()
    features = seen[:, : 4 * NPC_FEATURES].reshape(3, 4, NPC_FEATURES)
    expected = forward(weights, features, seen[:, 4 * NPC_FEATURES :])
    np.testing.assert_allclose(
        answer[:, : 4 * OUTPUTS].reshape(3, 4, OUTPUTS), expected, rtol=1e-4, atol=1e-5
    )
    exported = weights_of({name: value.numpy() for name, value in module.state_dict().items()})
    assert all(np.array_equal(exported[name], weights[name]) for name in weights)
