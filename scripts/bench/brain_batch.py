"""The batch that both sides of `brain` learn from, and our step on it."""

from collections.abc import Callable

import numpy as np

from nimmer.chance import Chance
from nimmer.life.percept import FEATURES
from nimmer.minds.actor_critic import ActorCritic, Lesson
from nimmer.minds.adam import Adam
from nimmer.minds.experience import ROWS
from nimmer.minds.learner import LearningRules
from nimmer.minds.mlp import ACTIONS, Mlp, Weights, stacked

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def batch() -> tuple[Floats, Lesson]:
    """Return features `(ROWS, FEATURES + 1)` and what is to be learned from them."""
    chance = Chance(7).generator("bench", "batch")
    features = np.ones((ROWS, FEATURES + 1), np.float32)
    features[:, :FEATURES] = chance.random((ROWS, FEATURES))
    possible = np.zeros((ROWS, ACTIONS), np.bool_)
    possible[:, [0, 1, 2, 3, 8, 9, 10]] = True
    return features, Lesson(
        possible=possible,
        action=chance.integers(0, 4, ROWS),
        log_probability=np.full(ROWS, -np.log(7.0), np.float32),
        advantage=chance.standard_normal(ROWS).astype(np.float32),
        returns=chance.standard_normal(ROWS).astype(np.float32),
        own=(chance.random(ROWS) < 0.8).astype(np.float32),
        lived=np.ones(ROWS, np.float32),
    )


def our_step(weights: Weights) -> Callable[[], None]:
    """Return one learning step of an NPC: forward, backward, clipping, Adam."""
    features, lesson = batch()
    rules = LearningRules()
    net = Mlp(weights, Chance(7).generator("bench", "mlp"))
    hidden = weights["b1"].size
    layers, passes, adam = stacked(net.flat, hidden), ActorCritic(ROWS, hidden), Adam(net.flat.size)

    def step() -> None:
        passes.forward(layers, features)
        passes.learn(layers, features, lesson, rules.weighing)
        if not adam.step(net.flat, passes.gradient, rules.rate, rules.norm):
            raise RuntimeError("the step was refused")

    return step
