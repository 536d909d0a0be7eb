"""What every NPC perceives, out of the village's state: the records NPC processes read and brains learn from.

Features, 74 floats in 0..1 (the slots a graph lacks stay 0):

| index        | feature                                                                               |
|--------------|---------------------------------------------------------------------------------------|
| 8 * slot     | there is an edge                                                                      |
| 8 * slot + 1 | the house behind it is known                                                          |
| 8 * slot + 2 | free room behind it, share of the node's capacity                                     |
| 8 * slot + 3 | it is the slot of the last move                                                       |
| 8 * slot + 4 | free way ahead, cm / 200, at most 1                                                   |
| 8 * slot + 5 | it leads to the next unknown house, on a shortest way                                 |
| 8 * slot + 6 | news behind it: houses the best-informed there knows and the NPC does not / nodes     |
| 8 * slot + 7 | it leads to the next house which the NPC knows to be a well                           |
| 64           | energy                                                                                |
| 65           | the house here is known                                                               |
| 66           | there is a well here                                                                  |
| 67           | others here, share of the room for others                                             |
| 68           | news here: houses the best-informed of them knows and the NPC does not / nodes        |
| 69           | coverage: share of the houses it knows                                                |
| 70           | asked: houses the NPC knows and the least-informed here does not / nodes              |
| 71           | the last action was refused                                                           |
| 72           | nearness of the next unknown house, 1 / hops, 0 for none                              |
| 73           | nearness of the next house which the NPC knows to be a well                           |

Source: docs/domain.md section 8 (observation = node features, neighbours, occupants, needs, coverage) and
section 5 (a distance below 30 cm is an obstacle).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import SLOTS
from nimmer.life.percept import FEATURES, PER_SLOT, PERCEPT, Column
from nimmer.world.level import Level
from nimmer.world.occupancy import Occupancy, by_cell, occupancy
from nimmer.world.outlook import outlook
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
    talk: "_Talk"
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
    records["news"] = view.talk.news
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
        talk=_talk(village, found, (found.cell - node)[:, None] + behind, exists),
        here_known=((own_bits[row + (node >> 6)] >> (node & 63).astype(np.uint64)) & np.uint64(1)).astype(
            np.bool_
        ),
        at_well=level.wells[node],
        coverage=village.facts.reshape(-1).astype(np.float32) / np.float32(level.nodes),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Talk:
    """What there is to tell, in houses: news `(M,)` to hear here, asked `(M,)` to tell here, ahead `(M, S)` next door."""

    news: NDArray[np.uint16]
    asked: NDArray[np.uint16]
    ahead: NDArray[np.uint16]


def _talk(village: Village, found: Occupancy, behind: NDArray[np.int64], exists: NDArray[np.bool_]) -> _Talk:
    """Compare what everyone knows with what those here and those behind each slot (`(M, S)` cells) know."""
    size, slots = behind.shape
    bits = village.bits.reshape(size, -1)
    table = by_cell(found)
    talk = _Talk(np.zeros(size, np.uint16), np.zeros(size, np.uint16), np.zeros((size, slots), np.uint16))
    together = np.flatnonzero(found.count[found.cell] > 1)
    mine = bits[together][:, None, :]
    theirs = _bits_of(bits, table[found.cell[together]], together)
    talk.news[together] = _most(theirs & ~mine)
    talk.asked[together] = _most(mine & ~theirs)
    who, slot = np.nonzero(exists & (found.count[behind] > 0))
    theirs = _bits_of(bits, table[behind[who, slot]], who)
    talk.ahead[who, slot] = _most(theirs & ~bits[who][:, None, :])
    return talk


def _bits_of(
    bits: NDArray[np.uint64], others: NDArray[np.int64], instead: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return `(K, fullest, words)`: what `others` `(K, fullest)` know; an empty place knows what `instead` knows."""
    return bits[np.where(others == bits.shape[0], instead[:, None], others)]


def _most(houses: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return `(K,)`: the most houses in any of the sets `(K, others, words)`."""
    count: NDArray[np.uint16] = np.bitwise_count(houses).sum(axis=2, dtype=np.uint16).max(axis=1, initial=0)
    return count


def _fill(out: NDArray[np.float32], level: Level, rules: Rules, village: Village, view: _View) -> None:
    """Write the features of `view` into `out` `(M, FEATURES)`, which must hold zeros."""
    slots = level.graph.slots
    ahead = out[:, : PER_SLOT * SLOTS].reshape(-1, SLOTS, PER_SLOT)[:, :slots]
    ahead[:, :, 0] = view.exists
    ahead[:, :, 1] = view.known
    room = np.maximum(rules.node_capacity - view.crowd, 0) * view.exists
    ahead[:, :, 2] = room / np.float32(rules.node_capacity)
    ahead[:, :, 3] = village.heading.reshape(-1, 1) == np.arange(slots, dtype=np.int8)
    ahead[:, :, 4] = np.minimum(view.distance_cm * np.float32(1.0 / RANGE_CM), np.float32(1.0))
    nodes = np.float32(level.nodes)
    knowledge = village.knowledge.reshape(-1, level.nodes)
    unknown = outlook(level.hops, view.behind, view.exists, knowledge == 0)
    ahead[:, :, 5] = unknown.leads
    ahead[:, :, 6] = view.talk.ahead / nodes
    watered = knowledge[:, level.well_nodes] & level.well_bit != 0
    well = outlook(level.hops_to_wells, view.behind, view.exists, watered)
    ahead[:, :, 7] = well.leads
    out[:, Column.ENERGY] = village.energy.reshape(-1)
    out[:, Column.HERE_KNOWN] = view.here_known
    out[:, Column.AT_WELL] = view.at_well
    out[:, Column.COMPANY] = np.minimum(
        view.others / np.float32(max(rules.node_capacity - 1, 1)), np.float32(1.0)
    )
    out[:, Column.NEWS] = view.talk.news / nodes
    out[:, Column.COVERAGE] = view.coverage
    out[:, Column.ASKED] = view.talk.asked / nodes
    out[:, Column.REFUSED] = village.rejection.reshape(-1) != 0
    out[:, Column.UNKNOWN_NEAR] = unknown.near
    out[:, Column.WELL_NEAR] = well.near
