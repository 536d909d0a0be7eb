"""Why one NPC got more than another: each thing that was seen of it is replaced by the village's mean, one at a time.

How far its share moves is what the difference in that one thing was worth to it. This is exact for whoever decides, a
net or the rule, asks nothing of its insides, and costs one proposal per thing seen. What was the same for everybody
distinguishes nobody and is left out. Source: docs/governor.md; leave-one-out attribution.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nimmer.life.governor import DEFAULT_LIMITS, Allocation, Limits, NpcSituation, static_rule
from nimmer.life.governor_observation import NPC_FEATURE_NAMES, GovernorObservation

Reason = tuple[float, float, float]
"""What one thing seen of an NPC was worth to it: Hz, percent of a core, cortex priority."""
Reasons = dict[int, dict[str, Reason]]
"""By NPC, then by the name of the feature."""
_DIGITS = 4
_RULE_SEES = ("coverage", "lifeforce")


def reasons_of(
    propose: Callable[[GovernorObservation], Sequence[Allocation]], observation: GovernorObservation
) -> Reasons:
    """Return why `propose` shares as it does, for every NPC of `observation`."""
    features = observation.features
    told = list(propose(observation))
    found: Reasons = {one.npc: {} for one in told}
    for place, name in enumerate(NPC_FEATURE_NAMES):
        if not features.size or np.ptp(features[:, place]) == 0.0:
            continue
        alike = features.copy()
        alike[:, place] = features[:, place].mean()
        _note(found, name, told, propose(replace(observation, features=alike)))
    return found


def reasons_of_rule(
    situations: Sequence[NpcSituation], capacity_percent: float, limits: Limits = DEFAULT_LIMITS
) -> Reasons:
    """Return why the static rule shares as it does, for the living of `situations`."""
    living = [situation for situation in situations if situation.alive]
    told = static_rule(living, capacity_percent, limits)
    found: Reasons = {one.npc: {} for one in told}
    for name in _RULE_SEES:
        values = [float(getattr(one, name)) for one in living]
        if len(set(values)) < 2:
            continue
        mean = sum(values) / len(values)
        alike = [
            replace(one, coverage=mean) if name == "coverage" else replace(one, lifeforce=mean)
            for one in living
        ]
        _note(found, name, told, static_rule(alike, capacity_percent, limits))
    return found


def _note(found: Reasons, name: str, told: Sequence[Allocation], alike: Sequence[Allocation]) -> None:
    """Put down for each NPC how far it stands from where it were if nobody differed in `name`; nothing for no move."""
    for one, other in zip(told, alike, strict=True):
        moved = (
            round(one.tick_hz - other.tick_hz, _DIGITS),
            round(one.cpu_percent - other.cpu_percent, _DIGITS),
            float(one.cortex_priority - other.cortex_priority),
        )
        if any(moved):
            found[one.npc][name] = moved
