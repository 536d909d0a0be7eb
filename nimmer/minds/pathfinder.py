"""Finding the shortest way through a level's graph, breadth first, and keeping to it while it holds.

One search for everybody who walks to something: the explorer with its own order of slots, so that a crowd
spreads, and the nerves through the `Guide` port. First steps that are blocked are left out.
Source: docs/domain.md section 8 (one edge per step, capacity of a node) and section 13 point 14.
"""

from collections import deque
from collections.abc import Callable, Sequence

from nimmer.life.action import MOVES, SLOTS, Action
from nimmer.life.percept import Percept

BLOCKED_CM = 30.0
"""A slot with less way ahead than this is no first step."""
_ORDERS = tuple(range(slots) for slots in range(SLOTS + 1))


class Pathfinder:
    """Ways through one level; make a new one when the level changes. Is a `nimmer.minds.guide.Guide`.

    neighbours: per node the node behind each slot, -1 for none (`WorldGraph.neighbours.tolist()`);
    order: the order in which the slots of a graph of so many slots are tried, asked once per search; ascending
    when left out.
    """

    __slots__ = ("_goal", "_neighbours", "_order", "_way", "_wells")

    def __init__(
        self, neighbours: Sequence[Sequence[int]], order: Callable[[int], Sequence[int]] = _ORDERS.__getitem__
    ) -> None:
        """Begin with no plan and no known well."""
        self._neighbours = neighbours
        self._order = order
        self._way: dict[int, int] = {}
        self._goal = -1
        self._wells: set[int] = set()

    @property
    def goal(self) -> int:
        """Return the node the present way leads to, -1 for none."""
        return self._goal

    @property
    def nodes(self) -> int:
        """Return how many nodes the graph has."""
        return len(self._neighbours)

    def notice(self, percept: Percept) -> None:
        """Remember the well the body stands at, if it does."""
        if percept.at_well:
            self._wells.add(percept.node)

    def wells(self) -> frozenset[int]:
        """Return the nodes of the wells met so far."""
        return frozenset(self._wells)

    def is_well(self, node: int) -> bool:
        """Return whether a well was met at `node`."""
        return node in self._wells

    def forget(self) -> None:
        """Give up the present way, so that the next step is planned anew."""
        self._way = {}

    def toward(self, percept: Percept, wanted: Callable[[int], bool]) -> Action | None:
        """Follow the way planned before while it holds, else plan one to the nearest wanted node."""
        slot = self._way.get(percept.node)
        stale = slot is None or not (self._goal >= 0 and wanted(self._goal))
        if stale or percept.rejection or percept.distance_cm[slot or 0] < BLOCKED_CM:
            self._plan(percept, wanted)
            slot = self._way.get(percept.node)
        return None if slot is None else MOVES[slot]

    def _plan(self, percept: Percept, wanted: Callable[[int], bool]) -> None:
        """Search breadth first, first steps into full nodes left out, slots tried in `order`."""
        order = self._order(percept.slots)
        start = percept.node
        came: dict[int, tuple[int, int]] = {start: (-1, -1)}
        queue: deque[int] = deque()
        for slot in order:
            there = percept.neighbour[slot]
            if there >= 0 and percept.distance_cm[slot] >= BLOCKED_CM:
                came[there] = (start, slot)
                queue.append(there)
        self._way, self._goal = {}, -1
        neighbours = self._neighbours
        while queue:
            here = queue.popleft()
            if wanted(here):
                self._goal = here
                break
            row = neighbours[here]
            for slot in order:
                there = row[slot]
                if there >= 0 and there not in came:
                    came[there] = (here, slot)
                    queue.append(there)
        node = self._goal
        while node >= 0 and node != start:
            node, slot = came[node]
            self._way[node] = slot

    def state(self) -> dict[str, object]:
        """Return the wells met, as plain JSON values; a way is cheaper to find again than to keep."""
        return {"wells": sorted(self._wells)}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises ValueError when it holds no wells of this graph."""
        wells = state.get("wells")
        if not isinstance(wells, list):
            raise ValueError(f"a guide remembers a list of wells, not {wells!r}")
        if not all(isinstance(well, int) and 0 <= well < self.nodes for well in wells):
            raise ValueError(
                f"the remembered wells {wells} are not all nodes 0..{self.nodes - 1} of this level"
            )
        self._wells = set(wells)
        self._way, self._goal = {}, -1
