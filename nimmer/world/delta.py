"""What one tick changed, as the few plain values the bus carries to whoever watches the world.

Source: docs/domain.md section 7 (WorldDelta: tick, changes[]).
"""

import numpy as np

from nimmer.life.action import Verb
from nimmer.world.rejection import Rejection
from nimmer.world.state import NO_VERB, Village

Change = dict[str, object]
_VERBS = {int(verb): verb.name.lower() for verb in Verb}


def changes(before: Village, after: Village, world: int = 0) -> list[Change]:
    """Return one entry per NPC that changed between two states of one level, with only what changed.

    Keys: npc always; node when it moved; verb when it does another thing than before ("none": nothing); rejection,
    a name, when an action was refused in this tick; learned, a list of nodes, when it came to know houses.
    """
    moved = after.node[world] != before.node[world]
    other_verb = after.last_verb[world] != before.last_verb[world]
    refused = after.bumps[world] != before.bumps[world]
    learned = after.facts[world] != before.facts[world]
    found: list[Change] = []
    for npc in np.flatnonzero(moved | other_verb | refused | learned).tolist():
        change: Change = {"npc": npc}
        if moved[npc]:
            change["node"] = int(after.node[world, npc])
        if other_verb[npc]:
            change["verb"] = verb_name(int(after.last_verb[world, npc]))
        if refused[npc]:
            change["rejection"] = Rejection(int(after.rejection[world, npc])).name.lower()
        if learned[npc]:
            new = (after.knowledge[world, npc] != 0) & (before.knowledge[world, npc] == 0)
            change["learned"] = np.flatnonzero(new).tolist()
        found.append(change)
    return found


def verb_name(verb: int) -> str:
    """Return the name of a verb code as the bus spells it."""
    return "none" if verb == NO_VERB else _VERBS.get(verb, "unknown")
