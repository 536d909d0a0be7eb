"""Whole bodies around the minds that are judged: gates and nerves may take the motor, and every deed has its price.

Source: docs/domain.md sections 3, 5 and 6; docs/life.md.
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import FLAT_ACTIONS, STAY, Action, Verb
from nimmer.life.body import Body
from nimmer.life.gates import BODY_GATES
from nimmer.life.nerve_table import built_in_nerves
from nimmer.life.percept import Percept, features, unpack
from nimmer.minds.brain import Flags, Floats
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from policies.minds import Actions, View

WORLD_HZ = 20.0
"""World ticks to a second of the bodies' lives; every body ticks in each."""
_AUTO = bytes(len(BODY_GATES))
Acts = tuple[NDArray[np.uint8], NDArray[np.int8]]


class _Wish:
    """A brain that wishes what the minds decided for its body in this tick."""

    name = "wish"

    def __init__(self) -> None:
        self.action = STAY

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        return self.action

    def state(self) -> dict[str, object]:
        return {"brain": self.name}

    def restore(self, state: dict[str, object]) -> None:
        """Remember nothing."""


class Bodies:
    """One body for every NPC of every world, newborn.

    nerve_ticks: `(W, N)`, ticks in which a nerve and not the brain moved the body.
    """

    def __init__(self, level: Level, rules: Rules, worlds: int, npcs: int) -> None:
        """Let all bodies of `worlds` worlds of `npcs` NPCs be born on `level`."""
        neighbours = level.graph.neighbours.tolist()
        nerves = built_in_nerves()
        self._wishes = [[_Wish() for _ in range(npcs)] for _ in range(worlds)]
        self._bodies = [
            [
                Body(
                    npc,
                    wish,
                    level.graph.slots,
                    node_capacity=rules.node_capacity,
                    nerves=nerves,
                    guide=Pathfinder(neighbours),
                )
                for npc, wish in enumerate(row)
            ]
            for row in self._wishes
        ]
        self.nerve_ticks = np.zeros((worlds, npcs), np.int64)

    def act(self, view: View, wishes: Actions) -> Acts:
        """Let everybody awake live one tick with the minds' `wishes`; return what the bodies do, verbs and slots."""
        shape = view.village.node.shape
        verbs, slots = np.zeros(shape, np.uint8), np.full(shape, -1, np.int8)
        for world in np.flatnonzero(view.awake).tolist():
            now_s = (int(view.village.tick[world]) + 1) / WORLD_HZ
            for npc, body in enumerate(self._bodies[world]):
                self._wishes[world][npc].action = FLAT_ACTIONS[wishes[world, npc]]
                record = view.records[world, npc].tobytes()
                deed = body.tick(unpack(record), features(record), view.known[world, npc], _AUTO, now_s)
                self.nerve_ticks[world, npc] += deed.nerve > 0
                verbs[world, npc] = deed.action.verb
                slots[world, npc] = deed.action.slot if deed.action.verb == Verb.MOVE else -1
        return verbs, slots

    def lifeforce(self) -> NDArray[np.float64]:
        """Return `(W, N)`: the level of every ledger now."""
        return np.array([[body.lifeforce for body in row] for row in self._bodies])
