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
_MOTOR = (
    Field("actual_velocity", scale=1.0),
    Field("target_velocity", scale=1.0),
    Field("power_draw", scale=1.0),
    Field("stall_detected", kind="category", choices=("no", "yes")),
)

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
    CellKind(
        MATH,
        "math",
        "math",
        1,
        0.1,
        (
            Field("operation", kind="category", choices=OPERATIONS),
            Field("operand_count", scale=64.0),
            Field("result", kind="identity"),
        ),
    ),
    CellKind(MOTOR_LEFT, "motor_left", "motor", 2, 0.1, _MOTOR),
    CellKind(MOTOR_RIGHT, "motor_right", "motor", 2, 0.1, _MOTOR),
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
