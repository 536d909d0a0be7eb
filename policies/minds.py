"""The port behind which whoever is evaluated decides: the minds of all NPCs of many villages, at once.

One call decides for W worlds of N NPCs, so that nets can multiply in batches; a brain that thinks for one NPC
loops inside. Source: docs/domain.md section 8 (NPC brain: observation and actions).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nimmer.world.level import Level
from nimmer.world.observation import observe, observe_features
from nimmer.world.rules import Rules
from nimmer.world.state import Village

Actions = NDArray[np.int64]
"""`(W, N)` flat action indices, see `nimmer.life.action.FLAT_ACTIONS`."""


class View:
    """What everybody perceives in one tick; each form of it is worked out when it is first asked for.

    level, rules, village: the worlds before the tick; awake: `(W,)` bool, the worlds that still need a decision.
    """

    def __init__(self, level: Level, rules: Rules, village: Village, awake: NDArray[np.bool_]) -> None:
        """Look at `village`."""
        self.level = level
        self.rules = rules
        self.village = village
        self.awake = awake

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """Return `(W, N, FEATURES)`, what nets see."""
        return observe_features(self.level, self.rules, self.village)

    @cached_property
    def _observed(self) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
        return observe(self.level, self.rules, self.village)

    @property
    def records(self) -> NDArray[np.void]:
        """Return `(W, N)` of `nimmer.life.percept.PERCEPT`, what hand-written brains and bodies see."""
        return self._observed[0]

    @property
    def known(self) -> NDArray[np.uint8]:
        """Return `(W, N, nodes)`, 1 where the NPC knows that node's house."""
        return self._observed[1]


class Minds(Protocol):
    """Brains for all NPCs of many worlds."""

    @property
    def name(self) -> str:
        """What the table calls them."""
        ...

    def begin(self, level: Level, seeds: Sequence[int], npcs: int) -> None:
        """Be born in one world of `npcs` NPCs per seed; all chance derives from its world's seed."""
        ...

    def decide(self, view: View) -> Actions:
        """Return what everybody does; of worlds that are not awake anything."""
        ...
