"""The table of cells, and what a wave means."""

from math import isnan, nan

import pytest

from nimmer.life.bearing import bearing
from nimmer.life.senses import BODY_CELLS, CELLS, HOST_CELLS, MATH, OPERATIONS, kind_named, meaning, of_domain
from nimmer.life.wave import MEANINGS, Wave


def test_the_code_of_a_cell_is_its_index() -> None:
    assert [kind.code for kind in CELLS] == list(range(len(CELLS)))
    assert len({kind.label for kind in CELLS}) == len(CELLS)


def test_no_cell_says_more_than_a_wave_record_can_carry() -> None:
    assert max(len(kind.fields) for kind in CELLS) <= MEANINGS
    for kind in CELLS:
        for field in kind.fields:
            assert bool(field.choices) == (field.kind == "category")
            assert field.scale > 0


def test_a_wave_is_named_json() -> None:
    wave = Wave(1, 0.0, 0.9, 0.5, (25.0, 1.0, 0.0))
    assert meaning(wave) == {"distance_cm": 25.0, "direction": "left", "noise_level": 0.0}
    answer = Wave(MATH, 0.0, 0.7, 0.1, (float(OPERATIONS.index("sqrt")), 1.0, 3.0))
    assert meaning(answer) == {"operation": "sqrt", "operand_count": 1.0, "result": 3.0}


def test_a_category_that_does_not_exist_stays_a_number() -> None:
    assert meaning(Wave(0, 0.0, 0.9, 0.5, (25.0, 9.0, 0.0)))["direction"] == 9.0
    broken = meaning(Wave(0, 0.0, 0.9, 0.5, (25.0, nan, 0.0)))["direction"]
    assert isinstance(broken, float)
    assert isnan(broken)


def test_cells_are_found_by_name_and_domain() -> None:
    assert kind_named("novelty").domain == "exploration"
    assert [kind.name for kind in of_domain("battery", BODY_CELLS)] == ["energy"]
    assert [kind.name for kind in of_domain("battery", HOST_CELLS)] == ["host_battery"]
    with pytest.raises(KeyError, match="no cell is called"):
        kind_named("nose")


@pytest.mark.parametrize(
    ("slots", "heading", "around"),
    [
        (4, -1, (0, 3, 1, 2)),
        (4, 2, (2, 1, 3, 0)),
        (8, 1, (1, 7, 3, 5)),
        (1, 0, (0, -1, -1, -1)),
        (2, 1, (1, -1, -1, 0)),
        (4, 7, (0, 3, 1, 2)),
    ],
)
def test_a_heading_tells_front_left_right_and_back(
    slots: int, heading: int, around: tuple[int, int, int, int]
) -> None:
    assert bearing(slots, heading) == around


def test_a_graph_without_slots_has_no_bearing() -> None:
    with pytest.raises(ValueError, match="slots is 9"):
        bearing(9, 0)
