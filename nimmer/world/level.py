"""One level of the village: a graph, the traits of every house, and where the wells are.

A house's traits are one bit mask, so that knowing a house, passing it on and grading it are integer operations.
Source: docs/domain.md section 8 (curriculum).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import LevelError
from nimmer.world.graph import WorldGraph
from nimmer.world.outlook import Hops, hops

WELL = "well"
"""The trait that makes a house a place to regain energy."""
MAX_TRAITS = 64


@dataclass(frozen=True, eq=False)
class Level:
    """A level. What only an observer needs (hops, wells) is worked out when it is first asked for.

    traits: `(nodes,)` uint64, bit i set where the house has `vocabulary[i]`; never 0;
    wells: `(nodes,)` bool, where energy is regained.
    """

    number: int
    name: str
    graph: WorldGraph
    vocabulary: tuple[str, ...]
    traits: NDArray[np.uint64]
    wells: NDArray[np.bool_]

    @property
    def nodes(self) -> int:
        """Return how many houses there are."""
        return self.graph.nodes

    @cached_property
    def hops(self) -> Hops:
        """Return `(nodes, nodes)`: edges of the shortest way between any two nodes."""
        return hops(self.graph)

    @cached_property
    def well_nodes(self) -> NDArray[np.int64]:
        """Return `(K,)`: the nodes with a well."""
        return np.flatnonzero(self.wells)

    @cached_property
    def hops_to_wells(self) -> Hops:
        """Return `(nodes, K)`: edges of the shortest way from any node to each of `well_nodes`."""
        return self.hops.take(self.well_nodes, axis=1)

    @cached_property
    def well_bit(self) -> np.uint64:
        """Return the trait mask of a well."""
        return np.uint64(self.mask((WELL,)))

    def mask(self, traits: Iterable[str]) -> int:
        """Return the bit mask of named traits. Raises LevelError on a word outside the vocabulary."""
        found = 0
        for trait in traits:
            if trait not in self.vocabulary:
                raise LevelError(
                    f"level {self.number} knows no trait {trait!r}; its words are {', '.join(self.vocabulary)}"
                )
            found |= 1 << self.vocabulary.index(trait)
        return found

    def words(self, mask: int) -> tuple[str, ...]:
        """Return the traits of a bit mask, in the vocabulary's order."""
        return tuple(word for bit, word in enumerate(self.vocabulary) if mask >> bit & 1)

    def house(self, node: int) -> tuple[str, ...]:
        """Return the traits of the house on `node`. Raises LevelError when there is no such node."""
        if not 0 <= node < self.nodes:
            raise LevelError(f"level {self.number} has no node {node}; it has 0..{self.nodes - 1}")
        return self.words(int(self.traits[node]))

    def digest(self) -> str:
        """Return 32 hex digits over everything a step depends on; equal levels have equal digests."""
        head = f"{self.number}/{self.graph.edge_cm}/{self.vocabulary}/{self.graph.neighbours.shape}"
        found = hashlib.blake2b(head.encode(), digest_size=16)
        for array in (self.graph.neighbours, self.traits, self.wells):
            found.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return found.hexdigest()
