"""The lifeforce of one body: an energy ledger that pays for sensing and acting, and is paid for what succeeds.

    L >= 0,  L' = L + dt * income - costs + rewards
    lambda = in / out (both smoothed over a minute): above 1 thriving, 1 balance, below declining
    reserve T = L / (out - in) while lambda < 1

Lifeforce is not the world's energy: energy is regained at a well, lifeforce by being right.
Source: docs/domain.md section 6 (equations, rewards and penalties).
"""

from math import exp, inf

BIRTH_LEVEL = 100.0
"""What an organism starts with, lifeforce."""
INCOME_PER_MINUTE = 5.0
"""The physical income that needs no success (the printed sample of an active body)."""
SMOOTHING_S = 60.0
"""Time constant of the rates behind lambda."""
FOLD_S = 1.0
"""How often amounts are folded into the rates."""

NEW_FACT = 5.0
NEW_AREA = 3.0
INTERACTION = 3.0
SURVIVED_MINUTE = 5.0
COLLISION_AVOIDED = 5.0
COLLISION = 10.0
"""The printed price of one collision."""


class Lifeforce:
    """One ledger. Amounts are lifeforce and never negative; times are given, in s."""

    __slots__ = (
        "_in",
        "_in_per_s",
        "_out",
        "_out_per_s",
        "_since_s",
        "charged",
        "income_per_s",
        "level",
        "rewarded",
        "unpaid",
    )

    def __init__(self, level: float = BIRTH_LEVEL, income_per_minute: float = INCOME_PER_MINUTE) -> None:
        """Open a ledger at `level`. Raises ValueError when a number is negative or not finite."""
        if not 0.0 <= level < inf or not 0.0 <= income_per_minute < inf:
            raise ValueError(f"level {level} and income {income_per_minute} must be finite and 0 or more")
        self.level = level
        self.income_per_s = income_per_minute / 60.0
        self.charged: dict[str, float] = {}
        self.rewarded: dict[str, float] = {}
        self.unpaid = 0.0
        self._in = self._out = self._since_s = 0.0
        self._in_per_s = self._out_per_s = 0.0

    def advance(self, elapsed_s: float) -> None:
        """Let `elapsed_s` pass: the physical income flows. Nothing happens when it is not positive and finite."""
        if not 0.0 < elapsed_s < inf:
            return
        income = elapsed_s * self.income_per_s
        self.level += income
        self._in += income
        self._since_s += elapsed_s
        if self._since_s >= FOLD_S:
            self._fold()

    def charge(self, reason: str, amount: float) -> float:
        """Pay `amount` for `reason` and return what was paid: never more than there is; the rest is `unpaid`."""
        if not 0.0 < amount < inf:
            return 0.0
        level = self.level
        paid = amount if amount <= level else level
        self.level = level - paid
        self.unpaid += amount - paid
        self._out += amount
        charged = self.charged
        charged[reason] = charged.get(reason, 0.0) + amount
        return paid

    def reward(self, reason: str, amount: float) -> float:
        """Receive `amount` for `reason` and return it."""
        if not 0.0 < amount < inf:
            return 0.0
        self.level += amount
        self._in += amount
        self.rewarded[reason] = self.rewarded.get(reason, 0.0) + amount
        return amount

    def _fold(self) -> None:
        keep = exp(-self._since_s / SMOOTHING_S)
        self._in_per_s = self._in_per_s * keep + self._in / self._since_s * (1.0 - keep)
        self._out_per_s = self._out_per_s * keep + self._out / self._since_s * (1.0 - keep)
        self._in = self._out = self._since_s = 0.0

    @property
    def balance(self) -> float:
        """Return lambda, income over expense of the last minute or so; inf while nothing is spent (dormant)."""
        return self._in_per_s / self._out_per_s if self._out_per_s > 0.0 else inf

    @property
    def reserve_s(self) -> float:
        """Return how long the level lasts at the present rates, s; inf when it does not shrink."""
        drain = self._out_per_s - self._in_per_s
        return self.level / drain if drain > 0.0 else inf

    def state(self) -> dict[str, object]:
        """Return what the ledger must remember, as plain JSON values."""
        return {
            "level": self.level,
            "unpaid": self.unpaid,
            "charged": dict(self.charged),
            "rewarded": dict(self.rewarded),
            "open": [self._in, self._out, self._since_s, self._in_per_s, self._out_per_s],
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not a ledger's."""
        charged, rewarded, still_open = state["charged"], state["rewarded"], state["open"]
        if (
            not isinstance(charged, dict)
            or not isinstance(rewarded, dict)
            or not isinstance(still_open, list)
        ):
            raise TypeError("a ledger's charged and rewarded are objects and its open amounts a list")
        level = float(str(state["level"]))
        if not 0.0 <= level < inf:
            raise ValueError(f"level is {level}; a ledger holds 0 or more")
        self.level = level
        self.unpaid = float(str(state["unpaid"]))
        self.charged = {str(reason): float(amount) for reason, amount in charged.items()}
        self.rewarded = {str(reason): float(amount) for reason, amount in rewarded.items()}
        self._in, self._out, self._since_s, self._in_per_s, self._out_per_s = map(float, still_open)
