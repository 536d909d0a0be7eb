"""An actor-critic's loss on a batch of experience and its gradient, by hand, in numpy alone.

Torch does not fit into an NPC's memory; the net is two hidden layers, so its backward pass is a page. Gradients equal
torch's to 1e-5 (tests/nimmer/minds/test_actor_critic.py). All memory is taken once: a step allocates next to nothing.
Source: Schulman et al., "Proximal Policy Optimization Algorithms", arXiv:1707.06347, equations 7 and 9.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.minds.mlp import ACTIONS, Layers, shapes, stacked

Numbers = NDArray[np.floating[Any]]
IMPOSSIBLE = -1e9
"""The logit of what cannot be done: it is never probable and carries no gradient."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """How the loss is put together.

    clip: eps of eq. 7, how far from 1 a ratio still counts; value: share of the critic's loss; entropy: share of the
    bonus for staying undecided.
    """

    clip: float = 0.2
    value: float = 0.5
    entropy: float = 0.003


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a batch of `(rows,)` teaches.

    possible: `(rows, ACTIONS)`; action: flat index of the wish; log_probability: when it was wished; advantage: how
    much better than expected it went; returns: what the critic should have expected; own: 1 where the actor learns;
    lived: 1 where the critic learns.
    """

    possible: NDArray[np.bool_]
    action: NDArray[np.intp]
    log_probability: Numbers
    advantage: Numbers
    returns: Numbers
    own: Numbers
    lived: Numbers


class ActorCritic:
    """A forward and a backward pass of `rows` rows through a net with hidden layers of `hidden`."""

    def __init__(self, rows: int, hidden: int, dtype: type[np.floating[Any]] = np.float32) -> None:
        """Take the memory of both passes."""
        self.gradient: Numbers = np.zeros(
            sum(int(np.prod(shape)) for shape in shapes(hidden).values()), dtype
        )
        """Of every weight, in the order of `Mlp.flat`."""
        self._into = stacked(self.gradient, hidden)
        self._first, self._second = np.ones((rows, hidden + 1), dtype), np.ones((rows, hidden + 1), dtype)
        self._slope, self._below = np.empty((rows, hidden), dtype), np.empty((rows, hidden), dtype)
        self.logits: Numbers = np.empty((rows, ACTIONS), dtype)
        self.value: Numbers = np.empty((rows, 1), dtype)
        self._rows = np.arange(rows)

    def forward(self, layers: Layers, features: Numbers) -> None:
        """Work out `logits` `(rows, ACTIONS)` and `value` `(rows, 1)` of `features` `(rows, FEATURES + 1)`."""
        for given, layer, hidden in (
            (features, layers.first, self._first),
            (self._first, layers.second, self._second),
        ):
            np.matmul(given, layer, out=hidden[:, :-1])
            np.tanh(hidden[:, :-1], out=hidden[:, :-1])
        np.matmul(self._second, layers.third, out=self.logits)
        np.matmul(self._second, layers.value, out=self.value)

    def learn(self, layers: Layers, features: Numbers, lesson: Lesson, weighing: Weighing) -> float:
        """Work out `gradient` of the loss after `forward`; return how far the policy has moved, in nats.

        The loss is the mean over rows of
            - own * min(r A, clip(r, 1 - eps, 1 + eps) A)          eq. 7, r = pi(a) / pi_old(a)
            + value / 2 * lived * (V - R)^2 - entropy * own * H    eq. 9
        and the distance the mean over the actor's rows of r - 1 - log r, an estimate of the KL divergence.
        """
        rows, own = self._rows, lesson.own
        log = _log_softmax(self.logits, lesson.possible)
        probability = np.exp(log)
        chosen = log[rows, lesson.action]
        moved = chosen - lesson.log_probability
        ratio = np.exp(moved)
        bounded = np.clip(ratio, 1.0 - weighing.clip, 1.0 + weighing.clip)
        free = ratio * lesson.advantage <= bounded * lesson.advantage
        # d(-r A) / d log pi(a), then d log pi(a) / d logits = onehot(a) - pi
        pull = np.where(free, -own * lesson.advantage * ratio, 0.0)
        of_logits = -pull[:, None] * probability
        of_logits[rows, lesson.action] += pull
        # d(-H) / d logits = pi (log pi + H)
        entropy = -(probability * np.where(lesson.possible, log, 0.0)).sum(axis=1)
        of_logits += (weighing.entropy * own)[:, None] * probability * (log + entropy[:, None])
        of_logits /= rows.size
        of_value = weighing.value * lesson.lived * (self.value[:, 0] - lesson.returns) / rows.size
        self._backward(
            layers, features, of_logits.astype(self.logits.dtype), of_value.astype(self.value.dtype)
        )
        return float((own * (ratio - 1.0 - moved)).sum() / max(float(own.sum()), 1.0))

    def _backward(self, layers: Layers, features: Numbers, of_logits: Numbers, of_value: Numbers) -> None:
        """Carry the loss's gradient from both heads back to every weight."""
        slope, below, into = self._slope, self._below, self._into
        np.matmul(self._second.T, of_logits, out=into.third)
        np.matmul(self._second.T, of_value[:, None], out=into.value)
        np.matmul(of_logits, layers.third[:-1].T, out=slope)
        slope += np.multiply(of_value[:, None], layers.value[:-1, 0], out=below)
        _through_tanh(slope, self._second[:, :-1], below)
        np.matmul(self._first.T, slope, out=into.second)
        np.matmul(slope, layers.second[:-1].T, out=below)
        _through_tanh(below, self._first[:, :-1], slope)
        np.matmul(features.T, below, out=into.first)


def _through_tanh(gradient: Numbers, activation: Numbers, scratch: Numbers) -> None:
    """Multiply `gradient` by the slope of tanh where it gave `activation`, 1 - tanh^2."""
    np.multiply(activation, activation, out=scratch)
    np.subtract(1.0, scratch, out=scratch)
    gradient *= scratch


def _log_softmax(logits: Numbers, possible: NDArray[np.bool_]) -> Numbers:
    """Return the logarithm of the probabilities `(rows, ACTIONS)`; what is not `possible` has none."""
    masked = np.where(possible, logits, IMPOSSIBLE)
    masked -= masked.max(axis=1, keepdims=True)
    masked -= np.log(np.exp(masked).sum(axis=1, keepdims=True))
    return masked
