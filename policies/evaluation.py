"""Lets minds live through the evaluation seeds and keeps what came of it: one village per seed, to its passed quiz.

Every NPC acts in every world tick. A village's birth and all chance in it derive from its seed, so the minds that
are compared begin in the same places, and a number in a table is had again by the same command.
Source: docs/domain.md section 8 (quiz); docs/evaluation.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.world.curriculum import birth, birth_generator
from nimmer.world.level import Level
from nimmer.world.quiz import passed
from nimmer.world.rules import Rules
from nimmer.world.state import Village, newborn
from nimmer.world.step import step
from policies.acts import to_acts
from policies.bodies import Bodies
from policies.minds import Minds, View

TOGETHER = 25
"""Villages that live beside each other in one batch."""
Floats = NDArray[np.float64]
Progress = Callable[[int], None]
"""Told how many more villages have ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What came of one kind of minds, per seed, S of them.

    name: of the minds; embodied: whether bodies with gates and nerves lived around them; ticks: `(S,)` int64 until
    passed, or the most allowed; passed: `(S,)` bool; bumps: `(S,)` refused actions per NPC; lifeforce: `(S,)` mean
    level of the ledgers at the end, NaN without bodies; nerves: `(S,)` share of ticks a nerve moved the body, NaN
    without; coverage: `(S, T + 1)` float32, mean share of houses known after 0, 1 ... T ticks, kept after the end.
    """

    name: str
    embodied: bool
    ticks: NDArray[np.int64]
    passed: NDArray[np.bool_]
    bumps: Floats
    lifeforce: Floats
    nerves: Floats
    coverage: NDArray[np.float32]


def born(level: Level, rules: Rules, npcs: int, seeds: Sequence[int]) -> Village:
    """Return one village per seed, each as a run of that seed begins. Raises LevelError when there is no room."""
    places = [birth(level, rules, npcs, 1, birth_generator(seed, level.number)).node for seed in seeds]
    return newborn(level, np.concatenate(places))


def evaluate(
    minds: Minds,
    level: Level,
    rules: Rules,
    npcs: int,
    seeds: Sequence[int],
    most_ticks: int,
    *,
    embodied: bool = False,
    progress: Progress = lambda _: None,
) -> Trial:
    """Let `minds` live in one village of `npcs` NPCs per seed until it passes or `most_ticks` are over.

    Raises LevelError when the level has no room for so many NPCs.
    """
    parts = [
        _live(minds, level, rules, npcs, seeds[first : first + TOGETHER], most_ticks, embodied, progress)
        for first in range(0, len(seeds), TOGETHER)
    ]
    longest = max(part.coverage.shape[1] for part in parts)
    return Trial(
        name=minds.name,
        embodied=embodied,
        ticks=np.concatenate([part.ticks for part in parts]),
        passed=np.concatenate([part.passed for part in parts]),
        bumps=np.concatenate([part.bumps for part in parts]),
        lifeforce=np.concatenate([part.lifeforce for part in parts]),
        nerves=np.concatenate([part.nerves for part in parts]),
        coverage=np.concatenate([_held(part.coverage, longest) for part in parts]),
    )


def _live(
    minds: Minds,
    level: Level,
    rules: Rules,
    npcs: int,
    seeds: Sequence[int],
    most_ticks: int,
    embodied: bool,
    progress: Progress,
) -> Trial:
    village = born(level, rules, npcs, seeds)
    minds.begin(level, seeds, npcs)
    bodies = Bodies(level, rules, len(seeds), npcs) if embodied else None
    ticks = np.full(len(seeds), most_ticks, np.int64)
    done = passed(level, village)
    coverage = [_coverage(village)]
    while not done.all() and len(coverage) <= most_ticks:
        village = _tick(minds, View(level, rules, village, ~done), bodies)
        coverage.append(_coverage(village))
        now = passed(level, village) & ~done
        if now.any():
            ticks[now] = village.tick[now]
            done |= now
            progress(int(now.sum()))
    progress(int((~done).sum()))
    nothing = np.full(len(seeds), np.nan)
    return Trial(
        minds.name,
        embodied,
        ticks,
        done,
        village.bumps.mean(axis=1, dtype=np.float64),
        nothing if bodies is None else bodies.lifeforce().mean(axis=1),
        nothing if bodies is None else (bodies.nerve_ticks / ticks[:, None]).mean(axis=1),
        np.stack(coverage, axis=1),
    )


def _tick(minds: Minds, view: View, bodies: Bodies | None) -> Village:
    """Return the villages one tick later; in those that are not awake nobody acts."""
    wishes = minds.decide(view)
    verbs, slots = to_acts(wishes) if bodies is None else bodies.act(view, wishes)
    present = np.repeat(view.awake[:, None], view.village.npcs, axis=1)
    return step(view.level, view.rules, view.village, verbs, slots, present)[0]


def _coverage(village: Village) -> NDArray[np.float32]:
    known: NDArray[np.float32] = village.facts.mean(axis=1, dtype=np.float32)
    return known / np.float32(village.nodes)


def _held(coverage: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return `(S, length)`: what was known at the end stays known."""
    return np.pad(coverage, ((0, 0), (0, length - coverage.shape[1])), mode="edge")
