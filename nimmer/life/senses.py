"""Every kind of cell this village has, as one table, so that a wave is a code and numbers, never text.

A wave record carries the code of its kind; whoever reads it (a gate, the bus, a store) finds here the domain,
the printed price and the names of its fields. Adding a cell is adding a row at the end.
Source: docs/domain.md section 2 (cells, prices) and section 13 points 9 and 14.
"""

from collections.abc import Iterable

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

DIRECTIONS = ("front", "left", "right")
OPERATIONS = ("add", "subtract", "multiply", "divide", "power", "sqrt", "mean", "min", "max", "modulo", "abs")
"""What the math cell computes; the index travels in its wave."""

_DISTANCE = (
    Field("distance_cm", scale=200.0),
    Field("direction", kind="category", choices=DIRECTIONS, scope=True),
    Field("noise_level", scale=50.0),
)
_BATTERY = (
    Field("percentage", scale=100.0),
    Field("charging", kind="category", choices=("no", "yes")),
)
_MATH = (
    Field("operation", kind="category", choices=OPERATIONS),
    Field("operand_count", scale=64.0),
    Field("result", kind="identity"),
)
_MOTOR = (
    Field("actual_velocity", scale=2.0),
    Field("target_velocity", scale=2.0),
    Field("power_draw", scale=10.0),
    Field("stall_detected", kind="category", choices=("no", "yes")),
)
_YES = ("no", "yes")

CELLS: tuple[CellKind, ...] = (
    CellKind(DISTANCE_FRONT, "distance_front", "distance", 2, 0.5, _DISTANCE),
    CellKind(DISTANCE_LEFT, "distance_left", "distance", 2, 0.5, _DISTANCE),
    CellKind(DISTANCE_RIGHT, "distance_right", "distance", 2, 0.5, _DISTANCE),
    CellKind(ENERGY, "energy", "battery", 1, 0.1, _BATTERY),
    CellKind(
        NOVELTY,
        "novelty",
        "exploration",
        2,
        0.2,
        (
            Field("coverage", scale=1.0),
            Field("here_known", kind="category", choices=("no", "yes")),
            Field("unknown_neighbours", scale=8.0),
        ),
    ),
    CellKind(SOCIAL, "social", "social", 2, 0.2, (Field("occupants", scale=4.0), Field("news", scale=25.0))),
    CellKind(HOST_CPU, "host_cpu", "host", 1, 0.01, (Field("cpu_percent", scale=100.0),)),
    CellKind(HOST_MEMORY, "host_memory", "host", 1, 0.01, (Field("memory_percent", scale=100.0),)),
    CellKind(HOST_TEMPERATURE, "host_temperature", "danger", 0, 0.1, (Field("celsius", scale=100.0),)),
    CellKind(HOST_BATTERY, "host_battery", "battery", 1, 0.1, _BATTERY),
    CellKind(MATH, "math", "math", 1, 0.1, _MATH),
    CellKind(MOTOR_LEFT, "motor_left", "motor", 0, 1.7, _MOTOR),
    CellKind(MOTOR_RIGHT, "motor_right", "motor", 0, 1.7, _MOTOR),
    CellKind(
        IMU_SENSOR,
        "imu_sensor",
        "motion",
        1,
        0.3,
        (Field("heading", scale=360.0), Field("acceleration", scale=20.0), Field("tilt", scale=90.0)),
    ),
    CellKind(LIGHT_SENSOR, "light_sensor", "light", 1, 0.2, (Field("lux", scale=1000.0),)),
    CellKind(SERVO_CAMERA, "servo_camera", "camera", 2, 0.5, (Field("angle", scale=180.0),)),
    CellKind(
        BATTERY_MONITOR, "battery_monitor", "battery", 1, 0.1, (*_BATTERY, Field("voltage", scale=12.0))
    ),
    CellKind(MATH_V2, "math_2", "math", 1, 0.1, _MATH),
    CellKind(
        SPEECH_STT,
        "speech_stt",
        "speech",
        3,
        6.1,
        (Field("speaker_intent", kind="category", choices=("statement", "question")),),
    ),
    CellKind(
        SPEECH_TTS,
        "speech_tts",
        "voice",
        3,
        4.0,
        (Field("complete", kind="category", choices=_YES),),
    ),
    CellKind(VISION_DETECT, "vision_detect", "vision", 3, 8.0, (Field("objects", scale=10.0),)),
)
"""The table: `CELLS[code].code == code`. cost is the printed price in lifeforce of one poll or answer."""

BODY_CELLS: tuple[CellKind, ...] = CELLS[: SOCIAL + 1]
"""The six cells of an NPC's body."""
HOST_CELLS: tuple[CellKind, ...] = CELLS[HOST_CPU : HOST_BATTERY + 1]
"""The four cells of a host machine."""

_BY_NAME = {kind.name: kind for kind in CELLS}


def kind_named(name: str) -> CellKind:
    """Return the kind called `name`. Raises KeyError naming every kind when there is none."""
    if name not in _BY_NAME:
        raise KeyError(f"no cell is called {name!r}; there are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def of_domain(domain: str, kinds: Iterable[CellKind] = CELLS) -> tuple[CellKind, ...]:
    """Return those of `kinds` that speak of `domain`, in table order."""
    return tuple(kind for kind in kinds if kind.domain == domain)


def meaning(wave: Wave) -> dict[str, object]:
    """Return what `wave` says as named JSON: numbers as they are, a category as its word.

    Raises IndexError for a cell code outside `CELLS`; a category outside its choices is given as its number.
    """
    found: dict[str, object] = {}
    for field, value in zip(CELLS[wave.cell].fields, wave.values, strict=False):
        found[field.name] = _word(field, value) if field.kind == "category" else value
    return found


def _word(field: Field, value: float) -> object:
    if 0 <= value < len(field.choices):  # false for NaN too
        return field.choices[int(value)]
    return value
