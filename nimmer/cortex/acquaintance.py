"""What an NPC can tell of the houses it knows, put into words in code: facts that a model may word and cannot invent.

Source: docs/domain.md section 10 (context: what the NPC knows); docs/organs.md, "Conversation".
"""

import re
from collections import deque
from collections.abc import Sequence

from nimmer.minds.brain import Flags
from nimmer.world.level import Level

MOST_FACTS = 4
_WORD = re.compile(r"[a-zäöüß]+")


def words_of(text: str) -> frozenset[str]:
    """Return the words of `text`, small letters, without a plural's s."""
    return frozenset(word.removesuffix("s") for word in _WORD.findall(text.lower()))


def facts_about(heard: str, level: Level, known: Flags, node: int) -> list[str]:
    """Return at most `MOST_FACTS` facts about houses that share a word with `heard`, the likest first, then the nearest.

    Args:
        heard: what was said.
        level: the level the NPC is on.
        known: `(nodes,)`, nonzero where the NPC knows that node's house.
        node: where it stands.
    """
    asked = words_of(heard)
    far = steps_from(level, node)
    shared = {house: _shared(level, house, asked) for house in range(level.nodes) if known[house]}
    likest = sorted((-words, far[house], house) for house, words in shared.items() if words)
    return [_fact(level, house, steps) for _, steps, house in likest[:MOST_FACTS]]


def traits_of(level: Level, house: int) -> tuple[str, ...]:
    """Return the traits of one house, in the order of the level's vocabulary."""
    bits = int(level.traits[house])
    return tuple(name for place, name in enumerate(level.vocabulary) if bits >> place & 1)


def steps_from(level: Level, node: int) -> Sequence[int]:
    """Return `(nodes,)`: edges of the shortest way from `node`."""
    neighbours = level.graph.neighbours.tolist()
    far = [-1] * level.nodes
    far[node] = 0
    waiting = deque([node])
    while waiting:
        here = waiting.popleft()
        for there in neighbours[here]:
            if there >= 0 and far[there] < 0:
                far[there] = far[here] + 1
                waiting.append(there)
    return far


def _shared(level: Level, house: int, asked: frozenset[str]) -> int:
    return sum(bool(words_of(trait) & asked) for trait in traits_of(level, house))


def _fact(level: Level, house: int, steps: int) -> str:
    where = "here" if steps == 0 else "one step away" if steps == 1 else f"{steps} steps away"
    return f"The house at node {house}, {where}, has: {', '.join(traits_of(level, house))}."
