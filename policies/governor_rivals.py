"""The rules the governor's net is measured against, over many villages at a time: what each would propose.

Every rival sees the same columns as the net (`nimmer.world.scarce_village`), has the same CPU capacity and cortex, and
stands behind the same envelope. Arrays are `(W, N)` for W villages of N NPCs.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nimmer.life.governor import DEFAULT_LIMITS, LIFEFORCE_LOW
from nimmer.life.governor_observation import npc_features, world_features
from nimmer.minds.governor_net import GOVERNED_GATES, GovernorNet, Proposal, decode, forward

Numbers = NDArray[np.float64]
Columns = Mapping[str, Numbers]
FLOOR = DEFAULT_LIMITS.min_cpu_percent
MOST_HZ, LEAST_HZ = DEFAULT_LIMITS.max_tick_hz, DEFAULT_LIMITS.min_tick_hz
FAVOURED = 1.0 / 3.0
"""Share of the NPCs that round robin and greedy give the spare CPU to."""


class Rival(Protocol):
    """Somebody who governs."""

    def __call__(self, npcs: Columns, village: Columns, epoch: int) -> Proposal:
        """Return what it proposes for the epoch, `(W, N)`."""
        ...


def uniform(npcs: Columns, village: Columns, epoch: int) -> Proposal:
    """Give everybody the same: the highest rate, an equal quota, the cortex by turns of age."""
    return plain(np.ones_like(npcs["coverage"]), village)


def round_robin(npcs: Columns, village: Columns, epoch: int) -> Proposal:
    """Give the spare CPU to one third of the NPCs, the next third in the next epoch."""
    shape = npcs["coverage"].shape
    groups = max(round(1.0 / FAVOURED), 1)
    turn = np.arange(shape[1]) % groups == epoch % groups
    return plain(np.broadcast_to(turn.astype(np.float64), shape), village)


def need_proportional(npcs: Columns, village: Columns, epoch: int) -> Proposal:
    """Give more to those who know less: `nimmer.life.governor.static_rule`, as it runs in a village."""
    need = 1.0 - np.clip(npcs["coverage"], 0.0, 1.0)
    need = np.where(npcs["lifeforce"] < LIFEFORCE_LOW, need / 2.0, need)
    wish = plain(need, village)
    return wish._replace(
        tick_hz=LEAST_HZ + (MOST_HZ - LEAST_HZ) * need,
        permission=npcs["wants_cortex"] > 0,
        priority=np.rint(10.0 * need),
    )


def need_at_full_rate(npcs: Columns, village: Columns, epoch: int) -> Proposal:
    """Share the quota by need as the static rule does, but let the quota alone hold the rate, and all may ask."""
    need = 1.0 - np.clip(npcs["coverage"], 0.0, 1.0)
    return plain(need, village)


def greedy(npcs: Columns, village: Columns, epoch: int) -> Proposal:
    """Give the spare CPU to the third that gained most knowledge per CPU in the last epoch."""
    gain = npcs["gained"] / np.maximum(npcs["cpu_used_percent"], 1.0)
    favoured = max(round(gain.shape[1] * FAVOURED), 1)
    place = np.argsort(np.argsort(-gain, axis=1, kind="stable"), axis=1, kind="stable")
    return plain((place < favoured).astype(np.float64), village)


class AtRandom:
    """Draws a new division of the CPU, rates and priorities every epoch."""

    def __init__(self, generator: np.random.Generator) -> None:
        """Draw from `generator`."""
        self._generator = generator

    def __call__(self, npcs: Columns, village: Columns, epoch: int) -> Proposal:
        """Propose what was drawn."""
        shape = npcs["coverage"].shape
        wish = plain(self._generator.random(shape), village)
        return wish._replace(
            tick_hz=LEAST_HZ + (MOST_HZ - LEAST_HZ) * self._generator.random(shape),
            permission=self._generator.random(shape) < 0.5,
            priority=np.rint(10.0 * self._generator.random(shape)),
        )


class Net:
    """The net, or a population of nets: each leading axis of the weights governs its own block of villages.

    without: "gates", "priorities" or "quotas" are taken from the net and given the plain way; for ablations.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], without: str = "") -> None:
        """Take weights as they are; `GovernorNet` checks one set."""
        self._weights = weights
        self._copies = 0 if weights["head_b"].ndim == 1 else weights["head_b"].shape[0]
        self._without = without

    @classmethod
    def of(cls, net: GovernorNet, without: str = "") -> "Net":
        """Return the rival that `net` is."""
        return cls(net.weights, without)

    def __call__(self, npcs: Columns, village: Columns, epoch: int) -> Proposal:
        """Propose what the net says."""
        features, world = npc_features(npcs), world_features(npcs, village)
        outputs = self._outputs(features, world)
        wish = decode(outputs, village["capacity_percent"])
        if self._without == "gates":
            return wish._replace(gates=np.zeros_like(wish.gates))
        if self._without == "priorities":
            usual = plain(np.ones(wish.tick_hz.shape), village)
            return wish._replace(permission=usual.permission, priority=usual.priority)
        if self._without == "quotas":
            return wish._replace(cpu_percent=plain(np.ones(wish.tick_hz.shape), village).cpu_percent)
        return wish

    def _outputs(self, features: NDArray[np.float32], world: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self._copies:
            return forward(self._weights, features, world)
        per_copy = features.shape[0] // self._copies
        weights = {
            name: array[:, None] for name, array in self._weights.items()
        }  # a set of weights for all villages of its block
        blocks = features.reshape(self._copies, per_copy, *features.shape[1:])
        found = forward(weights, blocks, world.reshape(self._copies, per_copy, -1))
        return found.reshape(*features.shape[:2], -1)


def plain(share: Numbers, village: Columns) -> Proposal:
    """Return the proposal that divides the spare CPU by `share` and treats everybody alike in all else."""
    npcs = share.shape[1]
    spare = np.maximum(village["capacity_percent"] - FLOOR * npcs, 0.0)[:, None]
    total = share.sum(axis=1, keepdims=True)
    part = np.where(total > 0, share / np.maximum(total, 1e-12), 1.0 / npcs)
    return Proposal(
        np.full(share.shape, MOST_HZ),
        np.minimum(FLOOR + spare * part, DEFAULT_LIMITS.max_cpu_percent),
        np.zeros((*share.shape, GOVERNED_GATES), np.int8),
        np.ones(share.shape, np.bool_),
        np.full(share.shape, 5.0),
    )
