"""How far the cells of one domain agree: the number that drives a gate, from -1 (contradiction) to 1.

    corr(x) = sum(a_y * sem(x, y)) / sum(a_y)      over the newest in-window wave y of each other source
    a_y     = conf_y * (1 - |conf_x - conf_y|) * 2^(-dt / window)
    sem     = weighted mean over shared fields: predicate and categories +-1 (weight 2), numbers
              max(-1, 1 - 2|a - b| / scale) (weight 1)

A wave its gate does not care for (not salient) can only contradict; a wave without a partner may corroborate
its own source's last one at half strength, where the gate allows it. Two owners (hosts, devices) never contradict
each other: what is near to one need not be near to the other. A learned prior (section 3.2 f) is the gate's, see
`nimmer.life.priming`.
Source: docs/domain.md section 3.2 a-e.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from nimmer.life.wave import CellKind

Values = tuple[float, ...]
Key = int | tuple[str, int]
"""A source: the code of a cell or, where cells of one kind are many, its owner and that code."""

SELF_STRENGTH = 0.5
"""What agreeing with oneself is worth against agreeing with another."""
MOST_SOURCES = 64
"""Sources one gate remembers; when it is full, those that left the window go first."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way for a wave to be salient: `above < field < below`."""

    field: str
    above: float = -inf
    below: float = inf


class Pair(NamedTuple):
    """How to compare waves of two kinds, worked out once: indices of their shared fields."""

    numbers: tuple[tuple[int, int, float], ...]
    categories: tuple[tuple[int, int], ...]
    scope: tuple[int, int] | None
    weight: float


class Heard(NamedTuple):
    """The newest wave of one source."""

    cell: int
    time_s: float
    confidence: float
    values: Values
    salient: bool


def compare(x: CellKind, y: CellKind) -> Pair:
    """Return how waves of kinds `x` and `y` compare: shared are fields of one name and kind, identities never."""
    numbers: list[tuple[int, int, float]] = []
    categories: list[tuple[int, int]] = []
    scope: tuple[int, int] | None = None
    place = {field.name: index for index, field in enumerate(y.fields)}
    for index, field in enumerate(x.fields):
        other = place.get(field.name)
        if other is None or y.fields[other].kind != field.kind:
            continue
        if field.scope:
            scope = (index, other)
        elif field.kind == "number":
            numbers.append((index, other, 2.0 / field.scale))
        elif field.kind == "category":
            categories.append((index, other))
    return Pair(tuple(numbers), tuple(categories), scope, len(numbers) + 2.0 * len(categories))


def semantic(pair: Pair, x: Values, y: Values, predicate: int = 0) -> float:
    """Return how far two meanings agree, -1..1.

    predicate: +1 when the gate finds both salient or neither, -1 when only one, 0 when it has no predicate.
    """
    total = 2.0 * predicate
    weight = pair.weight + 2.0 if predicate else pair.weight
    if not weight:
        return 0.0
    for i, j, slope in pair.numbers:
        likeness = 1.0 - slope * abs(x[i] - y[j])
        total += likeness if likeness > -1.0 else -1.0
    for i, j in pair.categories:
        total += 2.0 if x[i] == y[j] else -2.0
    return total / weight


def same_scope(pair: Pair, x: Values, y: Values) -> bool:
    """Return whether two meanings speak of the same thing, so that they can contradict each other."""
    return pair.scope is None or x[pair.scope[0]] == y[pair.scope[1]]


class Correlator:
    """One gate's memory of its sources, and the correlation of each new wave with it."""

    __slots__ = (
        "_has_predicate",
        "_pairs",
        "_selves",
        "_tests",
        "last_previous",
        "last_salient",
        "memory",
        "window_s",
    )

    def __init__(
        self,
        kinds: Iterable[CellKind],
        window_s: float,
        salience: tuple[Condition, ...] = (),
        allow_self: tuple[str, ...] = (),
    ) -> None:
        """Prepare for waves of `kinds`.

        Args:
            kinds: the cells this gate can hear, all of its domain.
            window_s: how long a wave can be a partner, s.
            salience: ways for a wave to be salient, any of which is enough; none at all: every wave is.
            allow_self: names of the cells that may corroborate themselves.
        """
        table = tuple(kinds)
        self.window_s = window_s
        self.memory: dict[Key, Heard] = {}
        self.last_salient = False
        self.last_previous: Heard | None = None
        """What the source of the last wave had said before."""
        self._has_predicate = bool(salience)
        self._pairs = {x.code: {y.code: compare(x, y) for y in table} for x in table}
        self._selves = frozenset(kind.code for kind in table if kind.name in allow_self)
        self._tests = {kind.code: _tests(kind, salience) for kind in table}

    def salient(self, cell: int, values: Values) -> bool:
        """Return whether the gate cares for a wave that says `values`."""
        if not self._has_predicate:
            return True
        for index, above, below in self._tests[cell]:  # noqa: SIM110  a generator costs more than the test
            if above < values[index] < below:
                return True
        return False

    def hear(self, source: Key, cell: int, now_s: float, confidence: float, values: Values) -> float:
        """Remember a wave and return its correlation with what the gate has heard, -1..1."""
        salient = self.last_salient = self.salient(cell, values)
        memory = self.memory
        oldest = now_s - self.window_s
        heard = Heard(cell, now_s, confidence, values, salient)
        previous = self.last_previous = memory.get(source)
        correlation: float | None = None
        if len(memory) > (previous is not None):
            correlation = self._others(source, heard, oldest)
        if correlation is None:
            correlation = 0.0
            if previous is not None and previous[1] >= oldest and cell in self._selves:
                correlation = self._own(cell, values, salient, previous)
        if not salient and correlation > 0.0:
            correlation = 0.0  # agreeing that there is nothing must not open a gate
        if previous is None and len(memory) >= MOST_SOURCES:
            self._forget(oldest)
        memory[source] = heard
        return correlation

    def _own(self, cell: int, values: Values, salient: bool, previous: Heard) -> float:
        said = previous[3]
        pair = self._pairs[cell][previous[0]]
        if values == said and pair[3]:
            return SELF_STRENGTH  # the usual case, and what the sum below would come to
        return SELF_STRENGTH * semantic(pair, values, said, self._predicate(salient, previous[4]))

    def _others(self, source: Key, x: Heard, oldest: float) -> float | None:
        """Return the weighted agreement with every other source in the window; None when nobody is left."""
        total = weights = 0.0
        partner = False
        pairs = self._pairs[x[0]]
        _, now_s, sure, values, salient = x
        predicate = 0
        for other, y in self.memory.items():
            _, then_s, as_sure, said, as_salient = y
            if then_s < oldest or other == source:
                continue
            pair = pairs[y[0]]
            if self._has_predicate:
                predicate = 1 if salient == as_salient else -1
            sem = semantic(pair, values, said, predicate)
            if sem < 0.0 and not (same_scope(pair, values, said) and _same_owner(source, other)):
                continue  # a wall ahead and a free side do not contradict each other
            partner = True
            weight = as_sure * (1.0 - abs(sure - as_sure))
            if then_s != now_s:
                weight *= 2.0 ** ((then_s - now_s) / self.window_s)
            total += weight * sem
            weights += weight
        if not partner:
            return None
        return total / weights if weights > 0.0 else 0.0

    def _predicate(self, x: bool, y: bool) -> int:
        if not self._has_predicate:
            return 0
        return 1 if x == y else -1

    def corroborated(self, cell: int, now_s: float) -> bool:
        """Return whether the last wave, of `cell`, is not alone in the window that ends at `now_s`.

        Another source has spoken there, or the same one, where it may corroborate itself.
        """
        if self.sources(now_s) >= 2:
            return True
        before = self.last_previous
        return cell in self._selves and before is not None and before[1] >= now_s - self.window_s

    def sources(self, now_s: float) -> int:
        """Return how many sources have a wave in the window that ends at `now_s`."""
        oldest = now_s - self.window_s
        return sum(1 for heard in self.memory.values() if heard[1] >= oldest)

    def newest(self, now_s: float, most: int) -> tuple[Heard, ...]:
        """Return up to `most` in-window waves, salient ones first, then by time, newest first."""
        oldest = now_s - self.window_s
        found = [heard for heard in self.memory.values() if heard[1] >= oldest]
        found.sort(key=lambda heard: (not heard.salient, -heard.time_s))
        return tuple(found[:most])

    def _forget(self, oldest: float) -> None:
        for source in [source for source, heard in self.memory.items() if heard[1] < oldest]:
            del self.memory[source]

    def forget_after(self, now_s: float) -> None:
        """Forget what was heard at times later than `now_s`, which have turned out not to have come yet."""
        for source in [source for source, heard in self.memory.items() if heard[1] > now_s]:
            del self.memory[source]

    def full(self, source: Key, now_s: float) -> bool:
        """Return whether a wave of the new `source` has no room, `MOST_SOURCES` others being in the window."""
        if source in self.memory or len(self.memory) < MOST_SOURCES:
            return False
        return self.sources(now_s) >= MOST_SOURCES

    def state(self) -> list[list[object]]:
        """Return the memory as plain JSON values, one list per source; the first is its owner, "" for none."""
        return [
            ["" if isinstance(source, int) else source[0], *heard[:3], list(heard[3]), heard[4]]
            for source, heard in self.memory.items()
        ]

    def restore(self, state: list[list[Any]], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises ValueError or TypeError when it is not a memory, KeyError when it names an unknown cell.
        """
        memory: dict[Key, Heard] = {}
        for owner, cell, time_s, confidence, values, salient in state:
            if cell not in self._pairs:
                raise KeyError(f"this gate hears no cell {cell}")
            memory[(str(owner), int(cell)) if owner else int(cell)] = Heard(
                int(cell),
                float(time_s) + shift_s,
                float(confidence),
                tuple(map(float, values)),
                bool(salient),
            )
        self.memory = memory


def _same_owner(one: Key, other: Key) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        return isinstance(one, int) and isinstance(other, int)
    return one[0] == other[0]


def _tests(kind: CellKind, salience: tuple[Condition, ...]) -> tuple[tuple[int, float, float], ...]:
    place = {field.name: index for index, field in enumerate(kind.fields)}
    return tuple((place[test.field], test.above, test.below) for test in salience if test.field in place)
