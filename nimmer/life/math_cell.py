"""The math cells: small arithmetic for whoever asks over the bus, one wave per answer. Two versions live side by side.

A request names the version it wants (`math/v1`) or gets the newest. What a version can do stands in its own file.
Source: docs/domain.md section 2 (math_cell: IDLE COMPUTING EMITTING, .1 a wave, confidence .5-.7).
"""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from nimmer.errors import MessageError
from nimmer.life.cell import Cell
from nimmer.life.cells import math_v1, math_v2
from nimmer.life.cells.arithmetic import Arithmetic
from nimmer.life.pricing import Pricing
from nimmer.life.senses import CELLS, MATH, MATH_V2
from nimmer.life.wave import Wave

LARGEST = 1e300
"""Operands lie within this, either way."""
_SURE = 0.7
_ROUNDED = 0.5
_ARITHMETIC = {MATH: math_v1.ARITHMETIC, MATH_V2: math_v2.ARITHMETIC}


class MathAnswer(NamedTuple):
    """What came of one request: the result, how sure the cell is, and what it cost in lifeforce."""

    operation: str
    operands: tuple[float, ...]
    result: float
    confidence: float
    cost: float


class MathCell:
    """One math cell. A request it cannot answer raises MessageError with the reason; the cell works on."""

    __slots__ = ("_arithmetic", "cell", "kind", "refused")

    def __init__(self, price_scale: float = 1.0, code: int = MATH, prices: Pricing | None = None) -> None:
        """Rest in IDLE, as the version of row `code` of the table.

        The price of an answer is the printed one times `price_scale`, or what `prices` says.
        """
        self.kind = CELLS[code]
        self.cell = Cell(self.kind, math_v1.MATH_WALK, price_scale, prices)
        self.refused = 0
        self._arithmetic = _ARITHMETIC[code]

    def compute(self, operation: str, operands: Sequence[object]) -> MathAnswer:
        """Return the answer to `operation` (one of its version's) on 1 to 64 finite `operands`.

        Raises MessageError for an unknown operation (naming the nearest), a wrong number of operands, one that
        is no finite number within 1e300, a division by zero, a root or power that is not real, and an overflow.
        """
        try:
            values = _checked(self._arithmetic, operation, operands)
            result, exact = _computed(self._arithmetic, operation, values)
        except MessageError:
            self.refused += 1
            raise
        return MathAnswer(operation, values, result, _SURE if exact else _ROUNDED, self.cell.emitted())

    def wave(self, answer: MathAnswer, now_s: float) -> Wave:
        """Return the wave that tells the world of `answer`."""
        place = self._arithmetic.operations.index(answer.operation)
        values = (float(place), float(len(answer.operands)), answer.result)
        return Wave(self.kind.code, now_s, answer.confidence, answer.cost, values)

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


class MathCells:
    """Every version of the math cell there is."""

    __slots__ = ("cells",)

    def __init__(self, price_scale: float = 1.0, prices: Pricing | None = None) -> None:
        """Make one cell of each version, oldest first."""
        self.cells = tuple(MathCell(price_scale, code, prices) for code in _ARITHMETIC)

    def named(self, name: str) -> MathCell:
        """Return the cell a request means by `name`: "" or "math" the newest, "math/v1" that one.

        Raises MessageError naming the versions there are.
        """
        newest = self.cells[-1]
        if name in ("", newest.kind.name):
            return newest
        labels = {cell.kind.label: cell for cell in self.cells}
        if name not in labels:
            raise MessageError(f"there is no cell {name[:40]!r} to compute; there are {', '.join(labels)}")
        return labels[name]

    def state(self) -> dict[str, object]:
        """Return what the cells must remember, as plain JSON values."""
        return {cell.kind.label: cell.state() for cell in self.cells}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned; a version it does not know begins anew.

        Raises KeyError, TypeError or ValueError when it is not the math cells'.
        """
        for cell in self.cells:
            kept = state.get(cell.kind.label, cell.state())
            if not isinstance(kept, dict):
                raise TypeError("what a math cell remembers is an object")
            cell.restore(kept)


def _checked(can: Arithmetic, operation: str, operands: Sequence[object]) -> tuple[float, ...]:
    if operation not in can.arity:
        near = get_close_matches(operation, can.operations, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise MessageError(
            f"unknown operation {operation[:40]!r}; {hint}There are {', '.join(can.operations)}"
        )
    fewest, most = can.arity[operation]
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


def _computed(can: Arithmetic, operation: str, values: Sequence[float]) -> tuple[float, bool]:
    try:
        result, exact = can.compute(operation, values)
    except OverflowError:
        result, exact = math.inf, False
    if not math.isfinite(result):
        raise MessageError(f"{operation}: overflow, the result is larger than a float can hold")
    return result, exact
