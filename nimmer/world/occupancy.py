"""Who stands where: occupants per node, and the table of them that talking and news need.

Works on flat NPC indices `m = world * N + npc` and flat cells `world * nodes + node`, so worlds never mix.
Source: docs/domain.md section 13, point 14 (several NPCs on one node).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.world.state import Village


@dataclass(frozen=True, slots=True, eq=False)
class Occupancy:
    """cell: `(M,)` int64, the cell of every NPC; count: `(W * nodes,)` int64, NPCs on every cell."""

    cell: NDArray[np.int64]
    count: NDArray[np.int64]


def occupancy(village: Village) -> Occupancy:
    """Return who stands where, before anyone moves."""
    base = np.arange(village.worlds, dtype=np.int64)[:, None] * village.nodes
    cell = (village.node + base).reshape(-1)
    return Occupancy(cell, np.bincount(cell, minlength=village.worlds * village.nodes))


def ranks(cell: NDArray[np.int64], member: NDArray[np.int64], members: int) -> tuple[NDArray[np.int64], ...]:
    """Group `member` (flat NPC indices below `members`) by `cell` and number each group by rising index.

    Returns (cell, member, rank), each as long as the input and sorted by cell, then member; rank starts at 0.
    """
    # One sort of a combined integer key is several times faster than a stable argsort of the cells.
    key = np.sort(cell * members + member)
    sorted_cell, sorted_member = np.divmod(key, members)
    place = np.arange(key.size)
    first = np.empty(key.size, np.bool_)
    first[:1] = True
    np.not_equal(sorted_cell[1:], sorted_cell[:-1], out=first[1:])
    return sorted_cell, sorted_member, place - np.maximum.accumulate(np.where(first, place, 0))


def by_cell(found: Occupancy) -> NDArray[np.int64]:
    """Return `(W * nodes, fullest)`: the flat indices of all on each cell, by rising id; M where there is nobody."""
    npcs = found.cell.size
    cell, member, rank = ranks(found.cell, np.arange(npcs), npcs)
    table = np.full((found.count.size, int(found.count.max())), npcs, np.int64)
    table[cell, rank] = member
    return table


def companions(found: Occupancy) -> NDArray[np.int64]:
    """Return `(M, fullest)`: for every NPC the flat indices of all on its node, itself too, by rising id; else M."""
    return by_cell(found)[found.cell]
