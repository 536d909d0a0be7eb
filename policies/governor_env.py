"""Villages under scarcity as one Gymnasium vector environment: every village is a sub-environment, every step an epoch.

Observation: the N NPCs' features and the world's, in one row, `N * 19 + 10` float32 in 0..1. Action: the net's raw
outputs, `N * 9` float32 (see `nimmer.minds.governor_net.decode`). Reward: what the epoch added to the village score, a
tenth of it. An episode is truncated after `epochs`; all villages begin and end together, with fresh seeds and budgets.
Autoreset is next-step: the call after an end ignores its actions and returns the first observations.
"""

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.life.governor_observation import NPC_FEATURES, WORLD_FEATURES
from nimmer.minds.governor_net import OUTPUTS, decode
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.scarce_village import ScarceVillage
from nimmer.world.scarcity import ScarcityModel
from nimmer.world.seeds import training_seed
from policies.governor_training import LEVEL, Course, scenario_seeds

Floats = NDArray[np.float32]
REWARD_SCALE = 0.1
_FARTHEST = 20.0
"""Bound of an action: beyond it a sigmoid says the same."""


class GovernorVector(VectorEnv[Floats, Floats, NDArray[Any]]):
    """`villages` villages of `npcs` NPCs, drawn anew for every episode from a training seed."""

    # The base class declares an instance attribute, so this cannot be a ClassVar.
    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}  # noqa: RUF012

    def __init__(self, villages: int, npcs: int, seed: int, course: Course) -> None:
        """Build the spaces; the villages begin with `reset`. Raises ConfigError for a seed kept for evaluation."""
        self._chance, self._npcs, self._course = Chance(training_seed(seed)), npcs, course
        self._level, self._model = load_levels()[LEVEL], ScarcityModel()
        self._episode = 0
        self._over = False
        self.num_envs = villages
        self.single_observation_space = Box(0.0, 1.0, (npcs * NPC_FEATURES + WORLD_FEATURES,), np.float32)
        self.single_action_space = Box(-_FARTHEST, _FARTHEST, (npcs * OUTPUTS,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, villages)
        self.action_space = batch_space(self.single_action_space, villages)
        self._village = self._born()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin the next episode; its villages hang on the training seed and its number, not on `seed`."""
        super().reset(seed=seed)
        self._village, self._over = self._born(), False
        return self._observed(), {}

    def step(
        self, actions: Floats
    ) -> tuple[Floats, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Govern one epoch of every village by `actions` `(villages, N * 9)`."""
        nobody = np.zeros(self.num_envs, np.bool_)
        if self._over:
            self._village, self._over = self._born(), False
            return self._observed(), np.zeros(self.num_envs, np.float32), nobody, nobody, {}
        outputs = np.asarray(actions).reshape(self.num_envs, self._npcs, OUTPUTS)
        tally = self._village.live(decode(outputs, self._village.capacity))
        self._over = self._village.epoch >= self._course.epochs
        reward = (REWARD_SCALE * tally.score()).astype(np.float32)
        return self._observed(), reward, nobody, nobody | self._over, {}

    def _born(self) -> ScarceVillage:
        generator = self._chance.generator("ppo", self._episode)
        self._episode += 1
        ratio = self._course.most_share / self._course.least_share
        shares = self._course.least_share * ratio ** generator.random(self.num_envs)
        seeds = scenario_seeds(generator, self.num_envs)
        return ScarceVillage(self._level, Rules(), self._model, self._npcs, shares, seeds)

    def _observed(self) -> Floats:
        features, world = self._village.observe()
        return np.concatenate([features.reshape(self.num_envs, -1), world], axis=1)
