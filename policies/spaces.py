"""What one NPC sees and can do, as the spaces trainers understand; the actions themselves are in `policies.acts`.

Source: docs/domain.md section 8 (observation and actions of the NPC brain).
"""

import numpy as np
from gymnasium.spaces import Box, Discrete

from nimmer.life.percept import FEATURES
from policies.acts import ACTIONS


def observation_space() -> Box:
    """Return a fresh space of one NPC's features: `(FEATURES,)` float32 in 0..1, see `nimmer.world.observation`."""
    return Box(0.0, 1.0, (FEATURES,), np.float32)


def action_space() -> "Discrete[np.int64]":
    """Return a fresh space of the twelve flat actions, see `nimmer.life.action.FLAT_ACTIONS`."""
    return Discrete(ACTIONS)
