"""What is put in order while a body sleeps: trails become patterns or are forgotten, unread detail fades.

Pure decisions on plain values: the nerves own their trails and patterns, whoever owns a memory of places its detail.
The rent of reflexes, the third job of a slumber, is `nimmer.life.reflex_account`.
Source: docs/domain.md section 6 (slumber jobs) and section 13 point 7 (100 successes).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from nimmer.life.economy import REWARDS

CONFIDENT = 0.8
"""A trail above this is confident."""
ENOUGH_SIMILAR = 100
"""So many confident successes of one pattern are compiled."""


class Trail(NamedTuple):
    """One trail as slumber sees it.

    pattern: key of the sequence of states, equal for similar trails; confidence: 0..1; cycles: slumbers it has
    already been kept through.
    """

    pattern: int
    success: bool
    confidence: float
    cycles: int = 0


class Fate(Enum):
    """What becomes of a trail."""

    COMPILE = "compile"
    KEEP = "keep"
    DELETE = "delete"


def fate(trail: Trail, similar: int) -> Fate:
    """Return what becomes of `trail` when `similar` confident successes share its pattern, itself counted.

    1. A confident success with enough similar ones: compiled, and gone. 2. A confident failure: kept for one
    cycle, as something to learn from. 3. The rest: gone.
    """
    if not trail.confidence > CONFIDENT:
        return Fate.DELETE
    if trail.success:
        return Fate.COMPILE if similar >= ENOUGH_SIMILAR else Fate.DELETE
    return Fate.KEEP if trail.cycles < 1 else Fate.DELETE


class Consolidation(NamedTuple):
    """What one slumber made of the trails.

    compiled: patterns, in the order first met; kept: trails of the next slumber; deleted: how many are gone, those
    compiled included; reward: lifeforce, 50 per pattern.
    """

    compiled: tuple[int, ...]
    kept: tuple[Trail, ...]
    deleted: int
    reward: float


def consolidate(
    trails: Sequence[Trail], counted: dict[int, int] | None = None, compiled: Iterable[int] = ()
) -> Consolidation:
    """Put the trails of one cycle in order.

    Args:
        trails: of this cycle and those the last one kept.
        counted: confident successes per pattern that were counted before and whose trails are gone.
        compiled: patterns that are compiled already: nobody is paid twice for one.
    """
    similar = Counter(one.pattern for one in trails if one.success and one.confidence > CONFIDENT)
    similar.update(counted or {})
    known = set(compiled)
    fresh: list[int] = []
    kept: list[Trail] = []
    for trail in trails:
        found = fate(trail, similar[trail.pattern])
        if found is Fate.KEEP:
            kept.append(trail._replace(cycles=trail.cycles + 1))
        elif found is Fate.COMPILE and trail.pattern not in known:
            known.add(trail.pattern)
            fresh.append(trail.pattern)
    return Consolidation(tuple(fresh), tuple(kept), len(trails) - len(kept), len(fresh) * REWARDS["reflex"])


class Layer(NamedTuple):
    """One level of spatial detail.

    cell_m: its grain, m; s2_level: of Google's S2 geometry; fades: after how many cycles without being read it
    becomes the next coarser one, 0 never.
    """

    cell_m: float
    s2_level: int
    fades: int


LAYERS: tuple[Layer, ...] = (
    Layer(0.001, 30, 1),
    Layer(0.01, 28, 2),
    Layer(0.5, 24, 5),
    Layer(10.0, 20, 10),
    Layer(1_000.0, 14, 20),
    Layer(100_000.0, 8, 0),
)
"""L0 to L5: 1 mm, 1 cm, 50 cm, 10 m, 1 km, 100 km."""


def fade(level: int, unread: int, read: bool) -> tuple[int, int]:
    """Return the level of detail and the cycles it went unread after one more slumber.

    level: 0 to 5; unread: cycles before this one; read: whether it was read in this cycle, which begins the count
    anew but brings no lost detail back. Raises IndexError for a level that does not exist.
    """
    fades = LAYERS[level].fades
    if read:
        return level, 0
    if not fades:
        return level, unread + 1
    return (level + 1, 0) if unread + 1 >= fades else (level, unread + 1)
