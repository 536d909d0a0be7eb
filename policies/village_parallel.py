"""The village as a PettingZoo parallel environment: one world, one agent per NPC, all acting in every tick.

Use it with multi-agent trainers that keep a policy per NPC; it is the same world, rules and spaces as
`policies.village_vector`, which is many times faster for a shared brain.

Agents: "npc_0" ... "npc_{N-1}". Observation: 74 float32 in 0..1. Action: flat index 0..11; an agent left out of the
actions does nothing. Reward: the world's terms. All agents terminate when the village passes the quiz and are
truncated after `max_ticks`. infos[agent] holds `coverage` and `rejection` (0: accepted).
Source: docs/domain.md section 8.
"""

from typing import Any, ClassVar

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.utils import seeding
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.observation import observe_features
from nimmer.world.quiz import passed
from nimmer.world.rules import Rules
from nimmer.world.state import Village
from nimmer.world.step import step
from policies.acts import to_acts
from policies.spaces import action_space, observation_space

Floats = NDArray[np.float32]
Infos = dict[str, dict[str, Any]]
Stepped = tuple[dict[str, Floats], dict[str, float], dict[str, bool], dict[str, bool], Infos]


class VillageParallel(ParallelEnv):  # type: ignore[misc]  # pettingzoo ships no types
    """One village of `npcs` NPCs on one level."""

    metadata: ClassVar[dict[str, Any]] = {"name": "nimmer_village_v0", "render_modes": []}
    render_mode = None

    def __init__(
        self, level: Level, npcs: int = 25, rules: Rules | None = None, max_ticks: int = 1000
    ) -> None:
        """Build the spaces; the world begins with `reset`. Raises ValueError when max_ticks is below 1."""
        if max_ticks < 1:
            raise ValueError(f"max_ticks is {max_ticks}; an episode lasts at least one tick")
        self._level = level
        self._rules = rules or Rules()
        self._max_ticks = max_ticks
        self.possible_agents = [f"npc_{npc}" for npc in range(npcs)]
        self.agents: list[str] = []
        self.observation_spaces = {agent: observation_space() for agent in self.possible_agents}
        self.action_spaces = {agent: action_space() for agent in self.possible_agents}
        self._generator: np.random.Generator | None = None
        self._village: Village | None = None

    def observation_space(self, agent: str) -> Box:
        """Return the agent's observation space, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> "Discrete[np.int64]":
        """Return the agent's action space, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Floats], Infos]:
        """Begin anew; with the same seed, equally. Raises LevelError when the level has no room for so many NPCs."""
        if seed is not None or self._generator is None:
            self._generator, _ = seeding.np_random(seed)
        self.agents = list(self.possible_agents)
        self._village = birth(self._level, self._rules, len(self.agents), 1, self._generator)
        return self._observed(self._village)

    def step(self, actions: dict[str, int]) -> Stepped:
        """Step the world once and return observations, rewards, terminations, truncations and infos by agent.

        Raises RuntimeError when `reset` was never called.
        """
        if self._village is None:
            raise RuntimeError("call reset before step")
        agents = self.agents
        chosen = np.array([[actions.get(agent, 0) for agent in agents]])
        present = np.array([[agent in actions for agent in agents]])
        if not agents:
            return {}, {}, {}, {}, {}
        village, _ = step(self._level, self._rules, self._village, *to_acts(chosen), present)
        self._village = village
        terminated = bool(passed(self._level, village)[0])
        truncated = not terminated and int(village.tick[0]) >= self._max_ticks
        observations, infos = self._observed(village)
        rewards = dict(zip(agents, village.reward[0].tolist(), strict=True))
        if terminated or truncated:
            self.agents = []
        return (
            observations,
            rewards,
            dict.fromkeys(agents, terminated),
            dict.fromkeys(agents, truncated),
            infos,
        )

    def render(self) -> None:
        """Draw nothing: watch a village with `nimmer watch`."""

    def close(self) -> None:
        """Hold nothing that needs closing."""

    def _observed(self, village: Village) -> tuple[dict[str, Floats], Infos]:
        features = observe_features(self._level, self._rules, village)[0]
        coverage = (village.facts[0] / np.float32(self._level.nodes)).tolist()
        refused = village.rejection[0].tolist()
        return (
            dict(zip(self.agents, features, strict=True)),
            {
                agent: {"coverage": share, "rejection": why}
                for agent, share, why in zip(self.agents, coverage, refused, strict=True)
            },
        )
