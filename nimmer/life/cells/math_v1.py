"""The math cell, version 1: small arithmetic in floating point.

Confidence is .7 when the answer is exact (whole numbers in, a whole number out that a float can hold), else .5:
rounding may have entered.
Source: docs/domain.md section 2 (math_cell: IDLE COMPUTING EMITTING, .1 a wave, confidence .5-.7).
"""

import math
from collections.abc import Sequence

from nimmer.errors import MessageError
from nimmer.life.cell import CellState, priced
from nimmer.life.cells.arithmetic import MANY, ONE, TWO, Arithmetic, Operation, Result
from nimmer.life.cells.declaration import Declaration
from nimmer.life.wave import Field

OPERATIONS = ("add", "subtract", "multiply", "divide", "power", "sqrt", "mean", "min", "max", "modulo", "abs")
"""What version 1 computes; the index travels in its wave."""
_EXACT = 2.0**50  # below it no quotient or root of whole numbers can round to a whole one


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"COMPUTING": None},
        "COMPUTING": {"EMITTING": 0.0},
        "EMITTING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class MathState(CellState):
    """An answer costs the kind's price; the cell works on request only."""

    IDLE = "idle"
    COMPUTING = "computing"
    EMITTING = "emitting"
    ERROR = "error"


MATH_WALK = (MathState.IDLE, MathState.COMPUTING, MathState.EMITTING, MathState.IDLE)


def math_fields(operations: tuple[str, ...]) -> tuple[Field, ...]:
    """Return what a math cell's wave says; the result is an identity, no gate compares it."""
    return (
        Field("operation", kind="category", choices=operations),
        Field("operand_count", scale=64.0),
        Field("result", kind="identity"),
    )


MATH_V1 = Declaration(walk=MATH_WALK, fields=math_fields(OPERATIONS))


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


_TABLE: dict[str, Operation] = {
    "add": (_add, MANY),
    "subtract": (_subtract, TWO),
    "multiply": (_multiply, MANY),
    "divide": (_divide, TWO),
    "power": (_power, TWO),
    "sqrt": (_sqrt, ONE),
    "mean": (_mean, MANY),
    "min": (lambda *values: min(values), MANY),
    "max": (lambda *values: max(values), MANY),
    "modulo": (_modulo, TWO),
    "abs": (abs, ONE),
}


def _compute(operation: str, values: Sequence[float]) -> Result:
    """Return the answer in floating point."""
    result: float = _TABLE[operation][0](*values)
    exact = all(value.is_integer() and abs(value) < _EXACT for value in (*values, result))
    return result, exact


ARITHMETIC = Arithmetic(OPERATIONS, {name: arity for name, (_, arity) in _TABLE.items()}, _compute)
