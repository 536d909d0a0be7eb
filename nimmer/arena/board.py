"""The supervisor's side of the arena: all NPCs of the host at once, as columns.

Writes observations and commands, reads actions and vitals. The one writer of control, percept and known.
"""

from typing import Any

import numpy as np

from nimmer.arena.memory import Arena, Array
from nimmer.life.percept import PERCEPT

Records = np.ndarray[Any, np.dtype[Any]]


class Board:
    """All slots of one arena as columns of length `npcs`."""

    def __init__(self, arena: Arena) -> None:
        """Address every slot of `arena`."""
        self.npcs = arena.plan.npcs
        self.nodes = arena.plan.nodes
        self.header: Array = arena.view("header")
        self.control: Array = arena.view("control")
        self.vitals: Array = arena.view("vitals")
        self._percept = arena.view("percept")
        self._versions = arena.view("percept_version")
        self._known = arena.view("known").reshape(self.npcs, self.nodes)
        self._action = arena.view("action")

    def show(self, tick: int, records: Records, known: Records | None) -> None:
        """Give every NPC its observation of world tick `tick`.

        Args:
            tick: the world tick the observations were taken at.
            records: `(npcs,)` of `PERCEPT`.
            known: `(npcs, nodes)` uint8 with nodes at most the arena's, or None where nothing was learned.
        """
        self._versions |= np.uint64(1)
        self._percept[:] = records
        if known is not None:
            self._known[:, : known.shape[1]] = known
        self._versions += np.uint64(1)
        self.header["world_tick"] = tick

    def forget(self) -> None:
        """Clear what the NPCs know, before a new level's houses are learned."""
        self._known[:] = 0

    def actions(self) -> Records:
        """Return a copy `(npcs,)` of the action records; one being written shows its previous heartbeat.

        A torn record is told by its odd version and returned with npc_tick 0, which no one acts on.
        """
        before = self._action["version"].copy()
        actions = self._action.copy()
        torn = ((before & np.uint64(1)) == 1) | (before != self._action["version"])
        actions["npc_tick"][torn] = 0
        return actions

    def lifetimes(self) -> tuple[Array, Array]:
        """Return `(npcs,)` each: births so far, and the birth whose life has begun ticking."""
        return self.vitals["generation"].copy(), self._action["generation"].copy()


def empty_percepts(npcs: int) -> Records:
    """Return `(npcs,)` zeroed observation records."""
    return np.zeros(npcs, dtype=PERCEPT)
