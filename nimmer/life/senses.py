"""Every kind of cell this village has, as one table, so that a wave is a code and numbers, never text.

A wave record carries the code of its kind; whoever reads it (a gate, the bus, a store) finds here the domain,
the printed price and the names of its fields. What a kind reads and how it makes sense of it stands in the kind's
own file; adding a cell is that file and a row at the end (docs/cells.md).
Source: docs/domain.md section 2 (cells, prices) and section 13 points 9 and 14.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nimmer.life.cells import (
    battery,
    battery_monitor,
    distance,
    host_gauge,
    host_temperature,
    imu_sensor,
    light_sensor,
    math_v1,
    math_v2,
    motor,
    novelty,
    servo_camera,
    social,
    speech_stt,
    speech_tts,
    vision_detect,
)
from nimmer.life.cells.declaration import Declaration
from nimmer.life.wave import CellKind, Field, Wave

DISTANCE_FRONT = 0
DISTANCE_LEFT = 1
DISTANCE_RIGHT = 2
ENERGY = 3
NOVELTY = 4
SOCIAL = 5
HOST_CPU = 6
HOST_MEMORY = 7
HOST_TEMPERATURE = 8
HOST_BATTERY = 9
MATH = 10
MOTOR_LEFT = 11
MOTOR_RIGHT = 12
IMU_SENSOR = 13
LIGHT_SENSOR = 14
SERVO_CAMERA = 15
BATTERY_MONITOR = 16
MATH_V2 = 17
SPEECH_STT = 18
SPEECH_TTS = 19
VISION_DETECT = 20

DIRECTIONS = distance.DIRECTIONS
OPERATIONS = math_v1.OPERATIONS
"""What every version of the math cell computes; the index travels in its wave."""


class Row(NamedTuple):
    """One row: the kind as the village knows it, and what its file declares."""

    kind: CellKind
    declared: Declaration


def row(
    code: int, name: str, domain: str, tier: int, cost: float, declared: Declaration, version: int = 1
) -> Row:
    """Return one row of the table; `cost` is the printed price of one poll or answer in lifeforce."""
    return Row(CellKind(code, name, domain, tier, cost, declared.fields, version), declared)


TABLE: tuple[Row, ...] = (
    row(DISTANCE_FRONT, "distance_front", "distance", 2, 0.5, distance.DISTANCE_FRONT),
    row(DISTANCE_LEFT, "distance_left", "distance", 2, 0.5, distance.DISTANCE_LEFT),
    row(DISTANCE_RIGHT, "distance_right", "distance", 2, 0.5, distance.DISTANCE_RIGHT),
    row(ENERGY, "energy", "battery", 1, 0.1, battery.BATTERY),
    row(NOVELTY, "novelty", "exploration", 2, 0.2, novelty.NOVELTY),
    row(SOCIAL, "social", "social", 2, 0.2, social.SOCIAL),
    row(HOST_CPU, "host_cpu", "host", 1, 0.01, host_gauge.HOST_CPU),
    row(HOST_MEMORY, "host_memory", "host", 1, 0.01, host_gauge.HOST_MEMORY),
    row(HOST_TEMPERATURE, "host_temperature", "danger", 0, 0.1, host_temperature.HOST_TEMPERATURE),
    row(HOST_BATTERY, "host_battery", "battery", 1, 0.1, battery.BATTERY),
    row(MATH, "math", "math", 1, 0.1, math_v1.MATH_V1),
    row(MOTOR_LEFT, "motor_left", "motor", 0, 1.9, motor.MOTOR),
    row(MOTOR_RIGHT, "motor_right", "motor", 0, 1.9, motor.MOTOR),
    row(IMU_SENSOR, "imu_sensor", "motion", 2, 0.3, imu_sensor.IMU_SENSOR),
    row(LIGHT_SENSOR, "light_sensor", "light", 2, 0.2, light_sensor.LIGHT_SENSOR),
    row(SERVO_CAMERA, "servo_camera", "camera", 2, 0.5, servo_camera.SERVO_CAMERA),
    row(BATTERY_MONITOR, "battery_monitor", "battery", 1, 0.1, battery_monitor.BATTERY_MONITOR),
    row(MATH_V2, "math", "math", 1, 0.1, math_v2.MATH_V2, version=2),
    row(SPEECH_STT, "speech_stt", "speech", 3, 6.1, speech_stt.SPEECH_STT),
    row(SPEECH_TTS, "speech_tts", "voice", 3, 4.0, speech_tts.SPEECH_TTS),
    row(VISION_DETECT, "vision_detect", "vision", 3, 8.0, vision_detect.VISION_DETECT),
)
"""The table. A kind's code is its place here."""

CELLS: tuple[CellKind, ...] = tuple(one.kind for one in TABLE)
"""The kinds: `CELLS[code].code == code`. cost is the printed price in lifeforce of one poll or answer."""

BODY_CELLS: tuple[CellKind, ...] = (*CELLS[: SOCIAL + 1], CELLS[MOTOR_LEFT], CELLS[MOTOR_RIGHT])
"""The eight cells of an NPC's body: six that sense, two that say what came of a move."""
HOST_CELLS: tuple[CellKind, ...] = CELLS[HOST_CPU : HOST_BATTERY + 1]
"""The four cells of a host machine."""
DEVICE_CELLS: tuple[CellKind, ...] = tuple(one.kind for one in TABLE if one.declared.on_device)
"""What a device on the bus may carry."""

_BY_NAME = {
    **{kind.name: kind for kind in sorted(CELLS, key=lambda kind: kind.version)},
    **{kind.label: kind for kind in CELLS},
}


def kind_named(name: str) -> CellKind:
    """Return the kind called `name`: `math` is the newest version, `math/v1` that one.

    Raises KeyError naming every kind when there is none.
    """
    if name not in _BY_NAME:
        raise KeyError(f"no cell is called {name!r}; there are {', '.join(kind.label for kind in CELLS)}")
    return _BY_NAME[name]


def declared(kind: CellKind) -> Declaration:
    """Return what the file of `kind` declares."""
    return TABLE[kind.code].declared


def of_domain(domain: str, kinds: Iterable[CellKind] = CELLS) -> tuple[CellKind, ...]:
    """Return those of `kinds` that speak of `domain`, in table order."""
    return tuple(kind for kind in kinds if kind.domain == domain)


def meaning(wave: Wave) -> dict[str, object]:
    """Return what `wave` says as named JSON: numbers as they are, a category as its word.

    Raises IndexError for a cell code outside `CELLS`; a category outside its choices is given as its number.
    """
    return said(CELLS[wave.cell], wave.values)


def said(kind: CellKind, values: Sequence[float]) -> dict[str, object]:
    """Return `values` under the names of a kind's fields, as `meaning` does; those beyond its fields are left out."""
    return {
        field.name: _word(field, value) if field.kind == "category" else value
        for field, value in zip(kind.fields, values, strict=False)
    }


def _word(field: Field, value: float) -> object:
    if 0 <= value < len(field.choices):  # false for NaN too
        return field.choices[int(value)]
    return value
