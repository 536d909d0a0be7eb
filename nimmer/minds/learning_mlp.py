"""A net that learns while it lives: it keeps what it saw, wished and earned, and learns from it after the deed.

The brain decides as `Mlp` does. After each tick the NPC's shell says what the body did, and when the act is written,
so that no act waits for it, gives the brain time for one bounded piece of learning.

Nerves may have the body do something else than the brain wished. The actor learns from those ticks alone in which the
wish was done; the critic learns from all of them, for what nerves earn is part of what is to be expected.

Who knows every house has nothing more to find, and its days teach one thing only: to sit by a well, where idling costs
nothing. So an episode ends with the last house, and what is lived until there are houses to find again teaches nothing.
Source: docs/decisions/0030-learning-in-the-npc.md.
"""

from collections.abc import Mapping
from math import isfinite, log
from typing import Any

import numpy as np

from nimmer.life.action import FLAT_ACTIONS, Action
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats
from nimmer.minds.learner import Learner, LearningRules
from nimmer.minds.mlp import Mlp, Weights


class LearningMlp(Mlp):
    """One NPC's neural brain, learning. Its state is an `Mlp`'s with how its learning went besides."""

    def __init__(
        self,
        weights: Weights,
        generator: np.random.Generator,
        rules: LearningRules,
        steps: int = 0,
        *,
        may_ask: bool = False,
    ) -> None:
        """Take a copy of `weights`, learned by `steps`. Raises WeightsError when they do not form a brain."""
        super().__init__(weights, generator, may_ask=may_ask)
        self.learner = Learner(self.flat, self.weights["b1"].size, rules, steps)
        self._seen = (0, 0)
        self._knows_all = False
        self._wish: Action | None = None
        """What was wished in the tick that is being lived, None when nothing was kept of it."""

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        """Return an action drawn from the net's distribution over possible ones, and keep what was seen and wished."""
        possible = self.possible(percept)
        flat, probability = self._choose(self.forward(features).tolist(), possible)
        if not (self._knows_all and percept.coverage >= 1.0):
            self._note(percept, features, possible, flat, log(max(probability, 1e-30)))
        self._knows_all = percept.coverage >= 1.0
        return FLAT_ACTIONS[flat]

    def _note(
        self, percept: Percept, features: Floats, possible: list[int], flat: int, log_probability: float
    ) -> None:
        experience = self.learner.experience
        if experience.full:
            experience.cut()  # its learner was given no time: what is there is learned from first
            return
        level, tick = self._seen
        if percept.level != level:
            experience.cut()  # another map: what is there does not follow from what was
        elif percept.tick == tick and experience.count:
            experience.retract()  # the world has not turned: what the last wish came to is not to be seen yet
        self._seen = percept.level, percept.tick
        reward = percept.reward if isfinite(percept.reward) else 0.0
        experience.note(features, possible, flat, log_probability, reward)
        self._wish = FLAT_ACTIONS[flat]

    def lived(self, deed: Action) -> None:
        """Say what the body did in the tick just decided; one of which nothing was kept, or slept through, cuts the thread."""
        experience = self.learner.experience
        if self._wish is None:
            experience.cut()
        else:
            experience.done(deed == self._wish)
            if self._knows_all:
                experience.end()
        self._wish = None

    def study(self) -> None:
        """Do one bounded piece of learning, if there is any to do."""
        self.learner.study()

    def state(self) -> dict[str, object]:
        """Return its name and how its learning went; the weights are kept in a file, see `nimmer.minds.weights`."""
        return {**super().state(), "learned": self.learner.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned, or the state of one that did not learn.

        Raises WeightsError when it is another brain's, and ValueError, KeyError or TypeError when it is damaged.
        """
        super().restore(dict(state))
        if (learned := state.get("learned")) is not None:
            self.learner.restore(learned)
