"""The village as one Gymnasium vector environment: every NPC of every world is one sub-environment.

This is the form to train a shared brain in: one call steps thousands of NPCs. Sub-environment
`world * npcs + npc`; all NPCs of a world begin and end together.

Observation: `(worlds * npcs, 74)` float32 in 0..1. Action: flat index 0..11 each. Reward: the world's terms of
`nimmer.world.rules`. An episode terminates when its village passes the quiz and is truncated after `max_ticks`.
Autoreset is next-step: the call after an end ignores that world's actions and returns its first observation.
Source: docs/domain.md section 8 and section 13, point 17.
"""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from nimmer.errors import WorldError
from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.observation import observe_features
from nimmer.world.quiz import passed
from nimmer.world.rules import Rules
from nimmer.world.state import Village
from nimmer.world.step import step
from policies.acts import to_acts
from policies.incentives import Incentives
from policies.spaces import action_space, observation_space

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class VillageVector(VectorEnv[Floats, NDArray[Any], NDArray[Any]]):
    """`worlds` villages of `npcs` NPCs on one level.

    Every step also reports `infos["coverage"]`, `(num_envs,)` float32: the share of houses each NPC knows.
    """

    # The base class declares an instance attribute, so this cannot be a ClassVar.
    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        level: Level,
        worlds: int = 1,
        npcs: int = 25,
        rules: Rules | None = None,
        max_ticks: int = 1000,
        incentives: Incentives | None = None,
    ) -> None:
        """Build the spaces; the worlds begin with `reset`. Raises ValueError when max_ticks is below 1.

        incentives: what training pays on top of the world's rewards; nothing when not given.
        """
        if max_ticks < 1:
            raise ValueError(f"max_ticks is {max_ticks}; an episode lasts at least one tick")
        self._level = level
        self._rules = rules or Rules()
        self._worlds = worlds
        self._npcs = npcs
        self._max_ticks = max_ticks
        self._incentives = incentives
        self.num_envs = worlds * npcs
        self.single_observation_space = observation_space()
        self.single_action_space = action_space()
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._village: Village | None = None
        self._over = np.zeros(worlds, np.bool_)
        self._present = np.ones((worlds, npcs), np.bool_)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats, dict[str, Any]]:
        """Begin all worlds anew. Raises LevelError when the level has no room for so many NPCs."""
        super().reset(seed=seed)
        self._village = self._born(self._worlds)
        self._over[:] = False
        return self._observed(self._village)

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Floats, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Step every world once.

        Args:
            actions: `(num_envs,)` flat action indices.

        Returns:
            observations `(num_envs, 74)`, rewards float32, terminations bool, truncations bool `(num_envs,)`, infos.

        Raises:
            RuntimeError: `reset` was never called.
        """
        if self._village is None:
            raise RuntimeError("call reset before step")
        verbs, slots = to_acts(np.asarray(actions).reshape(self._worlds, self._npcs))
        complete = self._village.facts == self._level.nodes
        village, _ = step(self._level, self._rules, self._village, verbs, slots, self._present)
        if self._over.any():
            village = village.with_worlds(self._over, self._born(int(self._over.sum())))
        terminated = passed(self._level, village)
        truncated = ~terminated & (village.tick >= self._max_ticks)
        self._over = terminated | truncated
        self._village = village
        observations, infos = self._observed(village)
        rewards = (
            village.reward if self._incentives is None else self._incentives.pay(village.reward, complete)
        )
        return (
            observations,
            rewards.reshape(-1),
            np.repeat(terminated, self._npcs),
            np.repeat(truncated, self._npcs),
            infos,
        )

    def state(self) -> dict[str, object]:
        """Return the worlds, the chance they are born by and which have just ended, as plain JSON values."""
        if self._village is None:
            raise RuntimeError("call reset before state")
        return {
            "village": base64.b64encode(self._village.to_bytes()).decode(),
            "over": self._over.tolist(),
            "chance": self.np_random.bit_generator.state,
        }

    def restore(self, state: Mapping[str, Any]) -> tuple[Floats, Flags]:
        """Take back what `state` returned; return what everyone observes and which worlds have just ended.

        Raises WorldError when it is of other worlds than these.
        """
        village = Village.from_bytes(base64.b64decode(state["village"]))
        if (village.worlds, village.npcs) != (
            self._worlds,
            self._npcs,
        ) or village.level != self._level.number:
            raise WorldError(
                f"the saved worlds are {village.worlds} of {village.npcs} NPCs on level {village.level}; here they are"
                f" {self._worlds} of {self._npcs} on level {self._level.number}"
            )
        self._village = village
        self._over = np.asarray(state["over"], np.bool_)
        self.np_random.bit_generator.state = state["chance"]
        return self._observed(village)[0], self._over.copy()

    def _born(self, worlds: int) -> Village:
        return birth(self._level, self._rules, self._npcs, worlds, self.np_random)

    def _observed(self, village: Village) -> tuple[Floats, dict[str, Any]]:
        features = observe_features(self._level, self._rules, village).reshape(self.num_envs, -1)
        return features, {"coverage": village.facts.reshape(-1).astype(np.float32) / self._level.nodes}
