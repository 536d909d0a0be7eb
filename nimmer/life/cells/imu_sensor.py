"""The inertial sensor (MPU6050): where a device is heading, how hard it is pushed, how far it leans.

Raw counts at the chip's default ranges: 16384 for 1 g, 131 for 1 degree a second. The heading is added up from the
turning rate and drifts; it is relative to how the device lay when it was switched on.
Source: docs/domain.md section 2 (imu_sensor: IDLE SAMPLING REPORTING, sample .3); MPU-6000 register map, rev. 4.2.
"""

from collections.abc import Mapping
from math import acos, degrees, sqrt

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed, stability
from nimmer.life.wave import Field

COUNTS_PER_G = 16384.0
COUNTS_PER_DEGREE_S = 131.0
ALIKE_G = 0.1
NOISE_G = 1.0
"""Accelerations closer together than the first are alike; a jump of more than the second is noise."""
_INT16 = 32768.0


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"SAMPLING": 0.3},
        "SAMPLING": {"REPORTING": 0.0},
        "REPORTING": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class ImuState(CellState):
    """A sample costs .3."""

    IDLE = "idle"
    SAMPLING = "sampling"
    REPORTING = "reporting"
    ERROR = "error"


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return heading (degrees, 0..360), acceleration (g, gravity included) and tilt (degrees, 0..180)."""
    ax, ay, az = raw["ax"], raw["ay"], raw["az"]
    total = sqrt(ax * ax + ay * ay + az * az)
    if total == 0.0:
        return "it feels no gravity; the chip does not answer"
    heading = past.values[0] if past.values else 0.0
    heading = (heading + raw["gz"] / COUNTS_PER_DEGREE_S * raw["dt_ms"] / 1000.0) % 360.0
    acceleration = total / COUNTS_PER_G
    tilt = degrees(acos(min(1.0, max(-1.0, az / total))))
    confidence, steady = stability(acceleration, past, ALIKE_G, NOISE_G, field=1)
    return Sensed(confidence, (heading, acceleration, tilt), steady)


IMU_SENSOR = Declaration(
    walk=(ImuState.IDLE, ImuState.SAMPLING, ImuState.REPORTING, ImuState.IDLE),
    fields=(
        Field("heading", scale=360.0),
        Field("acceleration", scale=4.0),
        Field("tilt", scale=180.0),
    ),
    reads=(
        Raw("ax", -_INT16, _INT16),
        Raw("ay", -_INT16, _INT16),
        Raw("az", -_INT16, _INT16),
        Raw("gz", -_INT16, _INT16, 0.0),
        Raw("dt_ms", 0.0, 10000.0, 0.0),
    ),
    sense=sense,
    on_device=True,
)
