"""What an NPC can do in one tick, and the flat index a learning brain uses for it.

Source: domain.md section 8, actions N, E, S, W, stay, look, talk, ask_cortex. A move names a neighbour
*slot* (on a grid: 0 north, 1 east, 2 south, 3 west), so the same index works on any graph.
"""

from enum import IntEnum
from typing import NamedTuple

SLOTS = 8
"""Neighbour slots an observation has room for; a graph may use fewer, never more."""


class Verb(IntEnum):
    """What an NPC does in a tick."""

    STAY = 0
    MOVE = 1
    LOOK = 2
    TALK = 3
    ASK_CORTEX = 4


class Action(NamedTuple):
    """One NPC's act: a verb and, for MOVE, the neighbour slot."""

    verb: int
    slot: int = -1


STAY = Action(Verb.STAY)
LOOK = Action(Verb.LOOK)
TALK = Action(Verb.TALK)
ASK_CORTEX = Action(Verb.ASK_CORTEX)
MOVES = tuple(Action(Verb.MOVE, slot) for slot in range(SLOTS))

FLAT_ACTIONS: tuple[Action, ...] = (*MOVES, STAY, LOOK, TALK, ASK_CORTEX)
"""Every action by its flat index: 0-7 move through that slot, 8 stay, 9 look, 10 talk, 11 ask the cortex."""
