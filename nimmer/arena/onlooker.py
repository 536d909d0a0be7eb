"""An onlooker of the transition rings: reads what passes without a cursor, so nobody ever waits for it.

What it lags a whole ring behind is gone for it, and counted. It reads nothing that was written before it came.
"""

from typing import Any

import numpy as np

from nimmer.arena.layout import TRANSITION_RING
from nimmer.arena.memory import Arena


class Onlooker:
    """Follows the gate transitions of every NPC of the host."""

    def __init__(self, arena: Arena) -> None:
        """Begin with what is written from now on."""
        self._rings = arena.view("transition_cursor")
        self._records = arena.view("transition")
        self._seen = self._rings["head"].astype(np.int64)
        self.missed = 0

    def read(self) -> tuple[np.ndarray[Any, np.dtype[Any]], np.ndarray[Any, np.dtype[np.int64]]]:
        """Return `(k,)` records of TRANSITION since the last call, oldest first per NPC, and the NPC of each `(k,)`."""
        heads = self._rings["head"].astype(np.int64)
        first = np.maximum(self._seen, heads - TRANSITION_RING)
        self.missed += int((first - self._seen).sum())
        take = heads - first
        npcs = np.repeat(np.arange(len(take)), take)
        within = np.arange(int(take.sum())) - np.repeat(np.cumsum(take) - take, take)
        position = np.repeat(first, take) + within
        records = self._records[npcs * TRANSITION_RING + position % TRANSITION_RING]
        # a producer may have gone round the ring while this one copied
        whole = position >= self._rings["head"].astype(np.int64)[npcs] - TRANSITION_RING
        self.missed += int((~whole).sum())
        self._seen = heads
        return records[whole], npcs[whole]
