"""Reading the event rings of all NPCs at once, and moving a cursor only when what was read is safe.

`RingReader` belongs to one follower of one ring kind: the bridge (`bus`) or the recorder (`store`). Reading copies;
`commit` frees. A follower that is killed between the two reads the same records again, so followers must be
idempotent: the database by its unique key, the bus by message id.
"""

from typing import Any, Literal, NamedTuple

import numpy as np

from nimmer.arena.memory import Arena

Records = np.ndarray[tuple[int], np.dtype[Any]]
Ids = np.ndarray[tuple[int], np.dtype[np.int64]]
Ring = Literal["wave", "transition", "trail", "nerve_trail", "ledger", "beat"]


class Harvest(NamedTuple):
    """What one read found, oldest first per NPC.

    records: `(k,)` of the ring's dtype; npcs: `(k,)` the NPC of each; cursors: `(npcs,)` to commit.
    """

    records: Records
    npcs: Ids
    cursors: np.ndarray[tuple[int], np.dtype[np.uint64]]


class RingReader:
    """One follower of one kind of ring over all NPCs of the host."""

    def __init__(self, arena: Arena, ring: Ring, follower: Literal["bus", "store"]) -> None:
        """Follow `ring` with the cursor of `follower`."""
        self._rings = arena.view(f"{ring}_cursor")
        self._records = arena.view(ring)
        self._follower = follower
        self._capacity = len(self._records) // len(self._rings)
        self.overrun = 0
        """Records this follower lost because it lagged more than a ring behind."""

    def read(self, most_per_npc: int = 256) -> Harvest:
        """Copy what this follower has not committed yet, at most `most_per_npc` records an NPC."""
        return self._between(self._rings["head"].copy(), most_per_npc)

    def planned(self) -> Harvest:
        """Copy what a predecessor planned to publish and did not commit; empty when it had committed all."""
        return self._between(np.maximum(self._rings["plan"], self._rings[self._follower]), self._capacity)

    def plan(self, harvest: Harvest) -> None:
        """Write down that `harvest` is being published, before it is."""
        self._rings["plan"] = harvest.cursors

    def _between(self, heads: np.ndarray[tuple[int], np.dtype[np.uint64]], most_per_npc: int) -> Harvest:
        cursors = self._rings[self._follower].copy()
        heads = np.maximum(heads, cursors)
        lag = heads - cursors
        if (late := lag > self._capacity).any():
            # a producer that waits for the other follower has overwritten what this one did not read
            behind = heads[late] - np.uint64(self._capacity * 3 // 4)
            self.overrun += int((behind - cursors[late]).sum())
            cursors[late] = behind
            lag = heads - cursors
        take = np.minimum(lag, np.uint64(most_per_npc)).astype(np.int64)
        total = int(take.sum())
        npcs = np.repeat(np.arange(len(take)), take)
        within = np.arange(total) - np.repeat(np.cumsum(take) - take, take)
        position = np.repeat(cursors.astype(np.int64), take) + within
        records = self._records[npcs * self._capacity + position % self._capacity]
        return Harvest(records, npcs, cursors + take.astype(np.uint64))

    def commit(self, harvest: Harvest) -> None:
        """Free what `harvest` holds: it is published, or kept."""
        self._rings[self._follower] = harvest.cursors

    @property
    def freed(self) -> int:
        """Return how many records this follower has committed, its predecessors' included."""
        return int(self._rings[self._follower].sum())

    @property
    def waiting(self) -> int:
        """Return how many records wait for this follower."""
        return int((self._rings["head"] - self._rings[self._follower]).sum())

    @property
    def dropped(self) -> int:
        """Return how many records the producers dropped because the ring was full."""
        return int(self._rings["dropped"].sum())
