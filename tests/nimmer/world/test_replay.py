from dataclasses import replace

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import ReplayError
from nimmer.world.curriculum import (
    birth,
    birth_generator,
    demote,
    demotion_generator,
    promote,
    promotion_generator,
)
from nimmer.world.journal import Arrival, Frame, LevelFrame, RunHeader, TickFrame
from nimmer.world.levels import Levels
from nimmer.world.replay import replay, resume
from nimmer.world.rules import Rules
from nimmer.world.state import Village
from nimmer.world.step import step

RULES = Rules(node_capacity=3)
NPCS = 9


def header(levels: Levels, seed: int = 5) -> RunHeader:
    return RunHeader("00ff00ff00ff00ff", seed, NPCS, 1, RULES.to_mapping(), levels.digest())


def lived(
    levels: Levels, ticks: int = 30, rise_at: int = 20, fall_at: int = 0
) -> tuple[list[Frame], list[Village]]:
    """Return the frames of a random run and the village after each; it is promoted and demoted after those ticks."""
    generator = Chance(1).generator("acts")
    village = birth(levels[1], RULES, NPCS, 1, birth_generator(5, 1))
    frames: list[Frame] = [LevelFrame(0, 1, Arrival.BIRTH, village.digest())]
    villages = [village]
    for tick in range(1, ticks + 1):
        verbs = generator.integers(0, 5, NPCS).astype(np.uint8)
        slots = generator.integers(-1, 5, NPCS).astype(np.int8)
        present, permitted = generator.random(NPCS) < 0.8, generator.random(NPCS) < 0.2
        acts = (verbs[None], slots[None], present[None], permitted[None])
        village, _ = step(levels[village.level], RULES, village, *acts)
        frames.append(TickFrame(tick, verbs, slots, present, permitted, village.digest()))
        villages.append(village)
        if tick == rise_at:
            village = promote(levels[1], levels[2], RULES, village, promotion_generator(5, 2))
            frames.append(LevelFrame(tick, 2, Arrival.PROMOTION, village.digest()))
            villages.append(village)
        if tick == fall_at:
            village = demote(levels[2], levels[1], RULES, village, demotion_generator(5, 1))
            frames.append(LevelFrame(tick, 1, Arrival.DEMOTION, village.digest()))
            villages.append(village)
    return frames, villages


def test_a_run_is_executed_again_from_its_seed_alone(levels: Levels) -> None:
    frames, villages = lived(levels)
    report = replay(header(levels), frames, levels)
    assert (report.ticks, report.first_divergence, report.digest) == (30, None, villages[-1].digest())


@pytest.mark.parametrize("place", [1, 7, 25])
def test_a_changed_action_names_the_first_differing_tick(levels: Levels, place: int) -> None:
    frames, _ = lived(levels)
    frame = frames[place]
    assert isinstance(frame, TickFrame)
    npc = int(np.flatnonzero(frame.present)[0])
    verbs = frame.verbs.copy()
    verbs[npc] = (verbs[npc] + 1) % 4
    frames[place] = replace(frame, verbs=verbs)
    assert replay(header(levels), frames, levels).first_divergence == frame.tick


def test_another_seed_differs_at_birth(levels: Levels) -> None:
    frames, _ = lived(levels)
    assert replay(header(levels, seed=6), frames, levels).first_divergence == 0


@pytest.mark.parametrize("snapshot_after", [None, 0, 10, 20, 21, 31])
def test_the_garden_resumes_from_a_snapshot_and_the_frames_after_it(
    levels: Levels, snapshot_after: int | None
) -> None:
    frames, villages = lived(levels)
    snapshot = None if snapshot_after is None else villages[snapshot_after].to_bytes()
    assert resume(header(levels), frames, levels, snapshot).digest() == villages[-1].digest()


@pytest.mark.parametrize("snapshot_after", [None, 10, 20, 21, 25, 26, 27, 32])
def test_a_village_that_was_sent_down_is_replayed_and_resumed(
    levels: Levels, snapshot_after: int | None
) -> None:
    frames, villages = lived(levels, fall_at=25)
    assert villages[-1].level == 1
    report = replay(header(levels), frames, levels)
    assert (report.ticks, report.first_divergence, report.digest) == (30, None, villages[-1].digest())
    snapshot = None if snapshot_after is None else villages[snapshot_after].to_bytes()
    assert resume(header(levels), frames, levels, snapshot).digest() == villages[-1].digest()


def test_a_demotion_out_of_place_is_refused(levels: Levels) -> None:
    frames, _ = lived(levels, fall_at=25)
    with pytest.raises(ReplayError, match="a demotion at tick 25 follows tick 9"):
        replay(header(levels), [*frames[:10], frames[27]], levels)


def test_frames_that_are_no_run_are_refused(levels: Levels) -> None:
    frames, _ = lived(levels)
    cases: list[tuple[list[Frame], str]] = [
        (frames[1:], "tick 1 comes before the village is born"),
        (frames[:5] + frames[6:], "tick 6 follows tick 4"),
        ([frames[0], *frames], "born a second time"),
        (frames[21:22], "comes before the birth"),
        ([*frames[:10], frames[21]], "a promotion at tick 20 follows tick 9"),
    ]
    for broken, reason in cases:
        with pytest.raises(ReplayError, match=reason):
            replay(header(levels), broken, levels)
    with pytest.raises(ReplayError, match="actions for 4 NPCs"):
        resume(replace(header(levels), npcs=4), frames[1:], levels, birth4(levels).to_bytes())
    with pytest.raises(ReplayError, match="no birth and no snapshot"):
        resume(header(levels), [], levels)


def birth4(levels: Levels) -> Village:
    return birth(levels[1], RULES, 4, 1, birth_generator(5, 1))


def test_a_log_of_other_levels_is_refused(levels: Levels) -> None:
    frames, _ = lived(levels)
    with pytest.raises(ReplayError, match="made with other levels"):
        replay(replace(header(levels), levels="0" * 32), frames, levels)


def test_a_resumed_state_that_differs_from_the_log_is_refused(levels: Levels) -> None:
    frames, villages = lived(levels)
    frames[5] = replace(frames[5], digest=b"x" * 16)
    with pytest.raises(ReplayError, match="after tick 5 differs"):
        resume(header(levels), frames, levels, villages[2].to_bytes())
