"""What an answer may command, as one table; what is not in it is refused, whoever asked and whatever the words were.

| who asked            | target                                                            | command         |
|----------------------|-------------------------------------------------------------------|-----------------|
| an NPC (nyx-training)| itself                                                            | move, look, talk, stay |
| an NPC (nyx-training)| an NPC on its own node that may itself ask the cortex             | talk            |
| anybody              | any other NPC, `organs.*`, gates, cells, everything else          | nothing         |

A payload holds exactly the fields of its command, of exactly their types: `move` has `slot`, the others nothing, so that
no text travels in one. People and tools get words from the cortex, and give orders by the bus under their own identity.
Source: docs/domain.md sections 10 and 12; docs/decisions/0033.
"""

from typing import NamedTuple

from nimmer.bus.cortex_messages import CortexCommand
from nimmer.cortex.asker import Asker
from nimmer.life.action import LOOK, MOVES, SLOTS, STAY, TALK, Action

FOR_NPCS = "nyx-training"
"""The identity under which NPCs ask."""
OWN: dict[str, Action | None] = {"stay": STAY, "look": LOOK, "talk": TALK, "move": None}
"""What an NPC's answer may command itself; None: the slot says which."""
PARTNER: dict[str, Action | None] = {"talk": TALK}
"""What it may command who stands with it and may ask the cortex."""


class Granted(NamedTuple):
    """A command that may reach the world: whose, and what."""

    npc: int
    action: Action


class Refused(NamedTuple):
    """A command that may not, and why, for people."""

    target: str
    reason: str


def check(one: CortexCommand, asker: Asker, identity: str = FOR_NPCS) -> Granted | Refused:
    """Return what the world may be asked to do about `one`, or why it may not."""
    if identity != FOR_NPCS:
        return _no(one, f"an answer to {identity!r:.60} commands nothing")
    npc = _npc(one.target, asker)
    if npc is None:
        return _no(one, f"an answer to {asker.name} may command {asker.name} and who may talk to it here")
    allowed = OWN if npc == asker.npc else PARTNER
    if one.command not in allowed:
        return _no(one, f"{one.command!r:.60} is none of {', '.join(sorted(allowed))}")
    action = allowed[one.command]
    if action is None:
        return _move(one, npc)
    if one.payload:
        return _no(one, f"{one.command} takes no payload")
    return Granted(npc, action)


def _npc(target: str, asker: Asker) -> int | None:
    """Return which NPC `target` names, of those this asker's answer may command at all."""
    mine = {asker.name: asker.npc} | {f"npc.{one.npc}": one.npc for one in asker.partners if one.permitted}
    return mine.get(target)


def _move(one: CortexCommand, npc: int) -> Granted | Refused:
    slot = one.payload.get("slot")
    if len(one.payload) != 1 or type(slot) is not int or not 0 <= slot < SLOTS:
        return _no(one, f"move takes a slot, 0 to {SLOTS - 1}, and nothing else")
    return Granted(npc, MOVES[slot])


def _no(one: CortexCommand, reason: str) -> Refused:
    return Refused(one.target, reason)
