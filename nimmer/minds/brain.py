"""The port every NPC brain is behind: one percept in, one action out, within a tick.

A brain owns no clock and no randomness of its own: its generator is given at birth.
"""

from typing import Protocol

import numpy as np

from nimmer.life.action import Action
from nimmer.life.percept import Percept

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Flags = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


class Brain(Protocol):
    """One NPC's mind: decides every tick, and round-trips its state."""

    name: str

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        """Return the action for this tick.

        Args:
            percept: the NPC's named observations.
            features: `(FEATURES,)` float32, for learning brains.
            known: `(nodes,)` uint8, 1 where the NPC knows that node's house.
        """
        ...

    def state(self) -> dict[str, object]:
        """Return what this brain must remember across a restart, as plain JSON values."""
        ...

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is not this brain's."""
        ...
