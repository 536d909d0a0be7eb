"""What an NPC writes down now and then: its nerve trails, its ledger, its beats, and how it fares.

Rarer than once a tick, so it is written plainly. The rings are read by recorder and bridge like the others
(`nimmer.arena.ring`); the condition is rewritten in place for whoever looks.
"""

from typing import Any, Literal

import numpy as np

from nimmer.arena.layout import NERVES, TIERS
from nimmer.arena.memory import Arena

Records = np.ndarray[Any, np.dtype[Any]]
Fields = tuple[Any, ...]
"""The fields of one record, in the order of its dtype."""


class Page:
    """One NPC's ring of one kind of record."""

    def __init__(self, arena: Arena, ring: Literal["nerve_trail", "ledger", "beat"], npc: int) -> None:
        """Write into `ring` of NPC `npc`."""
        cursors, records = arena.view(f"{ring}_cursor"), arena.view(ring)
        self._capacity = len(records) // len(cursors)
        self._cursor = cursors[npc : npc + 1]
        self._records = records[npc * self._capacity : (npc + 1) * self._capacity]

    @property
    def written(self) -> int:
        """Return how many records were ever written here, by all births of this NPC."""
        return int(self._cursor["head"][0])

    def write(self, fields: Fields) -> bool:
        """Append one record; False, counted, when the recorder lags a whole ring behind."""
        head = self.written
        if head - int(self._cursor["store"][0]) >= self._capacity:
            self._cursor["dropped"][0] += 1
            return False
        self._records[head % self._capacity] = fields
        self._cursor["head"][0] = head + 1  # last: what is not whole is not read
        return True


class Diary:
    """The diary of NPC `npc`."""

    def __init__(self, arena: Arena, npc: int) -> None:
        """Open it where the last birth left off."""
        self.nerve_trails = Page(arena, "nerve_trail", npc)
        self.ledger = Page(arena, "ledger", npc)
        self.beats = Page(arena, "beat", npc)
        self._condition = arena.view("condition")[npc : npc + 1]
        self._nerves = arena.view("nerves")[npc * NERVES : (npc + 1) * NERVES]
        self._tiers = arena.view("tiers")[npc * TIERS : (npc + 1) * TIERS]

    def fare(self, condition: Fields, nerves: list[Fields], tiers: list[Fields]) -> None:
        """Say how the NPC fares: one `CONDITION`, up to `NERVES` of `NERVE_VITALS`, `TIERS` of `TIER_VITALS`."""
        self._condition[0] = condition
        for place, nerve in enumerate(nerves[:NERVES]):
            self._nerves[place] = nerve
        for place, tier in enumerate(tiers[:TIERS]):
            self._tiers[place] = tier
