"""What things cost one life: the printed prices times a factor, or what they were measured to take.

    c = alpha * joules + beta * cpu_s + gamma * MB * s + delta * elapsed_s

Only alpha to delta are chosen (`Tariff`); the rest is measured (`nimmer.life.profile`). What was not measured keeps
its printed price.
Source: docs/domain.md section 6 (equations: costs are to be measured) and section 13 point 9.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Self

from nimmer.life.profile import LEAVE_STABLE, NERVE_EDGE, OPERATIONS, Profile, Sample
from nimmer.life.senses import CELLS, SOCIAL

VILLAGE_SCALE = 0.01
"""The factor on printed prices in a village, where simulated sensors poll up to 20 times a second."""
LOOK = tuple(f"cell.{kind.name}" for kind in CELLS[: SOCIAL + 1])
"""The six cells that a body reads in every tick, the anchor of the tariff."""
LOOK_PRICE = 2.0 * VILLAGE_SCALE
"""What one such look cost a villager before anything was measured: .5 three times, .1, .2 and .2, in lifeforce."""
EDGE_PRINTED = 0.5
"""The printed price of the edge that `nerve.edge` measures; other edges keep their proportion to it."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a machine's means are worth, in lifeforce.

    alpha: per joule; beta: per CPU-second; gamma: per MB held for 1 s; delta: per second that passes.
    """

    alpha: float = 0.0
    beta: float = 0.0
    gamma: float = 0.0
    delta: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError, naming the coefficient, when one is negative or not finite."""
        for name in ("alpha", "beta", "gamma", "delta"):
            if not 0.0 <= getattr(self, name) < inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it is finite and 0 or more")

    def cost(self, sample: Sample) -> float:
        """Return what `sample` costs, lifeforce; energy nobody could measure costs nothing."""
        return (
            self.alpha * (sample.joules or 0.0)
            + self.beta * sample.cpu_s
            + self.gamma * sample.mb * sample.elapsed_s
            + self.delta * sample.elapsed_s
        )

    def anchored(self, profile: Profile, price: float = LOOK_PRICE) -> "Tariff":
        """Return this tariff times the one factor at which a look of `profile`'s body costs `price`, lifeforce.

        Raises ValueError when the profile lacks one of the six cells, or they cost nothing, so that there is no
        such factor.
        """
        lacking = [name for name in LOOK if name not in profile.operations]
        now = sum(self.cost(profile.operations[name]) for name in LOOK if not lacking)
        if not now > 0.0:
            raise ValueError(
                f"a look that costs nothing is no anchor; not measured: {lacking or 'none of it'}"
            )
        factor = price / now
        return Tariff(self.alpha * factor, self.beta * factor, self.gamma * factor, self.delta * factor)


CPU_SECOND = 5400.0
"""What one CPU-second is worth, lifeforce; see `TARIFF`."""
TARIFF = Tariff(CPU_SECOND / 15.0, CPU_SECOND, CPU_SECOND / 1000.0, CPU_SECOND / 10.0)
"""What is chosen: a CPU-second is worth 15 joules (what a busy core draws), 1 GB held for 1 s, or 10 s that pass.

The common factor is set by one anchor: on the machine of the first profile (two cores of an AMD EPYC without RAPL,
docs/lifeforce.md) one look of a body costs measured what it costs printed, .02. A machine that can tell its joules
pays for them on top; `anchored` puts its prices back on the anchor.
"""


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one life (a `Pricing`). Plain values, so that it travels to an NPC's process.

    scale: factor on what is not measured; known: measured price by operation, lifeforce.
    """

    scale: float = VILLAGE_SCALE
    known: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError when the scale or a price is negative or not finite."""
        for name, price in (("scale", self.scale), *self.known.items()):
            if not 0.0 <= price < inf:
                raise ValueError(f"{name} is {price}; a price is finite and 0 or more")

    @classmethod
    def printed(cls, scale: float = VILLAGE_SCALE) -> Self:
        """Return the printed prices times `scale`. Raises ValueError when that is negative or not finite."""
        return cls(scale)

    @classmethod
    def measured(cls, profile: Profile, tariff: Tariff | None = None, scale: float = VILLAGE_SCALE) -> Self:
        """Return what `profile` measured at `tariff`; what it left out is the printed price times `scale`."""
        cost = (tariff or TARIFF).cost
        return cls(scale, {name: cost(sample) for name, sample in profile.operations.items()})

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the operations that have a printed price and no measured one, in the order of the table."""
        return tuple(
            name
            for name in OPERATIONS
            if name not in self.known and (name.startswith("cell.") or name in (LEAVE_STABLE, NERVE_EDGE))
        )

    def cell(self, name: str, printed: float) -> float:
        """Return what one poll or wave of the cell called `name` (with or without its version) costs."""
        price = self.known.get(f"cell.{name.partition('/')[0]}")
        return printed * self.scale if price is None else price

    def gate(self, name: str, printed: float) -> float:
        """Return what leaving STABLE costs the gate called `name`: the same for all gates."""
        return self.known.get(LEAVE_STABLE, printed * self.scale)

    def nerve(self, name: str, printed: float) -> float:
        """Return what an edge printed at `printed` costs the nerve called `name`; a free edge stays free."""
        price = self.known.get(NERVE_EDGE)
        return printed * (self.scale if price is None else price / EDGE_PRINTED)
