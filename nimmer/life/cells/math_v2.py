"""The math cell, version 2: the same questions answered in fractions, and two more.

A float is read as the shortest decimal that names it, which is what the asker wrote: .1 is one tenth, not the binary
number beside it. All is computed in whole fractions and rounded once, half to even, on the way out. So .1 + .2 is .3
and sure, where version 1 says .30000000000000004 and is not. Confidence is .7 when the decimal that comes out names
the result exactly, else .5.
Source: docs/domain.md section 2 (math_cell: .1 a wave, confidence .5-.7); the arithmetic is ours.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from nimmer.errors import MessageError
from nimmer.life.cells import math_v1
from nimmer.life.cells.arithmetic import MANY, MOST_OPERANDS, ONE, TWO, Arithmetic, Operation, Result
from nimmer.life.cells.declaration import Declaration

OPERATIONS = (*math_v1.OPERATIONS, "median", "stdev")
"""What version 2 computes; version 1's keep their index."""
MATH_V2 = Declaration(walk=math_v1.MATH_WALK, fields=math_v1.math_fields(OPERATIONS))

WHOLE_POWERS = 64
"""Whole exponents up to this are computed exactly; beyond, a float is as good as its reader."""
_ROOT_BITS = 128
"""Precision of a root that is no fraction, far beyond a float's 53 bits."""


def _multiply(*values: Fraction) -> Fraction:
    return math.prod(values, start=Fraction(1))


def _divide(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise MessageError("divide: division by zero; the second operand must not be 0")
    return a / b


def _modulo(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise MessageError("modulo: division by zero; the second operand must not be 0")
    return a % b


def _power(a: Fraction, b: Fraction) -> Fraction:
    if not a and b < 0:
        raise MessageError("power: 0 has no negative power; the second operand must be 0 or more")
    if a < 0 and b.denominator != 1:
        raise MessageError(
            f"power: {float(a):g} has no real power {float(b):g}; a negative base needs a whole exponent"
        )
    if b.denominator == 1 and abs(b) <= WHOLE_POWERS:
        return a ** int(b)
    return Fraction(_within(math.pow(float(a), float(b))))


def _within(value: float) -> float:
    if not math.isfinite(value):
        raise OverflowError
    return value


def _sqrt(a: Fraction) -> Fraction:
    """Return the root of `a`: exact where there is one, else to 128 bits."""
    if a < 0:
        raise MessageError(f"sqrt: {float(a):g} has no real root; the operand must be 0 or more")
    top, bottom = math.isqrt(a.numerator), math.isqrt(a.denominator)
    if top * top == a.numerator and bottom * bottom == a.denominator:
        return Fraction(top, bottom)
    # scaled so that the whole root of the quotient has that many bits, whatever the size of `a`
    shift = max(0, 2 * _ROOT_BITS - a.numerator.bit_length() + a.denominator.bit_length())
    shift += shift % 2
    root = math.isqrt((a.numerator << shift) // a.denominator)
    # the last bit set: what was cut off is never taken for nothing, so that the answer does not pass as exact
    return Fraction(2 * root + 1, 2 << (shift // 2))


def _mean(*values: Fraction) -> Fraction:
    return sum(values, Fraction()) / len(values)


def _median(*values: Fraction) -> Fraction:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _stdev(*values: Fraction) -> Fraction:
    """Return the sample standard deviation: the root of the squares' sum over n - 1."""
    mean = _mean(*values)
    return _sqrt(sum(((value - mean) ** 2 for value in values), Fraction()) / (len(values) - 1))


_TABLE: dict[str, Operation] = {
    "add": (lambda *values: sum(values, Fraction()), MANY),
    "subtract": (lambda a, b: a - b, TWO),
    "multiply": (_multiply, MANY),
    "divide": (_divide, TWO),
    "power": (_power, TWO),
    "sqrt": (_sqrt, ONE),
    "mean": (_mean, MANY),
    "min": (lambda *values: min(values), MANY),
    "max": (lambda *values: max(values), MANY),
    "modulo": (_modulo, TWO),
    "abs": (abs, ONE),
    "median": (_median, MANY),
    "stdev": (_stdev, (2, MOST_OPERANDS)),
}


def _compute(operation: str, values: Sequence[float]) -> Result:
    """Return the answer, rounded once; an operand is the decimal that names it."""
    work = _TABLE[operation][0]
    exact = [Fraction(repr(value)) for value in values]
    answer: Fraction = work(*exact)
    result = float(answer)  # rounds half to even; OverflowError beyond a float's range
    return result, Fraction(repr(result)) == answer


ARITHMETIC = Arithmetic(OPERATIONS, {name: arity for name, (_, arity) in _TABLE.items()}, _compute)
