"""The village for trainers that mix everybody's experience: each observation also says whose it is.

RLlib shuffles the rows of a batch, so that a module with a net per NPC must be told which net each row is for.
Observation: `(75,)` float32, the 74 features and the NPC's number. All else is `policies.village_vector`.
Source: docs/training.md.
"""

from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from nimmer.life.percept import FEATURES
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from policies.incentives import Incentives
from policies.slot_turns import SlotTurns
from policies.village_vector import VillageVector

Floats = NDArray[np.float32]
_TURN_TICKS = 16
"""How long a turned world is shown in one order of slots."""


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
        turned: float = 0.0,
    ) -> None:
        """See `policies.village_vector.VillageVector`; a share `turned` of the worlds is shown with turned slots."""
        super().__init__(level, worlds, npcs, rules, max_ticks, incentives)
        high = np.ones(FEATURES + 1, np.float32)
        high[-1] = npcs
        self.single_observation_space = Box(np.zeros(FEATURES + 1, np.float32), high)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._turned, self._ticks = round(turned * worlds), 0
        self._generator = torch.Generator()
        self._turns = SlotTurns(worlds, self._turned, self._generator)
        self._numbers = np.tile(np.arange(npcs, dtype=np.float32), worlds)[:, None]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin all worlds anew."""
        features, infos = super().reset(seed=seed, options=options)
        if seed is not None:
            self._generator.manual_seed(seed)
        return self._shown(features), infos

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Floats, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Step every world once."""
        real = self._turns.real(np.asarray(actions).reshape(self._worlds, self._npcs))
        features, rewards, terminated, truncated, infos = super().step(real.reshape(-1))
        self._ticks += 1
        if self._ticks % _TURN_TICKS == 0:
            self._turns = SlotTurns(self._worlds, self._turned, self._generator)
        return self._shown(features), rewards, terminated, truncated, infos

    def _shown(self, features: Floats) -> Floats:
        turned = self._turns.show(features.reshape(self._worlds, self._npcs, -1))
        return np.hstack([turned.reshape(self.num_envs, -1), self._numbers])
