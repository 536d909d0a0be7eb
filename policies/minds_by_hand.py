"""Rivals that need no training: random walkers, and the explorer every village lives by when it has nothing better.

Source: docs/domain.md section 8 (NPC brain).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.life.action import FLAT_ACTIONS, STAY, Action
from nimmer.life.percept import features, unpack
from nimmer.minds.explorer import Explorer
from nimmer.world.level import Level
from policies.acts import legal
from policies.minds import Actions, View

_INDEX: dict[Action, int] = {action: index for index, action in enumerate(FLAT_ACTIONS)}
_STAY = _INDEX[STAY]


def likeliest_or_drawn(
    logits: NDArray[np.float32], possible: NDArray[np.bool_], draws: NDArray[np.float64] | None
) -> Actions:
    """Return `(W, N)` actions for logits `(W, N, ACTIONS)`: drawn by `draws` `(W, N)` in 0..1, else the likeliest."""
    heights = np.where(possible, logits, -np.inf)
    chosen: Actions
    if draws is None:
        chosen = heights.argmax(axis=-1)
    else:
        shares = np.exp(heights - heights.max(axis=-1, keepdims=True)).cumsum(axis=-1)
        chosen = (shares <= draws[..., None] * shares[..., -1:]).sum(axis=-1)
    return chosen


class Draws:
    """A stream of numbers in 0..1 per world, so that a world's luck does not depend on which others run beside it."""

    def __init__(self, seeds: Sequence[int], npcs: int) -> None:
        """Derive a stream from each seed."""
        self._generators = [Chance(seed).generator("evaluation", "draws") for seed in seeds]
        self._npcs = npcs

    def next(self) -> NDArray[np.float64]:
        """Return `(W, N)` fresh numbers."""
        return np.stack([generator.random(self._npcs) for generator in self._generators])


class RandomMinds:
    """Everybody does something possible, all of it equally likely: moves along edges, stay, look, talk."""

    name = "random"

    def begin(self, level: Level, seeds: Sequence[int], npcs: int) -> None:
        """Begin to toss."""
        self._draws = Draws(seeds, npcs)

    def decide(self, view: View) -> Actions:
        """Return one of the possible actions each."""
        possible = legal(view.features)
        return likeliest_or_drawn(np.zeros(possible.shape, np.float32), possible, self._draws.next())


class ExplorerMinds:
    """Everybody is an `nimmer.minds.explorer.Explorer`."""

    name = "explorer"

    def begin(self, level: Level, seeds: Sequence[int], npcs: int) -> None:
        """Give everybody an explorer with a generator of its own."""
        neighbours = level.graph.neighbours.tolist()
        self._worlds = [
            [Explorer(neighbours, Chance(seed).generator("evaluation", "mind", npc)) for npc in range(npcs)]
            for seed in seeds
        ]

    def decide(self, view: View) -> Actions:
        """Ask every explorer of every world that is awake."""
        actions = np.full(view.village.node.shape, _STAY, np.int64)
        for world in np.flatnonzero(view.awake).tolist():
            known = view.known[world]
            for npc, mind in enumerate(self._worlds[world]):
                record = view.records[world, npc].tobytes()
                action = mind.decide(unpack(record), features(record), known[npc])
                actions[world, npc] = _INDEX[action]
        return actions
