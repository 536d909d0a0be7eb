"""What the governor sees, as numbers in 0..1: one row of features per living NPC and one of the village as a whole.

The live village, the training world and `nimmer governor explain` build it with the same two functions, so a net sees
in production what it was trained on. Amounts without an upper end are squashed, x / (x + scale), half at the scale.

Per NPC:

| feature         | what                                                                        | scale    |
|-----------------|-----------------------------------------------------------------------------|----------|
| coverage        | share of the houses it knows                                                |          |
| energy          | the world's energy                                                          |          |
| lifeforce       | level of its ledger                                                         | 100 LF   |
| balance         | lambda, income over expense                                                 | 1        |
| lateness        | p99 of how late its ticks began                                             | 50 ms    |
| ticks_kept      | share of the due ticks that were done since the last epoch                  |          |
| tick_rate       | tick rate now / 20 Hz                                                       |          |
| quota           | CPU quota now / 100 %                                                       |          |
| cpu_used        | CPU really used since the last epoch / 100 %                                |          |
| gained          | coverage gained since the last epoch                                        | .05      |
| earned          | lifeforce earned since the last epoch, .5 for none, below that for a loss   | 10 LF    |
| met             | triggers met since the last epoch                                           | 5        |
| missed          | triggers missed since the last epoch (`NpcSituation`)                       | 5        |
| gates_open      | open gates of 8                                                             |          |
| urgent          | one of them is for danger or battery                                        |          |
| wants_cortex    | it has a question for the cortex                                            |          |
| cortex_wait     | how long its oldest question has waited                                     | 2,000 ms |
| occupants       | others on its node                                                          | 3        |
| news            | houses the best-informed of them knows and it does not                      | 5        |

Of the world:

| feature          | what                                                                        | scale    |
|------------------|-----------------------------------------------------------------------------|----------|
| mean_coverage    | over the living NPCs                                                        |          |
| least_coverage   | of the one that knows least                                                 |          |
| level            | level / 3                                                                   |          |
| cpu_per_npc      | CPU capacity per NPC / 100 %                                                |          |
| cpu_used         | share of the capacity that was used since the last epoch                    |          |
| slots_per_npc    | cortex slots per NPC                                                        |          |
| cortex_queue     | questions that wait, per slot                                               | 1        |
| cortex_latency   | how long answers took since the last epoch (`VillageSituation`)             | 2,000 ms |
| cortex_stuck     | it has not answered within its timeout                                      |          |
| lifeforce_budget | lifeforce of an NPC, mean of all                                            | 10 LF    |

Source: docs/domain.md section 8 (the governor sees every NPC's state and the world as a whole).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.life.governor import GATES_MOST, NpcSituation, VillageSituation

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

NPC_FEATURE_NAMES = (
    "coverage",
    "energy",
    "lifeforce",
    "balance",
    "lateness",
    "ticks_kept",
    "tick_rate",
    "quota",
    "cpu_used",
    "gained",
    "earned",
    "met",
    "missed",
    "gates_open",
    "urgent",
    "wants_cortex",
    "cortex_wait",
    "occupants",
    "news",
)
"""The columns of `GovernorObservation.features`."""
WORLD_FEATURE_NAMES = (
    "mean_coverage",
    "least_coverage",
    "level",
    "cpu_per_npc",
    "cpu_used",
    "slots_per_npc",
    "cortex_queue",
    "cortex_latency",
    "cortex_stuck",
    "lifeforce_budget",
)
"""The entries of `GovernorObservation.world`."""
NPC_FEATURES = len(NPC_FEATURE_NAMES)
WORLD_FEATURES = len(WORLD_FEATURE_NAMES)

NPC_COLUMNS = (
    "coverage",
    "energy",
    "lifeforce",
    "balance",
    "lateness_p99_ms",
    "ticks_kept",
    "tick_hz",
    "cpu_percent",
    "cpu_used_percent",
    "gained",
    "earned",
    "met",
    "missed",
    "gates_open",
    "urgent",
    "wants_cortex",
    "cortex_wait_ms",
    "occupants",
    "news",
)
"""The attribute of `NpcSituation` behind each feature, in the same order."""
_UNKNOWN = 1e12
"""What an infinite amount counts as, before it is squashed."""


@dataclass(frozen=True, slots=True, eq=False)
class GovernorObservation:
    """One epoch as the governor's net sees it.

    npcs: `(N,)` int32, who they are; features: `(N, NPC_FEATURES)` float32 in 0..1; world: `(WORLD_FEATURES,)`
    float32 in 0..1. N is the number of the living, and may be 0.
    """

    npcs: NDArray[np.int32]
    features: Floats
    world: Floats


def observe_village(situations: Sequence[NpcSituation], village: VillageSituation) -> GovernorObservation:
    """Return the observation of the living among `situations`, in their order. Never raises for odd numbers."""
    living = [situation for situation in situations if situation.alive]
    table = np.array([[getattr(one, name) for name in NPC_COLUMNS] for one in living], np.float64)
    columns = {name: table[:, at] if living else np.zeros(0) for at, name in enumerate(NPC_COLUMNS)}
    aggregate = {
        "level": float(village.level),
        "capacity_percent": village.capacity_percent,
        "cortex_slots": float(village.cortex_slots),
        "cortex_queue": float(village.cortex_queue),
        "cortex_p95_ms": village.cortex_p95_ms,
        "cortex_stuck": float(village.cortex_stuck),
        "lifeforce_budget": village.lifeforce_budget,
    }
    return GovernorObservation(
        np.array([one.npc for one in living], np.int32),
        npc_features(columns),
        world_features(columns, {name: np.array(value, np.float64) for name, value in aggregate.items()}),
    )


def npc_features(columns: Mapping[str, Numbers]) -> Floats:
    """Return `(..., N, NPC_FEATURES)` float32 in 0..1 for the `NPC_COLUMNS`, `(..., N)` each, in their own units."""
    rows = [
        _share(columns["coverage"]),
        _share(columns["energy"]),
        _squash(columns["lifeforce"], 100.0),
        _squash(columns["balance"], 1.0),
        _squash(columns["lateness_p99_ms"], 50.0),
        _share(columns["ticks_kept"]),
        _share(columns["tick_hz"] / 20.0),
        _share(columns["cpu_percent"] / 100.0),
        _share(columns["cpu_used_percent"] / 100.0),
        _squash(columns["gained"], 0.05),
        _signed(columns["earned"], 10.0),
        _squash(columns["met"], 5.0),
        _squash(columns["missed"], 5.0),
        _share(columns["gates_open"] / GATES_MOST),
        _share(columns["urgent"]),
        _share(columns["wants_cortex"]),
        _squash(columns["cortex_wait_ms"], 2000.0),
        _squash(columns["occupants"], 3.0),
        _squash(columns["news"], 5.0),
    ]
    return np.stack(rows, axis=-1).astype(np.float32)


def world_features(columns: Mapping[str, Numbers], village: Mapping[str, Numbers]) -> Floats:
    """Return `(..., WORLD_FEATURES)` float32 in 0..1.

    Args:
        columns: the `NPC_COLUMNS`, `(..., N)` each, in their own units.
        village: the fields of `VillageSituation`, `(...)` each, in their own units.
    """
    coverage = _share(columns["coverage"])
    npcs = max(coverage.shape[-1], 1)
    capacity = _finite(village["capacity_percent"])
    used = _finite(columns["cpu_used_percent"]).sum(axis=-1)
    slots = _finite(village["cortex_slots"])
    rows = [
        coverage.mean(axis=-1) if coverage.shape[-1] else np.zeros(coverage.shape[:-1]),
        coverage.min(axis=-1, initial=1.0),
        _share(village["level"] / 3.0),
        _share(capacity / npcs / 100.0),
        _share(used / np.maximum(capacity, 1e-9)),
        _share(slots / npcs),
        _squash(_finite(village["cortex_queue"]) / np.maximum(slots, 1.0), 1.0),
        _squash(village["cortex_p95_ms"], 2000.0),
        _share(village["cortex_stuck"]),
        _squash(_finite(village["lifeforce_budget"]) / npcs, 10.0),
    ]
    return np.stack(rows, axis=-1).astype(np.float32)


def _finite(values: Numbers) -> Numbers:
    return np.nan_to_num(np.clip(values, -_UNKNOWN, _UNKNOWN), nan=0.0)


def _share(values: Numbers) -> Numbers:
    return np.clip(_finite(values), 0.0, 1.0)


def _squash(values: Numbers, scale: float) -> Numbers:
    amount = np.maximum(_finite(values), 0.0)
    return amount / (amount + scale)


def _signed(values: Numbers, scale: float) -> Numbers:
    amount = _finite(values)
    return 0.5 + 0.5 * amount / (np.abs(amount) + scale)
