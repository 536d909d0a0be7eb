"""Reactions: how long each tier took from the wave to what came of it, against the tier's latency budget.

    tier       0       1       2        3         4       5
    budget  <10 ms  <50 ms  <200 ms  <2000 ms  <4000 ms  none

Times are kept in a fixed histogram of eighths of a power of two, so that a percentile costs no memory and is at
most 9 % too high. Source: docs/domain.md section 3.3.
"""

from collections.abc import Mapping
from math import exp2, inf, log2
from typing import Any

BUDGETS_S: tuple[float, ...] = (0.01, 0.05, 0.2, 2.0, 4.0, inf)
"""Per tier: a reaction must take less."""
STEPS = 8
"""Buckets per doubling."""
SHORTEST_S = 1e-6
BUCKETS = 27 * STEPS
"""From 1 us to 134 s; what is beyond counts in the first or the last."""
_SCALE = 1.0 / SHORTEST_S


class Tier:
    """The reactions of one tier. Times in s."""

    __slots__ = ("buckets", "budget_s", "events", "over", "total_s", "worst_s")

    def __init__(self, budget_s: float) -> None:
        """Have none yet."""
        self.budget_s = budget_s
        self.events = self.over = 0
        self.total_s = self.worst_s = 0.0
        self.buckets = [0] * BUCKETS

    @property
    def mean_s(self) -> float:
        """Return the mean, 0 before the first."""
        return self.total_s / self.events if self.events else 0.0

    def quantile(self, share: float) -> float:
        """Return what the fastest `share` (0..1) of the reactions stayed within, s; 0 before the first."""
        wanted = share * self.events
        passed = 0
        for bucket, count in enumerate(self.buckets):
            passed += count
            if count and passed >= wanted:
                return min(SHORTEST_S * exp2((bucket + 1) / STEPS), self.worst_s)
        return self.worst_s


class Reactions:
    """Reaction times of all tiers of one body or of one part of the thalamus."""

    __slots__ = ("refused", "tiers")

    def __init__(self) -> None:
        """Have none yet."""
        self.tiers = tuple(Tier(budget_s) for budget_s in BUDGETS_S)
        self.refused = 0
        """Times that were none: not finite, or of no tier."""

    def note(self, tier: int, latency_s: float) -> None:
        """Count one reaction of `tier`; a time below 0 (two clocks) counts as 0, one that is none is refused."""
        if not (0 <= tier < len(self.tiers) and -inf < latency_s < inf):
            self.refused += 1
            return
        one = self.tiers[tier]
        one.events += 1
        taken_s = max(latency_s, SHORTEST_S)
        one.buckets[min(int(log2(taken_s * _SCALE) * STEPS), BUCKETS - 1)] += 1
        if latency_s > 0.0:
            one.total_s += latency_s
            one.worst_s = max(one.worst_s, latency_s)
            one.over += latency_s >= one.budget_s

    def summary(self) -> list[dict[str, float | int | None]]:
        """Return one row per tier that reacted, times in ms, for a status; the budget of tier 5 is None."""
        return [
            {
                "tier": tier,
                "events": one.events,
                "over_budget": one.over,
                "budget_ms": one.budget_s * 1e3 if one.budget_s < inf else None,
                "mean_ms": round(one.mean_s * 1e3, 4),
                "p99_ms": round(one.quantile(0.99) * 1e3, 4),
                "worst_ms": round(one.worst_s * 1e3, 4),
            }
            for tier, one in enumerate(self.tiers)
            if one.events
        ]

    def state(self) -> dict[str, object]:
        """Return the counts as plain JSON values; of the histogram only what is not 0."""
        return {
            "refused": self.refused,
            "tiers": [
                [
                    one.events,
                    one.over,
                    one.total_s,
                    one.worst_s,
                    [[bucket, count] for bucket, count in enumerate(one.buckets) if count],
                ]
                for one in self.tiers
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, IndexError, TypeError or ValueError when it is none."""
        fresh = tuple(Tier(budget_s) for budget_s in BUDGETS_S)
        for one, (events, over, total_s, worst_s, buckets) in zip(fresh, state["tiers"], strict=True):
            one.events, one.over = int(events), int(over)
            one.total_s, one.worst_s = float(total_s), float(worst_s)
            for bucket, count in buckets:
                one.buckets[bucket] = int(count)
        self.refused = int(state["refused"])
        self.tiers = fresh
