"""The boundary's eyes: one NPC as the arena has it now, for a question, and whether it is still there, for an answer.

Reads only, without a cursor, so that nobody ever waits for it. Source: docs/domain.md section 10 (context).
"""

from pathlib import Path

import numpy as np

from actors.charter import Charter
from nimmer.arena.layout import TRAIL_RING
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot
from nimmer.cortex.asker import Asker, Partner
from nimmer.cortex.choices import worded
from nimmer.cortex.fate import Now
from nimmer.errors import ArenaError
from nimmer.life.action import Action, Verb
from nimmer.life.gates import BODY_GATES, gate_states
from nimmer.life.percept import Percept, unpack
from nimmer.minds.pathfinder import BLOCKED_CM, Pathfinder
from nimmer.world.levels import load_graphs

TRAILS = 8
"""Last deeds that a question tells of."""


class Lookout:
    """Looks at the NPCs of one arena."""

    def __init__(self, charter: Charter, arena: Arena) -> None:
        """Look at `arena`. Raises LevelError when the levels file cannot be read."""
        self._arena = arena
        self._slots = [Slot(arena, npc) for npc in range(charter.npcs)]
        graphs = load_graphs(Path(charter.levels_file) if charter.levels_file else None)
        self._maps = [graph.neighbours.tolist() for graph in graphs]

    def now(self, npc: int) -> Now:
        """Return how NPC `npc` fares now."""
        return Now(
            alive=bool(self._arena.view("control")["alive"][npc]),
            generation=int(self._arena.view("vitals")["generation"][npc]),
            level=int(self._arena.view("percept")["level"][npc]),
            world_tick=int(self._arena.view("header")["world_tick"][0]),
        )

    def asker(self, npc: int, world_tick: int) -> Asker | None:
        """Return NPC `npc` as it is; None when it is not alive, or perceives nothing yet."""
        if not 0 <= npc < len(self._slots):
            return None
        control, slot = self._slots[npc].control(), self._slots[npc]
        try:
            record = slot.percept()
        except ArenaError:
            return None  # its supervisor died writing; it asks again when it is back
        if record is None or not control.alive:
            return None
        percept = unpack(record)
        if not 0 < percept.level <= len(self._maps):
            return None
        neighbours = self._maps[percept.level - 1]
        known = slot.known[: len(neighbours)]
        lead = Pathfinder(neighbours).toward(percept, lambda node: not known[node])
        return Asker(
            npc=npc,
            generation=int(self._arena.view("vitals")["generation"][npc]),
            world_tick=world_tick,
            level=percept.level,
            node=percept.node,
            energy=percept.energy,
            coverage=percept.coverage,
            lifeforce=_finite(float(self._arena.view("vitals")["lifeforce"][npc])),
            here_known=bool(percept.here_known),
            at_well=bool(percept.at_well),
            news=percept.news,
            known=int(known.sum()),
            houses=len(neighbours),
            priority=control.cortex_priority,
            free=_free(percept),
            lead=None if lead is None else lead.slot,
            gates=self._gates(npc),
            doing=self._doing(npc),
            partners=self._partners(npc, percept),
        )

    def _partners(self, npc: int, percept: Percept) -> tuple[Partner, ...]:
        seen, control = self._arena.view("percept"), self._arena.view("control")
        here = (seen["node"] == percept.node) & (seen["level"] == percept.level) & (control["alive"] != 0)
        return tuple(
            Partner(other, int(seen["news"][other]), bool(control["cortex_permission"][other]))
            for other in np.flatnonzero(here).tolist()
            if other != npc
        )

    def _gates(self, npc: int) -> tuple[str, ...]:
        head = int(self._arena.view("trail_cursor")["head"][npc])
        if not head:
            return ()
        gates = int(self._arena.view("trail")["gates"][npc * TRAIL_RING + (head - 1) % TRAIL_RING])
        states = gate_states(gates)
        return tuple(spec.name for spec, state in zip(BODY_GATES, states, strict=True) if state == 1)

    def _doing(self, npc: int) -> tuple[str, ...]:
        head, trail = int(self._arena.view("trail_cursor")["head"][npc]), self._arena.view("trail")
        rows = [npc * TRAIL_RING + step % TRAIL_RING for step in range(max(head - TRAILS, 0), head)]
        return tuple(
            worded(Action(int(trail["verb"][row]), int(trail["slot"][row])))
            for row in rows
            if trail["verb"][row] <= Verb.ASK_CORTEX
        )


def _free(percept: Percept) -> tuple[int, ...]:
    return tuple(
        slot
        for slot in range(percept.slots)
        if percept.neighbour[slot] >= 0 and percept.distance_cm[slot] >= BLOCKED_CM
    )


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0
