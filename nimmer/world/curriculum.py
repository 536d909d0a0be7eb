"""How a village begins and how it changes its level: who stands where, and that all must be learned anew.

All draw only from a generator derived from the run's seed by name, so a run can be repeated from its seed.
Source: docs/domain.md section 8 (curriculum; passing the quiz refines the world). When
it changes is the rule's business, `nimmer.world.promotion`.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.errors import LevelError, WorldError
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from nimmer.world.state import Village, newborn

_FULLEST = 0.9
"""Largest share of all places that may be taken: in a full village nobody could ever move."""


def birth_generator(seed: int, level: int) -> np.random.Generator:
    """Return the generator that places a run's NPCs at its birth on `level`."""
    return Chance(seed).generator("world", "birth", level)


def promotion_generator(seed: int, level: int) -> np.random.Generator:
    """Return the generator that places a run's NPCs on `level` when they are promoted to it."""
    return Chance(seed).generator("world", "promotion", level)


def demotion_generator(seed: int, level: int) -> np.random.Generator:
    """Return the generator that places a run's NPCs on `level` when they are sent down to it."""
    return Chance(seed).generator("world", "demotion", level)


def birth(level: Level, rules: Rules, npcs: int, worlds: int, generator: np.random.Generator) -> Village:
    """Return `worlds` fresh villages of `npcs` NPCs on random nodes, none fuller than the rules allow.

    Raises LevelError when the level has no room for so many.
    """
    if npcs < 1 or worlds < 1:
        raise WorldError(f"a village needs at least one NPC and one world, not {npcs} and {worlds}")
    return newborn(level, _places(level, rules, npcs, worlds, generator))


def promote(
    level_from: Level, level_to: Level, rules: Rules, village: Village, generator: np.random.Generator
) -> Village:
    """Return the village on `level_to`: new places, empty knowledge; ticks, energy and bumps go on.

    Raises LevelError when the village is not on `level_from` or the new level has no room.
    """
    return _moved("promoted", level_from, level_to, rules, village, generator)


def demote(
    level_from: Level, level_to: Level, rules: Rules, village: Village, generator: np.random.Generator
) -> Village:
    """Return the village sent down to `level_to`, where it learns everything again; as `promote` otherwise."""
    return _moved("demoted", level_from, level_to, rules, village, generator)


def least_capacity(level: Level, npcs: int) -> int:
    """Return the smallest node capacity with which `npcs` NPCs can live and move on `level`."""
    return math.ceil(npcs / (level.nodes * _FULLEST))


def check_room(level: Level, rules: Rules, npcs: int) -> None:
    """Raise LevelError, naming three ways out, when `npcs` NPCs cannot live and move on `level`."""
    room = level.nodes * rules.node_capacity
    if npcs > room * _FULLEST:
        raise LevelError(
            f"level {level.number} has room for {int(room * _FULLEST)} NPCs ({level.nodes} nodes of {rules.node_capacity},"
            f" a tenth left free to move), not for {npcs}; take fewer NPCs, a larger level,"
            f" or node_capacity = {least_capacity(level, npcs)}"
        )


def _moved(
    how: str,
    level_from: Level,
    level_to: Level,
    rules: Rules,
    village: Village,
    generator: np.random.Generator,
) -> Village:
    if village.level != level_from.number:
        raise LevelError(
            f"the village is on level {village.level}, so it cannot be {how} from {level_from.number}"
        )
    places = _places(level_to, rules, village.npcs, village.worlds, generator)
    return replace(newborn(level_to, places, village.tick), energy=village.energy, bumps=village.bumps)


def _places(
    level: Level, rules: Rules, npcs: int, worlds: int, generator: np.random.Generator
) -> NDArray[np.int32]:
    check_room(level, rules, npcs)
    room = level.nodes * rules.node_capacity
    # Only uniform floats are drawn: their stream is the same in every numpy release, permutations' need not be.
    beds = np.argsort(generator.random((worlds, room)), axis=1, kind="stable")[:, :npcs]
    return (beds % level.nodes).astype(np.int32)
