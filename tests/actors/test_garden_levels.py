"""The garden's way through the levels: when it asks, what it tells and keeps, and what a kill around it leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from actors.charter import Charter
from actors.garden import GardenShell, Host
from nimmer.arena.memory import Arena
from nimmer.bus.message import CurriculumStatus, LevelChange, QuizReport
from nimmer.stores.action_log import ActionLog
from nimmer.stores.tables import Table
from nimmer.world.journal import Arrival, LevelFrame
from nimmer.world.levels import Levels
from nimmer.world.replay import replay
from tests.actors.conftest import NPCS, told
from tests.actors.test_garden import Neighbours, turn

Raise = Callable[[Charter], GardenShell]


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    one = Neighbours()
    monkeypatch.setattr(ray, "get_actor", one.named)
    return one


@pytest.fixture
async def garden(arena: Arena, neighbours: Neighbours) -> AsyncIterator[Raise]:
    """Raises gardens one after another, each in the place of the one before."""
    raised: list[GardenShell] = []

    def one(charter: Charter) -> GardenShell:
        raised.append(GardenShell(charter, [Host("supervisor", 0, NPCS)]))
        return raised[-1]

    yield one
    for shell in raised:
        shell._log.close()
        for task in (*shell._filing._under_way, *shell._exchanges.values()):
            task.cancel()


def teach(shell: GardenShell, wrong: bool = False) -> None:
    """Let everybody know everything; with `wrong`, one of them believes one house to be another."""
    village, level = shell.garden.village, shell.garden.level
    knowledge = np.broadcast_to(level.traits, village.knowledge.shape).copy()
    knowledge[0, 1, 13] ^= np.uint64(1 << 9 if wrong else 0)
    shell.garden.village = replace(
        village, knowledge=knowledge, facts=np.full_like(village.facts, level.nodes)
    )


def bodies(arena: Arena, kind: type[Any]) -> list[Any]:
    return [one.body for one in told(arena, "garden") if isinstance(one.body, kind)]


async def kept(shell: GardenShell, neighbours: Neighbours, table: Table) -> list[Any]:
    await asyncio.gather(*shell._filing._under_way)
    return [row for batch in neighbours.kept if batch.table is table for row in batch.rows]


def level_frames(charter: Charter) -> list[LevelFrame]:
    log = ActionLog(Path(charter.state_dir) / "runs" / charter.run / "actions.log")
    return [frame for frame in log.frames() if isinstance(frame, LevelFrame)]


async def test_it_is_asked_as_soon_as_everybody_believes_to_know_everything(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 5)
    teach(shell)
    await turn(shell, 14)
    assert shell.garden.level.number == 1
    await turn(shell, 1)
    assert shell.garden.level.number == 2
    (change,) = bodies(arena, LevelChange)
    assert (change.kind, change.tick, change.level_from, change.level_to) == ("promotion", 20, 1, 2)
    assert change.reason == "all 3 NPCs know every location"
    (row,) = await kept(shell, neighbours, Table.PROMOTIONS)
    assert (row["world_tick"], row["level_from"], row["level_to"], row["npcs"]) == (20, 1, 2, NPCS)
    assert [frame.arrival for frame in level_frames(charter)] == [Arrival.BIRTH, Arrival.PROMOTION]


async def test_a_wrong_belief_is_found_and_named(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 5)
    teach(shell, wrong=True)
    await turn(shell, 40)
    assert shell.garden.level.number == 1
    (report,) = bodies(arena, QuizReport)
    assert (report.tick, report.passed) == (20, False)
    (one,) = report.lag.laggards
    assert (one.npc_id, [gap.node for gap in one.gaps], one.gaps[0].believed) == (1, [13], ["red", "barrel"])


async def test_a_village_that_is_stuck_is_sent_down_and_the_run_can_be_replayed(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours, levels: Levels
) -> None:
    charter = replace(charter, epoch_ticks=10, quiz_epochs=1, demote_after_quizzes=2)
    shell = garden(charter)
    shell._log.append(shell.garden.go_to(2))  # a frame of its own, as a promotion at tick 0 would be
    shell._ascent = shell._on_its_way()
    await turn(shell, 30)
    assert shell.garden.level.number == 1
    (change,) = bodies(arena, LevelChange)
    assert (change.kind, change.level_from, change.level_to) == ("demotion", 2, 1)
    assert "has not grown" in change.reason
    await turn(shell, 5)
    shell._log.close()
    log = ActionLog(shell._log_path)
    report = replay(log.header, log.frames(), levels)
    assert (report.ticks, report.first_divergence, report.digest) == (35, None, shell.garden.digest)
    again = garden(charter)
    assert (again.garden.digest, again.garden.level.number) == (shell.garden.digest, 1)


async def promoted(garden: Raise, charter: Charter) -> GardenShell:
    shell = garden(replace(charter, snapshot_ticks=1000))
    await turn(shell, 19)
    teach(shell)
    shell._snapshot()  # what was taught is in no log
    return shell


async def test_killed_after_the_promotion_it_goes_on_above_and_files_the_change_again(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    first = await promoted(garden, charter)
    await turn(first, 1)
    neighbours.kept.clear()  # the kill came before the recorder had it
    second = garden(charter)
    assert (second.garden.tick, second.garden.level.number) == (20, 2)
    assert second.garden.digest == first.garden.digest
    assert second._ascent.changes == first._ascent.changes
    second._file_changes()
    (row,) = await kept(second, neighbours, Table.PROMOTIONS)
    assert row["reason"] == "all 3 NPCs know every location"


async def test_killed_between_note_and_log_it_is_asked_and_promoted_again(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await promoted(garden, charter)

    def killed(number: int) -> LevelFrame:
        raise KeyboardInterrupt(number)

    monkeypatch.setattr(first.garden, "go_to", killed)
    with pytest.raises(KeyboardInterrupt):
        first._turn()
    second = garden(charter)
    assert (second.garden.tick, second.garden.level.number, second._ascent.changes) == (20, 1, [])
    await turn(second, 20)
    assert [change.tick for change in second._ascent.changes] == [40]
    assert second.garden.level.number == 2


async def test_a_useless_note_is_said_and_the_village_lives_on(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    first = await promoted(garden, charter)
    await turn(first, 1)
    first._keepsake.path.write_text(json.dumps({"standing": "high"}))
    second = garden(charter)
    assert (second.garden.level.number, second._ascent.standing.level) == (2, 2)


async def test_its_status_says_who_lags_and_how_it_came_here(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = await promoted(garden, charter)
    await turn(shell, 3)
    found = (await shell.status())["curriculum"]
    assert isinstance(found, CurriculumStatus)
    assert (found.level, found.name, found.levels, found.arrived_tick) == (2, "doors and smoke", 3, 20)
    assert (found.lag.complete, found.lag.lagging) == (0, NPCS)
    assert [change.level_to for change in found.changes] == [2]
