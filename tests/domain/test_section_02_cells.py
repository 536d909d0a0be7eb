"""Section 2 of docs/domain.md by number: the states of every cell, what its moves cost, what it says and how sure."""

from itertools import pairwise

import pytest

from nimmer.life.action import MOVES
from nimmer.life.body_cells import BodyCells
from nimmer.life.cell import Cell
from nimmer.life.math_cell import MathCells
from nimmer.life.percept import Percept
from nimmer.life.senses import CELLS, MATH, MATH_V2, declared, kind_named
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import CellKind, Wave


def prices(name: str, *states: str) -> list[float]:
    """Return what each move of a path costs in the cell called `name`, lifeforce."""
    kind = kind_named(name)
    names = type(declared(kind).walk[0])
    found = []
    for before, after in pairwise(states):
        price = names[before].successors[names[after]]
        found.append(kind.cost if price is None else price)
    return found


def poll(name: str, *readings: dict[str, float]) -> float:
    """Return how sure the cell called `name` is after the last of `readings`."""
    kind = kind_named(name)
    cell = SensorCell(kind, declared(kind))
    waves = [cell.poll(reading, 0.1 * number) for number, reading in enumerate(readings)]
    assert isinstance(waves[-1], Wave)
    return waves[-1].confidence


def states_of(name: str) -> tuple[str, ...]:
    return tuple(type(declared(kind_named(name)).walk[0]).__members__)


def fields_of(name: str) -> tuple[str, ...]:
    return tuple(field.name for field in kind_named(name).fields)


# All cells


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.label)
def test_2_every_cell_moves_to_error_free_of_charge_from_every_state(kind: CellKind) -> None:
    states = type(declared(kind).walk[0])
    assert [state.successors[states["ERROR"]] for state in states if state.name != "ERROR"] == [0.0] * (
        len(states) - 1
    )


def test_2_a_cell_is_operational_and_counts_its_errors() -> None:
    kind = kind_named("distance_front")
    cell = Cell(kind, declared(kind).walk)
    assert (cell.operational, cell.error_count) == (True, 0)
    cell.fail("no echo came back")
    assert (cell.operational, cell.error_count, cell.current.name, cell.spent) == (False, 1, "ERROR", 0.0)


# States, transition costs and wave content


@pytest.mark.parametrize("name", ["distance_front", "distance_left", "distance_right"])
def test_2_a_distance_poll_costs_half_a_lifeforce(name: str) -> None:
    assert states_of(name) == ("IDLE", "POLLING", "READING", "EMITTING", "ERROR")
    assert prices(name, "IDLE", "POLLING", "READING", "EMITTING", "IDLE") == [0.1, 0.3, 0.1, 0.0]
    assert Cell(kind_named(name), declared(kind_named(name)).walk).poll_cost == pytest.approx(0.5)
    assert fields_of(name) == ("distance_cm", "direction", "noise_level")


def test_2_a_battery_reading_costs_0_1() -> None:
    assert states_of("battery_monitor") == ("MONITORING", "LOW", "CRITICAL", "ERROR")
    assert prices("battery_monitor", "MONITORING", "LOW", "CRITICAL", "CRITICAL", "MONITORING") == [0.1] * 4
    assert fields_of("battery_monitor") == ("voltage", "percentage", "charging")


def test_2_an_imu_sample_costs_0_3() -> None:
    assert states_of("imu_sensor") == ("IDLE", "SAMPLING", "REPORTING", "ERROR")
    assert prices("imu_sensor", "IDLE", "SAMPLING", "REPORTING", "IDLE") == [0.3, 0.0, 0.0]
    assert fields_of("imu_sensor") == ("heading", "acceleration", "tilt")


def test_2_a_light_reading_costs_0_2() -> None:
    assert states_of("light_sensor") == ("IDLE", "READING", "REPORTING", "ERROR")
    assert prices("light_sensor", "IDLE", "READING", "REPORTING", "IDLE") == [0.2, 0.0, 0.0]
    assert fields_of("light_sensor") == ("lux", "direction")


@pytest.mark.parametrize("name", ["motor_left", "motor_right"])
def test_2_a_motor_pays_0_1_0_5_and_1_0_to_move_0_3_a_tick_0_2_and_0_1_to_stop(name: str) -> None:
    assert states_of(name) == (
        "IDLE", "COMMANDED", "ACCELERATING", "MOVING", "DECELERATING", "STOPPED", "STALLED", "ERROR",
    )  # fmt: skip
    assert prices(name, "IDLE", "COMMANDED", "ACCELERATING", "MOVING") == [0.1, 0.5, 1.0]
    assert prices(name, "MOVING", "MOVING", "DECELERATING", "STOPPED") == [0.3, 0.2, 0.1]
    assert fields_of(name) == ("actual_velocity", "target_velocity", "power_draw", "stall_detected")


def test_2_a_motor_stalls_from_any_state_for_nothing() -> None:
    for state in ("IDLE", "COMMANDED", "ACCELERATING", "MOVING", "DECELERATING", "STOPPED"):
        assert prices("motor_left", state, "STALLED") == [0.0]


def test_2_a_move_of_the_camera_servo_costs_0_5() -> None:
    assert states_of("servo_camera") == ("IDLE", "MOVING", "POSITIONED", "ERROR")
    assert prices("servo_camera", "IDLE", "MOVING", "POSITIONED", "IDLE") == [0.5, 0.0, 0.0]
    assert fields_of("servo_camera") == ("angle", "at_target")


@pytest.mark.parametrize("name", ["math/v1", "math/v2"])
def test_2_a_math_wave_costs_0_1(name: str) -> None:
    assert states_of(name) == ("IDLE", "COMPUTING", "EMITTING", "ERROR")
    assert prices(name, "IDLE", "COMPUTING", "EMITTING", "IDLE") == [0.1, 0.0, 0.0]
    assert fields_of(name)[0] == "operation"


def test_2_speech_to_text_pays_0_5_0_5_5_0_0_1_and_0() -> None:
    path = ("IDLE", "LISTENING", "BUFFERING", "TRANSCRIBING", "EMITTING")
    assert states_of("speech_stt") == (*path, "ERROR")
    assert prices("speech_stt", *path, "IDLE") == [0.5, 0.5, 5.0, 0.1, 0.0]
    assert set(fields_of("speech_stt")) >= {"language", "speaker_intent", "emotional_tone"}


def test_2_text_to_speech_costs_4() -> None:
    assert states_of("speech_tts") == ("IDLE", "SYNTHESIZING", "SPEAKING", "ERROR")
    assert sum(prices("speech_tts", "IDLE", "SYNTHESIZING", "SPEAKING", "IDLE")) == 4.0
    assert fields_of("speech_tts") == ("audio_playing", "complete")


def test_2_a_frame_of_vision_costs_8() -> None:
    assert states_of("vision_detect") == ("IDLE", "CAPTURING", "DETECTING", "REPORTING", "ERROR")
    assert sum(prices("vision_detect", "IDLE", "CAPTURING", "DETECTING", "REPORTING", "IDLE")) == 8.0


# Confidence


def echo(distance_cm: float) -> dict[str, float]:
    return {"echo_us": distance_cm * 58.0}


def test_2_distance_is_0_6_sure_then_0_9_after_more_than_3_stable_readings() -> None:
    assert [poll("distance_front", *[echo(20.0)] * count) for count in (1, 3, 4)] == [0.6, 0.6, 0.9]


def test_2_distance_is_0_3_sure_when_the_noise_is_over_its_limit() -> None:
    assert poll("distance_front", echo(20.0), echo(40.5)) == 0.3
    assert poll("distance_front", echo(20.0), echo(39.5)) == 0.6


def test_2_a_motor_is_0_7_sure_and_1_0_when_stalled() -> None:
    assert poll("motor_left", {"target_pps": 400.0, "actual_pps": 400.0, "current_ma": 500.0}) == 0.7
    assert poll("motor_left", {"target_pps": 400.0, "actual_pps": 0.0, "current_ma": 2000.0}) == 1.0


@pytest.mark.parametrize(("rejection", "confidence"), [(0, 0.7), (1, 1.0)])
def test_2_a_body_s_motors_are_0_7_sure_of_a_move_and_1_0_of_a_refusal_at_once(
    rejection: int, confidence: float
) -> None:
    free = (100.0,) * 8
    percept = Percept(
        1,
        1,
        7,
        0,
        0.9,
        0.0,
        0.2,
        0,
        0,
        1,
        0,
        rejection,
        4,
        (2, 8, 12, 6, *(-1,) * 4),
        free,
        (0,) * 8,
        (1,) * 8,
    )
    cells = BodyCells()
    cells.command(MOVES[0])
    sure = [wave.confidence for wave in cells.sense(percept, 0.0) if CELLS[wave.cell].domain == "motor"]
    assert sure == [confidence, confidence]


def test_2_transcription_is_as_sure_as_speech_was_heard() -> None:
    assert poll("speech_stt", {"word_count": 3.0, "no_speech": 0.2}) == pytest.approx(0.8)


def test_2_danger_is_certain_above_80_degrees() -> None:
    assert [poll("host_temperature", {"celsius": celsius}) for celsius in (80.0, 80.1)] == [0.6, 1.0]


@pytest.mark.parametrize(
    ("percentage", "confidence", "state"),
    [
        (51.0, 0.3, "MONITORING"),
        (50.0, 0.6, "MONITORING"),
        (20.0, 0.6, "MONITORING"),
        (19.0, 0.9, "LOW"),
        (10.0, 0.9, "LOW"),
        (9.0, 1.0, "CRITICAL"),
    ],
)
def test_2_battery_is_0_3_above_50_0_6_to_20_0_9_low_and_1_0_critical(
    percentage: float, confidence: float, state: str
) -> None:
    kind = kind_named("host_battery")
    cell = SensorCell(kind, declared(kind))
    wave = cell.poll({"percentage": percentage}, 0.0)
    assert wave is not None
    assert (wave.confidence, cell.cell.current.name) == (confidence, state)


@pytest.mark.parametrize(
    ("name", "steady", "jump"),
    [
        ("imu_sensor", {"ax": 0.0, "ay": 0.0, "az": 16384.0}, {"ax": 32767.0, "ay": 0.0, "az": 16384.0}),
        ("light_sensor", {"lux": 100.0}, {"lux": 1000.0}),
    ],
)
def test_2_imu_and_light_follow_the_stability_rule(
    name: str, steady: dict[str, float], jump: dict[str, float]
) -> None:
    assert [poll(name, steady), poll(name, *[steady] * 4), poll(name, steady, jump)] == [0.6, 0.9, 0.3]


@pytest.mark.parametrize("code", [MATH, MATH_V2])
def test_2_worked_math_cells_are_0_5_to_0_7_sure_and_cost_0_05_to_0_2(code: int) -> None:
    cell = MathCells().named(CELLS[code].label)
    answers = [cell.compute("add", [1.0, 2.0]), cell.compute("divide", [1.0, 3.0])]
    assert [answer.confidence for answer in answers] == [0.7, 0.5]
    assert all(0.05 <= answer.cost <= 0.2 for answer in answers)
