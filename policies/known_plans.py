"""The best plans known for the first evaluation seeds of level 1: whole scripts that the world itself plays back.

A plan says in advance what each of the 25 NPCs does in every tick; it knows where everybody is born. It is no brain,
and no rival: it shows what is possible, as `policies.tick_bound` shows what is not. They were found by annealing over
itineraries (docs/evaluation.md, "How few ticks are possible"); how does not matter, since playing one proves it.
"""

import json
from collections.abc import Sequence
from importlib.resources import files

import numpy as np

from nimmer.errors import LevelError
from nimmer.life.action import FLAT_ACTIONS, STAY
from nimmer.world.level import Level
from policies.minds import Actions, View

_STAY = FLAT_ACTIONS.index(STAY)
_FILE = "known_plans.json"


class PlannedMinds:
    """Everybody does what the plan of its seed says.

    The file holds the digest of the level, how many NPCs a village has, and by seed a string of flat actions, one hex
    digit each, NPC after NPC and tick after tick.
    """

    name = "best known plan"

    def __init__(self) -> None:
        """Read the plans."""
        found = json.loads((files("policies") / _FILE).read_text(encoding="ascii"))
        self._digest: str = found["level"]
        self._npcs: int = found["npcs"]
        self._plans: dict[int, str] = {int(seed): plan for seed, plan in found["plans"].items()}

    def known(self, seeds: Sequence[int]) -> int:
        """Return for how many of `seeds`, from the first on without a gap, there is a plan."""
        missing = [place for place, seed in enumerate(seeds) if seed not in self._plans]
        return missing[0] if missing else len(seeds)

    def begin(self, level: Level, seeds: Sequence[int], npcs: int) -> None:
        """Take up the plans of `seeds`. Raises LevelError when there are none for such villages."""
        if level.digest() != self._digest or npcs != self._npcs or self.known(seeds) < len(seeds):
            raise LevelError(
                f"there are no plans for {npcs} NPCs on this level {level.number}; they are for {self._npcs} NPCs"
                f" on the built-in level 1 and its first {len(self._plans)} evaluation seeds"
            )
        self._begun = [
            np.array([int(digit, 16) for digit in self._plans[seed]], np.int64).reshape(-1, npcs)
            for seed in seeds
        ]

    def decide(self, view: View) -> Actions:
        """Return what the plans say for this tick; after its end, a plan says to stay."""
        actions = np.full(view.village.node.shape, _STAY, np.int64)
        for world, tick in enumerate(view.village.tick.tolist()):
            if tick < len(self._begun[world]):
                actions[world] = self._begun[world][tick]
        return actions
