"""Trust: what a gate has learned from its openings, and all that follows from it.

    weight     +.02 when an opening is confirmed, -.02 when it failed; from it the threshold, the reflex (above .8),
               the priming (from .3) and the tier of what no pattern routes
    nodes      the patterns that opened the gate, each with a weight that routes
    prior      what confirmed openings looked like

Source: docs/domain.md sections 3.1 (reflex bypass), 3.2 f, 3.3, 3.4 and 13 point 6.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nimmer.life.correlation import Values
from nimmer.life.gate_spec import GateSpec, threshold_of, tier_of
from nimmer.life.node import NodeMap
from nimmer.life.priming import PRIMED_WEIGHT, Prior
from nimmer.life.transition import Cause, Trigger
from nimmer.life.verification import Outcome, weight_delta
from nimmer.life.wave import CellKind

REFLEX_WEIGHT = 0.8


class Trust:
    """The weight of one gate and what moves it; it changes only in `learn`."""

    __slots__ = (
        "_spec",
        "failed_opens",
        "node",
        "nodes",
        "opened_correlation",
        "opening",
        "opens",
        "primed",
        "prior",
        "reflex",
        "reflex_achieved",
        "threshold",
        "tier",
        "verified_opens",
        "weight",
    )

    def __init__(self, spec: GateSpec, kinds: Iterable[CellKind], most_nodes: int) -> None:
        """Start with the trust that the row `spec` gives; `kinds` are the cells the gate hears."""
        table = tuple(kinds)
        self._spec = spec
        self.weight = spec.weight
        self.nodes = NodeMap(table, most_nodes)
        self.prior = Prior(table)
        self.opens = self.verified_opens = self.failed_opens = 0
        self.opened_correlation = 0.0
        """Sum over the openings of the correlation that opened."""
        self.reflex_achieved = 0
        """How often learning has made the gate a reflex: 0 or 1; one born a reflex achieves nothing by it."""
        self.node = 0
        """Key of the pattern that opened the gate last, 0 when an order did."""
        self.opening: tuple[Trigger, ...] = ()
        """The waves named at the last opening, none when an order opened it."""
        self._follow()

    def fire(self, cause: Cause, triggers: tuple[Trigger, ...], correlation: float, now_s: float) -> int:
        """Count an opening, let its pattern fire, and return the tier that it routes to.

        A reflex goes to tier 0; an order (governor, verified signal) has no pattern, so the gate's weight routes.
        """
        self.opens += 1
        self.opened_correlation += correlation
        self.node = 0
        self.opening = ()
        if cause is not Cause.CORRELATION and cause is not Cause.REFLEX:
            return self.tier
        self.opening = triggers
        self.node = self.nodes.key(triggers, now_s)
        weight = self.nodes.fire(self.node, now_s)
        return 0 if cause is Cause.REFLEX else tier_of(weight, self._spec.domain)

    def learn(self, outcome: Outcome, now_s: float, cared_for: Callable[[int, Values], bool]) -> float:
        """Take what became of the last opening and return by how much the weight moved.

        cared_for: whether the gate cares for what a cell said; the prior learns nothing else.
        """
        self.verified_opens += outcome > 0
        self.failed_opens += outcome < 0
        self.nodes.learn(self.node, outcome, now_s)
        if outcome > 0:
            self.prior.learn([one for one in self.opening if cared_for(one[0], one[3])])
        before = self.weight
        # whole hundredths stay so: .1 and 35 times .02 is .8, and no reflex yet
        self.weight = round(min(max(before + weight_delta(outcome), 0.0), 1.0), 9)
        if before <= REFLEX_WEIGHT < self.weight and self._spec.weight <= REFLEX_WEIGHT:
            self.reflex_achieved = 1
        self._follow()
        return round(self.weight - before, 9)

    @property
    def verification_rate(self) -> float:
        """Return the share of the openings that were confirmed, 0..1; 0 before the first."""
        return min(self.verified_opens / self.opens, 1.0) if self.opens else 0.0

    def _follow(self) -> None:
        self.threshold = threshold_of(self.weight, self._spec.real)
        self.reflex = self.weight > REFLEX_WEIGHT
        self.primed = self.weight >= PRIMED_WEIGHT and bool(self.prior.means)
        self.tier = tier_of(self.weight, self._spec.domain)

    def state(self) -> dict[str, object]:
        """Return what was learned, as plain JSON values."""
        return {
            **{name: getattr(self, name) for name in _COUNTED},
            "nodes": self.nodes.state(),
            "prior": self.prior.state(),
            "opening": [[*one[:3], list(one[3])] for one in self.opening],
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not the trust of such a gate.
        """
        for name, kind in _COUNTED.items():
            setattr(self, name, kind(str(state[name])))
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"{self._spec.name}: weight is {self.weight}; it is a trust from 0 to 1")
        self.nodes.restore(state["nodes"], shift_s)
        self.prior.restore(state["prior"])
        self.opening = triggers_of(state["opening"], shift_s)
        self._follow()


def triggers_of(state: Iterable[Any], shift_s: float = 0.0) -> tuple[Trigger, ...]:
    """Return the triggers that were kept as lists, times shifted by `shift_s`.

    Raises TypeError or ValueError when they are none.
    """
    return tuple(
        (int(cell), float(confidence), float(time_s) + shift_s, tuple(map(float, values)))
        for cell, confidence, time_s, values in state
    )


_COUNTED: dict[str, type[int] | type[float]] = {
    "weight": float,
    "opened_correlation": float,
    "opens": int,
    "verified_opens": int,
    "failed_opens": int,
    "reflex_achieved": int,
    "node": int,
}
"""What of a trust is a plain number."""
