"""What every NPC perceives, out of the village's state: the records NPC processes read and brains learn from.

Features, 48 floats in 0..1 (the slots a graph lacks stay 0):

| index        | feature                                                                   |
|--------------|---------------------------------------------------------------------------|
| 5 * slot     | there is an edge                                                          |
| 5 * slot + 1 | the house behind it is known                                              |
| 5 * slot + 2 | free room behind it, share of the node's capacity                         |
| 5 * slot + 3 | it is the slot of the last move                                           |
| 5 * slot + 4 | free way ahead, cm / 200, at most 1                                       |
| 40           | energy                                                                    |
| 41           | the house here is known                                                   |
| 42           | there is a well here                                                      |
| 43           | others here, share of the room for others                                 |
| 44           | news: houses the best-informed of them knows and the NPC does not / nodes |
| 45           | coverage: share of the houses it knows                                    |
| 46           | level / 3, at most 1                                                      |
| 47           | the last action was refused                                               |

Source: docs/domain.md section 8 (observation = node features, neighbours, occupants, needs, coverage) and
section 5 (a distance below 30 cm is an obstacle).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import SLOTS
from nimmer.life.percept import FEATURES, PERCEPT
from nimmer.world.level import Level
from nimmer.world.occupancy import Occupancy, companions, occupancy
from nimmer.world.rules import Rules
from nimmer.world.state import Village

WALL_CM = 15.0
"""What a distance sensor reads where there is no edge."""
CROWD_CM = 25.0
"""What it reads where the node behind the edge is full."""
FREE_CM = 30.0
"""The least it reads on a free edge: an open way is never reported as an obstacle."""
RANGE_CM = 200.0
"""Distances from here on look alike to a learning brain."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What both forms of observation share, flat over M NPCs and the graph's S slots."""

    exists: NDArray[np.bool_]
    behind: NDArray[np.int32]
    crowd: NDArray[np.int64]
    known: NDArray[np.bool_]
    distance_cm: NDArray[np.float32]
    others: NDArray[np.int64]
    news: NDArray[np.uint16]
    here_known: NDArray[np.bool_]
    at_well: NDArray[np.bool_]
    coverage: NDArray[np.float32]


def observe(level: Level, rules: Rules, village: Village) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
    """Return what everyone perceives.

    Returns:
        records `(W, N)` of dtype `nimmer.life.percept.PERCEPT`, and known `(W, N, nodes)` uint8, 1 where the NPC
        knows that node's house.
    """
    view = _look(level, rules, village)
    records = np.zeros(village.node.size, PERCEPT)
    slots = level.graph.slots
    records["tick"] = np.repeat(village.tick, village.npcs)
    records["level"] = level.number
    records["slots"] = slots
    for name in ("node", "heading", "energy", "reward", "rejection"):
        records[name] = getattr(village, name).reshape(-1)
    records["coverage"] = view.coverage
    records["occupants"] = view.others
    records["news"] = view.news
    records["here_known"] = view.here_known
    records["at_well"] = view.at_well
    records["neighbour"] = -1
    records["neighbour"][:, :slots] = np.where(view.exists, view.behind, -1)
    records["distance_cm"] = WALL_CM
    records["distance_cm"][:, :slots] = view.distance_cm
    records["neighbour_occupants"][:, :slots] = view.crowd
    records["neighbour_known"][:, :slots] = view.known
    _fill(records["features"], level, rules, village, view)
    known = (village.knowledge != 0).view(np.uint8)
    return records.reshape(village.node.shape), known


def observe_features(level: Level, rules: Rules, village: Village) -> NDArray[np.float32]:
    """Return only the feature vectors, `(W, N, FEATURES)` float32 in one block, for training."""
    out = np.zeros((village.node.size, FEATURES), np.float32)
    _fill(out, level, rules, village, _look(level, rules, village))
    return out.reshape(*village.node.shape, FEATURES)


def _look(level: Level, rules: Rules, village: Village) -> _View:
    size = village.node.size
    found = occupancy(village)
    node = village.node.reshape(-1)
    around = level.graph.neighbours[node]
    exists = around >= 0
    # A missing neighbour is looked up as the NPC's own node, and masked out by `exists`.
    behind = np.where(exists, around, node[:, None])
    crowd = found.count[(found.cell - node)[:, None] + behind] * exists
    own_bits = village.bits.reshape(-1)
    words = village.bits.shape[2]
    row = np.arange(0, size * words, words)
    known = (own_bits[row[:, None] + (behind >> 6)] >> (behind & 63).astype(np.uint64)) & np.uint64(1)
    open_cm = np.where(
        level.graph.neighbours >= 0,
        np.maximum(WALL_CM + level.graph.edge_cm * level.graph.reach, FREE_CM),
        WALL_CM,
    ).astype(np.float32)
    return _View(
        exists=exists,
        behind=behind,
        crowd=crowd,
        known=known.astype(np.bool_) & exists,
        distance_cm=np.where(crowd >= rules.node_capacity, np.float32(CROWD_CM), open_cm[node]),
        others=found.count[found.cell] - 1,
        news=_news(village, found),
        here_known=((own_bits[row + (node >> 6)] >> (node & 63).astype(np.uint64)) & np.uint64(1)).astype(
            np.bool_
        ),
        at_well=level.wells[node],
        coverage=village.facts.reshape(-1).astype(np.float32) / np.float32(level.nodes),
    )


def _news(village: Village, found: Occupancy) -> NDArray[np.uint16]:
    """Count, per NPC, the houses its best-informed companion knows and it does not."""
    size = found.cell.size
    news = np.zeros(size, np.uint16)
    together = np.flatnonzero(found.count[found.cell] > 1)
    if not together.size:
        return news
    bits = village.bits.reshape(size, -1)
    others = companions(found)[together]
    theirs = bits[np.where(others == size, together[:, None], others)] & ~bits[together][:, None, :]
    news[together] = np.bitwise_count(theirs).sum(axis=2, dtype=np.uint16).max(axis=1)
    return news


def _fill(out: NDArray[np.float32], level: Level, rules: Rules, village: Village, view: _View) -> None:
    """Write the features of `view` into `out` `(M, FEATURES)`, which must hold zeros."""
    slots = level.graph.slots
    ahead = out[:, : 5 * SLOTS].reshape(-1, SLOTS, 5)[:, :slots]
    ahead[:, :, 0] = view.exists
    ahead[:, :, 1] = view.known
    room = np.maximum(rules.node_capacity - view.crowd, 0) * view.exists
    ahead[:, :, 2] = room / np.float32(rules.node_capacity)
    ahead[:, :, 3] = village.heading.reshape(-1, 1) == np.arange(slots, dtype=np.int8)
    ahead[:, :, 4] = np.minimum(view.distance_cm * np.float32(1.0 / RANGE_CM), np.float32(1.0))
    own = out[:, 5 * SLOTS :]
    own[:, 0] = village.energy.reshape(-1)
    own[:, 1] = view.here_known
    own[:, 2] = view.at_well
    own[:, 3] = np.minimum(view.others / np.float32(max(rules.node_capacity - 1, 1)), np.float32(1.0))
    own[:, 4] = view.news / np.float32(level.nodes)
    own[:, 5] = view.coverage
    own[:, 6] = min(level.number / 3.0, 1.0)
    own[:, 7] = village.rejection.reshape(-1) != 0
