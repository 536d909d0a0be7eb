"""Villages that know what a test says."""

from dataclasses import replace

import numpy as np

from nimmer.world.level import Level
from nimmer.world.state import Village, count_facts, newborn, pack_bits


def knowing(
    level: Level, known: list[set[int]], tick: int = 0, wrong: tuple[int, int] | None = None
) -> Village:
    """Return one world in which NPC i knows the nodes `known[i]`; `wrong` = (npc, node) believes something else."""
    npcs = len(known)
    knowledge = np.zeros((1, npcs, level.nodes), np.uint64)
    for npc, nodes in enumerate(known):
        for node in nodes:
            knowledge[0, npc, node] = level.traits[node]
    if wrong is not None:
        npc, node = wrong
        knowledge[0, npc, node] = level.traits[node] ^ np.uint64(1 << 9)
    village = newborn(level, np.zeros((1, npcs), np.int32), np.array([tick]))
    return replace(village, knowledge=knowledge, bits=pack_bits(knowledge), facts=count_facts(knowledge))


def everything(level: Level) -> set[int]:
    """Return all nodes."""
    return set(range(level.nodes))
