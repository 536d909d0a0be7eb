"""A battery monitor: one lithium cell on a device, known by its voltage.

The percentage follows from the voltage at rest, in straight lines between measured points; under load it reads low.
Source: docs/domain.md section 2 (battery_monitor: voltage, percentage, charging).
"""

from collections.abc import Mapping
from itertools import pairwise

from nimmer.life.cells.battery import (
    BATTERY_WALK,
    CHARGING,
    PERCENTAGE,
    battery_confidence,
    battery_state,
)
from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed
from nimmer.life.wave import Field

CURVE_MV = ((3300.0, 0.0), (3600.0, 10.0), (3700.0, 30.0), (3800.0, 55.0), (4000.0, 85.0), (4200.0, 100.0))
"""Voltage at rest in millivolts and the charge it means in percent, of a usual lithium polymer cell."""
FEWEST_MV = 1000.0
"""Below it there is no cell at the wire."""


def percentage_of(millivolts: float) -> float:
    """Return the charge 0..100 that a lithium cell of `millivolts` has."""
    if millivolts <= CURVE_MV[0][0]:
        return 0.0
    for (low, below), (high, above) in pairwise(CURVE_MV):
        if millivolts <= high:
            return below + (above - below) * (millivolts - low) / (high - low)
    return 100.0


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return what a voltage means: V, percentage, charging."""
    millivolts = raw["millivolts"]
    if millivolts < FEWEST_MV:
        return "there is no battery at the wire"
    percentage = percentage_of(millivolts)
    values = (millivolts / 1000.0, percentage, 1.0 if raw["charging"] else 0.0)
    return Sensed(battery_confidence(percentage), values, past.steady + 1)


BATTERY_MONITOR = Declaration(
    walk=BATTERY_WALK,
    fields=(Field("voltage", scale=5.0), PERCENTAGE, CHARGING),
    reads=(Raw("millivolts", 0.0, 5000.0), Raw("charging", 0.0, 1.0, 0.0)),
    sense=sense,
    path=lambda _, values: (battery_state(values[1]),),
    on_device=True,
)
