"""A village that lives through its levels in one process, as fast as the machine can, without clock and servers.

The same step, observation, brains, quiz and rule as the live village; what is left out is the rest of the body
(cells, gates, nerves, lifeforce), so every NPC acts in every tick and its brain alone decides.
Source: docs/domain.md section 8 (curriculum, quiz).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nimmer.life.percept import PERCEPT, features, unpack
from nimmer.minds.brain import Brain
from nimmer.world.ascent import Ascent, LevelChange, QuizPace
from nimmer.world.garden import RealGarden
from nimmer.world.lagging import Lag
from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.observation import observe
from nimmer.world.promotion import PromotionRule
from nimmer.world.rules import Rules
from nimmer.world.step import step

MakeBrain = Callable[[int, Level], Brain]
"""Makes the brain of one NPC for one level."""


class Schooling:
    """One village on its way from the first to the last of some levels."""

    def __init__(
        self,
        levels: Levels,
        rules: Rules,
        rule: PromotionRule,
        pace: QuizPace,
        seed: int,
        npcs: int,
        make_brain: MakeBrain,
    ) -> None:
        """Let `npcs` NPCs be born on the level `rule` begins with.

        Raises LevelError when there is no such level or no room, WeightsError when a brain cannot be made.
        """
        self.garden = RealGarden(levels, rules, seed, npcs)
        self.garden.begin(rule.first)
        self.ascent = Ascent(rule, pace, self.garden.village)
        self._make_brain = make_brain
        self._everybody = np.ones((1, npcs), np.bool_)
        self._brains = self._born()

    @property
    def finished(self) -> bool:
        """Return whether the last level was passed."""
        return self.ascent.standing.passed

    @property
    def coverage(self) -> NDArray[np.float32]:
        """Return `(N,)`: the share of the houses each NPC knows."""
        village = self.garden.village
        shares: NDArray[np.float32] = village.facts[0].astype(np.float32) / np.float32(village.nodes)
        return shares

    def lag(self) -> Lag:
        """Return who holds the village back, on what and since when."""
        garden = self.garden
        return self.ascent.lag(garden.level, garden.village, garden.examine())

    def tick(self, unix_s: float = 0.0) -> LevelChange | None:
        """Live one world tick, the quiz after it included when it is due; return the change of level it brought.

        unix_s: what time such a change is noted with.
        """
        garden = self.garden
        level = garden.level
        garden.village, _ = step(level, garden.rules, garden.village, *self._decided(level), self._everybody)
        if not self.ascent.due(level, garden.village):
            return None
        ruling = self.ascent.judge(garden.tick, level, garden.examine())
        if ruling.level == level.number:
            return None
        garden.go_to(ruling.level)
        self._brains = self._born()
        return self.ascent.change(garden.tick, level.number, ruling, unix_s)

    def _born(self) -> list[Brain]:
        return [self._make_brain(npc, self.garden.level) for npc in range(self.garden.npcs)]

    def _decided(self, level: Level) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
        """Return everybody's verb and slot, `(1, N)` each."""
        seen, known = observe(level, self.garden.rules, self.garden.village)
        verbs, slots = np.zeros(seen.shape, np.uint8), np.zeros(seen.shape, np.int8)
        data, size = seen.tobytes(), PERCEPT.itemsize
        for npc, brain in enumerate(self._brains):
            record = data[npc * size : (npc + 1) * size]
            action = brain.decide(unpack(record), features(record), known[0, npc])
            verbs[0, npc], slots[0, npc] = action
        return verbs, slots
