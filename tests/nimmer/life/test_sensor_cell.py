"""The runtime of every declared cell: it fails alone, says why, and works again."""

import json
from collections.abc import Mapping
from math import nan

import pytest

from nimmer.life.cells.battery import BatteryState
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.cells.motor import MotorState
from nimmer.life.cells.reader import READER_WALK, ReaderState
from nimmer.life.senses import CELLS, MATH, declared, kind_named
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import CellKind, Field, Wave


def cell(name: str) -> SensorCell:
    return SensorCell(kind_named(name), declared(kind_named(name)))


def test_a_reading_becomes_a_wave_at_its_price() -> None:
    one = cell("light_sensor")
    wave = one.poll({"lux": 120.0}, 3.0)
    assert wave == Wave(14, 3.0, 0.6, 0.2, (120.0, 0.0))
    assert (one.cell.waves, one.cell.spent, one.operational) == (1, 0.2, True)


def test_a_broken_sensor_is_counted_once_and_works_again() -> None:
    one = cell("distance_front")
    for _ in range(3):
        assert one.poll({"echo_us": nan}, 0.0) is None
    assert (one.operational, one.cell.error_count, one.cell.current.name) == (False, 1, "ERROR")
    assert one.cell.last_error == "echo_us is nan; it lies in 0..38000"
    assert one.poll({"echo_us": 580.0}, 1.0) is not None
    assert (one.operational, one.cell.error_count) == (True, 1)


def test_no_reading_and_an_old_one_are_reasons() -> None:
    one = cell("battery_monitor")
    assert one.poll(None, 0.0) is None
    assert one.cell.last_error == "there is no such sensor"
    assert one.poll({"millivolts": 4000.0}, 0.0, age_s=3.1) is None
    assert one.cell.last_error == "it gave no reading for more than 3 s"
    assert one.poll({"millivolts": 4000.0}, 0.0, age_s=nan) is None
    assert one.poll({"millivolts": 4000.0}, 0.0, age_s=3.0) is not None
    assert one.cell.error_count == 2


def test_what_was_steady_before_a_failure_is_not_steady_after_it() -> None:
    one = cell("distance_front")
    sure = [wave.confidence for wave in (one.poll({"echo_us": 580.0}, 0.0) for _ in range(5)) if wave]
    assert sure == [0.6, 0.6, 0.6, 0.9, 0.9]
    one.poll(None, 0.0)
    again = one.poll({"echo_us": 580.0}, 0.0)
    assert again is not None
    assert again.confidence == 0.6


def test_a_motor_on_a_device_pays_for_what_it_does() -> None:
    one = cell("motor_left")
    turning = {"target_pps": 200.0, "actual_pps": 190.0, "current_ma": 250.0}
    stuck, still = {**turning, "actual_pps": 0.0, "current_ma": 1200.0}, dict.fromkeys(turning, 0.0)
    done = [still, turning, turning, still, turning, stuck, stuck, turning]
    waves = [wave for wave in (one.poll(raw, 0.0) for raw in done) if wave]
    assert [wave.cost for wave in waves] == pytest.approx([0.0, 1.6, 0.3, 0.3, 1.6, 0.0, 0.0, 1.6])
    assert [wave.confidence for wave in waves] == [0.7, 0.7, 0.7, 0.7, 0.7, 1.0, 1.0, 0.7]
    assert one.cell.spent == pytest.approx(5.4)


def test_a_servo_pays_for_a_move_and_not_for_standing() -> None:
    one = cell("servo_camera")
    there, going = {"pulse_us": 900.0, "target_us": 900.0}, {"pulse_us": 900.0, "target_us": 2000.0}
    waves = [
        wave for wave in (one.poll(raw, 0.0) for raw in (there, going, going, there, there, going)) if wave
    ]
    assert [wave.cost for wave in waves] == [0.0, 0.5, 0.0, 0.0, 0.0, 0.5]


def test_a_cell_rests_where_its_reading_left_it() -> None:
    battery, motor = cell("battery_monitor"), cell("motor_left")
    battery.poll({"millivolts": 3300.0}, 0.0)
    assert battery.cell.current is BatteryState.CRITICAL
    motor.poll({"target_pps": 200.0, "actual_pps": 0.0, "current_ma": 1200.0}, 0.0)
    assert motor.cell.current is MotorState.STALLED


@pytest.mark.parametrize(
    ("sensed", "reason"),
    [
        (Sensed(1.2, (1.0,)), "confidence 1.2 is not a share from 0 to 1"),
        (Sensed(-0.1, (1.0,)), "confidence -0.1"),
        (Sensed(nan, (1.0,)), "confidence nan"),
        (Sensed(0.5, (nan,)), "are not 1 finite numbers"),
        (Sensed(0.5, (1.0, 2.0)), "are not 1 finite numbers"),
    ],
)
def test_a_kind_that_makes_no_wave_of_it_is_found_out(sensed: Sensed, reason: str) -> None:
    def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
        return sensed

    declaration = Declaration(READER_WALK, (Field("x"),), (Raw("x", 0.0, 1.0),), sense)
    one = SensorCell(CellKind(0, "odd", "odd", 2, 0.1, declaration.fields), declaration)
    assert one.poll({"x": 0.5}, 0.0) is None
    assert reason in one.cell.last_error
    assert one.cell.current is ReaderState.ERROR


def test_a_cell_that_works_on_request_reads_nothing() -> None:
    with pytest.raises(ValueError, match="math/v1 works on request"):
        SensorCell(CELLS[MATH], declared(CELLS[MATH]))


def test_a_cell_goes_on_after_a_restart() -> None:
    one, other = cell("imu_sensor"), cell("imu_sensor")
    raw = {"ax": 0.0, "ay": 0.0, "az": 16384.0, "gz": 1310.0, "dt_ms": 1000.0}
    for turn in range(3):
        one.poll(raw, float(turn))
    other.restore(json.loads(json.dumps(one.state())))
    assert other.state() == one.state()
    assert other.poll(raw, 4.0) == one.poll(raw, 4.0)
    with pytest.raises(ValueError, match="imu_sensor/v1 says 3 values, not 1"):
        other.restore({**one.state(), "values": [1.0]})


class Tripled:
    """Everything at three times the printed price."""

    def cell(self, name: str, printed: float) -> float:
        return 3.0 * printed

    def gate(self, name: str, printed: float) -> float:
        return printed

    def nerve(self, name: str, printed: float) -> float:
        return printed


def test_prices_may_come_from_elsewhere() -> None:
    one = SensorCell(kind_named("imu_sensor"), declared(kind_named("imu_sensor")), prices=Tripled())
    assert one.cell.poll_cost == pytest.approx(0.9)
    assert one.cell.step(declared(one.kind).walk[1]) == pytest.approx(0.9)
