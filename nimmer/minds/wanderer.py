"""A brain that does anything at all: the least a curriculum can be compared with.

Source: docs/domain.md section 8 (actions of the NPC brain).
"""

import numpy as np

from nimmer.errors import WeightsError
from nimmer.life.action import LOOK, MOVES, STAY, TALK, Action
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats


class Wanderer:
    """A brain for one NPC that draws evenly among the moves along edges, stay, look and talk.

    generator: of its own, as every brain's.
    """

    name = "random"

    def __init__(self, generator: np.random.Generator) -> None:
        """Draw from `generator`."""
        self._generator = generator

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        """Return any action the map allows; neither `features` nor `known` is used."""
        possible = [MOVES[slot] for slot, there in enumerate(percept.neighbour) if there >= 0]
        possible += (STAY, LOOK, TALK)
        return possible[int(self._generator.random() * len(possible))]

    def state(self) -> dict[str, object]:
        """Return nothing but its name: it remembers nothing."""
        return {"brain": self.name}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is another brain's."""
        if state.get("brain") != self.name:
            raise WeightsError(f"this is no {self.name} brain's state but {state.get('brain')!r}'s")
