"""Cells: prices, errors, and what body, host and math cells say."""

import json
from math import inf, nan

import pytest

from nimmer.errors import MessageError
from nimmer.life.body_cells import BodyCells
from nimmer.life.cell import Cell
from nimmer.life.cells.battery import BATTERY_WALK, battery_confidence
from nimmer.life.cells.distance import DISTANCE_WALK, DistanceState
from nimmer.life.cells.reader import READER_WALK
from nimmer.life.host_cells import HostCells, HostReading
from nimmer.life.math_cell import MathCell
from nimmer.life.percept import Percept
from nimmer.life.senses import BODY_CELLS, CELLS, HOST_CPU, HOST_MEMORY, HOST_TEMPERATURE, OPERATIONS


def percept(**changes: object) -> Percept:
    base = Percept(
        1, 1, 7, 0, 0.9, 0.0, 0.2, 0, 0, 1, 0, 0, 4, (2, 8, 12, 6) + (-1,) * 4,
        (115.0, 215.0, 315.0, 15.0) + (15.0,) * 4, (0,) * 8, (1,) * 8,
    )  # fmt: skip
    return base._replace(**changes)  # type: ignore[arg-type]  # the names are checked by _replace


def test_a_poll_costs_what_its_steps_cost() -> None:
    assert Cell(BODY_CELLS[0], DISTANCE_WALK).poll_cost == pytest.approx(0.5)
    assert Cell(BODY_CELLS[3], BATTERY_WALK).poll_cost == pytest.approx(0.1)
    for kind in CELLS[4:6]:
        assert Cell(kind, READER_WALK).poll_cost == pytest.approx(kind.cost)


def test_a_cell_takes_only_declared_steps() -> None:
    cell = Cell(BODY_CELLS[0], DISTANCE_WALK)
    assert cell.step(DistanceState.POLLING) == 0.1
    with pytest.raises(ValueError, match="cannot go from POLLING to IDLE, only to READING, ERROR"):
        cell.step(DistanceState.IDLE)
    assert cell.step(DistanceState.ERROR) == 0.0
    assert cell.step(DistanceState.IDLE) == 0.0
    with pytest.raises(ValueError, match="must end where it began"):
        Cell(BODY_CELLS[0], DISTANCE_WALK[:-1])


def test_front_left_and_right_follow_the_heading() -> None:
    waves = BodyCells().sense(percept(heading=1), 0.0)
    assert [wave.values[0] for wave in waves[:3]] == [215.0, 115.0, 315.0]
    assert [wave.cell for wave in waves] == [0, 1, 2, 3, 4, 5]


def test_a_distance_is_trusted_after_more_than_three_equal_readings() -> None:
    cells = BodyCells()
    sure = [cells.sense(percept(tick=tick), tick * 0.05)[0].confidence for tick in range(5)]
    assert sure == [0.6, 0.6, 0.6, 0.9, 0.9]


def test_a_reading_that_jumps_while_standing_is_noise_but_not_while_moving() -> None:
    cells = BodyCells()
    cells.sense(percept(), 0.0)
    near = percept(distance_cm=(25.0,) * 8)
    noisy = cells.sense(near, 0.05)[0]
    assert (noisy.confidence, noisy.values) == (0.3, (25.0, 0.0, 90.0))
    assert cells.sense(near, 0.1)[0].values == (25.0, 0.0, 0.0)
    assert cells.sense(percept(node=8), 0.15)[0].confidence == 0.6


@pytest.mark.parametrize("reading", [nan, inf, -1.0])
def test_a_broken_distance_says_nothing_and_counts(reading: float) -> None:
    cells = BodyCells()
    waves = cells.sense(percept(distance_cm=(reading, *(115.0,) * 7)), 0.0)
    assert [wave.cell for wave in waves] == [1, 2, 3, 4, 5]
    front = cells.cells[0]
    assert (front.operational, front.error_count, front.current) == (False, 1, DistanceState.ERROR)
    assert len(cells.sense(percept(), 0.05)) == 6
    assert front.operational


def test_a_graph_of_two_slots_has_no_side_sensors() -> None:
    cells = BodyCells()
    assert [wave.cell for wave in cells.sense(percept(slots=2), 0.0)] == [0, 3, 4, 5]
    cells.sense(percept(slots=2), 0.05)
    assert cells.cells[1].error_count == 1


@pytest.mark.parametrize(("percentage", "sure"), [(60, 0.3), (50, 0.6), (20, 0.6), (19.9, 0.9), (9.9, 1.0)])
def test_a_battery_is_the_surer_the_emptier(percentage: float, sure: float) -> None:
    assert battery_confidence(percentage) == sure


def test_novelty_and_company_are_heard_by_how_much_there_is() -> None:
    cells = BodyCells()
    known = cells.sense(percept(), 0.0)
    assert (known[4].confidence, known[5].confidence) == (0.3, 0.3)
    some = cells.sense(percept(neighbour_known=(0, 1, 1, 1, 0, 0, 0, 0), occupants=1), 0.1)
    assert (some[4].confidence, some[4].values[2], some[5].confidence) == (0.6, 1.0, 0.6)
    new = cells.sense(percept(here_known=0, occupants=2, news=3), 0.2)
    assert (new[4].confidence, new[5].confidence, new[5].values) == (0.9, 0.9, (2.0, 3.0))


def test_body_cells_go_on_after_a_restart() -> None:
    cells, other = BodyCells(0.01), BodyCells(0.01)
    for tick in range(3):
        cells.sense(percept(tick=tick), tick * 0.05)
    other.restore(json.loads(json.dumps(cells.state())))
    assert other.sense(percept(tick=4), 0.2) == cells.sense(percept(tick=4), 0.2)
    assert other.state() == cells.state()


def test_a_sensor_this_host_lacks_stays_silent() -> None:
    cells = HostCells()
    waves = cells.read(HostReading(12.0, 40.0), 0.0)
    assert [wave.cell for wave in waves] == [HOST_CPU, HOST_MEMORY]
    assert [cell.operational for cell in cells.cells] == [True, True, False, False]
    cells.read(HostReading(12.0, 40.0), 1.0)
    assert cells.cells[2].error_count == 1
    assert cells.cells[2].last_error == "this host has no such sensor"


def test_heat_is_certain_danger() -> None:
    cells = HostCells()
    sure = [cells.read(HostReading(None, None, heat), 0.0)[0].confidence for heat in (60.0, 80.0, 80.1)]
    assert sure == [0.6, 0.6, 1.0]
    assert cells.read(HostReading(None, None, nan), 0.0) == []
    assert cells.read(HostReading(None, None, 70.0), 0.0)[0].cell == HOST_TEMPERATURE


def test_a_hosts_battery_speaks_like_a_bodys() -> None:
    cells = HostCells()
    (wave,) = cells.read(HostReading(None, None, None, 15.0, True), 0.0)
    assert (wave.confidence, wave.values) == (0.9, (15.0, 1.0))
    other = HostCells()
    other.restore(json.loads(json.dumps(cells.state())))
    assert other.state() == cells.state()


@pytest.mark.parametrize(
    ("operation", "operands", "result", "sure"),
    [
        ("add", (1, 2, 3), 6.0, 0.7),
        ("add", (0.1, 0.2), 0.1 + 0.2, 0.5),
        ("subtract", (5, 7), -2.0, 0.7),
        ("multiply", (3, 4), 12.0, 0.7),
        ("divide", (6, 3), 2.0, 0.7),
        ("divide", (1, 3), 1 / 3, 0.5),
        ("power", (2, 10), 1024.0, 0.7),
        ("sqrt", (9,), 3.0, 0.7),
        ("mean", (1, 2, 6), 3.0, 0.7),
        ("min", (4, -1), -1.0, 0.7),
        ("max", (4, -1), 4.0, 0.7),
        ("modulo", (-7, 3), 2.0, 0.7),
        ("abs", (-3,), 3.0, 0.7),
    ],
)
def test_the_math_cell_computes(
    operation: str, operands: tuple[float, ...], result: float, sure: float
) -> None:
    cell = MathCell()
    answer = cell.compute(operation, operands)
    assert answer.result == pytest.approx(result)
    assert (answer.confidence, answer.cost) == (sure, 0.1)
    wave = cell.wave(answer, 3.0)
    assert wave.values == (float(OPERATIONS.index(operation)), float(len(operands)), answer.result)


@pytest.mark.parametrize(
    ("operation", "operands", "reason"),
    [
        ("divide", (1, 0), "division by zero"),
        ("modulo", (1, 0), "division by zero"),
        ("power", (0, -1), "no negative power"),
        ("power", (-2, 0.5), "no real power"),
        ("power", (10, 400), "overflow"),
        ("multiply", (1e200, 1e200), "overflow"),
        ("sqrt", (-1,), "no real root"),
        ("addd", (1, 2), r"did you mean add\?"),
        ("add", (), "takes 1 to 64 operands, not 0"),
        ("add", (1,) * 65, "not 65"),
        ("divide", (1,), "takes 2 operands"),
        ("add", (nan,), "not finite"),
        ("add", (1e301,), "too large"),
        ("add", (True,), "finite numbers"),
        ("add", ("1",), "finite numbers"),
    ],
)
def test_the_math_cell_says_why_it_cannot(operation: str, operands: tuple[object, ...], reason: str) -> None:
    cell = MathCell()
    with pytest.raises(MessageError, match=reason):
        cell.compute(operation, operands)
    assert cell.refused == 1
    other = MathCell()
    other.restore(json.loads(json.dumps(cell.state())))
    assert other.state() == cell.state()
