"""How one nerve has fared, by mode: runs, outcomes, costs and latencies, for status and trails.

Source: docs/domain.md section 6 (metrics) and section 11 (nerves: activations, avg_cost, avg_latency_ms).
"""

from typing import Any

from nimmer.life.nerve_run import Mode, NerveRun, RunOutcome


class ModeStatistics:
    """Sums over the finished runs of one mode. Costs in lifeforce, latencies in s."""

    __slots__ = ("acted", "cost", "last_latency_s", "latency_s", "outcomes")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.outcomes = [0, 0, 0, 0]
        self.cost = 0.0
        self.acted = 0
        self.latency_s = 0.0
        self.last_latency_s = 0.0

    @property
    def runs(self) -> int:
        """Return how many runs ended."""
        return sum(self.outcomes)

    @property
    def mean_cost(self) -> float:
        """Return lifeforce per run, 0 before the first."""
        runs = self.runs
        return self.cost / runs if runs else 0.0

    @property
    def mean_latency_s(self) -> float:
        """Return the mean time from trigger to first act, s, of the runs that acted; 0 before the first."""
        return self.latency_s / self.acted if self.acted else 0.0

    @property
    def success_rate(self) -> float:
        """Return the share of successes among the runs that were decided, 0 before the first."""
        decided = self.runs - self.outcomes[RunOutcome.ABANDONED]
        return self.outcomes[RunOutcome.SUCCESS] / decided if decided else 0.0

    def add(self, run: NerveRun) -> None:
        """Count one more run."""
        self.outcomes[run.outcome] += 1
        self.cost += run.cost
        if run.acted_s:
            self.acted += 1
            self.latency_s += run.latency_s
            self.last_latency_s = run.latency_s

    def state(self) -> list[object]:
        """Return the sums as plain JSON values."""
        return [*self.outcomes, self.cost, self.acted, self.latency_s, self.last_latency_s]

    def restore(self, state: list[Any]) -> None:
        """Take back what `state` returned. Raises ValueError or TypeError."""
        *outcomes, cost, acted, latency_s, last_latency_s = state
        if len(outcomes) != len(RunOutcome):
            raise ValueError(f"a mode has {len(RunOutcome)} outcomes, not {len(outcomes)}")
        self.outcomes = [int(one) for one in outcomes]
        self.cost, self.acted = float(cost), int(acted)
        self.latency_s, self.last_latency_s = float(latency_s), float(last_latency_s)


class NerveStatistics:
    """The sums of one nerve, per mode."""

    __slots__ = ("modes",)

    def __init__(self) -> None:
        """Begin at nothing."""
        self.modes = tuple(ModeStatistics() for _ in Mode)

    @property
    def runs(self) -> int:
        """Return how many runs ended in all modes."""
        return sum(one.runs for one in self.modes)

    @property
    def mean_cost(self) -> float:
        """Return lifeforce per run over all modes, 0 before the first."""
        runs = self.runs
        return sum(one.cost for one in self.modes) / runs if runs else 0.0

    @property
    def acted(self) -> int:
        """Return how many runs acted."""
        return sum(one.acted for one in self.modes)

    @property
    def mean_latency_s(self) -> float:
        """Return the mean time to the first act over all modes, s, of the runs that acted."""
        acted = self.acted
        return sum(one.latency_s for one in self.modes) / acted if acted else 0.0

    def outcomes(self, outcome: RunOutcome) -> int:
        """Return how many runs ended with `outcome` in all modes."""
        return sum(one.outcomes[outcome] for one in self.modes)

    def add(self, run: NerveRun) -> None:
        """Count one more run."""
        self.modes[run.mode].add(run)

    def state(self) -> list[object]:
        """Return the sums as plain JSON values."""
        return [one.state() for one in self.modes]

    def restore(self, state: list[Any]) -> None:
        """Take back what `state` returned. Raises ValueError or TypeError."""
        for one, kept in zip(self.modes, state, strict=True):
            one.restore(kept)
