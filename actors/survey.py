"""A survey of one host's NPCs: how each fares and what it has done so far, read from arena and control groups.

Source: docs/domain.md section 8 (the governor sees every NPC's state); docs/governor.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from nimmer.arena.board import Board
from nimmer.arena.layout import NERVES
from nimmer.arena.memory import Arena
from nimmer.life.action import Verb
from nimmer.life.gates import ALL_STABLE, BODY_GATES, gate_states
from nimmer.life.governor import NpcSituation
from nimmer.life.governor_outcome import TRIGGER_POINTS, Tally
from nimmer.life.nerve_table import NERVE_NAMES

URGENT = ("collision_avoidance_gate", "battery_gate")
"""Gates that are about danger or running empty."""
_WORTH = np.array(
    [*(TRIGGER_POINTS.get(name, 0.1) for name in NERVE_NAMES), *[0.0] * (NERVES - len(NERVE_NAMES))]
)
Records = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Survey:
    """One look at all NPCs of a host, in the order of their numbers."""

    situations: list[NpcSituation]
    tallies: list[Tally]


class Surveyor:
    """Looks at the NPCs of one arena, and counts the thoughts they were permitted to ask for.

    A question lasts one tick and an epoch hundreds: who asked since the last look wants the cortex in this one.
    """

    def __init__(self, arena: Arena, board: Board) -> None:
        """Look at `arena`, whose columns are `board`."""
        self._arena, self._board = arena, board
        self._asked_in = np.zeros(board.npcs, "u8")
        self._asked = np.zeros(board.npcs, "i8")
        self._wants = np.zeros(board.npcs, np.bool_)

    def noticed(self, actions: Records) -> None:
        """Count who asks the cortex in `actions` (`(npcs,)` of `ACTION`), each of an NPC's ticks once."""
        asks = (actions["verb"] == Verb.ASK_CORTEX) & (actions["npc_tick"] > self._asked_in)
        self._asked += asks & (self._board.control["cortex_permission"] != 0)
        self._asked_in[asks] = actions["npc_tick"][asks]
        self._wants |= asks

    def look(self, share: Callable[[int], float], cpu_s: Callable[[int], float]) -> Survey:
        """Return how everyone fares now.

        Args:
            share: CPU quota of an NPC, percent of a core.
            cpu_s: CPU its process has used since it was adopted.
        """
        gates = self._gates()
        wants = self._wants | (self._board.actions()["verb"] == Verb.ASK_CORTEX)
        self._wants = np.zeros(self._board.npcs, np.bool_)
        return Survey(
            [
                self._situation(npc, share(npc), bool(wants[npc]), int(gates[npc]))
                for npc in range(self._board.npcs)
            ],
            [self._tally(npc, cpu_s(npc)) for npc in range(self._board.npcs)],
        )

    def _gates(self) -> Records:
        """Return every NPC's gates as of its last trail step, two bits each, state + 1; all stable before the first."""
        cursors, trails = self._arena.view("trail_cursor"), self._arena.view("trail")
        room = len(trails) // len(cursors)
        head = cursors["head"].astype("i8")
        gates = trails["gates"][(head - 1) % room + room * np.arange(len(cursors))]
        return np.where(head > 0, gates, ALL_STABLE)

    def _situation(self, npc: int, share: float, wants: bool, gates: int) -> NpcSituation:
        percept, vitals, control = self._arena.view("percept"), self._board.vitals, self._board.control
        opened = [state == 1 for state in gate_states(gates)]
        return NpcSituation(
            npc=npc,
            alive=bool(control["alive"][npc]),
            tick_hz=float(control["tick_hz"][npc]),
            cpu_percent=share,
            coverage=float(percept["coverage"][npc]),
            energy=float(percept["energy"][npc]),
            lifeforce=float(vitals["lifeforce"][npc]),
            lateness_p99_ms=float(vitals["lateness_p99_us"][npc]) / 1e3,
            wants_cortex=wants,
            balance=float(self._arena.view("condition")["balance"][npc]),
            gates_open=sum(opened),
            urgent=any(
                is_open for is_open, gate in zip(opened, BODY_GATES, strict=True) if gate.name in URGENT
            ),
            occupants=int(percept["occupants"][npc]),
            news=int(percept["news"][npc]),
        )

    def _tally(self, npc: int, cpu_s: float) -> Tally:
        percept, vitals = self._arena.view("percept"), self._board.vitals
        nerves = self._arena.view("nerves").reshape(-1, NERVES)[npc]
        return Tally(
            npc=npc,
            level=int(percept["level"][npc]),
            coverage=float(percept["coverage"][npc]),
            lifeforce=_finite(float(vitals["lifeforce"][npc])),
            triggers_met=int(nerves["succeeded"].sum()),
            triggers_missed=int(nerves["failed"].sum()),
            worth_met=float(nerves["succeeded"] @ _WORTH),
            ticks_done=int(vitals["ticks_done"][npc]),
            ticks_due=int(vitals["ticks_due"][npc]),
            cpu_s=cpu_s,
            cortex_calls=int(self._asked[npc]),
        )


def _finite(value: float) -> float:
    return value if isfinite(value) else 0.0
