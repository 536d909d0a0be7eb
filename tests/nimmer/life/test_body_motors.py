"""Motors of a body say what came of a move; a poor body hears less; and the fast path keeps to the kinds' files."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.action import LOOK, MOVES, STAY, Action
from nimmer.life.body_cells import BodyCells
from nimmer.life.cells.motor import MotorState
from nimmer.life.percept import Percept
from nimmer.life.senses import BODY_CELLS, ENERGY, MOTOR_LEFT, MOTOR_RIGHT, NOVELTY, SOCIAL, declared
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import Wave
from nimmer.world.rejection import Rejection
from tests.nimmer.life.test_cells import percept


def moved(cells: BodyCells, deed: Action, tick: int, **changes: object) -> list[Wave]:
    """Return what the motors say when `deed` was answered by the percept of `tick`."""
    cells.command(deed)
    waves = cells.sense(percept(tick=tick, **changes), tick * 0.1)
    return [wave for wave in waves if wave.cell in (MOTOR_LEFT, MOTOR_RIGHT)]


def states(cells: BodyCells) -> list[MotorState]:
    return [cell.current for cell in cells.cells[6:]]  # type: ignore[misc]  # the last two are motors


def test_a_move_that_was_carried_out_is_said_by_both_motors() -> None:
    cells = BodyCells()
    left, right = moved(cells, MOVES[1], 2)
    assert (left.cell, left.confidence, left.values) == (MOTOR_LEFT, 0.7, (1.0, 1.0, 1.6, 0.0))
    assert left.cost == pytest.approx(1.6)
    assert right == left._replace(cell=MOTOR_RIGHT)
    assert states(cells) == [MotorState.MOVING] * 2


@pytest.mark.parametrize("rejection", [Rejection.NO_EDGE, Rejection.NODE_FULL])
def test_a_refused_move_is_a_stall_and_certain_at_once(rejection: Rejection) -> None:
    cells = BodyCells()
    left, _ = moved(cells, MOVES[1], 2, rejection=rejection)
    assert (left.confidence, left.values[0], left.values[1], left.values[3]) == (1.0, 0.0, 1.0, 1.0)
    assert left.cost == pytest.approx(0.6)
    assert states(cells) == [MotorState.STALLED] * 2
    again, _ = moved(cells, MOVES[1], 3)
    assert again.confidence == 0.7
    assert again.cost == pytest.approx(1.6)


def test_going_on_costs_less_than_starting_and_stopping_is_owed() -> None:
    cells = BodyCells()
    costs = [moved(cells, MOVES[0], tick)[0].cost for tick in (2, 3, 4)]
    assert costs == pytest.approx([1.6, 0.3, 0.3])
    assert moved(cells, LOOK, 5) == []
    assert states(cells) == [MotorState.IDLE] * 2
    assert moved(cells, MOVES[0], 6)[0].cost == pytest.approx(1.6 + 0.3)
    spent = cells.cells[6].spent
    assert spent == pytest.approx(1.6 + 0.3 + 0.3 + 1.9)


def test_a_stall_while_going_costs_the_last_tick_of_it() -> None:
    cells = BodyCells()
    moved(cells, MOVES[0], 2)
    left, _ = moved(cells, MOVES[0], 3, rejection=Rejection.NO_EDGE)
    assert left.confidence == 1.0
    assert left.cost == pytest.approx(0.3)


@pytest.mark.parametrize("rejection", [Rejection.EXHAUSTED, Rejection.PAST_TICK, Rejection.DEAD])
def test_a_move_that_never_reached_the_motors_is_not_said(rejection: Rejection) -> None:
    assert moved(BodyCells(), MOVES[1], 2, rejection=rejection) == []


def test_without_a_move_the_motors_are_silent() -> None:
    cells = BodyCells()
    assert moved(cells, STAY, 2) == []
    assert moved(cells, LOOK, 3, rejection=Rejection.NO_EDGE) == []
    assert cells.cells[6].spent == 0.0


def test_the_motors_wait_for_the_worlds_answer() -> None:
    cells = BodyCells()
    cells.sense(percept(tick=2), 0.2)
    assert moved(cells, MOVES[1], 2) == []  # the same tick is no answer
    assert len(moved(cells, MOVES[1], 3)) == 2
    assert [wave.cell for wave in cells.sense(percept(tick=4), 0.4)] == [0, 1, 2, 3, 4, 5]


def test_the_last_word_before_the_answer_counts() -> None:
    cells = BodyCells()
    cells.sense(percept(tick=2), 0.2)
    cells.command(MOVES[1])
    assert moved(cells, STAY, 3) == []


def test_prices_of_motors_are_scaled_like_all_others() -> None:
    assert moved(BodyCells(0.01), MOVES[0], 2)[0].cost == pytest.approx(0.016)


@pytest.mark.parametrize(("sparing", "heard"), [(0, [0, 1, 2, 3, 4, 5]), (1, [0, 1, 2, 3]), (2, [3])])
def test_a_poor_body_hears_less(sparing: int, heard: list[int]) -> None:
    cells = BodyCells()
    waves = cells.sense(percept(), 0.0, sparing)
    assert [wave.cell for wave in waves] == heard
    assert sum(wave.cost for wave in waves) == pytest.approx(cells.look_costs[sparing])


def test_a_body_that_hears_its_energy_alone_does_not_pay_for_its_motors() -> None:
    cells = BodyCells()
    moved(cells, MOVES[0], 2)
    cells.command(MOVES[0])
    assert [wave.cell for wave in cells.sense(percept(tick=3), 0.3, 2)] == [ENERGY]
    assert states(cells) == [MotorState.IDLE] * 2
    cells.command(MOVES[0])
    assert [wave.cell for wave in cells.sense(percept(tick=4), 0.4, 1)] == [0, 1, 2, 3, 11, 12]


def test_a_cell_of_a_body_is_known_by_its_code() -> None:
    cells = BodyCells()
    assert [cell.kind for cell in cells.cells] == list(BODY_CELLS)
    assert all(cells.operational(kind.code) for kind in BODY_CELLS)
    cells.cells[7].fail("a wire is loose")
    cells.cells[NOVELTY].fail("blind")
    assert [kind.code for kind in BODY_CELLS if not cells.operational(kind.code)] == [NOVELTY, MOTOR_RIGHT]


def test_motors_go_on_after_a_restart() -> None:
    cells, other = BodyCells(0.01), BodyCells(0.01)
    for tick, deed in enumerate((MOVES[0], MOVES[0], LOOK, MOVES[1]), 2):
        moved(cells, deed, tick)
    cells.command(MOVES[1])
    other.restore(json.loads(json.dumps(cells.state())))
    assert other.state() == cells.state()
    after = percept(tick=7)
    assert other.sense(after, 0.7) == cells.sense(after, 0.7)


class Halved:
    """Cells at half their printed price."""

    def cell(self, name: str, printed: float) -> float:
        return printed / 2

    def gate(self, name: str, printed: float) -> float:
        return printed

    def nerve(self, name: str, printed: float) -> float:
        return printed


def test_a_body_takes_prices_from_elsewhere() -> None:
    cells = BodyCells(prices=Halved())
    assert cells.look_costs == pytest.approx((1.0, 0.8, 0.05))
    assert moved(cells, MOVES[0], 2)[0].cost == pytest.approx(0.8)


def by_file(code: int, raw: dict[str, float]) -> Wave:
    kind = BODY_CELLS[code]
    wave = SensorCell(kind, declared(kind)).poll(raw, 0.0)
    assert wave is not None
    return wave


@given(
    energy=st.integers(0, 100),
    at_well=st.booleans(),
    coverage=st.sampled_from([0.0, 0.25, 1.0]),
    here=st.booleans(),
    known=st.lists(st.booleans(), min_size=4, max_size=4),
    occupants=st.integers(0, 4),
    news=st.integers(0, 25),
)
def test_the_fast_path_says_what_the_kinds_files_say(
    energy: int, at_well: bool, coverage: float, here: bool, known: list[bool], occupants: int, news: int
) -> None:
    seen: Percept = percept(
        energy=energy / 100.0,
        at_well=int(at_well),
        coverage=coverage,
        here_known=int(here),
        neighbour_known=tuple(map(int, known)) + (0,) * 4,
        occupants=occupants,
        news=news,
    )
    waves = {wave.cell: wave for wave in BodyCells().sense(seen, 0.0)}
    unknown = float(known.count(False))
    looked = {"coverage": coverage, "here_known": float(here), "unknown_neighbours": unknown, "exits": 4.0}
    energy_raw = {"percentage": energy / 100.0 * 100.0, "charging": float(at_well)}
    assert waves[ENERGY] == by_file(ENERGY, energy_raw)
    assert waves[NOVELTY] == by_file(NOVELTY, looked)
    assert waves[SOCIAL] == by_file(SOCIAL, {"occupants": float(occupants), "news": float(news)})


@given(st.lists(st.sampled_from([0.0, 10.0, 25.0, 45.0, 115.0]), min_size=1, max_size=8))
def test_a_standing_bodys_distance_is_that_of_the_kinds_file(readings: list[float]) -> None:
    cells = BodyCells()
    by_echo = SensorCell(BODY_CELLS[0], declared(BODY_CELLS[0]))
    for cm in readings:
        wave = cells.sense(percept(distance_cm=(cm,) * 8), 0.0)[0]
        echo = by_echo.poll({"echo_us": 58.0 * cm}, 0.0)
        assert echo is not None
        assert (wave.confidence, wave.cost) == (echo.confidence, echo.cost)
        assert wave.values == pytest.approx(echo.values)
