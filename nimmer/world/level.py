"""One level of the village: a graph, the traits of every house, and where the wells are.

A house's traits are one bit mask, so that knowing a house, passing it on and grading it are integer operations.
Source: docs/domain.md section 8 (curriculum).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import LevelError
from nimmer.world.graph import WorldGraph

WELL = "well"
"""The trait that makes a house a place to regain energy."""
MAX_TRAITS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A level.

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
