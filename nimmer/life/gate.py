"""A resonant gate: a ternary accumulator that opens when the cells of one domain agree often enough.

    on a wave at t:  A <- A * 0.95^(dt / 100 ms)
                     A <- clamp(A + confidence * correlation, -1.5, 1.5)
    STABLE -> OPEN   A >= 1 - w/2 (real gardens + .25) with two sources in the window, or one that may
                     corroborate itself
    OPEN -> STABLE   A < .5            STABLE -> CLOSED   A < -.5
    CLOSED -> STABLE A > -.25 and .5 s of refractory time passed

A wave that cannot be right never raises: it is refused, counted and its reason kept readable.
Source: docs/domain.md sections 3.1 (state machine), 3.3 (tiers) and 13 points 1-3 and 18.
"""

from collections.abc import Hashable, Iterable
from enum import IntEnum
from math import exp, inf, log
from typing import NamedTuple

from nimmer.life.correlation import MOST_SOURCES, Correlator
from nimmer.life.gate_spec import GateSpec, tier_of
from nimmer.life.senses import CELLS
from nimmer.life.wave import CellKind, Wave

DECAY_PER_S = log(0.95) / 0.1
"""Exponent of the silence: a factor of .95 each 100 ms, half-life 1351 ms."""
RELEASE = 0.5
CLOSE = -0.5
REOPEN = -0.25
BOUND = 1.5
REFLEX_WEIGHT = 0.8
VERIFIED_ENOUGH = 0.9
LEAVING_STABLE_COST = 0.3
NEVER_S = -1e18
"""A time before every clock's, which JSON can carry."""
TRIGGERS = 4
"""Trigger waves a transition names at most."""
LATE_S = 0.1
"""A wave this much older than the newest still counts (as if it came now); an older one is refused."""


class GateState(IntEnum):
    """What a gate is doing; each state knows its successors."""

    CLOSED = -1
    STABLE = 0
    OPEN = 1

    @property
    def successors(self) -> "tuple[GateState, ...]":
        """Return the states one transition can reach: OPEN and CLOSED lie two steps apart."""
        return (GateState.CLOSED, GateState.OPEN) if self is GateState.STABLE else (GateState.STABLE,)


class Cause(IntEnum):
    """Why a gate changed."""

    CORRELATION = 0
    REFLEX = 1
    VERIFIED = 2
    GOVERNOR = 3
    DECAY = 4


class Override(IntEnum):
    """What the governor holds a gate to."""

    FORCE_CLOSE = -1
    AUTO = 0
    FORCE_OPEN = 1


class Transition(NamedTuple):
    """One change of one gate, in the words of the arena's transition record.

    gate: index in its table; tier: where waves are routed from now on; value: A; correlation: of the wave that
    triggered it; cost: lifeforce; triggers: up to 4 (cell, confidence, time in s).
    """

    gate: int
    from_state: int
    to_state: int
    cause: int
    tier: int
    value: float
    correlation: float
    cost: float
    weight: float
    time_s: float
    triggers: tuple[tuple[int, float, float], ...]


NOTHING: tuple[Transition, ...] = ()


class ResonantGate:
    """One gate of one garden. Every method is given the time; none reads a clock, none raises on a bad wave."""

    __slots__ = (
        "_high",
        "_low",
        "_reflex",
        "_sizes",
        "_threshold",
        "closed_s",
        "closes",
        "correlation",
        "correlator",
        "cost",
        "discrete_state",
        "forwarded",
        "heard",
        "index",
        "now_s",
        "opens",
        "override",
        "recorded",
        "refused",
        "refused_by",
        "spec",
        "spent",
        "tier",
        "transitions",
        "value",
    )

    def __init__(
        self, spec: GateSpec, index: int = 0, kinds: Iterable[CellKind] = CELLS, price_scale: float = 1.0
    ) -> None:
        """Make a STABLE gate at 0 that hears those of `kinds` that are of its domain.

        index: its place in its table; price_scale: factor on the printed price of a transition.
        """
        table = tuple(kind for kind in kinds if kind.domain == spec.domain)
        self.spec = spec
        self.index = index
        self.cost = LEAVING_STABLE_COST * price_scale
        self.tier = tier_of(spec.weight, spec.domain)
        self.correlator = Correlator(table, spec.window_s, spec.salience, spec.allow_self)
        self._sizes = {kind.code: len(kind.fields) for kind in table}
        self._threshold = spec.threshold
        self._reflex = spec.weight > REFLEX_WEIGHT
        self.discrete_state = GateState.STABLE
        self.override = Override.AUTO
        self.value = 0.0
        self.correlation = 0.0
        self.now_s = NEVER_S
        self.closed_s = NEVER_S
        self.heard = self.recorded = self.forwarded = self.refused = 0
        self.opens = self.closes = self.transitions = 0
        self.spent = 0.0
        self.refused_by: dict[str, int] = {}
        self._set_bounds()

    def hear(self, wave: Wave, source: Hashable | None = None) -> tuple[Transition, ...]:
        """Take one wave and return the transitions it caused, none, one or two.

        source: who sent it, where cells of one kind are many (default: the cell's code). While the gate is OPEN
        afterwards, the caller forwards the wave to `tier`.
        """
        cell, time_s, confidence, _, values = wave
        if (
            len(values) != self._sizes.get(cell, -1)
            or not 0.0 <= confidence <= 1.0
            or not self.now_s - LATE_S <= time_s < inf
            or (total := sum(values)) - total != 0.0  # NaN or infinite
        ):
            return self._refuse(wave)
        key = cell if source is None else source
        correlator = self.correlator
        if len(correlator.memory) >= MOST_SOURCES and correlator.full(key, time_s):
            return self._refuse(wave)
        self.heard += 1
        self._pass(time_s)
        correlation = self.correlation = correlator.hear(key, cell, self.now_s, confidence, values)
        if self._reflex and correlator.last_salient and self.discrete_state < 1 and self.override >= 0:
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
            if self.discrete_state > 0:
                self.forwarded += 1
            return NOTHING
        return self._compare(wave)

    def settle(self, now_s: float) -> tuple[Transition, ...]:
        """Let silence pass until `now_s` and return the transitions it caused."""
        if not now_s < inf:
            return NOTHING
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

    def _pass(self, now_s: float) -> None:
        elapsed_s = now_s - self.now_s
        if elapsed_s > 0.0:
            self.now_s = now_s
            if self.value:
                self.value *= exp(DECAY_PER_S * elapsed_s)

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
        if wave is not None and self.value >= self._threshold and self._corroborated(wave):
            return found + self._go(GateState.OPEN, Cause.CORRELATION, wave)
        return found

    def _lets_go(self) -> bool:
        if self.discrete_state > 0:
            return self.value < RELEASE
        if self.discrete_state < 0:
            return self.value > REOPEN and self.now_s - self.closed_s >= self.spec.refractory_s
        return False

    def _corroborated(self, wave: Wave) -> bool:
        return self.correlator.corroborates_itself(wave.cell) or self.correlator.sources(self.now_s) >= 2

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
        if to is GateState.OPEN:
            self.opens += 1
        elif to is GateState.CLOSED:
            self.closes += 1
            self.closed_s = self.now_s
        correlation = self.correlation if wave is not None else 0.0
        return Transition(
            self.index, before.value, to.value, cause.value, self.tier, self.value, correlation, cost,
            self.spec.weight, self.now_s, self._triggers(),
        )  # fmt: skip

    def _triggers(self) -> tuple[tuple[int, float, float], ...]:
        newest = self.correlator.newest(self.now_s, TRIGGERS)
        return tuple((heard.cell, heard.confidence, heard.time_s) for heard in newest)

    def _set_bounds(self) -> None:
        """Keep the range of values in which nothing can happen, so that most waves are done after one test."""
        if self.override:
            self._low, self._high = -inf, inf
        elif self.discrete_state is GateState.STABLE:
            self._low, self._high = CLOSE, self._threshold
        elif self.discrete_state is GateState.OPEN:
            self._low, self._high = RELEASE, inf
        else:
            self._low, self._high = -inf, REOPEN

    def _refuse(self, wave: Wave) -> tuple[Transition, ...]:
        if wave.cell not in self._sizes:
            return self._count(f"not a cell of domain {self.spec.domain}")
        if len(wave.values) != self._sizes[wave.cell]:
            return self._count(f"not the {self._sizes[wave.cell]} values of its kind")
        if not 0.0 <= wave.confidence <= 1.0:
            return self._count("confidence outside 0..1")
        if not wave.time_s < inf:
            return self._count("time is not finite")
        if wave.time_s < self.now_s - LATE_S:
            return self._count("older than the newest wave: its clock went back")
        if any(value - value != 0.0 for value in wave.values):
            return self._count("a value is not finite")
        return self._count("more sources than one gate remembers")

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
        return found

    def restore(self, state: dict[str, object], shift_s: float = 0.0) -> None:
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
    "opens": int,
    "closes": int,
    "transitions": int,
}
"""What of a gate is a plain number."""
