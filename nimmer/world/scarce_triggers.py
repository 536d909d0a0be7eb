"""Triggers: what an NPC must notice within a deadline, how they come in bursts, and who missed them.

Danger and questions come in episodes of some seconds, so that the last epoch tells something of the next; battery,
exploration and conversation come where their cause is (low energy, an unknown house, news), which the governor sees.
A gate opens after `looks` looks, for one look alone opens no real gate; one that is forced open needs one.
Arrays are `(W, N, KINDS)` unless said otherwise.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.world.scarcity import KINDS, QUESTION, ScarcityModel

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
EPISODIC = (0, QUESTION)
"""Kinds that come in episodes: danger and questions."""


class Heard(NamedTuple):
    """What one world tick brought: triggers that were noticed, and those whose deadline passed."""

    noticed: Flags
    missed: Flags


class Triggers:
    """The open triggers of W worlds of N NPCs, one of each kind at a time."""

    def __init__(self, model: ScarcityModel, episodes: Flags) -> None:
        """Begin with the `episodes` `(W, N, len(EPISODIC))` that are under way."""
        shape = (*episodes.shape[:2], len(KINDS))
        self._model = model
        self._deadline_ms = np.array(model.deadline_ms)
        self._quiet = np.array(model.quiet_per_s) * model.tick_s
        self._burst = np.array(model.burst_per_s) * model.tick_s
        self.episodes = episodes.copy()
        self.open = np.zeros(shape, np.bool_)
        self._left_ms = np.zeros(shape)
        self._looks = np.zeros(shape, np.int64)

    def turn(
        self, causes: Flags, crowded: Flags, looking: Flags, gates: NDArray[np.int8], luck: Numbers
    ) -> Heard:
        """Let one world tick pass.

        Args:
            causes: `(W, N, KINDS)` whether a trigger of the kind can come at all.
            crowded: `(W, N)` where danger begins three times as often.
            looking: `(W, N)` who ticks and can pay for a look.
            gates: `(W, N, KINDS)` int8, 0 auto, 1 forced open, -1 forced closed.
            luck: `(W, N, KINDS + len(EPISODIC))` uniform in 0..1.
        """
        model = self._model
        kinds = len(KINDS)
        self._episodes(crowded, luck[..., kinds:])
        rate = np.broadcast_to(self._quiet, self.open.shape).copy()
        for at, kind in enumerate(EPISODIC):
            rate[..., kind] = np.where(self.episodes[..., at], self._burst[kind], self._quiet[kind])
        fresh = causes & ~self.open & (luck[..., :kinds] < rate)
        self.open |= fresh
        self._left_ms = np.where(fresh, self._deadline_ms, self._left_ms)
        self._looks[fresh] = 0
        self._looks += looking[..., None] & self.open & (gates >= 0)
        noticed = self.open & (self._looks >= np.where(gates > 0, 1, model.looks))
        self.open &= ~noticed
        self._left_ms -= 1000.0 * model.tick_s
        missed = self.open & (self._left_ms <= 0.0)
        self.open &= ~missed
        return Heard(noticed, missed)

    def _episodes(self, crowded: Flags, luck: Numbers) -> None:
        model = self._model
        begins = model.tick_s / model.calm_s * np.ones(self.episodes.shape)
        begins[..., 0] *= np.where(crowded, 3.0, 1.0)
        ends = model.tick_s / model.episode_s
        self.episodes = np.where(self.episodes, luck >= ends, luck < begins)
