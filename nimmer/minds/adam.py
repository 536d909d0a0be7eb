"""Adam over one row of weights: what every step of learning is taken by, in memory taken once.

Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980, algorithm 1; its eps as PyTorch
places it, beside the square root of the corrected second moment.
"""

from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]
BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-5


class Adam:
    """The moments of `size` weights, and how many steps they have seen."""

    def __init__(self, size: int, dtype: type[np.floating[Any]] = np.float32) -> None:
        """Begin with moments of 0."""
        self.steps = 0
        self.first: Numbers = np.zeros(size, dtype)
        self.second: Numbers = np.zeros(size, dtype)
        self._new: Numbers = np.empty(size, dtype)
        self._scratch: Numbers = np.empty(size, dtype)

    def step(self, weights: Numbers, gradient: Numbers, rate: float, norm: float) -> bool:
        """Move `weights` in place against `gradient`, which is shortened to the length `norm` when it is longer.

        Returns False, with the weights as they were, when the gradient or what it makes of them is not finite.
        `gradient` is used up.
        """
        length = sqrt(square) if isfinite(square := float(gradient.dot(gradient))) else square
        if not isfinite(length):
            return False
        if length > norm:
            gradient *= norm / length
        new, scratch, steps = self._new, self._scratch, self.steps + 1
        self.first *= BETA_1
        self.first += np.multiply(gradient, 1.0 - BETA_1, scratch)
        self.second *= BETA_2
        np.multiply(gradient, gradient, scratch)
        self.second += np.multiply(scratch, 1.0 - BETA_2, scratch)
        # algorithm 1, its last line: both moments corrected for having begun at 0
        np.sqrt(self.second, scratch)
        scratch *= 1.0 / sqrt(1.0 - BETA_2**steps)
        scratch += EPS
        np.divide(self.first, scratch, new)
        new *= -rate / (1.0 - BETA_1**steps)
        new += weights
        self.steps = steps
        if not isfinite(float(new.dot(new))):
            return False
        weights[:] = new
        return True
