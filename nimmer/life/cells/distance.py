"""Distance sensors, front, left and right: how far the next thing is.

An NPC's body reads the world's record (`nimmer.life.body_cells`, same states, prices and confidence); a device sends
the echo time of an ultrasonic sensor. The sound's way there and back is 58 us for each cm.
Source: docs/domain.md section 2 (distance_sensor_*; .5 a poll; .3 noisy, .9 stable, else .6).
"""

from collections.abc import Mapping
from functools import partial

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed, stability
from nimmer.life.wave import Field

NOISE_LIMIT_CM = 20.0
"""A reading that jumped further than this while the body stood still is noise: confidence .3."""
ALIKE_CM = 1.0
"""Echoes this close together come from the same thing."""
US_PER_CM = 58.0
LONGEST_ECHO_US = 38000.0
"""What the usual sensor answers when nothing came back; not a distance."""
DIRECTIONS = ("front", "left", "right")


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"POLLING": 0.1},
        "POLLING": {"READING": 0.3},
        "READING": {"EMITTING": 0.1},
        "EMITTING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class DistanceState(CellState):
    """One whole poll costs .5."""

    IDLE = "idle"
    POLLING = "polling"
    READING = "reading"
    EMITTING = "emitting"
    ERROR = "error"


DISTANCE_WALK = (
    DistanceState.IDLE,
    DistanceState.POLLING,
    DistanceState.READING,
    DistanceState.EMITTING,
    DistanceState.IDLE,
)


def sense(direction: int, raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return the distance an echo means: cm, direction (index in `DIRECTIONS`), how far it jumped."""
    if raw["echo_us"] >= LONGEST_ECHO_US:
        return "no echo came back"
    cm = raw["echo_us"] / US_PER_CM
    confidence, steady = stability(cm, past, ALIKE_CM, NOISE_LIMIT_CM)
    noise = abs(cm - past.values[0]) if past.values else 0.0
    return Sensed(confidence, (cm, float(direction), noise), steady)


def _declared(direction: int) -> Declaration:
    return Declaration(
        walk=DISTANCE_WALK,
        fields=(
            Field("distance_cm", scale=200.0),
            Field("direction", kind="category", choices=DIRECTIONS, scope=True),
            Field("noise_level", scale=50.0),
        ),
        reads=(Raw("echo_us", 0.0, LONGEST_ECHO_US),),
        sense=partial(sense, direction),
        on_device=True,
    )


DISTANCE_FRONT, DISTANCE_LEFT, DISTANCE_RIGHT = map(_declared, range(3))
