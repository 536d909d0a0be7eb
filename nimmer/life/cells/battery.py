"""A battery known by its charge alone: an NPC's energy, a host's accumulator.

The emptier, the surer: a full battery is hardly worth hearing, a critical one certain.
Source: docs/domain.md section 2 (battery_monitor: MONITORING LOW CRITICAL, read .1; confidence .3 to 1.0).
"""

from collections.abc import Mapping

from nimmer.life.cell import CellState, priced
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field

_ANY_CHARGE = {"MONITORING": None, "LOW": None, "CRITICAL": None}


@priced(
    rest="MONITORING",
    moves={
        "MONITORING": _ANY_CHARGE,
        "LOW": _ANY_CHARGE,
        "CRITICAL": _ANY_CHARGE,
        "ERROR": {"MONITORING": 0.0},
    },
)
class BatteryState(CellState):
    """Every read costs the kind's price, whatever it finds."""

    MONITORING = "monitoring"
    LOW = "low"
    CRITICAL = "critical"
    ERROR = "error"


BATTERY_WALK = (BatteryState.MONITORING, BatteryState.MONITORING)
PERCENTAGE = Field("percentage", scale=100.0)
CHARGING = Field("charging", kind="category", choices=("no", "yes"))


def battery_state(percentage: float) -> BatteryState:
    """Return the state of a battery at `percentage` (0..100): LOW below 20, CRITICAL below 10."""
    if percentage < 10.0:
        return BatteryState.CRITICAL
    return BatteryState.LOW if percentage < 20.0 else BatteryState.MONITORING


def battery_confidence(percentage: float) -> float:
    """Return how sure a battery at `percentage` is of being worth hearing: .3 when full to 1.0 when critical."""
    if percentage < 20.0:
        return 1.0 if percentage < 10.0 else 0.9
    return 0.6 if percentage <= 50.0 else 0.3


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return what a charge means: percentage, charging."""
    percentage = raw["percentage"]
    values = (percentage, 1.0 if raw["charging"] else 0.0)
    return Sensed(battery_confidence(percentage), values, past.steady + 1)


BATTERY = Declaration(
    walk=BATTERY_WALK,
    fields=(PERCENTAGE, CHARGING),
    reads=(Raw("percentage", 0.0, 100.0), Raw("charging", 0.0, 1.0, 0.0)),
    sense=sense,
    path=lambda _, values: (battery_state(values[0]),),
)
