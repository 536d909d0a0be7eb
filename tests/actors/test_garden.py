"""The garden's actor, driven turn by turn: what it shows, keeps and comes back from."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from actors.charter import Charter
from actors.garden import GardenShell, Host
from nimmer.arena.layout import ACTION
from nimmer.arena.memory import Arena
from nimmer.bus.message import QuizReport, WorldAggregate, WorldSnapshot
from nimmer.errors import ReplayError, WorldError
from nimmer.life.action import LOOK, Action, Verb
from nimmer.life.percept import PERCEPT
from nimmer.stores.action_log import ActionLog
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch
from nimmer.world.levels import Levels
from nimmer.world.replay import replay
from nimmer.world.state import Village
from tests.actors.conftest import NPCS, told


class Neighbours:
    """Supervisor and recorder as the garden calls them: everyone looks around in every tick."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, bool]] = []
        self.kept: list[RowBatch] = []
        self.away = False
        self._tick = 0

    def named(self, name: str, namespace: str) -> "Neighbours":
        assert namespace == "nimmer-dev"
        if self.away:
            raise ValueError(f"Failed to look up actor with name '{name}'")
        return self

    @property
    def exchange(self) -> "Method":
        return Method(self._exchange)

    @property
    def keep(self) -> "Method":
        return Method(self.kept.append)

    def _exchange(self, tick: int, records: bytes, known: bytes | None, nodes: int) -> bytes:
        assert len(records) == NPCS * PERCEPT.itemsize
        assert known is None or len(known) == NPCS * nodes
        self.shown.append((tick, known is not None))
        self._tick += 1
        actions = np.zeros(NPCS, ACTION)
        actions["npc_tick"], actions["seen_tick"], actions["generation"] = self._tick, tick, 1
        actions["verb"] = Verb.LOOK
        return actions.tobytes()


class Method:
    """One remote method; the call is answered at once."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def remote(self, *arguments: object) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(self._call(*arguments))
        return future


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    one = Neighbours()
    monkeypatch.setattr(ray, "get_actor", one.named)
    return one


Raise = Callable[[Charter], GardenShell]


@pytest.fixture
async def garden(arena: Arena, neighbours: Neighbours) -> AsyncIterator[Raise]:
    """Raises gardens one after another, each in the place of the one before; killed ones leave their files open."""
    raised: list[GardenShell] = []

    def one(charter: Charter) -> GardenShell:
        raised.append(GardenShell(charter, [Host("supervisor", 0, NPCS)]))
        return raised[-1]

    yield one
    for shell in raised:
        shell._log.close()
        for task in (*shell._filing._under_way, *shell._exchanges.values()):
            task.cancel()


async def turn(shell: GardenShell, times: int) -> None:
    """Turn the world; after each turn everyone's answer has come."""
    for _ in range(times):
        shell._turn()
        await asyncio.gather(*shell._exchanges.values())


def log_of(charter: Charter) -> Path:
    return Path(charter.state_dir) / "runs" / charter.run / "actions.log"


async def test_each_turn_is_logged_and_shown_to_every_host(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 12)
    assert [tick for tick, _ in neighbours.shown] == list(range(1, 13))
    assert neighbours.shown[0][1]  # the first time, all that is known is sent along
    assert any(not known for _, known in neighbours.shown)  # and later only what is news
    frames = list(ActionLog(log_of(charter)).frames())
    assert [frame.tick for frame in frames] == [0, *range(1, 13)]
    assert frames[-1].digest == shell.garden.digest
    assert shell.garden.village.facts.sum() == NPCS  # all have looked


async def test_a_snapshot_is_kept_told_and_recorded(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 20)
    await asyncio.gather(*shell._filing._under_way)
    assert [batch.table for batch in neighbours.kept] == [Table.WORLD_SNAPSHOTS] * 2
    bodies = [one.body for one in told(arena, "garden")]
    assert [one.tick for one in bodies if isinstance(one, WorldSnapshot)] == [10, 20]
    assert [one.tick for one in bodies if isinstance(one, WorldAggregate)] == [20]


async def test_who_asks_is_given_the_whole_world_as_it_is(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 3)
    assert Village.from_bytes(await shell.snapshot_bytes()).digest() == shell.garden.digest


async def test_a_killed_garden_goes_on_from_the_very_same_state(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    first = garden(charter)
    await turn(first, 17)
    second = garden(charter)
    assert second.garden.tick == 17
    assert second.garden.digest == first.garden.digest
    await turn(second, 13)
    assert second.garden.tick == 30


@pytest.mark.parametrize("torn", [b"\x07", b"\x40\x00\x00\x00\x00\x00\x00\x00abc"])
async def test_a_log_torn_by_the_kill_loses_only_the_torn_frame(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours, levels: Levels, torn: bytes
) -> None:
    first = garden(charter)
    await turn(first, 17)
    with log_of(charter).open("ab") as file:
        file.write(torn)
    second = garden(charter)
    assert (second.garden.tick, second.garden.digest) == (17, first.garden.digest)
    await turn(second, 5)
    second._log.close()
    log = ActionLog(log_of(charter))
    report = replay(log.header, log.frames(), levels)
    assert (report.ticks, report.first_divergence) == (22, None)
    assert report.digest == second.garden.digest


@pytest.mark.parametrize("content", [b"", b"garbage"])
async def test_a_useless_snapshot_is_replaced_by_the_log(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours, content: bytes
) -> None:
    first = garden(charter)
    await turn(first, 17)
    first._log.close()
    (log_of(charter).parent / "snapshot").write_bytes(content)
    second = garden(charter)
    assert second.garden.digest == first.garden.digest
    second._log.close()


async def test_a_log_damaged_in_the_middle_is_an_error_that_names_the_tick(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    await turn(garden(charter), 17)
    content = bytearray(log_of(charter).read_bytes())
    content[len(content) // 2] ^= 0xFF
    log_of(charter).write_bytes(content)
    (log_of(charter).parent / "snapshot").unlink()  # with it, only what follows it is read
    with pytest.raises(ReplayError, match=r"tick \d+"):
        garden(charter)


async def test_the_world_turns_while_the_supervisor_is_away(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.garden.RETRY_S", 0.0)
    shell = garden(charter)
    await turn(shell, 3)
    neighbours.away = True
    shell._supervisors.clear()
    await turn(shell, 5)
    neighbours.away = False
    await turn(shell, 3)
    assert shell.garden.tick == 11
    assert [tick for tick, _ in neighbours.shown] == [1, 2, 3, 9, 10, 11]
    assert neighbours.shown[3][1]  # it is shown everything anew


async def test_rows_that_a_missing_recorder_cannot_take_are_bounded_and_told(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.garden.RETRY_S", 0.0)
    neighbours.away = True
    shell = garden(replace(charter, snapshot_ticks=1))
    await turn(shell, 40)
    assert len(shell._filing._under_way) == 32
    kinds = [one.subject for one in told(arena, "garden")]
    assert "dev.thalamus.incident.not-kept" in kinds


async def test_a_village_that_knows_all_moves_up(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(replace(charter, epoch_ticks=10, quiz_epochs=1))
    await turn(shell, 9)
    village = shell.garden.village
    everything = np.broadcast_to(shell.garden.level.traits, village.knowledge.shape).copy()
    facts = np.full_like(village.facts, shell.garden.level.nodes)
    shell.garden.village = replace(village, knowledge=everything, facts=facts)
    await turn(shell, 1)
    assert shell.garden.level.number == 2
    reports = [one.body for one in told(arena, "garden") if isinstance(one.body, QuizReport)]
    assert [one.passed for one in reports] == [True]
    await asyncio.gather(*shell._filing._under_way)
    assert Table.QUIZ_RESULTS in [batch.table for batch in neighbours.kept]


async def test_a_proposal_is_judged_by_who_lives(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 3)
    refused, reason = await shell.propose(1, LOOK, 0)
    assert not refused
    assert "not alive" in reason
    arena.view("control")["alive"][1] = 1
    assert await shell.propose(1, LOOK, 0) == (True, "accepted")
    taken, reason = await shell.propose(1, LOOK, 1)
    assert not taken
    assert "too old" in reason
    with pytest.raises(WorldError, match="no NPC 3"):
        await shell.propose(NPCS, LOOK, 0)


async def test_a_proposal_with_a_senseless_slot_does_not_stop_the_world(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    arena.view("control")["alive"][:] = 1
    assert await shell.propose(1, Action(Verb.LOOK, 65535), 0) == (True, "accepted")
    taken, _ = await shell.propose(2, Action(Verb.MOVE, 65535), 0)
    assert not taken
    await turn(shell, 3)
    assert shell.garden.tick == 3


async def test_its_status_counts_what_was_due(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    arena.view("header")["started_s"] = shell.clock.monotonic_s() - 10.0
    await turn(shell, 5)
    status = await shell.status()
    assert status["tick"] == 5
    assert 200 <= status["due"] <= 220
    assert status["digest"] == shell.garden.digest.hex()


async def test_it_stops_with_a_snapshot_to_come_back_from(
    charter: Charter, garden: Raise, arena: Arena, neighbours: Neighbours
) -> None:
    shell = garden(charter)
    await turn(shell, 7)
    status = await shell.stop()
    assert status["tick"] == 7
    assert (log_of(charter).parent / "snapshot").read_bytes()[8:] == shell.garden.village.to_bytes()
    assert shell._log._file.closed
