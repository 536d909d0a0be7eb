"""A resonant gate: a ternary accumulator that opens when the cells of one domain agree often enough.

    on a wave at t:  A <- A * 0.95^(dt / 100 ms)
                     A <- clamp(A + confidence * correlation, -1.5, 1.5)
    STABLE -> OPEN   A >= 1 - w/2 (real gardens + .25) with two sources in the window, or one that may
                     corroborate itself and has spoken there before
    OPEN -> STABLE   A < .5            STABLE -> CLOSED   A < -.5
    CLOSED -> STABLE A > -.25 and .5 s of refractory time passed

The weight w is trust, and moves only by what became of its openings (`nimmer.life.trust`). A wave that cannot be right never raises: it is refused, counted and its reason kept
readable. Source: docs/domain.md sections 3.1 (state machine), 3.2 f (priming), 3.3 (tiers), 3.4 (learning) and 13
points 1-3, 6 and 18.
"""

from collections.abc import Iterable, Mapping
from math import exp, inf, log, nan
from typing import Any

from nimmer.life.correlation import MOST_SOURCES, Correlator
from nimmer.life.gate_spec import GateSpec
from nimmer.life.pricing import Pricing
from nimmer.life.refusal import reason_of
from nimmer.life.senses import CELLS
from nimmer.life.transition import (
    PSEUDO_OF_CAUSE,
    SOURCE_ATTENTION,
    SOURCE_GOVERNOR,
    SOURCE_VERIFIED,
    Cause,
    GateState,
    Override,
    Transition,
    Trigger,
)
from nimmer.life.trust import Trust, triggers_of
from nimmer.life.verification import VERIFIED_ENOUGH, Outcome
from nimmer.life.wave import CellKind, Wave

__all__ = [
    "SOURCE_ATTENTION",
    "SOURCE_GOVERNOR",
    "SOURCE_VERIFIED",
    "Cause",
    "GateState",
    "Override",
    "ResonantGate",
    "Transition",
    "Trigger",
]

DECAY_PER_S = log(0.95) / 0.1  # a factor of .95 each 100 ms, half-life 1351 ms
RELEASE = 0.5
CLOSE = -0.5
REOPEN = -0.25
BOUND = 1.5
LEAVING_STABLE_COST = 0.3
NEVER_S = -1e18
"""A time before every clock's, which JSON can carry."""
TRIGGERS = 4
"""Trigger waves a transition names at most."""
LATE_S = 0.1
"""A wave this much older than the newest still counts (as if it came now); an older one is refused."""
DELAY_S = 1.5
"""A wave this long under way, by its hearer's clock, counts as if it came now; an older one is refused."""
AHEAD_S = 60.0
"""A wave this far ahead of its hearer's clock counts as if it came now; one further ahead is refused."""
BODY_NODES = 32
"""Patterns a gate of a body remembers: all its gates must fit into what an NPC keeps across its death."""

NOTHING: tuple[Transition, ...] = ()


class ResonantGate:
    """One gate of one garden. Every method is given the time; none reads a clock, none raises on a bad wave."""

    __slots__ = (
        "_high", "_low", "_named", "_sizes", "closed_s", "closes", "correlation", "correlator", "cost",
        "discrete_state", "forwarded", "heard", "index", "now_s", "override", "recorded", "refused", "refused_by",
        "rewound", "spec", "spent", "tier", "transitions", "trust", "value",
    )  # fmt: skip

    def __init__(
        self,
        spec: GateSpec,
        index: int = 0,
        kinds: Iterable[CellKind] = CELLS,
        price_scale: float = 1.0,
        prices: Pricing | None = None,
        most_nodes: int = BODY_NODES,
    ) -> None:
        """Make a STABLE gate at 0 that hears those of `kinds` that are of its domain.

        index: its place in its table; price_scale: factor on the printed price of a transition, where no `prices`
        are given; most_nodes: patterns it remembers.
        """
        table = tuple(kind for kind in kinds if kind.domain == spec.domain)
        self.spec = spec
        self.index = index
        self.cost = LEAVING_STABLE_COST * price_scale
        if prices is not None:
            self.cost = prices.gate(spec.name, LEAVING_STABLE_COST)
        self.correlator = Correlator(table, spec.window_s, spec.salience, spec.allow_self)
        self.trust = Trust(spec, table, most_nodes)
        self._sizes = {kind.code: len(kind.fields) for kind in table}
        self.discrete_state = GateState.STABLE
        self.override = Override.AUTO
        self.value = self.correlation = self.spent = 0.0
        self.now_s = self.closed_s = NEVER_S
        self.heard = self.recorded = self.forwarded = self.refused = self.rewound = self.closes = 0
        self.transitions = 0
        self.tier = self.trust.tier
        self.refused_by: dict[str, int] = {}
        self._named: tuple[Trigger, ...] = ()
        self._set_bounds()

    @property
    def weight(self) -> float:
        """Return the trust it has earned, 0..1."""
        return self.trust.weight

    @property
    def opens(self) -> int:
        """Return how often it has opened."""
        return self.trust.opens

    @property
    def reflex_achieved(self) -> int:
        """Return how often learning has made it a reflex, 0 or 1."""
        return self.trust.reflex_achieved

    def hear(
        self, wave: Wave, source: str | None = None, now_s: float | None = None
    ) -> tuple[Transition, ...]:
        """Take one wave and return the transitions it caused, none, one or two.

        source: whose cell sent it, where cells of one kind are many. now_s: the hearer's own time, where waves
        come from other processes; no wave takes the gate beyond it. While the gate is OPEN afterwards, the caller
        forwards the wave to `tier`.
        """
        cell, time_s, confidence, _, values = wave
        time_s = time_s if now_s is None else self._heard_at(time_s, now_s)
        key = (source, cell) if source else cell
        correlator = self.correlator
        if (
            len(values) != self._sizes.get(cell, -1)
            or not 0.0 <= confidence <= 1.0
            or not self.now_s - LATE_S <= time_s < inf
            or (total := sum(values)) - total != 0.0  # NaN or infinite
            or (len(correlator.memory) >= MOST_SOURCES and correlator.full(key, time_s))
        ):
            return self._refuse(wave, now_s)
        self.heard += 1
        self._pass(time_s)
        correlation = correlator.hear(key, cell, self.now_s, confidence, values)
        trust = self.trust
        if trust.primed and correlation < trust.weight and correlator.last_salient:
            correlation = max(correlation, trust.prior.expects(cell, values, trust.weight))
        self.correlation = correlation
        if trust.reflex and correlator.last_salient and self.discrete_state < 1 and self.override >= 0:
            return self._open_directly(Cause.REFLEX, wave)
        value = self.value
        if self.override < 0 or (
            self.discrete_state < 0 and self.now_s - self.closed_s < self.spec.refractory_s
        ):
            self.recorded += 1
        elif correlation:
            value += confidence * correlation
            value = self.value = BOUND if value > BOUND else max(value, -BOUND)
        if self._low <= value < self._high:
            self.forwarded += self.discrete_state > 0
            return NOTHING
        return self._compare(wave)

    def settle(self, now_s: float) -> tuple[Transition, ...]:
        """Let silence pass until `now_s`, the holder's own time, and return the transitions it caused.

        A gate that waves have taken far ahead of its holder is taken back, so that it is not deaf until then.
        """
        if not -inf < now_s < inf:
            return NOTHING
        if now_s < self.now_s - AHEAD_S:
            self._rewind(now_s)
        self._pass(now_s)
        if self._low <= self.value < self._high:
            return NOTHING
        return self._compare(None)

    def verify(self, confidence: float, now_s: float) -> tuple[Transition, ...]:
        """Open a real gate directly on a verified signal of `confidence` .9 or more; anything else does nothing."""
        if not (self.spec.real and VERIFIED_ENOUGH <= confidence <= 1.0 and now_s < inf):
            return NOTHING
        if self.override < 0 or self.discrete_state > 0:
            return NOTHING
        self._pass(now_s)
        return self._open_directly(Cause.VERIFIED, None)

    def force(self, mode: int, now_s: float) -> tuple[Transition, ...]:
        """Hold the gate open (1) or closed (-1), or let it go (0); any other `mode` is refused and counted."""
        if not now_s < inf or mode not in (-1, 0, 1):
            return self._count(f"override {mode} is none of -1, 0, 1")
        self._pass(now_s)
        self.override = Override(mode)
        if mode > 0:
            return self._open_directly(Cause.GOVERNOR, None)
        if mode < 0:
            self.value = min(self.value, CLOSE)
            return self._go(GateState.CLOSED, Cause.GOVERNOR, None)
        self._set_bounds()
        return NOTHING

    def close(self, now_s: float) -> tuple[Transition, ...]:
        """Close the gate once, since attention has no room for it; it lets go again by the usual rule.

        One that is closed already, or that the governor holds, stays as it is.
        """
        if not now_s < inf or self.override or self.discrete_state < 0:
            return NOTHING
        self._pass(now_s)
        self.value = min(self.value, CLOSE)
        return self._go(GateState.CLOSED, Cause.ATTENTION, None)

    def learn(self, outcome: Outcome, now_s: float) -> float:
        """Take what became of the last opening and return by how much the weight moved.

        Confirmed: weight + .02, its node + .1, and the prior learns what it looked like; failed: both less;
        partial: nothing. An outcome that is none is refused and counted.
        """
        if outcome not in (-1, 0, 1) or not -inf < now_s < inf:
            self._count(f"outcome {outcome} is none of -1, 0, 1")
            return 0.0
        moved = self.trust.learn(outcome, now_s, self.correlator.salient)
        if self.discrete_state is not GateState.OPEN:
            self.tier = self.trust.tier  # while it is open, the pattern that opened it routes
        self._set_bounds()
        return moved

    def _heard_at(self, time_s: float, now_s: float) -> float:
        """Return when a wave from elsewhere counts as heard, by the hearer's clock; NaN where it is refused."""
        if now_s - DELAY_S <= time_s <= now_s + AHEAD_S:
            return min(max(time_s, self.now_s - LATE_S), now_s)
        return nan

    def _pass(self, now_s: float) -> None:
        elapsed_s = now_s - self.now_s
        if elapsed_s > 0.0:
            self.now_s = now_s
            if self.value:
                self.value *= exp(DECAY_PER_S * elapsed_s)

    def _rewind(self, now_s: float) -> None:
        self.rewound += 1
        self.now_s = now_s
        self.closed_s = min(self.closed_s, now_s)
        self.correlator.forget_after(now_s)

    def _compare(self, wave: Wave | None) -> tuple[Transition, ...]:
        """Return the transitions that the value now calls for; a wave can open, silence can only let go.

        1. hold while forced, or closed for less than the refractory time; 2. let go of OPEN and CLOSED;
        3. leave STABLE, which may follow at once.
        """
        if self.override:
            return NOTHING
        found = NOTHING
        if self._lets_go():
            pushed = wave is not None and self.correlation * self.discrete_state < 0.0
            found = self._go(GateState.STABLE, Cause.CORRELATION if pushed else Cause.DECAY, wave)
        if self.discrete_state:
            return found
        if self.value < CLOSE:
            return found + self._go(GateState.CLOSED, Cause.CORRELATION, wave)
        if wave is None or self.value < self.trust.threshold:
            return found
        if not self.correlator.corroborated(wave.cell, self.now_s):
            return found
        return found + self._go(GateState.OPEN, Cause.CORRELATION, wave)

    def _lets_go(self) -> bool:
        if self.discrete_state > 0:
            return self.value < RELEASE
        if self.discrete_state < 0:
            return self.value > REOPEN and self.now_s - self.closed_s >= self.spec.refractory_s
        return False

    def _open_directly(self, cause: Cause, wave: Wave | None) -> tuple[Transition, ...]:
        self.value = max(self.value, 1.0)
        return self._go(GateState.OPEN, cause, wave)

    def _go(self, to: GateState, cause: Cause, wave: Wave | None) -> tuple[Transition, ...]:
        """Walk to state `to`, over STABLE where it lies between, and return every step."""
        found: list[Transition] = []
        while self.discrete_state is not to:
            step = to if to in self.discrete_state.successors else GateState.STABLE
            found.append(self._step(step, cause, wave))
        self._set_bounds()
        return tuple(found)

    def _step(self, to: GateState, cause: Cause, wave: Wave | None) -> Transition:
        before = self.discrete_state
        cost = self.cost if before is GateState.STABLE else 0.0
        self.discrete_state = to
        self.transitions += 1
        self.spent += cost
        triggers = self._triggers(cause)
        correlation = self.correlation if wave is not None else 0.0
        trust = self.trust
        self.tier = trust.tier
        if to is GateState.OPEN:
            self.tier = trust.fire(cause, triggers, correlation, self.now_s)
        elif to is GateState.CLOSED:
            self.closes += 1
            self.closed_s = self.now_s
        if to is not GateState.STABLE:
            self._named = triggers
        return Transition(
            self.index, before.value, to.value, cause.value, self.tier, self.value, correlation, cost,
            trust.weight, self.now_s, triggers, trust.node if to is GateState.OPEN else 0,
        )  # fmt: skip

    def _triggers(self, cause: Cause) -> tuple[Trigger, ...]:
        """Return who is named: the waves in the window, else who gave the order, else who was named last."""
        newest = self.correlator.newest(self.now_s, TRIGGERS)
        if newest:
            return tuple((heard.cell, heard.confidence, heard.time_s, heard.values) for heard in newest)
        if cause in PSEUDO_OF_CAUSE or not self._named:
            return ((PSEUDO_OF_CAUSE.get(cause, SOURCE_GOVERNOR), 1.0, self.now_s, ()),)
        return self._named

    def _set_bounds(self) -> None:
        """Keep the range of values in which nothing can happen, so that most waves are done after one test."""
        if self.override:
            self._low, self._high = -inf, inf
        elif self.discrete_state is GateState.STABLE:
            self._low, self._high = CLOSE, self.trust.threshold
        elif self.discrete_state is GateState.OPEN:
            self._low, self._high = RELEASE, inf
        else:
            self._low, self._high = -inf, REOPEN

    def _refuse(self, wave: Wave, now_s: float | None) -> tuple[Transition, ...]:
        oldest_s, newest_s = self.now_s - LATE_S, inf
        if now_s is not None:
            oldest_s, newest_s = now_s - DELAY_S, now_s + AHEAD_S
        size = self._sizes.get(wave.cell)
        return self._count(reason_of(wave, self.spec.domain, size, oldest_s, newest_s))

    def _count(self, reason: str) -> tuple[Transition, ...]:
        self.refused += 1
        self.refused_by[reason] = self.refused_by.get(reason, 0) + 1
        return NOTHING

    def state(self) -> dict[str, object]:
        """Return what the gate must remember, as plain JSON values."""
        found: dict[str, object] = {name: getattr(self, name) for name in _COUNTED}
        found["discrete_state"] = self.discrete_state.value
        found["override"] = self.override.value
        found["refused_by"] = dict(self.refused_by)
        found["correlator"] = self.correlator.state()
        found["trust"] = self.trust.state()
        found["named"] = [[*one[:3], list(one[3])] for one in self._named]
        return found

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned; `shift_s` is added to its times when the clock began anew.

        Raises KeyError, TypeError or ValueError when it is not a gate's.
        """
        for name, kind in _COUNTED.items():
            setattr(self, name, kind(str(state[name])))
        self.now_s += shift_s
        self.closed_s += shift_s
        self.discrete_state = GateState(int(str(state["discrete_state"])))
        self.override = Override(int(str(state["override"])))
        refused_by, heard = state["refused_by"], state["correlator"]
        if not isinstance(refused_by, dict) or not isinstance(heard, list):
            raise TypeError("a gate's refused_by is an object and its correlator a list")
        self.refused_by = {str(reason): int(count) for reason, count in refused_by.items()}
        self.correlator.restore(heard, shift_s)
        self.trust.restore(state["trust"], shift_s)
        self._named = triggers_of(state["named"], shift_s)
        self._set_bounds()


_COUNTED: dict[str, type[int] | type[float]] = {
    "value": float,
    "correlation": float,
    "now_s": float,
    "closed_s": float,
    "spent": float,
    "heard": int,
    "recorded": int,
    "forwarded": int,
    "refused": int,
    "rewound": int,
    "closes": int,
    "transitions": int,
    "tier": int,
}
"""What of a gate is a plain number."""
