"""What an NPC can tell: the houses it knows, and a draft of its answer, made in code for a model to word.

A small model that is given what to say says it; left to itself it repeats the question.

Source: docs/domain.md section 10 (context: what the NPC knows); docs/conversation.md.
"""

import re
from collections import deque
from collections.abc import Sequence

from nimmer.minds.brain import Flags
from nimmer.world.level import Level

MOST_FACTS = 4
_GREETINGS = frozenset(
    {"hello", "hi", "morning", "evening", "day", "greeting", "welcome", "hallo", "tag", "morgen"}
)
_KINDS = frozenset(
    {"red", "blue", "green", "yellow", "white", "grey", "oak", "birch", "pine", "stone", "clay"}
)
"""Traits that say what kind of house it is; the others are things it has."""
_THANKS = frozenset({"thank", "danke"})
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


def draft(heard: str, facts: list[str], npc: int, node: int, companions: int, known: int, houses: int) -> str:
    """Return what the NPC has to say to what it heard, in plain words: a fact, a greeting, or that it does not know.

    Args:
        heard: what was said.
        facts: what it knows about that, as `facts_about` returns it.
        npc: who answers.
        node: where it stands.
        companions: others on its node.
        known: houses it knows.
        houses: houses there are.
    """
    words = words_of(heard)
    here = f"I am NPC {npc}, at node {node}" + (f" with {companions} others" if companions > 1 else "")
    if facts:
        return facts[0]
    if words & _THANKS:
        return "You are welcome."
    if words & _GREETINGS and "?" not in heard:
        return f"Good day! {here}. I know {known} of {houses} houses."
    return f"I do not know that. I know {known} of {houses} houses."


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
    """Return one known house as a sentence that can be said as it is."""
    traits = traits_of(level, house)
    kind = " ".join([*(one for one in traits if one in _KINDS), "house"])
    things = [f"{_article(one)} {one}" for one in traits if one not in _KINDS]
    having = (
        f" with {', '.join(things[:-1])} and {things[-1]}"
        if len(things) > 1
        else f" with {things[0]}"
        if things
        else ""
    )
    where = "here" if steps == 0 else "one step away" if steps == 1 else f"{steps} steps away"
    return f"There is {_article(kind)} {kind}{having} at node {house}, {where}."


def _article(words: str) -> str:
    return "an" if words[0] in "aeiou" else "a"
