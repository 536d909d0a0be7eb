"""What came of an epoch's shares: per NPC what it gained, met and missed, and what it cost.

Counts go up from the start of a run, so an epoch is the difference of two looks; a body that was killed comes back up
to a second younger, and what it then seems to have lost counts as nothing.
Source: docs/domain.md section 8 (the governor's reward: gain, missed triggers, cortex, CPU); docs/governor.md.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import isfinite
from typing import Any, Self

from nimmer.life.governor import NpcSituation

SEEN_S = 5.0
"""Amounts are seen as what falls to so long: the net was trained with epochs of that length, a village has others."""
COVERAGE_POINTS = 20.0
"""Points for a whole level known."""
LIFEFORCE_POINTS = 0.02
"""Points for one lifeforce earned."""
TRIGGER_POINTS: Mapping[str, float] = {
    "collision_avoidance": 1.0,
    "charging": 0.5,
    "exploration": 0.1,
    "conversation": 0.25,
}
"""Points for a trigger met, by the nerve that ran; any other nerve's are worth as little as a look at a house."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Where one NPC stands since its run began.

    coverage: 0..1 of the level's locations; lifeforce: in its unit; triggers_met, triggers_missed: runs of nerves that
    succeeded, and that failed or timed out; worth_met: what those that succeeded are worth, in points; ticks_due, ticks_done: its own; cpu_s: used by its process; cortex_calls:
    thoughts it was permitted to ask for.
    """

    npc: int
    level: int = 0
    coverage: float = 0.0
    lifeforce: float = 0.0
    triggers_met: int = 0
    triggers_missed: int = 0
    worth_met: float = 0.0
    ticks_done: int = 0
    ticks_due: int = 0
    cpu_s: float = 0.0
    cortex_calls: int = 0

    def state(self) -> dict[str, Any]:
        """Return the fields by name as plain JSON values."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """Return what `state` said. Raises KeyError, TypeError or ValueError when it is none."""
        values: dict[str, Any] = {
            field.name: (float if field.name in _REALS else int)(state[field.name]) for field in fields(cls)
        }
        return cls(**values)


_REALS = ("coverage", "lifeforce", "worth_met", "cpu_s")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one NPC made of one epoch: differences of its tallies, each at least 0 but the lifeforce gained.

    coverage_gained: of a level, so that a level passed counts for what was missing of it; ticks_due, ticks_missed: its
    own, due, and due but not done.
    """

    coverage_gained: float = 0.0
    lifeforce_gained: float = 0.0
    triggers_met: int = 0
    triggers_missed: int = 0
    worth_met: float = 0.0
    ticks_due: int = 0
    ticks_missed: int = 0
    cpu_s: float = 0.0
    cortex_calls: int = 0

    @property
    def points(self) -> float:
        """Return what it is worth, by the measure the net was trained with."""
        return (
            COVERAGE_POINTS * self.coverage_gained + self.worth_met + LIFEFORCE_POINTS * self.lifeforce_gained
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name, rounded to six digits."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def outcome(before: Tally, after: Tally) -> Outcome:
    """Return what one NPC made of the time between two looks."""
    gained = after.coverage - before.coverage
    if after.level > before.level:
        gained = (1.0 - before.coverage) + after.coverage
    due = max(0, after.ticks_due - before.ticks_due)
    done = max(0, after.ticks_done - before.ticks_done)
    lifeforce = after.lifeforce - before.lifeforce
    return Outcome(
        coverage_gained=_grown(gained),
        lifeforce_gained=lifeforce if isfinite(lifeforce) else 0.0,
        triggers_met=max(0, after.triggers_met - before.triggers_met),
        triggers_missed=max(0, after.triggers_missed - before.triggers_missed),
        worth_met=_grown(after.worth_met - before.worth_met),
        ticks_due=due,
        ticks_missed=max(0, due - done),
        cpu_s=_grown(after.cpu_s - before.cpu_s),
        cortex_calls=max(0, after.cortex_calls - before.cortex_calls),
    )


def outcomes(before: Mapping[int, Tally], after: Mapping[int, Tally]) -> dict[int, Outcome]:
    """Return the outcome of every NPC that both looks know."""
    return {npc: outcome(before[npc], now) for npc, now in after.items() if npc in before}


def recalled(situation: NpcSituation, past: Outcome, elapsed_s: float) -> NpcSituation:
    """Return `situation` with what happened in the `elapsed_s` since the last epoch, amounts as what falls to `SEEN_S`."""
    if elapsed_s <= 0.0:
        return situation
    part = SEEN_S / elapsed_s
    return replace(
        situation,
        cpu_used_percent=100.0 * past.cpu_s / elapsed_s,
        ticks_kept=1.0 - past.ticks_missed / past.ticks_due if past.ticks_due else 1.0,
        gained=part * past.coverage_gained,
        earned=part * past.lifeforce_gained,
        met=part * past.triggers_met,
        missed=part * past.triggers_missed,
    )


def _grown(difference: float) -> float:
    return max(0.0, difference) if isfinite(difference) else 0.0
