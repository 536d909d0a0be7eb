"""Gauges of a host machine: processor and memory in use, in percent.

Source: ours; docs/domain.md section 2 (stability rule).
"""

from collections.abc import Mapping

from nimmer.life.cells.declaration import STABLE_READINGS, Declaration, Past, Raw, Sensed, likeness
from nimmer.life.cells.reader import READER_WALK
from nimmer.life.wave import Field

STEADY = 5.0
"""Readings this close together, percent or degrees, count as the same."""


def sense(raw: Mapping[str, float], past: Past) -> Sensed | str:
    """Return the percentage: .9 steady, else .6; a busy machine jumps and is not wrong for it."""
    percent = raw["percent"]
    steady = likeness(percent, past, STEADY)
    return Sensed(0.9 if steady > STABLE_READINGS else 0.6, (percent,), steady)


def _declared(field: str) -> Declaration:
    return Declaration(
        walk=READER_WALK,
        fields=(Field(field, scale=100.0),),
        reads=(Raw("percent", 0.0, 100.0),),
        sense=sense,
    )


HOST_CPU, HOST_MEMORY = _declared("cpu_percent"), _declared("memory_percent")
