"""What lies beyond the neighbouring houses: how many hops it is to anywhere, and how near the next wanted one is.

A learning brain sees slots and no map; a nearness per slot is what a map would tell it, on any graph.
Source: docs/domain.md section 8 (features per neighbour slot; the brain must also accept irregular graphs).
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.world.graph import WorldGraph

Hops = NDArray[np.uint8] | NDArray[np.uint16]
_FAR = 255
"""Ways of fewer hops than this are counted in bytes."""


def hops(graph: WorldGraph) -> Hops:
    """Return `(nodes, nodes)`: edges of the shortest way between any two nodes.

    Every node's reach is a row of bits that grows by its neighbours' rows until all are full: half a second for
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


def nearness(distance: Hops, behind: NDArray[np.int32], wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return `(M, S)`: 1 / (1 + hops from behind each slot to the nearest wanted node), 0 where none is wanted.

    Args:
        distance: `(nodes, K)` hops from any node to the K nodes that `wanted` speaks of.
        behind: `(M, S)` the node behind each slot.
        wanted: `(M, K)` which of the K nodes each NPC wants.
    """
    if not distance.shape[1]:
        return np.zeros(behind.shape, np.float32)
    nowhere = np.iinfo(distance.dtype).max
    far = distance[behind]
    far |= np.where(wanted, distance.dtype.type(0), distance.dtype.type(nowhere))[:, None, :]
    scale = np.float32(1.0) / np.arange(1, nowhere + 2, dtype=np.float32)
    scale[-1] = 0.0
    while (
        width := far.shape[2]
    ) > 1:  # halves, overlapping where odd: four times as fast as a minimum along short rows
        half = (width + 1) // 2
        far = np.minimum(far[:, :, :half], far[:, :, width - half :])
    return scale[far[:, :, 0]]
