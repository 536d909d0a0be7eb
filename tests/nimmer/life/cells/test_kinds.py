"""What each kind makes of a raw reading: numbers to check by hand, and laws that hold for all of them."""

from collections.abc import Mapping
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.cells.battery_monitor import CURVE_MV, percentage_of
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed, stability
from nimmer.life.senses import CELLS, DEVICE_CELLS, TABLE, Row, declared, kind_named
from nimmer.life.sensor_cell import SensorCell
from nimmer.life.wave import MEANINGS, Field

READING = [row for row in TABLE if row.declared.sense is not None]


def within(one: Raw) -> st.SearchStrategy[float]:
    return st.integers(int(one.low), int(one.high)).map(float) if one.whole else st.floats(one.low, one.high)


def sensed(name: str, raw: Mapping[str, float], past: Past | None = None) -> Sensed | str:
    declaration = declared(kind_named(name))
    assert declaration.fault(raw) == ""
    assert declaration.sense is not None
    return declaration.sense(declaration.filled(raw), past or Past())


@pytest.mark.parametrize(
    ("name", "raw", "confidence", "values"),
    [
        ("distance_front", {"echo_us": 1740.0}, 0.6, (30.0, 0.0, 0.0)),
        ("distance_right", {"echo_us": 580.0}, 0.6, (10.0, 2.0, 0.0)),
        ("energy", {"percentage": 15.0}, 0.9, (15.0, 0.0)),
        ("battery_monitor", {"millivolts": 3700.0, "charging": 1.0}, 0.6, (3.7, 30.0, 1.0)),
        ("battery_monitor", {"millivolts": 3450.0}, 1.0, (3.45, 5.0, 0.0)),
        ("imu_sensor", {"ax": 0.0, "ay": 0.0, "az": 16384.0}, 0.6, (0.0, 1.0, 0.0)),
        (
            "imu_sensor",
            {"ax": 16384.0, "ay": 0.0, "az": 0.0, "gz": 1310.0, "dt_ms": 500.0},
            0.6,
            (5.0, 1.0, 90.0),
        ),
        ("light_sensor", {"lux": 120.0, "direction": 1.0}, 0.6, (120.0, 1.0)),
        (
            "motor_left",
            {"target_pps": 200.0, "actual_pps": 196.0, "current_ma": 200.0},
            0.7,
            (0.49, 0.5, 1.0, 0.0),
        ),
        (
            "motor_left",
            {"target_pps": 200.0, "actual_pps": 0.0, "current_ma": 1200.0},
            1.0,
            (0.0, 0.5, 6.0, 1.0),
        ),
        ("motor_right", {"target_pps": 0.0, "actual_pps": 0.0, "current_ma": 0.0}, 0.7, (0.0, 0.0, 0.0, 0.0)),
        ("servo_camera", {"pulse_us": 1500.0, "target_us": 1500.0}, 0.9, (90.0, 1.0)),
        ("servo_camera", {"pulse_us": 500.0, "target_us": 2500.0}, 0.6, (0.0, 0.0)),
        ("speech_stt", {"word_count": 7.0, "no_speech": 0.15, "language": 1.0}, 0.85, (7.0, 1.0, 0.0, 0.0)),
        ("speech_tts", {"audio_playing": 1.0, "complete": 0.0}, 0.6, (1.0, 0.0)),
        ("speech_tts", {"audio_playing": 0.0, "complete": 1.0}, 0.9, (0.0, 1.0)),
        (
            "vision_detect",
            {"object_count": 2.0, "top_class": 2.0, "top_confidence": 0.81, "largest_box": 0.25},
            0.81,
            (2.0, 2.0, 0.25, 0.5),
        ),
        ("vision_detect", {"object_count": 0.0}, 0.3, (0.0, 0.0, 0.0, 0.5)),
        ("host_temperature", {"celsius": 80.1}, 1.0, (80.1,)),
    ],
)
def test_a_reading_means(
    name: str, raw: Mapping[str, float], confidence: float, values: tuple[float, ...]
) -> None:
    found = sensed(name, raw)
    assert isinstance(found, Sensed)
    assert found.confidence == pytest.approx(confidence)
    assert found.values == pytest.approx(values)


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("distance_front", {"echo_us": 38000.0}, "no echo came back"),
        ("battery_monitor", {"millivolts": 12.0}, "no battery at the wire"),
        ("imu_sensor", {"ax": 0.0, "ay": 0.0, "az": 0.0}, "feels no gravity"),
        ("speech_tts", {"audio_playing": 1.0, "complete": 1.0}, "cannot play and be complete"),
        ("vision_detect", {"object_count": 2.0}, "2 objects cannot have none as the surest"),
        (
            "novelty",
            {"coverage": 0.1, "here_known": 1.0, "unknown_neighbours": 3.0, "exits": 2.0},
            "3 of 2 neighbours",
        ),
    ],
)
def test_a_reading_that_contradicts_itself_is_a_reason(
    name: str, raw: Mapping[str, float], reason: str
) -> None:
    found = sensed(name, raw)
    assert isinstance(found, str)
    assert reason in found


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"echo_us": nan}, "echo_us is nan; it lies in 0..38000"),
        ({"echo_us": inf}, "echo_us is inf"),
        ({"echo_us": 1e9}, "echo_us is 1000000000.0; it lies in 0..38000"),
        ({"echo_us": -1.0}, "echo_us is -1.0"),
        ({"echo_us": "1740"}, "echo_us is '1740'"),
        ({"echo": 1740.0}, "'echo' is none of its numbers; the nearest is echo_us"),
        ({}, "echo_us is missing"),
    ],
)
def test_a_reading_that_cannot_be_right_is_refused_by_name(raw: Mapping[str, object], reason: str) -> None:
    assert reason in declared(kind_named("distance_front")).fault(raw)


@pytest.mark.parametrize("row", READING, ids=lambda row: row.kind.label)
@given(data=st.data())
def test_whatever_lies_in_its_ranges_becomes_a_wave_or_a_reason(row: Row, data: st.DataObject) -> None:
    cell = SensorCell(*row)
    for _ in range(3):
        raw = {one.name: data.draw(within(one)) for one in row.declared.reads}
        wave = cell.poll(raw, 1.0)
        assert (wave is None) == (not cell.operational)
        if wave is not None:
            assert 0.0 <= wave.confidence <= 1.0
            assert len(wave.values) == len(row.kind.fields)
            assert all(map(isfinite, wave.values))


@pytest.mark.parametrize("row", READING, ids=lambda row: row.kind.label)
@given(data=st.data())
def test_whatever_it_is_given_it_does_not_raise(row: Row, data: st.DataObject) -> None:
    names = st.sampled_from([one.name for one in row.declared.reads] + ["nose"])
    raw = data.draw(st.dictionaries(names, st.floats(), max_size=6))
    cell = SensorCell(*row)
    wave = cell.poll(raw, 1.0)
    assert (wave is None) == (cell.cell.last_error != "")


@pytest.mark.parametrize("row", READING, ids=lambda row: row.kind.label)
@given(data=st.data())
def test_a_category_is_one_of_its_choices(row: Row, data: st.DataObject) -> None:
    raw = {one.name: data.draw(within(one)) for one in row.declared.reads}
    wave = SensorCell(*row).poll(raw, 1.0)
    if wave is not None:
        for field, value in zip(row.kind.fields, wave.values, strict=True):
            if field.kind == "category":
                assert 0 <= int(value) < len(field.choices)


@pytest.mark.parametrize("row", [row for row in READING if row.declared.path], ids=lambda row: row.kind.label)
@given(data=st.data())
def test_a_path_takes_declared_moves_wherever_a_cell_rests(row: Row, data: st.DataObject) -> None:
    cell = SensorCell(*row)
    for _ in range(6):
        raw = {one.name: data.draw(st.sampled_from([one.low, one.high, 0.5])) for one in row.declared.reads}
        cell.poll(raw, 1.0)  # an undeclared move would raise


def test_a_choice_is_a_whole_number() -> None:
    raw = {"word_count": 1.0, "no_speech": 0.0, "language": 0.7}
    assert "language is 0.7; it is a whole number" in declared(kind_named("speech_stt")).fault(raw)


def test_three_alike_make_a_value_trustworthy_and_a_jump_makes_it_noise() -> None:
    past, sure = Past(), []
    for value in (10.0, 10.5, 10.2, 10.0, 10.4, 40.0, 40.0):
        confidence, steady = stability(value, past, 1.0, 20.0)
        past = Past((value,), steady)
        sure.append(confidence)
    assert sure == [0.6, 0.6, 0.6, 0.9, 0.9, 0.3, 0.6]


def test_a_charge_follows_its_voltage() -> None:
    for millivolts, percentage in CURVE_MV:
        assert percentage_of(millivolts) == pytest.approx(percentage)
    assert (percentage_of(2900.0), percentage_of(4300.0)) == (0.0, 100.0)
    charges = [percentage_of(millivolts) for millivolts in range(3200, 4300, 10)]
    assert charges == sorted(charges)


def test_a_heading_is_added_up_from_the_turning_rate_and_stays_a_heading() -> None:
    cell = SensorCell(kind_named("imu_sensor"), declared(kind_named("imu_sensor")))
    raw = {"ax": 0.0, "ay": 0.0, "az": 16384.0, "gz": -13100.0, "dt_ms": 1000.0}
    headings = [wave.values[0] for wave in (cell.poll(raw, float(turn)) for turn in range(4)) if wave]
    assert headings == pytest.approx([260.0, 160.0, 60.0, 320.0])


def test_what_a_device_carries_can_be_read_from_it() -> None:
    assert [kind.name for kind in DEVICE_CELLS] == [
        "distance_front",
        "distance_left",
        "distance_right",
        "motor_left",
        "motor_right",
        "imu_sensor",
        "light_sensor",
        "servo_camera",
        "battery_monitor",
    ]
    assert all(declared(kind).reads and declared(kind).sense for kind in DEVICE_CELLS)


def test_a_declaration_that_no_wave_can_carry_is_refused() -> None:
    fields = tuple(Field(f"f{number}") for number in range(MEANINGS + 1))
    with pytest.raises(ValueError, match="5 fields are declared; a wave carries 4"):
        Declaration(declared(CELLS[0]).walk, fields)
    with pytest.raises(ValueError, match="that is no range"):
        Declaration(declared(CELLS[0]).walk, (), (Raw("x", 2.0, 1.0),))
