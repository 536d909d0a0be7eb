"""What one NPC has lived through lately, tick by tick, for its brain to learn from; of fixed length.

A row is one tick: what the NPC saw, what its brain wished, how probable that wish was, and what came of it. What came
of it is known with the next row only; so a row that nothing follows (the newest, or the last before a cut) says where
the NPC had got to, and no more.
Source: docs/decisions/0030-learning-in-the-npc.md.
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.life.percept import FEATURES
from nimmer.minds.brain import Floats
from nimmer.minds.mlp import ACTIONS

ROWS = 128
"""Ticks that are learned from together."""


class Experience:
    """Up to `rows` ticks in order.

    features: `(rows, FEATURES + 1)`, the last column 1 for the biases; possible: `(rows, ACTIONS)`; action: flat index
    of the wish; log_probability: of the wish when it was made; reward: until the next row; own: 1 where the body did
    what the brain wished, 0 where a nerve had it do something else; follows: whether the next row is the tick after;
    over: whether there was nothing more to be expected.
    """

    def __init__(self, rows: int = ROWS) -> None:
        """Have lived through nothing yet."""
        self.rows = rows
        self.count = 0
        self.features = np.ones((rows, FEATURES + 1), np.float32)
        self.possible = np.zeros((rows, ACTIONS), np.bool_)
        self.action = np.zeros(rows, np.intp)
        self.log_probability: Floats = np.zeros(rows, np.float32)
        self.reward: Floats = np.zeros(rows, np.float32)
        self.own: Floats = np.zeros(rows, np.float32)
        self.follows: NDArray[np.bool_] = np.zeros(rows, np.bool_)
        self.over: NDArray[np.bool_] = np.zeros(rows, np.bool_)
        self.joined = False
        """Whether the next tick will follow from the newest."""

    @property
    def full(self) -> bool:
        """Return whether there is no room for another tick."""
        return self.count == self.rows

    def note(
        self, features: Floats, possible: list[int], action: int, log_probability: float, reward: float
    ) -> None:
        """Begin a tick: what is seen `(FEATURES,)`, what can be done, what is wished; `reward` is what the last came to.

        Raises IndexError when there is no room.
        """
        row = self.count
        if self.joined:
            self.reward[row - 1] = reward
            self.follows[row - 1] = True
        self.features[row, :FEATURES] = features
        self.possible[row] = False
        self.possible[row, possible] = True
        self.action[row] = action
        self.log_probability[row] = log_probability
        self.own[row] = 0.0
        self.follows[row] = self.over[row] = False
        self.count, self.joined = row + 1, True

    def done(self, own: bool) -> None:
        """Say of the newest tick whether the body did what the brain wished."""
        self.own[self.count - 1] = own

    def retract(self) -> None:
        """Take the newest tick back, as if it had not been."""
        self.count -= 1
        self.joined = self.count > 0 and bool(self.follows[self.count - 1])
        if self.count:
            self.follows[self.count - 1] = False

    def cut(self) -> None:
        """Let the next tick begin something new: it does not follow from the newest."""
        self.joined = False

    def end(self) -> None:
        """Say of the newest tick that nothing more is to be expected, and let the next begin something new."""
        self.over[self.count - 1] = True
        self.joined = False

    def begin_after(self, other: "Experience") -> None:
        """Forget everything, and begin with the newest tick of `other` unless that was cut off."""
        self.count, self.joined = 0, False
        if not other.joined:
            return
        last = other.count - 1
        for column in ("features", "possible", "action", "log_probability", "own"):
            getattr(self, column)[0] = getattr(other, column)[last]
        self.follows[0] = self.over[0] = False
        self.count, self.joined = 1, True
