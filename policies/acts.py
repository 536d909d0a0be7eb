"""The twelve flat actions as arrays: from an index to the world, and which are possible.

Apart from `policies.spaces`, so that what only looks on needs no training library.
Source: docs/domain.md section 8 (observation and actions of the NPC brain).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import ASK_CORTEX, FLAT_ACTIONS, SLOTS
from nimmer.life.percept import PER_SLOT

ACTIONS = len(FLAT_ACTIONS)
_VERBS = np.array([action.verb for action in FLAT_ACTIONS], np.uint8)
_SLOTS = np.array([action.slot for action in FLAT_ACTIONS], np.int8)


def to_acts(actions: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Return verbs and slots of flat action indices, in their shape. Raises IndexError outside 0..11."""
    return _VERBS[actions], _SLOTS[actions]


def legal(features: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return `(..., ACTIONS)` bool for features `(..., FEATURES)`: moves along edges, and all but ASK_CORTEX."""
    mask = np.ones((*features.shape[:-1], ACTIONS), np.bool_)
    mask[..., :SLOTS] = features[..., : PER_SLOT * SLOTS : PER_SLOT] > 0
    mask[..., FLAT_ACTIONS.index(ASK_CORTEX)] = False
    return mask
