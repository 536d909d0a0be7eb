"""How the governor's net learns on in the village it governs: two epochs, two opposite trials, one small step.

    a direction d is drawn (+1 or -1 per weight); one epoch is decided with the weights + SIGMA d, the next with - SIGMA d,
    in an order drawn by lot, so that a village that only grows richer or poorer favours neither;
    the weights then move by RATE SIGMA d towards the trial that scored better, less when the difference is usual.

Only the last layer learns, and of it what hands out rate, quota, permission and priority: a few numbers can be told
apart by noisy scores, and no gate is forced for a trial's sake. No weight goes further than REACH from where the net
came from, and the envelope stands behind every trial as behind every decision.
Source: Spall 1992, simultaneous perturbation; docs/domain.md section 8 (the governor learns per epoch).
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.minds.governor_net import GOVERNED_GATES, OUTPUTS, GovernorWeights

SIGMA = 0.05
"""How far a trial goes from the weights."""
RATE = 0.2
"""Longest step, in trials."""
REACH = 1.0
"""Furthest a weight goes from the net it came from."""
LEARNING = ("head_w", "head_b")
_HEADS = OUTPUTS - GOVERNED_GATES
_MEMORY = 0.9


class GovernorLearner:
    """The learning of one net: its weights now, and the pair of trials under way."""

    def __init__(self, weights: GovernorWeights, origin: GovernorWeights, seed: int) -> None:
        """Learn on from `weights`; `origin` is the net they came from, of the same shapes; `seed` draws directions."""
        self.weights, self._origin = weights, origin
        self._chance = Chance(seed)
        self.pairs = 0
        """Pairs begun."""
        self.steps = 0
        self._spread = 0.0
        self._first: float | None = None

    def trial(self) -> GovernorWeights:
        """Return the weights to decide the coming epoch with."""
        direction, sign = self._drawn()
        forward = sign if self._first is None else -sign
        return self._moved(direction, forward * SIGMA)

    def judge(self, score: float) -> bool:
        """Take what the epoch of the trial scored; True when the pair is complete and the weights took a step.

        A score that is not finite abandons the pair.
        """
        if not isfinite(score):
            self.abandon()
            return False
        if self._first is None:
            self._first = score
            return False
        direction, sign = self._drawn()
        better = sign * (self._first - score)
        self._spread = (
            abs(better) if not self._spread else _MEMORY * self._spread + (1 - _MEMORY) * abs(better)
        )
        step = min(1.0, max(-1.0, better / self._spread)) if self._spread else 0.0
        self.weights = self._moved(direction, RATE * SIGMA * step)
        self.steps += 1
        self.abandon()
        return True

    def abandon(self) -> None:
        """Forget the pair under way: its scores would not be about the same thing."""
        self._first = None
        self.pairs += 1

    def state(self) -> dict[str, Any]:
        """Return everything but the weights as plain JSON values."""
        return {"pairs": self.pairs, "steps": self.steps, "spread": self._spread, "first": self._first}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is none."""
        first = state["first"]
        pairs, steps, spread = int(state["pairs"]), int(state["steps"]), float(state["spread"])
        self._first = None if first is None else float(first)
        self.pairs, self.steps, self._spread = pairs, steps, spread

    def _drawn(self) -> tuple[dict[str, NDArray[np.float32]], float]:
        """Return the pair's direction by name of the weight, and which side is tried first."""
        generator = self._chance.generator("governor", "learning", self.pairs)
        sign = 1.0 if generator.integers(2) else -1.0
        direction = {}
        for name in LEARNING:
            drawn = (2 * generator.integers(2, size=self.weights[name].shape) - 1).astype(np.float32)
            drawn[..., _HEADS:] = 0.0
            direction[name] = drawn
        return direction, sign

    def _moved(self, direction: Mapping[str, NDArray[np.float32]], by: float) -> GovernorWeights:
        moved = dict(self.weights)
        for name, along in direction.items():
            origin = self._origin[name]
            moved[name] = np.clip(moved[name] + np.float32(by) * along, origin - REACH, origin + REACH)
        return moved
