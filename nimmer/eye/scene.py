"""What there is to see on a node: the house with its traits, the houses next to it, and who stands here.

Source: docs/domain.md section 8 (traits, neighbours, room on a node).
"""

from dataclasses import dataclass

import numpy as np

from nimmer.errors import WorldError
from nimmer.eye.labels import GROUPS, TRAITS
from nimmer.world.level import Level

MOST_NEIGHBOURS = 4
"""Neighbouring houses that are drawn."""
MOST_OCCUPANTS = 4
"""NPCs that are drawn."""
_SHARE_OF_GROUP = 0.55
_SHARE_OF_TRAIT = 0.2
_SINGLE = tuple(trait for trait in TRAITS if not any(trait in group for group in GROUPS))


@dataclass(frozen=True, slots=True)
class Scene:
    """traits: of the house here; neighbours: of each house next to it; occupants: how many NPCs stand here."""

    traits: tuple[str, ...]
    neighbours: tuple[tuple[str, ...], ...] = ()
    occupants: int = 0


def scene_at(level: Level, node: int, occupants: int = 0) -> Scene:
    """Return what is to be seen on `node`. Raises WorldError when there is no such node."""
    traits = level.house(node)
    if occupants < 0:
        raise WorldError(f"{occupants} occupants cannot be drawn; give 0 or more")
    around = [int(there) for there in level.graph.neighbours[node] if there >= 0]
    houses = tuple(level.house(there) for there in around[:MOST_NEIGHBOURS])
    return Scene(traits, houses, min(occupants, MOST_OCCUPANTS))


def draw_scene(chance: np.random.Generator) -> Scene:
    """Return a scene that may be of any level: every trait comes about, alone and with any other it may go with."""
    around = int(chance.integers(MOST_NEIGHBOURS + 1))
    return Scene(
        _traits(chance),
        tuple(_traits(chance) for _ in range(around)),
        int(chance.integers(MOST_OCCUPANTS + 1)),
    )


def _traits(chance: np.random.Generator) -> tuple[str, ...]:
    """Draw traits: every second house has a colour, every second a material, and so on; at least one in all."""
    while True:
        found = [
            group[int(chance.integers(len(group)))] for group in GROUPS if chance.random() < _SHARE_OF_GROUP
        ]
        found += [trait for trait in _SINGLE if chance.random() < _SHARE_OF_TRAIT]
        if found:
            return tuple(found)
