"""The danger cell: a host's temperature. Above 80 degrees it is certain.

Source: docs/domain.md section 2 ("Danger cell: temperature >80 C => 1.0").
"""

from collections.abc import Mapping

from nimmer.life.cells.declaration import STABLE_READINGS, Declaration, Past, Raw, Sensed, likeness
from nimmer.life.cells.host_gauge import STEADY
from nimmer.life.cells.reader import READER_WALK
from nimmer.life.wave import Field

DANGER_CELSIUS = 80.0


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return the temperature in degrees Celsius: 1.0 above 80, else .9 steady and .6."""
    celsius = raw["celsius"]
    steady = likeness(celsius, past, STEADY)
    confidence = 0.9 if steady > STABLE_READINGS else 0.6
    return Sensed(1.0 if celsius > DANGER_CELSIUS else confidence, (celsius,), steady)


HOST_TEMPERATURE = Declaration(
    walk=READER_WALK,
    fields=(Field("celsius", scale=100.0),),
    reads=(Raw("celsius", -100.0, 200.0),),
    sense=sense,
)
