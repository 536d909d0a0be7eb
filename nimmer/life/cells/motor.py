"""Motors, left and right: what came of being told to move.

A motor that stalls says so at once and is certain: overcurrent is no opinion. Velocities are shares of full speed,
-1 (backwards) to 1. power_draw is in watts on a device; a simulated body has no watts, there it is the printed price
of the step in lifeforce.
Source: docs/domain.md section 2 (motor_left/right: seven states; confidence .7, 1.0 when STALLED).
"""

from collections.abc import Mapping

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field

MOVED = 0.7
STALLED = 1.0
"""How sure a motor is: of having moved, of having stalled."""
FULL_PPS = 400.0
"""Wheel pulses a second at full speed."""
STALL_SHARE = 0.05
"""A motor told to turn that turns slower than this share of full speed, under current, has stalled."""
STALL_MA = 900.0
"""Overcurrent."""


@priced(
    rest="IDLE",
    moves={
        "IDLE": {"COMMANDED": 0.1, "STALLED": 0.0},
        "COMMANDED": {"ACCELERATING": 0.5, "STALLED": 0.0},
        "ACCELERATING": {"MOVING": 1.0, "STALLED": 0.0},
        "MOVING": {"MOVING": 0.3, "DECELERATING": 0.2, "STALLED": 0.0},
        "DECELERATING": {"STOPPED": 0.1, "STALLED": 0.0},
        "STOPPED": {"IDLE": 0.0, "STALLED": 0.0},
        "STALLED": {"IDLE": 0.0},
        "ERROR": {"IDLE": 0.0},
    },
)
class MotorState(CellState):
    """From rest to moving costs 1.6, each further tick of moving .3, coming to rest .3, a stall nothing more.

    The domain prints no way out of STOPPED and STALLED; both rest again for nothing.
    """

    IDLE = "idle"
    COMMANDED = "commanded"
    ACCELERATING = "accelerating"
    MOVING = "moving"
    DECELERATING = "decelerating"
    STOPPED = "stopped"
    STALLED = "stalled"
    ERROR = "error"


START = (MotorState.COMMANDED, MotorState.ACCELERATING, MotorState.MOVING)
BLOCKED = (MotorState.COMMANDED, MotorState.ACCELERATING, MotorState.STALLED)
STOP = (MotorState.DECELERATING, MotorState.STOPPED, MotorState.IDLE)
MOTOR_WALK = (MotorState.IDLE, *START, *STOP)
"""A whole run of one tick: 1.9. Who knows what the motor does pays for that instead (`path`)."""


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return what a motor's encoder and current mean: actual and target velocity, watts, whether it stalled."""
    target, actual = raw["target_pps"] / FULL_PPS, raw["actual_pps"] / FULL_PPS
    stuck = abs(target) > STALL_SHARE >= abs(actual) and raw["current_ma"] >= STALL_MA
    watts = raw["current_ma"] * raw["supply_mv"] / 1e6
    values = (actual, target, watts, 1.0 if stuck else 0.0)
    return Sensed(STALLED if stuck else MOVED, values, past.steady + 1)


def path(current: CellState, values: tuple[float, ...]) -> tuple[CellState, ...]:
    """Return how a motor gets from `current` to what it was found doing: stalled, moving or still."""
    still = current in (MotorState.IDLE, MotorState.STALLED)
    if values[3]:
        return () if current is MotorState.STALLED else (MotorState.STALLED,)
    if abs(values[0]) > STALL_SHARE:
        return (*_TO_IDLE.get(current, ()), *START) if still else (MotorState.MOVING,)
    return _TO_IDLE.get(current, ()) if still else STOP


_TO_IDLE: dict[CellState, tuple[CellState, ...]] = {MotorState.STALLED: (MotorState.IDLE,)}

MOTOR = Declaration(
    walk=MOTOR_WALK,
    fields=(
        Field("actual_velocity", scale=1.0),
        Field("target_velocity", scale=1.0),
        Field("power_draw", scale=10.0),
        Field("stall_detected", kind="category", choices=("no", "yes")),
    ),
    reads=(
        Raw("target_pps", -2.0 * FULL_PPS, 2.0 * FULL_PPS),
        Raw("actual_pps", -2.0 * FULL_PPS, 2.0 * FULL_PPS),
        Raw("current_ma", 0.0, 20000.0),
        Raw("supply_mv", 0.0, 30000.0, 5000.0),
    ),
    sense=sense,
    path=path,
    on_device=True,
)
