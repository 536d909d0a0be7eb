"""What lies beyond the neighbouring houses: how many hops it is to anywhere, and how near the next wanted one is.

A learning brain sees slots and no map; a nearness per slot is what a map would tell it, on any graph.
Source: docs/domain.md section 8 (features per neighbour slot; the brain must also accept irregular graphs).
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.world.graph import WorldGraph

Nearness = NDArray[np.float32]
UNREACHED = np.uint16(65535)
"""More hops than any way has."""


def hops(graph: WorldGraph) -> NDArray[np.uint16]:
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
            return found
        found += missing
        reached = np.bitwise_or.reduce(reached[around], axis=1) | reached


def nearness(
    distance: NDArray[np.uint16],
    behind: NDArray[np.int32],
    wanted: NDArray[np.bool_],
    exists: NDArray[np.bool_],
) -> Nearness:
    """Return `(M, S)` float32: 1 / (1 + hops from behind each slot to the nearest wanted node), 0 where there is none.

    Args:
        distance: `(nodes, K)` hops from any node to the K nodes that `wanted` speaks of.
        behind: `(M, S)` the node behind each slot.
        wanted: `(M, K)` which of the K nodes are wanted.
        exists: `(M, S)` whether there is an edge.
    """
    if not distance.shape[1]:
        return np.zeros(behind.shape, np.float32)
    far = np.where(wanted[:, None, :], distance[behind], UNREACHED).min(axis=2)
    return np.where(exists & (far < UNREACHED), np.float32(1.0) / (np.float32(1.0) + far), np.float32(0.0))
