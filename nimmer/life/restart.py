"""When to restart what died, when to wait longer, and when to give up.

The rule of OTP supervisors: more than `intensity` deaths within `period_s` mean that restarting does not help.
Between deaths the wait grows, and a quiet period makes it short again.
Source: docs/domain.md section 8 (supervisor); Erlang/OTP, supervisor behaviour.
"""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits before a restart: `first_s`, times `factor` for each recent death, never above `most_s`."""

    first_s: float = 0.1
    factor: float = 2.0
    most_s: float = 10.0

    def __post_init__(self) -> None:
        """Raise ValueError when the numbers make no growing wait."""
        if not 0.0 <= self.first_s <= self.most_s or not self.factor >= 1.0 or not isfinite(self.most_s):
            raise ValueError(
                f"a backoff needs 0 <= first_s <= most_s and factor >= 1, not "
                f"{self.first_s}, {self.most_s} and {self.factor}"
            )

    def wait_s(self, recent: int) -> float:
        """Return the wait after the `recent`-th death in the period (1 is the first), s."""
        wait_s = self.first_s
        for _ in range(recent - 1):
            wait_s = min(self.most_s, wait_s * self.factor)
            if wait_s == self.most_s:
                break
        return wait_s


@dataclass(frozen=True, slots=True)
class Restart:
    """Restart it after `after_s`."""

    after_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Leave it dead and tell a human `reason`."""

    reason: str


class RestartPolicy:
    """One child's deaths and what follows from them. Holds at most `intensity` times."""

    __slots__ = ("_deaths_s", "backoff", "deaths", "given_up", "intensity", "period_s")

    def __init__(self, intensity: int = 5, period_s: float = 60.0, backoff: Backoff | None = None) -> None:
        """Allow `intensity` deaths in any `period_s`. Raises ValueError when either makes no sense."""
        if intensity < 0 or not 0.0 < period_s < float("inf"):
            raise ValueError(f"intensity is {intensity} and period_s {period_s}; they are >= 0 and > 0")
        self.intensity = intensity
        self.period_s = period_s
        self.backoff = backoff or Backoff()
        self.deaths = 0
        self.given_up = False
        self._deaths_s: list[float] = []

    def on_death(self, now_s: float) -> Restart | GiveUp:
        """Return what to do about a death at `now_s` (monotonic); a clock that went back counts as no time."""
        self.deaths += 1
        if self._deaths_s:
            now_s = max(now_s, self._deaths_s[-1])
        oldest_s = now_s - self.period_s
        recent = [death_s for death_s in self._deaths_s if death_s > oldest_s]
        if self.given_up or len(recent) >= self.intensity:
            self.given_up = True
            return GiveUp(
                f"died {len(recent) + 1} times in {self.period_s:g} s, and {self.intensity} are allowed"
            )
        recent.append(now_s)
        self._deaths_s = recent
        return Restart(self.backoff.wait_s(len(recent)))

    def forgive(self) -> None:
        """Begin anew, as after a human said so."""
        self._deaths_s = []
        self.given_up = False

    def state(self) -> dict[str, object]:
        """Return what the policy must remember, as plain JSON values."""
        return {"deaths": self.deaths, "given_up": self.given_up, "deaths_s": list(self._deaths_s)}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not a policy's."""
        deaths_s = state["deaths_s"]
        if not isinstance(deaths_s, list):
            raise TypeError("deaths_s must be a list of times")
        self.deaths = int(str(state["deaths"]))
        self.given_up = bool(state["given_up"])
        self._deaths_s = [float(death_s) for death_s in deaths_s]
