"""What makes one gate itself, as data: its domain, its trust, what it cares for and whom it believes alone.

Gates are rows of a table (`nimmer.life.gates`); the machine that runs a row is `nimmer.life.gate`.
Source: docs/domain.md sections 3.1 (defaults, thresholds) and 3.3 (tiers).
"""

from dataclasses import dataclass, replace

from nimmer.life.correlation import Condition

REAL_EXTRA = 0.25
"""What a gate in a real garden asks for on top."""
ORGAN_DOMAINS = frozenset({"speech", "vision"})


@dataclass(frozen=True, slots=True)
class GateSpec:
    """What makes one gate itself.

    tier: where it starts to matter; weight: trust 0..1; salience: what it cares for (nothing named: all);
    allow_self: cells that may corroborate themselves; real: stands in a real garden, so asks for more.
    """

    name: str
    domain: str
    tier: int
    weight: float
    salience: tuple[Condition, ...] = ()
    allow_self: tuple[str, ...] = ()
    window_s: float = 1.5
    refractory_s: float = 0.5
    real: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError, naming the key, the value and the range, when a number makes no gate."""
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"{self.name}: weight is {self.weight}; it is a trust from 0 to 1")
        if not self.window_s > 0.0 or not self.refractory_s >= 0.0:
            raise ValueError(f"{self.name}: window_s must be above 0 and refractory_s 0 or more")

    @property
    def threshold(self) -> float:
        """Return the value at which the gate opens."""
        return threshold_of(self.weight, self.real)

    def in_garden(self, real: bool) -> "GateSpec":
        """Return this gate as it stands in a real garden, or in a virtual one."""
        return self if self.real is real else replace(self, real=real)


def threshold_of(weight: float, real: bool = False) -> float:
    """Return the value at which a gate trusted `weight` opens: the more trust, the earlier."""
    return 1.0 - 0.5 * weight + (REAL_EXTRA if real else 0.0)


def tier_of(weight: float, domain: str) -> int:
    """Return the tier that waves of a gate with this `weight` are routed to (half-open bands)."""
    if weight >= 0.8:
        return 0
    if weight >= 0.6:
        return 1
    if weight >= 0.3:
        return 2
    return 3 if domain in ORGAN_DOMAINS else 4
