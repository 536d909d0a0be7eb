"""Version 2 of the math cell: exact where version 1 rounds, two operations more, and both side by side."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.errors import MessageError
from nimmer.life.cells import math_v1, math_v2
from nimmer.life.math_cell import MathCell, MathCells
from nimmer.life.senses import CELLS, MATH, MATH_V2, kind_named, meaning

small = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("operation", "operands", "result", "sure"),
    [
        ("add", (0.1, 0.2), 0.3, 0.7),
        ("add", (1e16, 1.0, -1e16), 1.0, 0.7),
        ("subtract", (0.3, 0.1), 0.2, 0.7),
        ("multiply", (1.1, 1.1), 1.21, 0.7),
        ("divide", (1, 8), 0.125, 0.7),
        ("divide", (1, 3), 1 / 3, 0.5),
        ("power", (1.1, 2), 1.21, 0.7),
        ("power", (2, 0.5), 2**0.5, 0.5),
        ("power", (4, 0.5), 2.0, 0.7),
        ("power", (2, -2), 0.25, 0.7),
        ("sqrt", (2.25,), 1.5, 0.7),
        ("sqrt", (0.01,), 0.1, 0.7),
        ("sqrt", (2,), 2**0.5, 0.5),
        ("mean", (0.1, 0.2, 0.3), 0.2, 0.7),
        ("min", (4, -0.1), -0.1, 0.7),
        ("max", (4, -1), 4.0, 0.7),
        ("modulo", (-0.7, 0.2), 0.1, 0.7),
        ("abs", (-0.3,), 0.3, 0.7),
        ("median", (5, 1, 3), 3.0, 0.7),
        ("median", (0.1, 0.4, 0.2, 0.3), 0.25, 0.7),
        ("stdev", (2, 4, 4, 4, 5, 5, 7, 9), (32 / 7) ** 0.5, 0.5),
        ("stdev", (1, 3, 5), 2.0, 0.7),
        ("stdev", (0.5, 0.5), 0.0, 0.7),
    ],
)
def test_it_computes_in_fractions(
    operation: str, operands: tuple[float, ...], result: float, sure: float
) -> None:
    cell = MathCell(code=MATH_V2)
    answer = cell.compute(operation, operands)
    assert answer.result == pytest.approx(result, rel=1e-15)
    assert (answer.confidence, answer.cost) == (sure, 0.1)
    if sure == 0.7:
        assert answer.result == result


@pytest.mark.parametrize(
    ("operation", "operands", "reason"),
    [
        ("divide", (1, 0), "division by zero"),
        ("modulo", (1, 0), "division by zero"),
        ("power", (0, -1), "no negative power"),
        ("power", (-2, 0.5), "no real power"),
        ("power", (10, 400), "overflow"),
        ("power", (1e300, 64), "overflow"),
        ("multiply", (1e200, 1e200), "overflow"),
        ("sqrt", (-1,), "no real root"),
        ("stdev", (1,), "takes 2 to 64 operands, not 1"),
        ("medain", (1, 2), r"did you mean median\?"),
    ],
)
def test_it_says_why_it_cannot(operation: str, operands: tuple[float, ...], reason: str) -> None:
    cell = MathCell(code=MATH_V2)
    with pytest.raises(MessageError, match=reason):
        cell.compute(operation, operands)
    assert cell.refused == 1


def test_a_root_just_beside_a_whole_one_does_not_pass_as_exact() -> None:
    answer = MathCell(code=MATH_V2).compute("sqrt", (1.0000000000000002,))
    assert (answer.result, answer.confidence) == (1.0, 0.5)


@given(st.lists(small, min_size=1, max_size=8))
def test_a_sum_does_not_depend_on_its_order(values: list[float]) -> None:
    cell = MathCell(code=MATH_V2)
    forth, back = cell.compute("add", values), cell.compute("add", values[::-1])
    assert (forth.result, forth.confidence) == (back.result, back.confidence)
    assert forth.result == float(sum(Fraction(repr(value)) for value in values))


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=8))
def test_on_small_whole_numbers_both_versions_agree(values: list[int]) -> None:
    old, new = MathCell(), MathCell(code=MATH_V2)
    for operation in ("add", "min", "max", "mean"):
        assert new.compute(operation, values).result == pytest.approx(old.compute(operation, values).result)


def test_the_first_versions_operations_keep_their_index() -> None:
    assert math_v2.OPERATIONS[: len(math_v1.OPERATIONS)] == math_v1.OPERATIONS
    answer = MathCell(code=MATH_V2).compute("median", (1, 2, 9))
    wave = MathCell(code=MATH_V2).wave(answer, 3.0)
    assert wave.cell == MATH_V2
    assert meaning(wave) == {"operation": "median", "operand_count": 3.0, "result": 2.0}


def test_a_request_gets_the_version_it_names_or_the_newest() -> None:
    cells = MathCells()
    assert [cells.named(name).kind.code for name in ("", "math", "math/v1", "math/v2")] == [
        MATH_V2,
        MATH_V2,
        MATH,
        MATH_V2,
    ]
    with pytest.raises(MessageError, match=r"no cell 'math/v9' to compute; there are math/v1, math/v2"):
        cells.named("math/v9")


def test_a_kind_is_named_with_or_without_its_version() -> None:
    assert kind_named("math") is CELLS[MATH_V2]
    assert kind_named("math/v1") is CELLS[MATH]
    assert [CELLS[code].label for code in (MATH, MATH_V2)] == ["math/v1", "math/v2"]
    assert [CELLS[code].entity for code in (MATH, MATH_V2)] == ["math", "math/v2"]
    with pytest.raises(KeyError, match="math/v2"):
        kind_named("math/v9")


def test_both_versions_go_on_after_a_restart() -> None:
    cells, other = MathCells(0.01), MathCells(0.01)
    cells.named("math/v1").compute("add", (1, 2))
    cells.named("").compute("add", (1, 2))
    other.restore(json.loads(json.dumps(cells.state())))
    assert other.state() == cells.state()
    other.restore({})  # a version that was not there begins anew
    with pytest.raises(TypeError, match="is an object"):
        other.restore({"math/v1": 3})
