"""What a run writes down so that it can be executed again: its header, its births, and every tick's actions.

These are plain values; `nimmer.stores.action_log` keeps them in a file, `nimmer.world.replay` executes them.
Source: docs/design.md (a run is its seed plus its action log).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nimmer.world.sight import Sights


class Arrival(IntEnum):
    """How the village came to a level."""

    BIRTH = 0
    PROMOTION = 1
    DEMOTION = 2


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What a run depends on besides its actions.

    run: 16 hex digits; seed: of the whole run; npcs: N; level: number it is born on; rules: every rule by name;
    levels: digest of the levels file, `Levels.digest()`.
    """

    run: str
    seed: int
    npcs: int
    level: int
    rules: dict[str, float]
    levels: str


@dataclass(frozen=True, slots=True)
class LevelFrame:
    """The village came to `level` at `tick` (0 at birth), with this digest of its state after it."""

    tick: int
    level: int
    arrival: Arrival
    digest: bytes


@dataclass(frozen=True, slots=True, eq=False)
class TickFrame:
    """One world tick.

    tick: the village's tick after the step; verbs uint8, slots int8, present and permitted bool: what everyone did,
    all `(N,)`; digest: 16 bytes of the state after the step; sights: what the eye taught after it.
    """

    tick: int
    verbs: NDArray[np.uint8]
    slots: NDArray[np.int8]
    present: NDArray[np.bool_]
    permitted: NDArray[np.bool_]
    digest: bytes
    sights: Sights | None = None


Frame = LevelFrame | TickFrame
