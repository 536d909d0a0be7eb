"""What each asker may ask for: so many requests and so much lifeforce per minute.

A request reserves its budget when it is let in and gets back what it did not spend.
Source: docs/domain.md sections 8 and 10 (every NPC has a share of the cortex).
"""

from collections import OrderedDict

from nimmer.life.token_bucket import TokenBucket

MOST_PURSES = 4096
"""Askers remembered; the one that asked least lately is forgotten, and would begin with a full purse."""
MINUTE_S = 60.0
LEAST_BURST = 1.0


class Allowance:
    """The purses of all askers, full at the start."""

    def __init__(self, per_minute: int, lifeforce: float) -> None:
        """Allow each asker `per_minute` requests (at least 1) and `lifeforce` a minute."""
        self._per_minute = per_minute
        self._lifeforce = lifeforce
        self._purses: OrderedDict[str, tuple[TokenBucket, TokenBucket]] = OrderedDict()

    def admit(self, asker: str, budget: float, now_s: float) -> str:
        """Reserve one request and `budget` lifeforce; return "", or why not."""
        if budget > self._lifeforce:
            return (
                f"processing_budget_lf is {budget:g} and an asker may spend {self._lifeforce:g} a minute here"
                " (cortex.npc_lifeforce): ask for less"
            )
        calls, lifeforce = self._purse(asker)
        if not lifeforce.take(now_s, budget):
            return f"its {self._lifeforce:g} lifeforce of this minute are spent (cortex.npc_lifeforce)"
        if not calls.take(now_s):
            lifeforce.give_back(budget)
            return f"it has asked {self._per_minute} times this minute (cortex.npc_per_minute)"
        return ""

    def settle(self, asker: str, budget: float, spent: float) -> None:
        """Give back what of the reserved `budget` was not spent."""
        self._purse(asker)[1].give_back(max(budget - spent, 0.0))

    def _purse(self, asker: str) -> tuple[TokenBucket, TokenBucket]:
        purse = self._purses.get(asker)
        if purse is None:
            burst = max(self._lifeforce, LEAST_BURST)
            purse = (
                TokenBucket(self._per_minute / MINUTE_S, float(self._per_minute)),
                TokenBucket(burst / MINUTE_S, burst),
            )
            self._purses[asker] = purse
            if len(self._purses) > MOST_PURSES:
                self._purses.popitem(last=False)
        self._purses.move_to_end(asker)
        return purse
