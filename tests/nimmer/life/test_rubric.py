"""The rubric, a currency of its own: docs/domain.md section 6 and section 13 points 8 and 19."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.lifeforce import Lifeforce
from nimmer.life.rubric import MARKS, Points, Rubric


@pytest.mark.parametrize(
    ("mark", "points", "lifeforce"),
    [("cell", 0.1, 0.3), ("nerve", 1, 2), ("organism", 5, 8), ("human", 2, 0), ("collision", -5, 0)],
)
def test_the_marks(mark: str, points: float, lifeforce: float) -> None:
    assert MARKS[mark] == (points, lifeforce)
    assert Rubric().mark(mark).value == points


def test_points_are_never_summed_with_lifeforce() -> None:
    paid = Lifeforce().charge("nerve", 2.0)
    with pytest.raises(TypeError):
        Points(1000) + paid  # type: ignore[operator]  # the point of the test
    with pytest.raises(TypeError):
        paid + Points(1000)  # type: ignore[operator]  # the point of the test
    assert Points(2_000_000) != paid


@given(st.lists(st.sampled_from([*MARKS, "bribe"]), max_size=200))
def test_points_sum_exactly_and_survive_a_restart(marks: list[str]) -> None:
    rubric = Rubric()
    total = Points()
    for mark in marks:
        total += rubric.mark(mark)
    assert rubric.points == total
    assert rubric.points.milli == sum(round(MARKS[mark].points * 1000) for mark in marks if mark in MARKS)
    other = Rubric()
    other.restore(json.loads(json.dumps(rubric.state())))
    assert (other.points, other.counts) == (rubric.points, rubric.counts)


def test_ten_cell_steps_are_exactly_one_point() -> None:
    rubric = Rubric()
    for _ in range(10):
        rubric.mark("cell")
    assert rubric.points == Points(1000)
    assert repr(rubric.points) == "Points(1)"
