"""A hand-written brain for thousands of NPCs at once: the explorer's order of wishes, as arrays.

The explorer (`nimmer.minds.explorer`) takes some 20 us per decision, which is right for an NPC's own process and too
slow to train a governor over whole villages. This one wishes the same things in the same order, but knows every well
from birth and breaks ties by its own draws. How close a village of it comes to a real one is measured
(docs/governor.md, "How far from a real village").
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import SLOTS, Verb
from nimmer.life.percept import PER_SLOT, Column
from nimmer.minds.explorer import RESTORED, THIRSTY
from nimmer.world.level import Level
from nimmer.world.state import Village

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_TALKS = 0.7
"""How often it talks where there is news, against the explorer's silences."""
_STROLLS = 0.1
_FAR = 10_000


class Walker:
    """Decides for W worlds of N NPCs on one level; remembers only who is on the way to a well."""

    def __init__(self, level: Level, shape: tuple[int, int]) -> None:
        """Measure the ways of `level` once, for `shape` (W, N) NPCs."""
        self._level = level
        self._distance = level.hops.astype(np.int16)  # sums of hops and _FAR are taken
        wells = level.well_nodes
        to_wells = self._distance[:, wells] if wells.size else np.zeros((level.nodes, 1), np.int16)
        self._well = (wells if wells.size else np.zeros(1, np.int64))[to_wells.argmin(axis=1)]
        self._has_wells = bool(wells.size)
        self._thirsty = np.zeros(shape, np.bool_)

    def decide(
        self, village: Village, features: Floats, acts: Flags, luck: Numbers
    ) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
        """Return verbs `(W, N)` uint8 and slots `(W, N)` int8; those who do not act stay.

        Args:
            village: the village as it is.
            features: `(W, N, FEATURES)` of `nimmer.world.observation.observe_features`.
            acts: `(W, N)` bool, whose turn it is.
            luck: `(W, N, 2)` in 0..1: whether to talk or stroll, and which way.
        """
        shape = acts.shape
        verbs = np.full(shape, Verb.STAY, np.uint8)
        slots = np.full(shape, -1, np.int8)
        energy = features[..., Column.ENERGY]
        self._thirsty = np.where(acts, energy < np.where(self._thirsty, RESTORED, THIRSTY), self._thirsty)
        looks = acts & (features[..., Column.HERE_KNOWN] == 0)
        verbs[looks] = Verb.LOOK
        left = acts & ~looks
        drinks = left & self._thirsty & self._has_wells
        left &= ~drinks
        talks = left & (features[..., Column.NEWS] > 0) & (luck[..., 0] < _TALKS)
        verbs[talks] = Verb.TALK
        left &= ~talks
        walks = drinks & (features[..., Column.AT_WELL] == 0)
        goes = np.argwhere(left | walks)
        if goes.size:
            self._go(village, features, goes, walks, luck, verbs, slots)
        return verbs, slots

    def _go(
        self,
        village: Village,
        features: Floats,
        goes: NDArray[np.int64],
        walks: Flags,
        luck: Numbers,
        verbs: NDArray[np.uint8],
        slots: NDArray[np.int8],
    ) -> None:
        """Choose a way for the NPCs in `goes` `(m, 2)`: to a well, to what is unknown near or far, or anywhere."""
        world, npc = goes[:, 0], goes[:, 1]
        ahead = features[world, npc, : PER_SLOT * SLOTS].reshape(-1, SLOTS, PER_SLOT)
        open_way = (ahead[:, :, 0] > 0) & (ahead[:, :, 2] > 0)
        node = village.node[world, npc]
        to_well = walks[world, npc]
        known = village.knowledge[world, npc] != 0
        far = self._distance[node] + known * np.int16(_FAR)
        nearest = far.argmin(axis=1)
        all_known = known.all(axis=1)
        goal = np.where(to_well, self._well[node], nearest)
        # the random part breaks ties, so that NPCs on one node go different ways
        turn = (np.arange(SLOTS) + (luck[world, npc, 1] * SLOTS).astype(np.int64)[:, None]) % SLOTS
        neighbour = np.zeros(open_way.shape, np.int64)
        around = self._level.graph.neighbours[node]
        neighbour[:, : around.shape[1]] = np.maximum(around, 0)
        cost = self._distance[neighbour, goal[:, None]] * np.int32(SLOTS) + turn
        wanders = all_known & ~to_well
        cost = np.where(wanders[:, None], turn, cost)
        cost = np.where(open_way, cost, np.iinfo(np.int32).max)
        slot = cost.argmin(axis=1)
        lonely = features[world, npc, Column.COMPANY] < 0.5
        stays = ~open_way.any(axis=1) | (wanders & lonely & (luck[world, npc, 0] > _STROLLS))
        moving = ~stays
        verbs[world[moving], npc[moving]] = Verb.MOVE
        slots[world[moving], npc[moving]] = slot[moving].astype(np.int8)
