"""What one version of the math cell can do: its operations, how many operands each takes, and how it computes.

Source: docs/domain.md section 2 (math_cell).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

MOST_OPERANDS = 64
ONE, TWO, MANY = (1, 1), (2, 2), (1, MOST_OPERANDS)
"""How many operands an operation takes, from and to."""

Operation = tuple[Callable[..., Any], tuple[int, int]]
Result = tuple[float, bool]
"""A result, and whether it is exact."""


class Arithmetic(NamedTuple):
    """One version's arithmetic.

    operations: in the order of their index in a wave; arity: operands of each, from and to; compute: the result of
    an operation on finite operands. It raises MessageError for what has no answer, OverflowError for what no float
    can hold.
    """

    operations: tuple[str, ...]
    arity: Mapping[str, tuple[int, int]]
    compute: Callable[[str, Sequence[float]], Result]
