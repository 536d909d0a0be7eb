"""The equations of lifeforce: lambda, the reserve, the word for how one fares, and how fast the heart beats.

    lambda = in / out        above 1 thriving, 1 balance, below declining, near 0 critical, infinite dormant
    T = L / (out - in)       how long the level lasts, while lambda < 1
    f = f_base * sigmoid((L - L_thr) / L_scale)

Source: docs/domain.md section 6 (equations). The places of L_thr, L_scale and of the words are ours.
"""

from enum import Enum
from math import exp, inf

HEARTBEAT_HZ = 1.0
"""f_base: the heartbeat of a body that lacks nothing."""
THRESHOLD_LEVEL = 20.0
"""L_thr, lifeforce: where the heart beats at half its base; also where degradation begins."""
LEVEL_SCALE = 10.0
"""L_scale, lifeforce: how softly it slows down."""
EVEN = 0.05
"""Lambda this close to 1 is a balance."""
CRITICAL = 0.1
"""Lambda below this is critical."""


class Standing(Enum):
    """How a body fares by its lambda."""

    DORMANT = "dormant"
    THRIVING = "thriving"
    BALANCED = "balanced"
    DECLINING = "declining"
    CRITICAL = "critical"


def balance(income: float, expense: float) -> float:
    """Return lambda of two rates in one unit, 0 or more; inf while nothing is spent."""
    return income / expense if expense > 0.0 else inf


def reserve_s(level: float, income_per_s: float, expense_per_s: float) -> float:
    """Return how long `level` lasts at these rates, s; inf when it does not shrink."""
    drain = expense_per_s - income_per_s
    return level / drain if drain > 0.0 else inf


def standing(balance: float) -> Standing:
    """Return the word for lambda `balance`."""
    if balance == inf:
        return Standing.DORMANT
    if balance > 1.0 + EVEN:
        return Standing.THRIVING
    if balance >= 1.0 - EVEN:
        return Standing.BALANCED
    return Standing.DECLINING if balance >= CRITICAL else Standing.CRITICAL


def heartbeat_hz(level: float, base_hz: float = HEARTBEAT_HZ) -> float:
    """Return how often the heart beats at `level` (0 or more), Hz: from a tenth of `base_hz` to all of it."""
    return base_hz / (1.0 + exp(-(level - THRESHOLD_LEVEL) / LEVEL_SCALE))
