"""The cortex as a queue: few slots, dear answers, the highest priority first, and a timeout after which all was in vain.

Every NPC has at most one question open. Arrays are `(W, N)`, times in ms. Source: docs/domain.md sections 8 and 10.
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.world.scarcity import ScarcityModel

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


class CortexQueue:
    """The open questions of W worlds."""

    def __init__(self, model: ScarcityModel, shape: tuple[int, int]) -> None:
        """Begin with an idle cortex."""
        self._model = model
        self.waiting = np.zeros(shape, np.bool_)
        self.served = np.zeros(shape, np.bool_)
        self.waited_ms = np.zeros(shape)
        self._left_ms = np.zeros(shape)
        self._priority = np.zeros(shape)
        self._row = np.arange(shape[0])

    @property
    def open(self) -> Flags:
        """Return who has a question waiting or being answered."""
        return self.waiting | self.served

    def ask(self, asks: Flags, priority: Numbers) -> None:
        """Queue a question of each NPC in `asks` that has none open, with its priority 0..10."""
        fresh = asks & ~self.open
        self.waiting |= fresh
        self.waited_ms[fresh] = 0.0
        self._priority[fresh] = priority[fresh]

    def turn(self, tick_ms: float, luck: Numbers, stuck: Flags) -> tuple[Flags, Flags]:
        """Let `tick_ms` pass; return who was answered in time, and whose question ended in vain.

        Args:
            tick_ms: how long.
            luck: `(W, N)` standard normal, the length of each answer that begins now.
            stuck: `(W,)` bool, whose cortex answers nothing now; what it works at stays where it is.
        """
        model = self._model
        self.waited_ms += tick_ms * self.open
        self._left_ms -= tick_ms * (self.served & ~stuck[:, None])
        late = self.open & (self.waited_ms > model.timeout_ms)
        done = self.served & (self._left_ms <= 0.0)
        answered = done & ~late
        self.waiting &= ~late
        # a late answer is given up: the slot is free, the work was in vain
        self.served &= ~(late | done)
        self._begin(luck)
        return answered, late

    def _begin(self, luck: Numbers) -> None:
        """Give every free slot to the waiting question of highest priority; among equals, to the oldest."""
        model = self._model
        free = model.slots - self.served.sum(axis=1)
        for _ in range(model.slots):
            urgency = np.where(self.waiting, self._priority * 1e6 + self.waited_ms + 1.0, -1.0)
            first = urgency.argmax(axis=1)
            begins = (free > 0) & (urgency[self._row, first] > 0.0)
            if not begins.any():
                return
            world, npc = self._row[begins], first[begins]
            self.waiting[world, npc] = False
            self.served[world, npc] = True
            self._left_ms[world, npc] = model.answer_ms * np.exp(model.answer_spread * luck[world, npc])
            free = free - begins
