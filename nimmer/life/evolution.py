"""How a nerve grows from deliberate over hybrid to reflex, and back: the numbers and the book-keeping.

    w < .3             DELIBERATE  one edge per tick, every edge at four times its printed price
    .3 <= w            HYBRID      a known situation is done at once at 1.2 times; an unknown one is deliberated,
                                   and stored when that worked
    compiled           REFLEX      the whole path in one tick at the printed price

    compiled: 100 successes of one state sequence AND w > .8 AND success rate >= .85
    demoted:  w <= .7; the sequence must then earn its hundred anew

For collision avoidance, whose path is printed at 2.5, that is 10, 3 and 2.5 lifeforce; the published mean of 5 in
hybrid is what five known situations in seven cost: (5 * 3 + 2 * 10) / 7. The rate is that of the last hundred
decided runs: over a whole life a nerve that began at the published 60 % and then does 85 % could never reach 85.
Source: docs/domain.md section 5 (evolution) and section 13 points 6 and 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from math import isfinite
from typing import Any

from nimmer.errors import NerveError
from nimmer.life.nerve_run import Mode, Run, RunEvent, RunOutcome
from nimmer.life.patterns import PatternLibrary
from nimmer.life.vocabulary import Signature

MOST = 10_000
"""No count of the rules is higher: what is counted must fit an NPC's memory."""


@dataclass(frozen=True, slots=True)
class EvolutionRules:
    """The thresholds of growth, the published ones unless told otherwise. Raises NerveError when they contradict.

    hybrid_weight: where remembering begins; match, store: confidence above which a pattern is used, and at which
    it is stored; gain, loss: what using it moves; compile_*: what a reflex takes; demote_weight: where it is lost;
    rate_runs: over how many decided runs the rate is taken; patterns, sequences: how many are kept;
    *_price: factor on every printed price; deliberate_edges: edges a deliberating nerve walks per tick.
    """

    hybrid_weight: float = 0.3
    demote_weight: float = 0.7
    compile_weight: float = 0.8
    compile_successes: int = 100
    compile_rate: float = 0.85
    rate_runs: int = 100
    match: float = 0.8
    store: float = 0.9
    gain: float = 0.02
    loss: float = 0.05
    patterns: int = 64
    sequences: int = 16
    deliberate_price: float = 4.0
    match_price: float = 1.2
    reflex_price: float = 1.0
    deliberate_edges: int = 1

    def __post_init__(self) -> None:
        """Raise NerveError, naming key, value and range, when a number is out of range or contradicts another."""
        for name in _SHARES:
            _require(
                0.0 <= getattr(self, name) <= 1.0, name, getattr(self, name), "it is a share from 0 to 1"
            )
        for name in _COUNTS:
            value = getattr(self, name)
            fits = isinstance(value, int) and 1 <= value <= MOST
            _require(fits, name, value, f"it is a whole number from 1 to {MOST}")
        for name in _PRICES:
            value = getattr(self, name)
            _require(isfinite(value) and value >= 0.0, name, value, "it is a factor from 0")
        for low, high in _BELOW:
            value, limit = getattr(self, low), getattr(self, high)
            _require(value < limit, low, value, f"it must be below {high}, which is {limit}")
        for low, high in _AT_MOST:
            value, limit = getattr(self, low), getattr(self, high)
            _require(value <= limit, low, value, f"it must not be above {high}, which is {limit}")
        _require(self.compile_weight < 1.0, "compile_weight", self.compile_weight, "a weight must exceed it")

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "EvolutionRules":
        """Return the rules with the keys of `table` in place of the published ones. Raises NerveError."""
        known = [one.name for one in fields(cls)]
        for key, value in table.items():
            if key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                raise NerveError(f"evolution: {key} is no rule; {hint}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise NerveError(f"evolution: {key} is {value!r}; it is a number")
        return cls(**table)


_SHARES = (
    "hybrid_weight", "demote_weight", "compile_weight", "compile_rate", "match", "store", "gain", "loss",
)  # fmt: skip
_COUNTS = ("compile_successes", "rate_runs", "patterns", "sequences", "deliberate_edges")
_PRICES = ("deliberate_price", "match_price", "reflex_price")
_BELOW = (("demote_weight", "compile_weight"), ("hybrid_weight", "compile_weight"), ("match", "store"))
_AT_MOST = (("reflex_price", "match_price"), ("match_price", "deliberate_price"))


def _require(holds: bool, key: str, value: object, why: str) -> None:
    if not holds:
        raise NerveError(f"evolution: {key} is {value}; {why}")


class Evolution:
    """How far one nerve of one body has grown."""

    __slots__ = ("_demoted", "_recent", "_sequences", "compiled", "decided", "library", "rules")

    def __init__(self, rules: EvolutionRules) -> None:
        """Begin with nothing learned."""
        self.rules = rules
        self.library = PatternLibrary(rules.patterns, rules.match, rules.store, rules.gain, rules.loss)
        self.compiled: tuple[int, ...] | None = None
        self.decided = 0
        self._recent = 0
        self._sequences: dict[tuple[int, ...], int] = {}
        self._demoted = False

    @property
    def success_rate(self) -> float:
        """Return the share of successes among the last `rate_runs` decided runs, 0 before the first."""
        return self._recent.bit_count() / self.decided if self.decided else 0.0

    def mode(self, weight: float) -> Mode:
        """Return how a nerve behind a gate of this `weight` would run now."""
        if self.compiled is not None and weight > self.rules.demote_weight:
            return Mode.REFLEX
        return Mode.HYBRID if weight >= self.rules.hybrid_weight else Mode.DELIBERATE

    def choose(self, weight: float) -> Mode:
        """Return the mode of a run that begins now; trust that was lost takes the reflex with it."""
        if self.compiled is not None and weight <= self.rules.demote_weight:
            self.demote()
        return self.mode(weight)

    def settle(
        self,
        run: Run,
        outcome: RunOutcome,
        weight: float,
        signature: Signature | None,
        commands: tuple[int, ...],
    ) -> RunEvent:
        """Learn from a run that ended and return what became of the skill.

        signature, commands: the situation it acted in (None: it did not act) and what it did there.
        """
        succeeded = outcome == RunOutcome.SUCCESS
        if outcome != RunOutcome.ABANDONED:
            self._count(succeeded)
            if signature is not None and run.mode == Mode.HYBRID:
                self._remember(run.matched, succeeded, signature, commands)
        compiled = succeeded and self._compiles(tuple(run.states), weight)
        demoted, self._demoted = self._demoted, False
        if compiled:
            return RunEvent.COMPILED
        return RunEvent.DEMOTED if demoted else RunEvent.NONE

    def _count(self, succeeded: bool) -> None:
        most = self.rules.rate_runs
        self._recent = (self._recent << 1 | succeeded) & (1 << most) - 1
        self.decided = min(self.decided + 1, most)

    def _remember(
        self, matched: bool, succeeded: bool, signature: Signature, commands: tuple[int, ...]
    ) -> None:
        if matched:
            self.library.judge(signature, succeeded)
        elif succeeded:
            self.library.store(signature, commands)

    def _compiles(self, sequence: tuple[int, ...], weight: float) -> bool:
        known = self._sequences
        if sequence not in known and len(known) >= self.rules.sequences:
            del known[min(known, key=known.__getitem__)]
        count = known[sequence] = known.get(sequence, 0) + 1
        rules = self.rules
        ripe = count >= rules.compile_successes and self.success_rate >= rules.compile_rate
        if self.compiled is not None or not ripe or weight <= rules.compile_weight:
            return False
        self.compiled = sequence
        return True

    def demote(self) -> None:
        """Lose the reflex, if there is one: its path must earn its successes anew."""
        if self.compiled is not None:
            self._sequences.pop(self.compiled, None)
        self.compiled = None
        self._demoted = True

    def state(self) -> dict[str, object]:
        """Return what was learned, as plain JSON values."""
        return {
            "compiled": None if self.compiled is None else list(self.compiled),
            "sequences": [[list(path), count] for path, count in self._sequences.items()],
            "decided": self.decided,
            "recent": f"{self._recent:x}",
            "demoted": self._demoted,
            "library": self.library.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is none."""
        compiled = state["compiled"]
        self.compiled = None if compiled is None else tuple(int(one) for one in compiled)
        self._sequences = {tuple(int(one) for one in path): int(count) for path, count in state["sequences"]}
        most = self.rules.rate_runs
        self._recent = int(str(state["recent"]), 16) & (1 << most) - 1
        self.decided = min(int(state["decided"]), most)
        self._demoted = bool(state["demoted"])
        self.library.restore(state["library"])
