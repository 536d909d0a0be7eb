"""The village for trainers that mix everybody's experience: each observation also says whose it is.

RLlib shuffles the rows of a batch, so that a module with a net per NPC must be told which net each row is for.
Observation: `(75,)` float32, the 74 features and the NPC's number. All else is `policies.village_vector`.
Source: docs/training.md.
"""

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from nimmer.life.percept import FEATURES
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from policies.incentives import Incentives
from policies.village_vector import VillageVector

Floats = NDArray[np.float32]


class SlottedVillage(VillageVector):
    """`worlds` villages whose every observation ends with the number of the NPC it is of."""

    def __init__(
        self,
        level: Level,
        worlds: int = 1,
        npcs: int = 25,
        rules: Rules | None = None,
        max_ticks: int = 1000,
        incentives: Incentives | None = None,
    ) -> None:
        """See `policies.village_vector.VillageVector`."""
        super().__init__(level, worlds, npcs, rules, max_ticks, incentives)
        high = np.ones(FEATURES + 1, np.float32)
        high[-1] = npcs
        self.single_observation_space = Box(np.zeros(FEATURES + 1, np.float32), high)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._numbers = np.tile(np.arange(npcs, dtype=np.float32), worlds)[:, None]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin all worlds anew."""
        features, infos = super().reset(seed=seed, options=options)
        return np.hstack([features, self._numbers]), infos

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Floats, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Step every world once."""
        features, rewards, terminated, truncated, infos = super().step(actions)
        return np.hstack([features, self._numbers]), rewards, terminated, truncated, infos
