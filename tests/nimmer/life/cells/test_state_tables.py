"""Every kind's states and prices are the domain's, and a broken table is found out when its file is loaded."""

from collections.abc import Callable
from math import nan

import pytest

from nimmer.life.cell import Cell, CellState, Moves, check_table, priced
from nimmer.life.cells.motor import MOTOR_WALK, MotorState
from nimmer.life.senses import CELLS, TABLE, Row, declared, kind_named

WALKS = {
    "distance_front": [0.1, 0.3, 0.1, 0.0],
    "energy": [0.1],
    "battery_monitor": [0.1],
    "imu_sensor": [0.3, 0.0, 0.0],
    "light_sensor": [0.2, 0.0, 0.0],
    "motor_left": [0.1, 0.5, 1.0, 0.2, 0.1, 0.0],
    "servo_camera": [0.5, 0.0, 0.0],
    "math/v1": [0.1, 0.0, 0.0],
    "math/v2": [0.1, 0.0, 0.0],
    "speech_stt": [0.5, 0.5, 5.0, 0.1, 0.0],
    "speech_tts": [4.0, 0.0, 0.0],
    "vision_detect": [0.0, 8.0, 0.0, 0.0],
}
STATES = {
    "distance_left": "IDLE POLLING READING EMITTING ERROR",
    "battery_monitor": "MONITORING LOW CRITICAL ERROR",
    "imu_sensor": "IDLE SAMPLING REPORTING ERROR",
    "light_sensor": "IDLE READING REPORTING ERROR",
    "motor_right": "IDLE COMMANDED ACCELERATING MOVING DECELERATING STOPPED STALLED ERROR",
    "servo_camera": "IDLE MOVING POSITIONED ERROR",
    "math": "IDLE COMPUTING EMITTING ERROR",
    "speech_stt": "IDLE LISTENING BUFFERING TRANSCRIBING EMITTING ERROR",
    "speech_tts": "IDLE SYNTHESIZING SPEAKING ERROR",
    "vision_detect": "IDLE CAPTURING DETECTING REPORTING ERROR",
}


@pytest.mark.parametrize(("name", "prices"), WALKS.items())
def test_a_poll_walks_its_states_at_the_printed_prices(name: str, prices: list[float]) -> None:
    kind = kind_named(name)
    walk = declared(kind).walk
    cell = Cell(kind, walk)
    assert [cell.step(to) for to in walk[1:]] == pytest.approx(prices)
    assert cell.poll_cost == pytest.approx(sum(prices))
    assert kind.cost == pytest.approx(sum(prices))


@pytest.mark.parametrize(("name", "states"), STATES.items())
def test_the_states_are_the_domains(name: str, states: str) -> None:
    machine = type(declared(kind_named(name)).walk[0])
    assert list(machine.__members__) == states.split()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.kind.label)
def test_every_state_may_fail_for_nothing_and_rest_again(row: Row) -> None:
    kind, declaration = row
    machine = type(declaration.walk[0])
    error = machine["ERROR"]
    for state in machine:
        if state is not error:
            assert state.successors[error] == 0.0
    assert declaration.walk[0] in error.successors
    cell = Cell(kind, declaration.walk)
    cell.fail("broken")
    assert (cell.current, cell.operational, cell.error_count, cell.spent) == (error, False, 1, 0.0)
    cell.recover()
    assert cell.current is declaration.walk[0]


def test_a_motor_moves_on_for_three_tenths_and_may_stall_from_anywhere_for_nothing() -> None:
    cell = Cell(kind_named("motor_left"), MOTOR_WALK)
    for to in MOTOR_WALK[1:4]:
        cell.step(to)
    assert cell.step(MotorState.MOVING) == 0.3
    for state in MotorState:
        if state not in (MotorState.STALLED, MotorState.ERROR):
            assert state.successors[MotorState.STALLED] == 0.0


class Blink(CellState):
    IDLE = "idle"
    SHUT = "shut"
    ERROR = "error"


GOOD: dict[str, dict[str, float | None]] = {
    "IDLE": {"SHUT": 0.1},
    "SHUT": {"IDLE": 0.0},
    "ERROR": {"IDLE": 0.0},
}


def changed(**rows: dict[str, float | None]) -> Moves:
    return {**GOOD, **rows}


@pytest.mark.parametrize(
    ("rest", "moves", "reason"),
    [
        ("IDLE", changed(IDLE={"SHTU": 0.1}), "Blink has no state 'SHTU'; did you mean SHUT?"),
        ("IDEL", GOOD, "Blink has no state 'IDEL'; did you mean IDLE?"),
        ("IDLE", changed(IDLE={}), "state SHUT cannot be reached from IDLE"),
        ("IDLE", changed(SHUT={}), "there is no way from state SHUT back to IDLE"),
        ("IDLE", changed(ERROR={}), "there is no way from state ERROR back to IDLE"),
        ("IDLE", changed(IDLE={"SHUT": -0.1}), "IDLE to SHUT costs -0.1"),
        ("IDLE", changed(IDLE={"SHUT": nan}), "a price is 0 or more"),
        ("IDLE", {"IDLE": {"SHUT": 0.1}, "ERROR": {}}, "state SHUT has no row"),
    ],
)
def test_a_broken_table_is_refused_by_name(rest: str, moves: Moves, reason: str) -> None:
    check_table(Blink, "IDLE", GOOD)
    with pytest.raises(ValueError, match=reason.replace("?", r"\?")):
        check_table(Blink, rest, moves)


def test_a_broken_table_is_refused_when_its_file_is_loaded() -> None:
    declare: Callable[[type[Blink]], type[Blink]] = priced("IDLE", changed(SHUT={}))
    with pytest.raises(ValueError, match="no way from state SHUT back to IDLE"):
        declare(Blink)


def test_a_machine_without_an_error_state_is_refused() -> None:
    class Brave(CellState):
        IDLE = "idle"

    with pytest.raises(ValueError, match="Brave has no state 'ERROR'"):
        check_table(Brave, "IDLE", {"IDLE": {"IDLE": 0.0}})


def test_the_printed_price_of_a_row_is_that_of_its_walk() -> None:
    for kind in CELLS:
        assert Cell(kind, declared(kind).walk).poll_cost == pytest.approx(kind.cost), kind.label
