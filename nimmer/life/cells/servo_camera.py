"""The servo that turns a camera: at what angle it stands, and whether that is where it was sent.

A hobby servo is told its angle by the length of a pulse: 500 us is 0 degrees, 2500 us is 180.
Source: docs/domain.md section 2 (servo_camera: IDLE MOVING POSITIONED, .5). The confidence is ours: .9 where it was
sent, .6 on the way.
"""

from collections.abc import Mapping

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field

FIRST_US = 500.0
US_PER_DEGREE = 2000.0 / 180.0
ON_TARGET_DEGREES = 1.0


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"MOVING": 0.5},
        "MOVING": {"POSITIONED": 0.0},
        "POSITIONED": {"IDLE": 0.0, "MOVING": 0.5},
        "ERROR": {"IDLE": 0.0},
    },
)
class ServoState(CellState):
    """A move costs .5."""

    IDLE = "idle"
    MOVING = "moving"
    POSITIONED = "positioned"
    ERROR = "error"


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return the angle in degrees (0..180) and whether it is the one asked for."""
    angle = (raw["pulse_us"] - FIRST_US) / US_PER_DEGREE
    target = (raw["target_us"] - FIRST_US) / US_PER_DEGREE
    there = abs(angle - target) <= ON_TARGET_DEGREES
    return Sensed(0.9 if there else 0.6, (angle, 1.0 if there else 0.0), past.steady + 1)


def path(current: CellState, values: tuple[float, ...]) -> tuple[CellState, ...]:
    """Return how the servo gets from `current` to where it was found: on the way, or there."""
    if values[1]:
        return (ServoState.POSITIONED,) if current is ServoState.MOVING else ()
    return () if current is ServoState.MOVING else (ServoState.MOVING,)


SERVO_CAMERA = Declaration(
    walk=(ServoState.IDLE, ServoState.MOVING, ServoState.POSITIONED, ServoState.IDLE),
    fields=(
        Field("angle", scale=180.0),
        Field("at_target", kind="category", choices=("no", "yes")),
    ),
    reads=(Raw("pulse_us", 500.0, 2500.0), Raw("target_us", 500.0, 2500.0)),
    sense=sense,
    path=path,
    on_device=True,
)
