"""A light sensor: how bright it is, and to which side it looks.

Source: docs/domain.md section 2 (light_sensor: IDLE READING REPORTING, read .2; stability rule).
"""

from collections.abc import Mapping

from nimmer.life.cells.declaration import Declaration, Past, Raw, Sensed, stability
from nimmer.life.cells.distance import DIRECTIONS
from nimmer.life.cells.reader import READER_WALK
from nimmer.life.wave import Field

BRIGHTEST_LUX = 200000.0
"""More than the sun gives."""
ALIKE_SHARE = 0.1
NOISE_SHARE = 0.5
"""Of the brighter of two readings: closer than the first they are alike, further apart than the second it is noise."""


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return the brightness in lux and the direction the sensor looks (index in `DIRECTIONS`)."""
    lux = raw["lux"]
    brighter = max(lux, past.values[0]) if past.values else lux
    confidence, steady = stability(lux, past, ALIKE_SHARE * brighter, NOISE_SHARE * brighter)
    return Sensed(confidence, (lux, raw["direction"]), steady)


LIGHT_SENSOR = Declaration(
    walk=READER_WALK,
    fields=(
        Field("lux", scale=1000.0),
        Field("direction", kind="category", choices=DIRECTIONS, scope=True),
    ),
    reads=(Raw("lux", 0.0, BRIGHTEST_LUX), Raw("direction", 0.0, 2.0, 0.0, whole=True)),
    sense=sense,
    on_device=True,
)
