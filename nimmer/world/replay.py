"""Executes a run again from its seed and its log, and says where it differs from what was written down.

The same code brings the garden back after a crash: a snapshot, then the frames after it.
Source: docs/design.md (truth: `nimmer replay` re-executes a run and compares state digests).
"""

from collections.abc import Iterable
from dataclasses import dataclass

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
from nimmer.world.rules import Rules
from nimmer.world.sight import see
from nimmer.world.state import Village
from nimmer.world.step import step


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found.

    ticks: world ticks executed; first_divergence: the first tick whose state differs from the log's digest, or
    None; digest: 16 bytes of the last executed state (empty when nothing was executed).
    """

    ticks: int
    first_divergence: int | None
    digest: bytes


def replay(header: RunHeader, frames: Iterable[Frame], levels: Levels) -> ReplayReport:
    """Execute a run from its seed alone and compare the state after every frame with the log.

    Stops at the first difference. Raises ReplayError when the log was written with other levels, or its frames do
    not form a run (no birth first, a tick missing or repeated, an array of another length).
    """
    rules = _rules(header, levels)
    village: Village | None = None
    ticks = 0
    for frame in frames:
        village = _apply(header, levels, rules, village, frame)
        ticks += isinstance(frame, TickFrame)
        found = village.digest()
        if found != frame.digest:
            return ReplayReport(ticks, frame.tick, found)
    return ReplayReport(ticks, None, village.digest() if village is not None else b"")


def resume(
    header: RunHeader, frames: Iterable[Frame], levels: Levels, snapshot: bytes | None = None
) -> Village:
    """Return the village as it was after the last of `frames`.

    Starts at `snapshot` (bytes of `Village.to_bytes`) and skips the frames it already holds, or at the birth when
    none is given. Raises ReplayError as `replay` does, when a state differs from the log, or when nothing is there
    to start from; WorldError when the snapshot is torn.
    """
    rules = _rules(header, levels)
    village = None if snapshot is None else Village.from_bytes(snapshot)
    for frame in frames:
        if snapshot is not None and village is not None and _held(village, frame):
            continue
        village = _apply(header, levels, rules, village, frame)
        if village.digest() != frame.digest:
            raise ReplayError(
                f"run {header.run}: the state after tick {frame.tick} differs from its log; the log or the code changed"
            )
    if village is None:
        raise ReplayError(f"run {header.run}: the log holds no birth and no snapshot was given")
    return village


def _held(village: Village, frame: Frame) -> bool:
    """Return whether the snapshot `village` was taken after `frame`; a tick changes the level at most once."""
    tick = int(village.tick[0])
    return frame.tick < tick or (
        frame.tick == tick and (isinstance(frame, TickFrame) or frame.level == village.level)
    )


def _rules(header: RunHeader, levels: Levels) -> Rules:
    if header.levels != levels.digest():
        raise ReplayError(
            f"run {header.run} was made with other levels ({header.levels}, not {levels.digest()});"
            " replay it with the levels file it was started with"
        )
    return Rules.from_mapping(header.rules, f"run {header.run}: rules")


def _apply(header: RunHeader, levels: Levels, rules: Rules, village: Village | None, frame: Frame) -> Village:
    if isinstance(frame, LevelFrame):
        return _arrive(header, levels, rules, village, frame)
    if village is None:
        raise ReplayError(f"run {header.run}: tick {frame.tick} comes before the village is born")
    if frame.tick != int(village.tick[0]) + 1:
        raise ReplayError(
            f"run {header.run}: tick {frame.tick} follows tick {int(village.tick[0])}; frames are missing"
        )
    if frame.verbs.shape != (village.npcs,):
        raise ReplayError(
            f"run {header.run}: tick {frame.tick} holds {frame.verbs.size} actions for {village.npcs} NPCs"
        )
    after, _ = step(
        levels[village.level],
        rules,
        village,
        frame.verbs[None],
        frame.slots[None],
        frame.present[None],
        frame.permitted[None],
    )
    return after if frame.sights is None else see(levels[village.level], rules, after, frame.sights)


def _arrive(
    header: RunHeader, levels: Levels, rules: Rules, village: Village | None, frame: LevelFrame
) -> Village:
    level = levels[frame.level]
    if frame.arrival is Arrival.BIRTH:
        if village is not None:
            raise ReplayError(f"run {header.run}: the village is born a second time at tick {frame.tick}")
        return birth(level, rules, header.npcs, 1, birth_generator(header.seed, frame.level))
    how = frame.arrival.name.lower()
    if village is None:
        raise ReplayError(f"run {header.run}: a {how} at tick {frame.tick} comes before the birth")
    if frame.tick != int(village.tick[0]):
        raise ReplayError(
            f"run {header.run}: a {how} at tick {frame.tick} follows tick {int(village.tick[0])}"
        )
    if frame.arrival is Arrival.DEMOTION:
        generator = demotion_generator(header.seed, frame.level)
        return demote(levels[village.level], level, rules, village, generator)
    generator = promotion_generator(header.seed, frame.level)
    return promote(levels[village.level], level, rules, village, generator)
