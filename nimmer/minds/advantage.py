"""How much better it went than expected: generalised advantage estimation.

Source: Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation",
arXiv:1506.02438, equations 11 and 16.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]


def advantages(
    reward: Numbers, value: Numbers, follows: NDArray[np.bool_], discount: float, trace: float
) -> NDArray[np.float64]:
    """Return `(rows,)`: the advantage of every tick that another follows, 0 of the others.

    reward: `(rows,)`, what came of the tick; value: `(rows,)`, what was expected from it on; follows: `(rows,)`,
    whether the next row is the tick after; discount, trace: gamma and lambda, 0..1.
    """
    rewards, values, goes_on = reward.tolist(), value.tolist(), follows.tolist()
    found = [0.0] * len(rewards)
    ahead = 0.0
    for row in range(len(rewards) - 2, -1, -1):
        if goes_on[row]:
            # eq. 11: delta = r + gamma V(s') - V(s);  eq. 16: A = delta + gamma lambda A'
            surprise = rewards[row] + discount * values[row + 1] - values[row]
            ahead = found[row] = surprise + discount * trace * ahead
        else:
            ahead = 0.0
    return np.array(found)
