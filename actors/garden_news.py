"""What the garden tells of itself: its state as message bodies and rows. Pure; the shell sends and keeps them."""

from typing import Any

import numpy as np

from nimmer.bus import world_messages
from nimmer.bus.message import (
    CurriculumStatus,
    HouseGap,
    HouseMissed,
    Laggard,
    NpcPlace,
    QuizReport,
    QuizSheet,
    WorldAggregate,
    WorldSnapshot,
)
from nimmer.world.ascent import Ascent, LevelChange
from nimmer.world.garden import RealGarden
from nimmer.world.lagging import Lag
from nimmer.world.quiz import Quiz

Row = dict[str, object]
MOST_NAMED = 20_000
"""Most missing houses one report names, shared out evenly: 500 NPCs on 2,500 houses would burst a message."""


def aggregate(garden: RealGarden) -> WorldAggregate:
    """Return the world at a glance."""
    village, level = garden.village, garden.level
    rows, columns = _shape(level.graph.positions)
    return WorldAggregate(
        tick=garden.tick,
        level=level.number,
        coverage=_share(village.facts.mean() / level.nodes),
        energy=_share(village.energy.mean()),
        occupants=np.bincount(village.node[0], minlength=level.nodes).tolist(),
        known_share=np.round((village.knowledge[0] != 0).mean(axis=0), 4).tolist(),
        wells=np.flatnonzero(level.wells).tolist(),
        rows=rows,
        columns=columns,
    )


def snapshot(run: str, garden: RealGarden) -> WorldSnapshot:
    """Return where everyone stands, with the digest of the whole state."""
    village = garden.village
    places = zip(
        village.node[0].tolist(),
        village.energy[0].tolist(),
        (village.facts[0] / garden.level.nodes).tolist(),
        strict=True,
    )
    return WorldSnapshot(
        run,
        garden.tick,
        garden.level.number,
        garden.digest.hex(),
        [
            NpcPlace(npc, node, _share(energy), _share(share))
            for npc, (node, energy, share) in enumerate(places)
        ],
    )


def snapshot_row(run: str, garden: RealGarden, state: bytes, unix_s: float) -> Row:
    """Return the row of table world_snapshots that keeps `state`, the bytes of the whole village."""
    return {
        "run": run,
        "world_tick": garden.tick,
        "at": unix_s,
        "level": garden.level.number,
        "digest": garden.digest.hex(),
        "state": state,
    }


def quiz_report(run: str, garden: RealGarden, quiz: Quiz, lag: Lag) -> QuizReport:
    """Return the oracle's verdict as it is told, with who holds the village back."""
    most = MOST_NAMED // garden.npcs
    sheets = [
        QuizSheet(npc, _share(coverage), list(quiz.missing[npc][:most]), len(quiz.missing[npc]))
        for npc, coverage in enumerate(quiz.coverage.tolist())
    ]
    return QuizReport(
        run,
        garden.tick,
        garden.level.number,
        quiz.passed,
        _share(quiz.score),
        garden.level.nodes,
        sheets,
        lag_body(lag),
    )


def quiz_rows(run: str, garden: RealGarden, quiz: Quiz, unix_s: float) -> tuple[Row, ...]:
    """Return the rows of table quiz_results, one per NPC."""
    return tuple(
        {
            "run": run,
            "world_tick": garden.tick,
            "npc": npc,
            "at": unix_s,
            "level": garden.level.number,
            "passed": quiz.passed,
            "asked": garden.level.nodes,
            "correct": garden.level.nodes - len(missing),
            "missing": list(missing),
        }
        for npc, missing in enumerate(quiz.missing)
    )


def lag_body(lag: Lag) -> world_messages.Lag:
    """Return who holds the village back, as it is told."""
    laggards = [
        Laggard(
            one.npc,
            _share(one.coverage),
            one.missing,
            [HouseGap(gap.node, list(gap.traits), list(gap.believed)) for gap in one.gaps],
            one.since_tick,
        )
        for one in lag.laggards
    ]
    hardest = [HouseMissed(house.node, list(house.traits), house.npcs) for house in lag.hardest]
    return world_messages.Lag(lag.complete, lag.lagging, laggards, hardest)


def level_change(run: str, change: LevelChange) -> world_messages.LevelChange:
    """Return a change of level as it is told."""
    return world_messages.LevelChange(
        run, change.tick, change.kind, change.level_from, change.level_to, change.reason
    )


def promotion_rows(run: str, npcs: int, changes: list[LevelChange]) -> tuple[Row, ...]:
    """Return the rows of table promotions, one per change of level."""
    return tuple(
        {
            "run": run,
            "world_tick": change.tick,
            "level_to": change.level_to,
            "at": change.unix_s,
            "kind": change.kind,
            "level_from": change.level_from,
            "npcs": npcs,
            "reason": change.reason,
        }
        for change in changes
    )


def curriculum_status(run: str, garden: RealGarden, ascent: Ascent) -> CurriculumStatus:
    """Return where the village stands in its curriculum; the oracle is asked, without consequences."""
    quiz, level, every = garden.examine(), garden.level, ascent.pace.every
    return CurriculumStatus(
        tick=garden.tick,
        level=level.number,
        name=level.name,
        levels=len(garden.levels),
        first=ascent.rule.first,
        locations=level.nodes,
        coverage=_share(quiz.score),
        passed=ascent.standing.passed,
        arrived_tick=ascent.arrived_tick,
        quizzes=ascent.standing.quizzes,
        stalled=ascent.standing.stalled,
        demote_after=ascent.rule.demote_after,
        next_tick=(garden.tick // every + 1) * every,
        lag=lag_body(ascent.lag(level, garden.village, quiz)),
        changes=[level_change(run, change) for change in ascent.changes],
    )


def _shape(positions: np.ndarray[Any, np.dtype[np.float32]]) -> tuple[int, int]:
    """Return rows and columns of a full grid of `(nodes, 2)` positions (x, y), (0, 0) for any other graph."""
    columns, rows = len(np.unique(positions[:, 0])), len(np.unique(positions[:, 1]))
    return (rows, columns) if rows * columns == len(positions) else (0, 0)


def _share(value: float) -> float:
    return min(max(round(float(value), 6), 0.0), 1.0)
