"""What lies beyond the neighbouring houses: how many hops it is to anywhere, and where the next wanted one is.

A learning brain sees slots and no map; which slots lead to the next wanted house is what a map would tell it. That is
said with yes or no, so that it reads alike on a map of any size.
Source: docs/domain.md section 8 (features per neighbour slot; the brain must also accept irregular graphs).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.world.graph import WorldGraph

Hops = NDArray[np.uint8] | NDArray[np.uint16]
_FAR = 255
"""Ways of fewer hops than this are counted in bytes."""


def hops(graph: WorldGraph) -> Hops:
    """Return `(nodes, nodes)`: edges of the shortest way between any two nodes.

    Every node's reach is a row of bits that grows by its neighbours' rows until all are full: a fifth of a second for
    2,500 nodes, where a search per node would take a minute.
    """
    nodes = graph.nodes
    around = np.where(graph.neighbours >= 0, graph.neighbours, np.arange(nodes)[:, None])
    reached = np.packbits(np.eye(nodes, dtype=np.bool_), axis=1)
    found = np.zeros((nodes, nodes), np.uint16)
    while True:
        missing = np.unpackbits(~reached, axis=1, count=nodes)
        if not missing.any():
            return found.astype(np.uint8) if found.max() < _FAR else found
        found += missing
        reached = np.bitwise_or.reduce(reached[around], axis=1) | reached


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Where the next wanted house is: leads `(M, S)` bool, through which slots; near `(M,)` float32, 1 / hops to it.

    Nothing leads anywhere, and near is 0, where nothing is wanted. One's own house is a hop to and a hop back.
    """

    leads: NDArray[np.bool_]
    near: NDArray[np.float32]


def outlook(
    distance: Hops, behind: NDArray[np.int32], exists: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> Outlook:
    """Return where each NPC's next wanted house is.

    Args:
        distance: `(nodes, K)` hops from any node to the K nodes that `wanted` speaks of.
        behind: `(M, S)` the node behind each slot.
        exists: `(M, S)` whether there is an edge.
        wanted: `(M, K)` which of the K nodes each NPC wants.
    """
    nowhere = np.iinfo(distance.dtype).max
    far = np.full(behind.shape, nowhere, distance.dtype)
    if distance.shape[1]:
        found = distance[behind]
        found |= np.where(wanted, distance.dtype.type(0), distance.dtype.type(nowhere))[:, None, :]
        far = np.where(exists, _least(found), far)
    least = _least(far[:, None, :])
    near = np.float32(1.0) / (np.float32(1.0) + least[:, 0])
    return Outlook((far == least) & (far < nowhere), np.where(least[:, 0] < nowhere, near, np.float32(0.0)))


def _least(rows: Hops) -> Hops:
    """Return the minimum along the last axis: by halves, overlapping where odd, four times as fast on short rows."""
    while (width := rows.shape[2]) > 1:
        half = (width + 1) // 2
        rows = np.minimum(rows[:, :, :half], rows[:, :, width - half :])
    return rows[:, :, 0]
