"""RLlib's PPO on the village: the same settings, incentives and nets as our own trainer, by RLlib's new API stack.

Every NPC of every world is one sub-environment of one vector environment ("slots"), and one module holds everybody's
nets. What RLlib offers beyond (Tune, remote env runners, its dashboards) works on `algorithm_config`.
Source: RLlib 2.60, PPOConfig; docs/training.md.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env

from nimmer.errors import ConfigError, WeightsError
from nimmer.minds.mlp import Weights
from policies.checkpoint import load_checkpoint, save_checkpoint
from policies.local_ray import TrainingRay
from policies.npc_training import RULES, TrainingSettings
from policies.rllib_module import StackedModule
from policies.slotted_village import SlottedVillage
from policies.stacked_net import unstacked

ENVIRONMENT = "nimmer_village"
_MODULE = "default_policy"


def _village(config: Mapping[str, Any]) -> SlottedVillage:
    settings = TrainingSettings.from_mapping(config["settings"])
    level = settings.village_levels()[0]
    return SlottedVillage(
        level,
        settings.worlds,
        settings.npcs,
        RULES,
        settings.most_ticks(level),
        settings.incentives,
        settings.turned,
    )


def algorithm_config(settings: TrainingSettings, nets: int, done: float = 0.0) -> PPOConfig:
    """Return RLlib's configuration of `settings` with `nets` nets, 1 or one per NPC, that begin at a share of the budget.

    done: that share; RLlib counts steps from 0 in every algorithm, so its schedules begin where ours would be.
    """
    register_env(ENVIRONMENT, _village)
    ppo, slots = settings.ppo, settings.worlds * settings.npcs
    batch = ppo.ticks * slots
    rate = ppo.learning_rate * (settings.apart if nets > 1 and settings.shared > 0 else 1.0)
    left = settings.agent_steps * (1 - done)
    falling = [[0, rate * (1 - 0.9 * done)], [left, rate / 10]]
    fading = [[0, ppo.entropy * (1 - done)], [left, 0.0]]
    return (
        PPOConfig()
        .environment(ENVIRONMENT, env_config={"settings": settings.to_mapping()}, disable_env_checking=True)
        .framework("torch")
        .env_runners(
            num_env_runners=0,
            num_envs_per_env_runner=slots,
            gym_env_vectorize_mode=gymnasium.VectorizeMode.VECTOR_ENTRY_POINT,
            rollout_fragment_length=ppo.ticks,
        )
        .training(
            lr=falling,
            gamma=ppo.gamma,
            lambda_=ppo.smoothing,
            train_batch_size_per_learner=batch,
            minibatch_size=math.ceil(batch / ppo.parts),
            num_epochs=ppo.passes,
            clip_param=ppo.clip,
            vf_clip_param=float("inf"),
            vf_loss_coeff=ppo.value,
            entropy_coeff=fading,  # type: ignore[arg-type]  # a schedule, which RLlib's annotation forgets
            use_kl_loss=False,
            grad_clip=ppo.norm,
        )
        .rl_module(
            rl_module_spec=RLModuleSpec(
                module_class=StackedModule,
                model_config={"nets": nets, "size": settings.size, "seed": settings.seed},
            )
        )
        .debugging(seed=settings.seed, log_level="ERROR")
        .reporting(metrics_num_episodes_for_smoothing=slots)
    )


class RllibTrainer:
    """RLlib's PPO behind the same port as our own."""

    def __init__(self, settings: TrainingSettings, ray: TrainingRay | None = None) -> None:
        """Begin with newborn brains, on `ray`; one of its own when not given, unless it is a job of a cluster.

        Raises LevelError when there is no such level, HostError when there is no Ray.
        """
        if len(settings.village_levels()) > 1:
            raise ConfigError(
                f"levels is {list(settings.levels)}; RLlib's trainer takes one, give a single --level"
            )
        self._ray = ray or TrainingRay()
        self._settings = settings
        self.iteration = self.agent_steps = 0
        self._nets = 1 if settings.shared > 0 else settings.npcs
        self._parted = 0
        try:
            self._algorithm: Any = algorithm_config(settings, self._nets).build_algo()
        except BaseException:
            self._ray.close()
            raise

    def iterate(self) -> dict[str, float]:
        """Let RLlib do one iteration."""
        settings = self._settings
        if self._nets == 1 < settings.npcs and self.agent_steps >= settings.shared * settings.agent_steps:
            self._part(self.agent_steps)
        result: dict[str, Any] = self._algorithm.train()
        lived, learned = result["env_runners"], result["learners"][_MODULE]
        self.iteration += 1
        self.agent_steps += settings.ppo.ticks * settings.worlds * settings.npcs
        return {
            "agent_steps": self.agent_steps,
            "episodes": float(lived.get("num_episodes", 0)) / settings.npcs,
            "episode_ticks": float(lived.get("episode_len_mean", float("nan"))),
            "reward": float(lived.get("episode_return_mean", float("nan")))
            / float(lived.get("episode_len_mean", 1.0)),
            "nets": self._nets,
            "policy_loss": float(learned["policy_loss"]),
            "value_loss": float(learned["vf_loss"]),
            "entropy": float(learned["entropy"]),
        }

    def _part(self, at: int) -> None:
        """Give every NPC a copy of the shared net for its own, in an algorithm of its own, `at` so many agent-steps."""
        self._parted = at
        shared = self._weights()
        self._algorithm.stop()
        self._nets = self._settings.npcs
        self._algorithm = algorithm_config(
            self._settings, self._nets, at / self._settings.agent_steps
        ).build_algo()
        self._put({name: value.repeat(self._nets, axis=0) for name, value in shared.items()})

    def _weights(self) -> dict[str, Any]:
        found: dict[str, Any] = self._algorithm.learner_group.get_weights()[_MODULE]
        return found

    def _put(self, weights: Mapping[str, Any]) -> None:
        self._algorithm.learner_group.set_weights({_MODULE: dict(weights)})
        self._algorithm.env_runner_group.sync_weights(
            from_worker_or_learner_group=self._algorithm.learner_group
        )

    def brains(self) -> list[Weights]:
        """Return everybody's weights, NPC 0 first; copies of the shared net while there is one."""
        arrays = {name.removeprefix("net."): value for name, value in self._weights().items()}
        found = unstacked(arrays)
        return found if self._nets == self._settings.npcs else found * self._settings.npcs

    def save(self, directory: Path) -> None:
        """Put a checkpoint into `directory`: RLlib's own beside our counters."""
        numbers = {
            "settings": self._settings.to_mapping(),
            "iteration": self.iteration,
            "agent_steps": self.agent_steps,
            "nets": self._nets,
            "parted": self._parted,
            "trainer": "rllib",
        }
        save_checkpoint(
            directory,
            {},
            numbers,
            lambda fresh: self._algorithm.save_to_path(str((fresh / "rllib").absolute())),
        )

    def restore(self, directory: Path) -> None:
        """Take a checkpoint back: weights to the bit, counters; worlds begin anew, as RLlib's checkpoints keep none."""
        found, _, numbers = load_checkpoint(directory)
        if numbers.get("trainer") != "rllib" or not (found / "rllib").exists():
            raise WeightsError(f"{directory}: no checkpoint of RLlib; resume with the trainer it was made by")
        if int(str(numbers["nets"])) != self._nets:
            self._part(int(str(numbers["parted"])))
        self._algorithm.restore_from_path(str((found / "rllib").absolute()))
        self.iteration, self.agent_steps = int(str(numbers["iteration"])), int(str(numbers["agent_steps"]))

    def close(self) -> None:
        """Stop the algorithm and leave Ray."""
        self._algorithm.stop()
        self._ray.close()
