"""What the garden tells of itself: its state as message bodies and rows. Pure; the shell sends and keeps them."""

from typing import Any

import numpy as np

from nimmer.bus.message import NpcPlace, QuizReport, QuizSheet, WorldAggregate, WorldSnapshot
from nimmer.world.garden import RealGarden
from nimmer.world.quiz import Quiz

Row = dict[str, object]


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


def quiz_report(run: str, garden: RealGarden, quiz: Quiz) -> QuizReport:
    """Return the oracle's verdict as it is told."""
    sheets = [
        QuizSheet(npc, _share(coverage), list(quiz.missing[npc]))
        for npc, coverage in enumerate(quiz.coverage.tolist())
    ]
    return QuizReport(
        run, garden.tick, garden.level.number, quiz.passed, _share(quiz.score), garden.level.nodes, sheets
    )


def quiz_rows(report: QuizReport, unix_s: float) -> tuple[Row, ...]:
    """Return the rows of table quiz_results, one per NPC."""
    return tuple(
        {
            "run": report.run,
            "world_tick": report.tick,
            "npc": sheet.npc_id,
            "at": unix_s,
            "level": report.level,
            "passed": report.passed,
            "asked": report.locations,
            "correct": report.locations - len(sheet.missing),
            "missing": sheet.missing,
        }
        for sheet in report.npcs
    )


def _shape(positions: np.ndarray[Any, np.dtype[np.float32]]) -> tuple[int, int]:
    """Return rows and columns of a full grid of `(nodes, 2)` positions (x, y), (0, 0) for any other graph."""
    columns, rows = len(np.unique(positions[:, 0])), len(np.unique(positions[:, 1]))
    return (rows, columns) if rows * columns == len(positions) else (0, 0)


def _share(value: float) -> float:
    return min(max(round(float(value), 6), 0.0), 1.0)
