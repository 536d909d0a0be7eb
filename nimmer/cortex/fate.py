"""Whether an answer still matters when it comes: the world has moved on meanwhile, and may have done so too far.

Source: docs/domain.md section 10 (an NPC that died or moved on is not answered; stale answers are dropped by tick).
"""

from typing import NamedTuple

from nimmer.cortex.asker import Asker


class Now(NamedTuple):
    """How an asker fares now: alive, of which birth, on which level, in which world tick."""

    alive: bool
    generation: int
    level: int
    world_tick: int


def gone(asker: Asker, now: Now) -> str:
    """Return why nobody is left to be answered, "" while there is somebody."""
    if not now.alive or now.generation != asker.generation:
        return f"{asker.name} died meanwhile"
    if now.level != asker.level:
        return f"the village went from level {asker.level} to {now.level} meanwhile"
    return ""


def stale(asker: Asker, now: Now, ticks: int) -> str:
    """Return why an answer comes too late, "" while it is at most `ticks` world ticks old."""
    age = now.world_tick - asker.world_tick
    return f"it comes {age} world ticks after the question; {ticks} are allowed" if age > ticks else ""
