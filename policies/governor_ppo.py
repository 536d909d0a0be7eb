"""Training the governor by PPO in RLlib: the net as a torch module, every village a sub-environment.

The module is the numpy net once more, weight for weight, so that what PPO learns is a governor's file like any other.
It begins where the evolution strategy begins. Needs the training extra (`nimmer[training]`).
Source: Schulman et al. 2017, "Proximal Policy Optimization Algorithms"; docs/governor.md, "Training".
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import numpy as np

from nimmer.chance import Chance
from nimmer.clock import SystemClock
from nimmer.errors import ConfigError
from nimmer.minds.governor_net import GovernorWeights
from nimmer.minds.governor_weights import GovernorCard, save_governor
from nimmer.world.levels import load_levels
from policies.governor_journal import Journal
from policies.governor_training import LEVEL, Course, GovernorTraining, beginning
from policies.revision import revision

VILLAGES, NPCS = 24, 12
_COLUMNS = ("iteration", "return", "validation", "best", "env_steps")
_VALIDATE_EVERY = 5
_RATE, _CLIP, _SPREAD = 1e-3, 0.2, -1.0
"""Learning rate, PPO's clip, and the logarithm of the first standard deviation of an output."""


def train_by_ppo(
    out: Path, seed: int, size: str, limit_s: float, iterations: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Train for `limit_s` s or so many iterations, and return the report `nimmer train governor` prints.

    Raises ConfigError when the training extra is not installed or `seed` is kept for evaluation, HostError when there
    is no Ray to train on.
    """
    course = Course(size=size)
    judge = GovernorTraining(load_levels()[LEVEL], seed, course)
    with _training_ray():
        return _train(judge, out, size, limit_s, iterations, say)


def _train(
    judge: GovernorTraining, out: Path, size: str, limit_s: float, iterations: int, say: Callable[[str], None]
) -> dict[str, object]:
    commit, seed = revision(), judge.seed
    algorithm = _algorithm(judge.course, seed)
    journal = Journal(out, _COLUMNS)
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    done = 0
    try:
        while done < iterations and clock.monotonic_s() - begun_s < limit_s:
            result = algorithm.train()
            done += 1
            validation = float("nan")
            if done % _VALIDATE_EVERY == 0:
                validation = judge.judge(_weights(algorithm))
            row = {
                "iteration": done,
                "return": result["env_runners"].get("episode_return_mean", float("nan")),
                "validation": validation,
                "best": judge.best,
                "env_steps": result["env_runners"].get("num_env_steps_sampled_lifetime", float("nan")),
            }
            journal.note(row)
            say(f"iteration {done}  return {row['return']:.2f}  best validation {judge.best:.2f}")
    except KeyboardInterrupt:
        say("interrupted: keeping what was learned")
    finally:
        journal.close()
        if judge.best == float("-inf"):
            judge.judge(_weights(algorithm))
        algorithm.stop()
    card = GovernorCard("ppo", seed, done, commit, {"validation": judge.best})
    save_governor(out / "governor.safetensors", judge.best_weights, card)
    return {
        "method": "ppo", "seed": seed, "size": size, "generations": done, "best": judge.best,
        "seconds": round(clock.monotonic_s() - begun_s, 1), "weights": str(out / "governor.safetensors"),
        "journal": str(out / "training.csv"),
    }  # fmt: skip


def _training_ray() -> AbstractContextManager[object]:
    try:
        import gymnasium  # noqa: F401  all of the extra, before anything is started
        import ray.rllib  # noqa: F401
        import torch  # noqa: F401

        from policies.local_ray import TrainingRay
    except ImportError as error:
        raise ConfigError(
            f"--method ppo needs the training extra, which lacks {error.name}: pip install 'nimmer[training]'"
        ) from error
    return closing(TrainingRay())


def _algorithm(course: Course, seed: int) -> Any:  # noqa: ANN401  RLlib's own type is not exported with types
    import gymnasium
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.core.rl_module.rl_module import RLModuleSpec
    from ray.tune.registry import register_env

    from policies.governor_env import GovernorVector
    from policies.governor_module import GovernorModule

    register_env("governor", lambda _config: GovernorVector(VILLAGES, NPCS, seed, course))
    first = beginning(course.size, Chance(seed).generator("weights"))
    model = {"weights": first, "npcs": NPCS, "spread": _SPREAD}
    batch = VILLAGES * course.epochs
    config = (
        PPOConfig()  # type: ignore[no-untyped-call]  # RLlib types its settings, not their constructor
        .environment("governor", normalize_actions=False, clip_actions=True)
        .env_runners(
            num_env_runners=0,
            num_envs_per_env_runner=VILLAGES,
            gym_env_vectorize_mode=gymnasium.VectorizeMode.VECTOR_ENTRY_POINT,
        )
        .training(
            train_batch_size_per_learner=batch, minibatch_size=batch // 2, num_epochs=8, lr=_RATE, gamma=0.95,
            lambda_=0.9, clip_param=_CLIP, entropy_coeff=0.0, use_kl_loss=False, vf_clip_param=100.0, grad_clip=1.0,
        )
        .rl_module(rl_module_spec=RLModuleSpec(module_class=GovernorModule, model_config=model))
        .debugging(seed=seed, log_level="ERROR")
    )  # fmt: skip
    return config.build_algo()


def _weights(algorithm: Any) -> GovernorWeights:  # noqa: ANN401
    # from the learner: what env runners hold is an inference-only copy
    module = algorithm.learner_group.get_weights()["default_policy"]
    return weights_of(module)


def weights_of(state: Mapping[str, Any]) -> GovernorWeights:
    """Return the governor's weights in a `GovernorModule`'s state."""
    return {
        name.removeprefix("net."): np.asarray(value, np.float32)
        for name, value in state.items()
        if name.startswith("net.")
    }
