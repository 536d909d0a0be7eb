"""What NPCs came to believe by the eye: a look's answer, some ticks later, and maybe wrong.

With the rule `look_by_eye` a look teaches nothing by itself: the house is rendered and looked at outside of the world,
and what was seen comes back as `Sights`, which a run's log holds like actions, so a replay needs no eye. What the
quiz found wrong comes the same way, as a belief in nothing, so that its owner looks again.
Source: docs/eye.md, "The look of an NPC".
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WorldError
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from nimmer.world.state import Village

NOTHING = 0
"""The traits of a belief that is given up."""


@dataclass(frozen=True, slots=True, eq=False)
class Sights:
    """npc int32, node int32 and traits uint64 (the mask believed from now on, `NOTHING` to forget), `(K,)` each.

    No NPC comes twice with the same node.
    """

    npc: NDArray[np.int32]
    node: NDArray[np.int32]
    traits: NDArray[np.uint64]

    @property
    def size(self) -> int:
        """Return K."""
        return int(self.npc.size)

    @classmethod
    def of(cls, beliefs: dict[tuple[int, int], int]) -> "Sights":
        """Return the beliefs {(npc, node): traits} as sights, in the order of NPC and node."""
        places = sorted(beliefs)
        return cls(
            np.array([npc for npc, _ in places], np.int32),
            np.array([node for _, node in places], np.int32),
            np.array([beliefs[place] for place in places], np.uint64),
        )


def see(level: Level, rules: Rules, village: Village, seen: Sights) -> Village:
    """Return the village, of one world, in which everyone believes what it saw.

    Who believed something else about a house, or nothing, is rewarded as for any fact: it cannot know who is right.
    Raises WorldError when an NPC comes twice with one node, or a sight is of nobody or of no house.
    """
    _check(level, village, seen)
    before = village.knowledge[0, seen.npc, seen.node]
    if (before == seen.traits).all():
        return village
    knowledge, bits = village.knowledge.copy(), village.bits.copy()
    facts, reward = village.facts.copy(), village.reward.copy()
    knowledge[0, seen.npc, seen.node] = seen.traits
    known = seen.traits != NOTHING
    word, bit = seen.node >> 6, np.left_shift(np.uint64(1), (seen.node & 63).astype(np.uint64))
    np.bitwise_or.at(bits[0], (seen.npc, word), bit)
    np.bitwise_xor.at(bits[0], (seen.npc[~known], word[~known]), bit[~known])
    np.add.at(facts[0], seen.npc, known.astype(np.int32) - (before != NOTHING).astype(np.int32))
    learned = (known & (before != seen.traits)).astype(np.float32)
    np.add.at(reward[0], seen.npc, learned * np.float32(rules.reward_fact))
    return replace(village, knowledge=knowledge, bits=bits, facts=facts, reward=reward)


def _check(level: Level, village: Village, seen: Sights) -> None:
    if village.worlds != 1:
        raise WorldError(f"sights are of one world; this village has {village.worlds}")
    right = (seen.npc >= 0) & (seen.npc < village.npcs) & (seen.node >= 0) & (seen.node < level.nodes)
    if not right.all():
        raise WorldError(f"a sight is of an NPC 0..{village.npcs - 1} and of a node 0..{level.nodes - 1}")
    if np.unique(seen.npc.astype(np.int64) * level.nodes + seen.node).size != seen.size:
        raise WorldError("an NPC believes one thing about a house; there are two sights of one NPC and node")
