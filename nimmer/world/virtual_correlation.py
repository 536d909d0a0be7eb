"""Why a virtual gate opened: the waves in its window, how far each agrees with each, and the number that counts.

    aggregate = mean of the last wave's row without itself: agreements .9, .85, .88 of three waves give
    mean(.85, .88) = .865, the printed .87

Only the virtual garden keeps these: the real one has no time to.
Source: docs/domain.md sections 3.2 and 7 (CorrelationEvent).
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import NamedTuple

from nimmer.life.correlation import Correlator, compare, same_scope, semantic
from nimmer.life.gate_spec import GateSpec
from nimmer.life.senses import CELLS, of_domain
from nimmer.life.transition import Transition

Matrix = list[list[float]]
_DIGITS = 6


class Signal(NamedTuple):
    """One wave that helped a gate to open; time_s: virtual seconds; values: empty when nobody knows them any more."""

    cell: int
    confidence: float
    time_s: float
    values: tuple[float, ...]

    @property
    def name(self) -> str:
        """Return the name of its cell."""
        return CELLS[self.cell].name

    @property
    def semantic_hash(self) -> str:
        """Return 16 hex digits over what it says; equal meanings have equal hashes, whenever they were said."""
        text = f"{self.name}/{'/'.join(f'{value:.{_DIGITS}g}' for value in self.values)}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Resonance(NamedTuple):
    """How far n signals agree: `matrix` n x n, -1..1, 1 with themselves; `aggregate` of the last one."""

    matrix: Matrix
    aggregate: float


def signals_of(transition: Transition) -> tuple[Signal, ...]:
    """Return the waves that `transition` names, oldest first; those of one tick in the order in which cells speak.

    So the last one is the wave that opened the gate: nothing later had been heard. A source that is no cell (the
    governor, a verified signal) is left out.
    """
    found = [Signal(*trigger) for trigger in transition.triggers if 0 <= trigger[0] < len(CELLS)]
    return tuple(sorted(found, key=lambda signal: (signal.time_s, signal.cell)))


def resonance(spec: GateSpec, signals: Sequence[Signal], alone: float = 0.0) -> Resonance:
    """Return how far `signals`, oldest first, agree in the eyes of the gate `spec`.

    A contradiction about another thing (front and left) is no contradiction: 0 in the matrix, and left out of the
    mean. alone: the aggregate of a signal without partners, which only the gate itself knows.
    """
    kinds = [CELLS[signal.cell] for signal in signals]
    salient = _cared_for(spec, signals)
    size = len(signals)
    matrix = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
    strangers: set[int] = set()
    for i in range(size):
        for j in range(i):
            x, y = signals[i].values, signals[j].values
            pair = compare(kinds[i], kinds[j])
            predicate = 0 if not spec.salience else 1 if salient[i] == salient[j] else -1
            found = semantic(pair, x, y, predicate) if x and y else 0.0
            if not (x and y) or (found < 0.0 and not same_scope(pair, x, y)):
                strangers |= {j} if i == size - 1 else set()
            else:
                matrix[i][j] = matrix[j][i] = round(found, _DIGITS)
    return Resonance(matrix, aggregate(matrix, strangers, alone))


def certainty(spec: GateSpec, signals: Sequence[Signal]) -> float:
    """Return how sure the waves that the gate `spec` cares for are together, 0..1: 1 - product(1 - confidence).

    They come from different cells and agree, so each leaves the others less room to be wrong: .6 and .9 make .96.
    """
    doubt = 1.0
    for signal, counts in zip(signals, _cared_for(spec, signals), strict=True):
        if counts:
            doubt *= 1.0 - signal.confidence
    return 1.0 - doubt


def _cared_for(spec: GateSpec, signals: Sequence[Signal]) -> list[bool]:
    """Return of each signal whether the gate cares for what it says."""
    kinds = of_domain(spec.domain)
    judge = Correlator(kinds, spec.window_s, spec.salience, spec.allow_self)
    known = {kind.code for kind in kinds}
    return [one.cell in known and bool(one.values) and judge.salient(one.cell, one.values) for one in signals]


def aggregate(matrix: Matrix, strangers: Collection[int] = (), alone: float = 0.0) -> float:
    """Return the mean of the last row of an n x n `matrix` without itself and `strangers`; `alone` if nobody is left."""
    partners = [found for j, found in enumerate(matrix[-1][:-1]) if j not in strangers] if matrix else []
    return round(sum(partners) / len(partners), _DIGITS) if partners else alone
