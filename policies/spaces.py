"""What one NPC sees and can do, as the spaces trainers understand, and the way from an action index to the world.

Source: docs/domain.md section 8 (observation and actions of the NPC brain).
"""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from nimmer.life.action import ASK_CORTEX, FLAT_ACTIONS, SLOTS
from nimmer.life.percept import FEATURES, PER_SLOT

ACTIONS = len(FLAT_ACTIONS)
_VERBS = np.array([action.verb for action in FLAT_ACTIONS], np.uint8)
_SLOTS = np.array([action.slot for action in FLAT_ACTIONS], np.int8)


def observation_space() -> Box:
    """Return a fresh space of one NPC's features: `(FEATURES,)` float32 in 0..1, see `nimmer.world.observation`."""
    return Box(0.0, 1.0, (FEATURES,), np.float32)


def action_space() -> "Discrete[np.int64]":
    """Return a fresh space of the twelve flat actions, see `nimmer.life.action.FLAT_ACTIONS`."""
    return Discrete(ACTIONS)


def to_acts(actions: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Return verbs and slots of flat action indices, in their shape. Raises IndexError outside 0..11."""
    return _VERBS[actions], _SLOTS[actions]


def legal(features: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return `(..., ACTIONS)` bool for features `(..., FEATURES)`: moves along edges, and all but ASK_CORTEX."""
    mask = np.ones((*features.shape[:-1], ACTIONS), np.bool_)
    mask[..., :SLOTS] = features[..., : PER_SLOT * SLOTS : PER_SLOT] > 0
    mask[..., FLAT_ACTIONS.index(ASK_CORTEX)] = False
    return mask
