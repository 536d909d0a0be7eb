"""The best static allocation that a search finds, on some of the very villages it is then judged on.

What an allocation fixes for the whole run: every NPC's share of the CPU, rate, cortex permission and priority, and the
gates of all. It begins at uniform and keeps, per budget, the best of a few changed copies, round after round. It may see
the evaluation's seeds, which the net may not: that is in its favour. It is a short search, and no proof: with budgets of
.4 and more it found nothing better than uniform (docs/bench/governor.csv).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.life.governor import DEFAULT_LIMITS
from nimmer.minds.governor_net import GOVERNED_GATES, Proposal
from policies.governor_rivals import plain

Numbers = NDArray[np.float64]
_RATES = np.array([5.0, 10.0, 15.0, 20.0])
_GATES_CHANGED, _NPCS_CHANGED = 0.25, 0.2
"""How likely a change touches a gate, and one NPC's rate, permission or priority."""
_SHARE_CHANGED = 0.4
"""Standard deviation of the change of the logarithm of a share."""


@dataclass(frozen=True, slots=True, eq=False)
class StaticAllocation:
    """Fixed allocations of G groups of villages. shares, rates, permission, priority: `(G, N)`; gates: `(G, gates)`."""

    shares: Numbers
    rates: Numbers
    permission: NDArray[np.bool_]
    priority: Numbers
    gates: NDArray[np.int8]

    @classmethod
    def uniform(cls, groups: int, npcs: int) -> "StaticAllocation":
        """Return the allocation that treats all alike."""
        shape = (groups, npcs)
        return cls(
            np.ones(shape),
            np.full(shape, DEFAULT_LIMITS.max_tick_hz),
            np.ones(shape, np.bool_),
            np.full(shape, 5.0),
            np.zeros((groups, GOVERNED_GATES), np.int8),
        )

    def take(self, which: NDArray[np.int64]) -> "StaticAllocation":
        """Return the groups of index `which`, in that order."""
        return StaticAllocation(
            self.shares[which],
            self.rates[which],
            self.permission[which],
            self.priority[which],
            self.gates[which],
        )

    def changed(self, generator: np.random.Generator) -> "StaticAllocation":
        """Return a changed copy of every group."""
        shape = self.shares.shape
        touched = generator.random((3, *shape)) < _NPCS_CHANGED
        gates_touched = generator.random(self.gates.shape) < _GATES_CHANGED
        return StaticAllocation(
            self.shares * np.exp(_SHARE_CHANGED * generator.standard_normal(shape)),
            np.where(touched[0], generator.choice(_RATES, shape), self.rates),
            self.permission ^ touched[1],
            np.where(touched[2], np.rint(10.0 * generator.random(shape)), self.priority),
            np.where(gates_touched, generator.integers(-1, 2, self.gates.shape), self.gates).astype(np.int8),
        )

    def __call__(self, npcs: Mapping[str, Numbers], village: Mapping[str, Numbers], epoch: int) -> Proposal:
        """Propose the same in every epoch; there must be as many groups as villages."""
        wish = plain(self.shares, village)
        gates = np.broadcast_to(self.gates[:, None, :], wish.gates.shape)
        return wish._replace(
            tick_hz=self.rates, permission=self.permission, priority=self.priority, gates=gates
        )
