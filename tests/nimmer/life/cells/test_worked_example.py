"""docs/cells.md by the letter: its example becomes a cell, and its table is the code's."""

import json
import re
import types
from pathlib import Path
from typing import Any

import pytest

from nimmer.life.cell import Cell
from nimmer.life.senses import CELLS, DEVICE_CELLS, Row, declared, row
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import Wave

PAGE = (Path(__file__).parents[4] / "docs" / "cells.md").read_text()
EXAMPLE = PAGE.partition("## A new kind of cell is one file and one row")[2]


@pytest.fixture
def soil() -> Row:
    """Write the page's file, and its row."""
    file, line = re.findall(r"```python\n(.*?)```", EXAMPLE, re.DOTALL)
    module = types.ModuleType("nimmer.life.cells.soil_moisture")
    exec(compile(file, "docs/cells.md", "exec"), module.__dict__)
    made = eval(line, {"row": row, "soil_moisture": module})
    assert isinstance(made, Row)
    return made


def test_one_file_and_one_row_are_a_new_kind_of_cell(soil: Row) -> None:
    assert soil.kind.code == len(CELLS)
    cell = SensorCell(*soil)
    assert cell.cell.poll_cost == pytest.approx(soil.kind.cost)
    told = json.loads(re.findall(r'    (\{"device".*\})', EXAMPLE)[0])
    assert told["sensor"] == soil.kind.name
    wave = cell.poll(told["raw"], 0.0)
    assert wave is not None
    said = json.loads(re.findall(r'    (\{"domain".*?\}\})', EXAMPLE, re.DOTALL)[0])
    assert said == {
        "domain": soil.kind.domain,
        "confidence": wave.confidence,
        "lifeforce_cost": pytest.approx(wave.cost),
        "semantic_content": worded(soil, wave),
    }


def worded(soil: Row, wave: Wave) -> dict[str, Any]:
    """Return what `meaning` says, for a kind that is not in the table yet."""
    return {
        field.name: field.choices[int(value)] if field.choices else pytest.approx(value)
        for field, value in zip(soil.kind.fields, wave.values, strict=True)
    }


def test_the_new_cell_fails_alone_and_says_why(soil: Row) -> None:
    cell = SensorCell(*soil)
    assert cell.poll({"millivolts": 3200.0}, 0.0) is None
    assert cell.cell.last_error == "the probe is not in the earth"
    assert cell.poll({"milivolts": 2000.0}, 0.0) is None
    assert "the nearest is millivolts" in cell.cell.last_error
    sure = [wave.confidence for wave in (cell.poll({"millivolts": 2000.0}, 0.0) for _ in range(5)) if wave]
    assert sure == [0.6, 0.6, 0.6, 0.9, 0.9]


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.label)
def test_the_page_shows_every_row_of_the_table(kind: Any) -> None:  # noqa: ANN401  a kind
    fields = ", ".join(field.name for field in kind.fields)
    price = f"{kind.cost:g}".removeprefix("0")
    assert f"| {kind.code} | {kind.label} | {kind.domain} | {fields} | {price} |" in PAGE


def test_the_page_shows_the_states_and_prices_of_every_walk() -> None:
    for kind in CELLS:
        cell = Cell(kind, declared(kind).walk)
        states = [state.name for state in declared(kind).walk]
        assert states[0] in PAGE
        assert all(state in PAGE for state in states), cell.kind.label


def test_the_page_says_what_every_sensor_of_a_device_gives() -> None:
    for kind in DEVICE_CELLS:
        for raw in declared(kind).reads:
            assert raw.name in PAGE.partition("## Devices")[2].partition("###")[0]
