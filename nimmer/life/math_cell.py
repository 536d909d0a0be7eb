"""The math cell: exact small arithmetic for whoever asks over the bus, one wave per answer.

Confidence is .7 when the answer is exact (whole numbers in, a whole number out that a float can hold), else .5:
rounding may have entered.
Source: docs/domain.md section 2 (math_cell: IDLE COMPUTING EMITTING, .1 a wave, confidence .5-.7).
"""

import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from nimmer.errors import MessageError
from nimmer.life.cell import MATH_WALK, Cell
from nimmer.life.senses import CELLS, MATH, OPERATIONS
from nimmer.life.wave import Wave

MOST_OPERANDS = 64
LARGEST = 1e300
"""Operands lie within this, either way."""
_EXACT = 2.0**50  # below it no quotient or root of whole numbers can round to a whole one
_SURE = 0.7
_ROUNDED = 0.5


class MathAnswer(NamedTuple):
    """What came of one request: the result, how sure the cell is, and what it cost in lifeforce."""

    operation: str
    operands: tuple[float, ...]
    result: float
    confidence: float
    cost: float


def _divide(a: float, b: float) -> float:
    if b == 0.0:
        raise MessageError("divide: division by zero; the second operand must not be 0")
    return a / b


def _modulo(a: float, b: float) -> float:
    if b == 0.0:
        raise MessageError("modulo: division by zero; the second operand must not be 0")
    return math.fmod(a, b) if (a < 0) == (b < 0) else a - b * math.floor(a / b)


def _power(a: float, b: float) -> float:
    if a == 0.0 and b < 0.0:
        raise MessageError("power: 0 has no negative power; the second operand must be 0 or more")
    if a < 0.0 and not b.is_integer():
        raise MessageError(f"power: {a:g} has no real power {b:g}; a negative base needs a whole exponent")
    return math.pow(a, b)


def _sqrt(a: float) -> float:
    if a < 0.0:
        raise MessageError(f"sqrt: {a:g} has no real root; the operand must be 0 or more")
    return math.sqrt(a)


def _mean(*values: float) -> float:
    return math.fsum(values) / len(values)


def _add(*values: float) -> float:
    return math.fsum(values)


def _multiply(*values: float) -> float:
    return math.prod(values)


def _subtract(a: float, b: float) -> float:
    return a - b


_ONE, _TWO, _MANY = (1, 1), (2, 2), (1, MOST_OPERANDS)
_TABLE: dict[str, tuple[Callable[..., float], tuple[int, int]]] = {
    "add": (_add, _MANY),
    "subtract": (_subtract, _TWO),
    "multiply": (_multiply, _MANY),
    "divide": (_divide, _TWO),
    "power": (_power, _TWO),
    "sqrt": (_sqrt, _ONE),
    "mean": (_mean, _MANY),
    "min": (lambda *values: min(values), _MANY),
    "max": (lambda *values: max(values), _MANY),
    "modulo": (_modulo, _TWO),
    "abs": (abs, _ONE),
}


class MathCell:
    """One math cell. A request it cannot answer raises MessageError with the reason; the cell works on."""

    __slots__ = ("cell", "refused")

    def __init__(self, price_scale: float = 1.0) -> None:
        """Rest in IDLE; the price of an answer is the printed one times `price_scale`."""
        self.cell = Cell(CELLS[MATH], MATH_WALK, price_scale)
        self.refused = 0

    def compute(self, operation: str, operands: Sequence[object]) -> MathAnswer:
        """Return the answer to `operation` (one of `OPERATIONS`) on 1 to 64 finite `operands`.

        Raises MessageError for an unknown operation (naming the nearest), a wrong number of operands, one that
        is no finite number within 1e300, a division by zero, a root or power that is not real, and an overflow.
        """
        try:
            values = _checked(operation, operands)
            result = _computed(operation, values)
        except MessageError:
            self.refused += 1
            raise
        exact = all(value.is_integer() and abs(value) < _EXACT for value in (*values, result))
        confidence = _SURE if exact else _ROUNDED
        return MathAnswer(operation, values, result, confidence, self.cell.emitted())

    def wave(self, answer: MathAnswer, now_s: float) -> Wave:
        """Return the wave that tells the world of `answer`."""
        values = (float(OPERATIONS.index(answer.operation)), float(len(answer.operands)), answer.result)
        return Wave(MATH, now_s, answer.confidence, answer.cost, values)

    def state(self) -> dict[str, object]:
        """Return what the cell must remember, as plain JSON values."""
        return {"cell": self.cell.state(), "refused": self.refused}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not a math cell's."""
        cell = state["cell"]
        if not isinstance(cell, dict):
            raise TypeError("a math cell's cell is an object")
        self.cell.restore(cell)
        self.refused = int(str(state["refused"]))


def _checked(operation: str, operands: Sequence[object]) -> tuple[float, ...]:
    if operation not in _TABLE:
        near = get_close_matches(operation, OPERATIONS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise MessageError(f"unknown operation {operation[:40]!r}; {hint}There are {', '.join(OPERATIONS)}")
    fewest, most = _TABLE[operation][1]
    if not fewest <= len(operands) <= most:
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise MessageError(f"{operation} takes {wanted} operands, not {len(operands)}")
    return tuple(_operand(index, value) for index, value in enumerate(operands))


def _operand(index: int, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MessageError(
            f"operand {index} is {str(value)[:40]!r}; operands are finite numbers within 1e300"
        )
    if not abs(value) <= LARGEST:
        raise MessageError(f"operand {index} is too large or not finite; operands lie within 1e300")
    return float(value)


def _computed(operation: str, values: tuple[float, ...]) -> float:
    try:
        result = _TABLE[operation][0](*values)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise MessageError(f"{operation}: overflow, the result is larger than a float can hold")
    return result
