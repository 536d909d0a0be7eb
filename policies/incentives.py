"""What training pays on top of the world's own rewards: a share in what the village learns, and a price of waiting.

The world rewards an NPC for what it learns. A village passes when its last NPC knows the last house; so that brains
learn to bring each other on, each is paid partly what all are paid on average, pays for every tick in which it has not
learned everything, and for every tick in which not all have. This shapes training only: the world's rewards, and every evaluation, stay as they are.
Source: docs/domain.md section 8 (only 100 % village-wide passes); Ng, Harada and Russell 1999 (shaping).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Incentives:
    """What is paid besides.

    team: share of the reward that is the village's mean, 0..1; waiting: price per tick in which the NPC itself knows
    less than all; lasting: price per tick for everybody, until the village passes.
    """

    team: float = 0.0
    waiting: float = 0.0
    lasting: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError naming the key and its range when an incentive makes no sense."""
        if not 0.0 <= self.team <= 1.0:
            raise ValueError(f"team is {self.team}; it is a share from 0 to 1")
        for name in ("waiting", "lasting"):
            if not 0.0 <= (value := getattr(self, name)) <= 10.0:
                raise ValueError(f"{name} is {value}; it is a price from 0 to 10")

    def pay(self, rewards: Floats, complete: NDArray[np.bool_]) -> Floats:
        """Return `(W, N)` what training pays for `rewards` `(W, N)`; `complete`: who knew every house before the tick."""
        mean = rewards.mean(axis=1, keepdims=True)
        paid: Floats = (1 - self.team) * rewards + self.team * mean - self.waiting * ~complete - self.lasting
        return paid.astype(np.float32, copy=False)
