"""The map of a level: nodes, the edges between them, and which edge lies behind which neighbour slot.

NPCs and brains speak of neighbour *slots*, never of node ids, so the same brain walks a grid and a street map.
Source: docs/domain.md section 8 (grid, irregular graphs, features per neighbour slot).
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import GraphError
from nimmer.life.action import SLOTS
from nimmer.world.graph_file import GraphFile, read_graph_file

MAX_NODES = 4096
"""Most nodes a graph may have: 100 x 100 needs a level of its own design, 50 x 50 fits."""
_LONGEST_VIEW = 64


@dataclass(frozen=True, slots=True, eq=False)
class WorldGraph:
    """A connected undirected graph; build it with `grid` or `from_json`.

    neighbours: `(nodes, slots)` int32, the node behind each slot, -1 where there is no edge;
    positions: `(nodes, 2)` float32, x east and y south, in cm;
    reach: `(nodes, slots)` int32, edges one can walk straight ahead through that slot;
    edge_cm: how far a distance sensor sees one edge, in cm.
    """

    neighbours: NDArray[np.int32]
    positions: NDArray[np.float32]
    reach: NDArray[np.int32]
    edge_cm: float

    @property
    def nodes(self) -> int:
        """Return how many nodes there are."""
        return int(self.neighbours.shape[0])

    @property
    def slots(self) -> int:
        """Return how many neighbour slots a node has: 4 on a grid, 8 on any other graph."""
        return int(self.neighbours.shape[1])

    @classmethod
    def grid(cls, rows: int, cols: int, edge_cm: float = 100.0) -> "WorldGraph":
        """Return a grid of `rows` x `cols` nodes: id 0 top-left, slots 0 north, 1 east, 2 south, 3 west.

        Raises GraphError when a side is below 1, the grid has fewer than 2 or more than `MAX_NODES` nodes, or
        `edge_cm` is not positive.
        """
        if rows < 1 or cols < 1 or not 2 <= rows * cols <= MAX_NODES:
            raise GraphError(
                f"a grid has 2..{MAX_NODES} nodes, not {rows} x {cols}; choose other rows and cols"
            )
        _check_edge(edge_cm, "grid")
        row, col = np.divmod(np.arange(rows * cols, dtype=np.int32), np.int32(cols))
        here = row * cols + col
        neighbours = np.stack(
            [
                np.where(row > 0, here - cols, -1),
                np.where(col < cols - 1, here + 1, -1),
                np.where(row < rows - 1, here + cols, -1),
                np.where(col > 0, here - 1, -1),
            ],
            axis=1,
        ).astype(np.int32)
        positions = np.stack([col, row], axis=1).astype(np.float32) * np.float32(edge_cm)
        return cls(neighbours, positions, _reach(neighbours), float(edge_cm))

    @classmethod
    def from_json(cls, path: Path, edge_cm: float | None = None) -> "WorldGraph":
        """Return the graph of the JSON file at `path`; `edge_cm` overrules the file's own.

        Every edge takes one of 8 slots (0 north, then clockwise by 45 degrees), in compass order and as near to
        its bearing as its siblings allow. The format is in `nimmer.world.graph_file`.
        Raises GraphError naming file and reason.
        """
        file = read_graph_file(path, MAX_NODES, SLOTS)
        length_cm = file.edge_cm if edge_cm is None else edge_cm
        _check_edge(length_cm, str(path))
        positions = np.array(file.positions, dtype=np.float32)
        graph = cls(_slotted(file), positions, np.zeros((len(file.ids), SLOTS), np.int32), length_cm)
        away = np.flatnonzero(graph.distances_from(0) < 0)
        if away.size:
            raise GraphError(
                f"{path}: node {file.ids[away[0]]!r} cannot be reached from node {file.ids[0]!r}"
                f" ({away.size} such nodes); add edges until the graph is connected"
            )
        return cls(graph.neighbours, positions, _reach(graph.neighbours), length_cm)

    def distances_from(self, node: int) -> NDArray[np.int32]:
        """Return `(nodes,)` int32: edges of the shortest way from `node`, -1 where there is none.

        Raises GraphError when `node` is not in the graph.
        """
        if not 0 <= node < self.nodes:
            raise GraphError(f"node {node} is not in this graph; it has 0..{self.nodes - 1}")
        rows = cast("list[list[int]]", self.neighbours.tolist())
        found = [-1] * len(rows)
        found[node] = 0
        queue = deque([node])
        while queue:
            here = queue.popleft()
            for there in rows[here]:
                if there >= 0 and found[there] < 0:
                    found[there] = found[here] + 1
                    queue.append(there)
        return np.array(found, dtype=np.int32)


def _check_edge(edge_cm: float, where: str) -> None:
    if not 0.0 < edge_cm < 1e6:
        raise GraphError(f"{where}: edge_cm is {edge_cm}; it must be above 0 and below 1000000 cm")


def _reach(neighbours: NDArray[np.int32]) -> NDArray[np.int32]:
    """Follow every slot straight on, up to `_LONGEST_VIEW` edges (a graph may bend a slot into a circle)."""
    exists = neighbours >= 0
    behind = np.where(exists, neighbours, 0)
    slot = np.arange(neighbours.shape[1])
    reach = exists.astype(np.int32)
    for _ in range(_LONGEST_VIEW - 1):
        longer = np.where(exists, 1 + reach[behind, slot], 0).astype(np.int32)
        if np.array_equal(longer, reach):
            break
        reach = longer
    return reach


def _slotted(file: GraphFile) -> NDArray[np.int32]:
    """Give every edge of every node a slot: the order-keeping choice with the least total deviation."""
    choices = {degree: _choices(degree) for degree in range(1, SLOTS + 1)}
    neighbours = np.full((len(file.ids), SLOTS), -1, dtype=np.int32)
    positions = np.array(file.positions, dtype=np.float64)
    for node, others in enumerate(file.adjacent):
        if not others:
            continue
        step = positions[others] - positions[node]
        bearing = np.degrees(np.arctan2(step[:, 0], -step[:, 1])) % 360.0
        order = np.argsort(bearing, kind="stable")
        options = choices[len(others)]
        gap = np.abs(options * 45.0 - bearing[order])
        best = options[int(np.argmin((np.minimum(gap, 360.0 - gap) ** 2).sum(axis=1)))]
        neighbours[node, best] = np.array(others, dtype=np.int32)[order]
    return neighbours


def _choices(degree: int) -> NDArray[np.int64]:
    """Return every way `(ways, degree)` to lay `degree` sorted bearings on the 8 slots in circular order."""
    masks = [mask for mask in range(1 << SLOTS) if mask.bit_count() == degree]
    sets = [[slot for slot in range(SLOTS) if mask >> slot & 1] for mask in masks]
    return np.array([chosen[turn:] + chosen[:turn] for chosen in sets for turn in range(degree)])
