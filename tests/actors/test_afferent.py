"""The way to the thalamus: nobody waits for it, what does not fit is dropped, counted and told of once."""

import asyncio

import pytest
from ray.exceptions import ActorDiedError

from actors.afferent import MOST_AT_ONCE, MOST_WAITING, Afferent, Said
from actors.cells import CellsShell
from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.bus.message import Incident, MathRequest, WaveSignal
from nimmer.clock import ManualClock
from nimmer.life.thalamus import shard_of
from nimmer.life.wave import Wave
from tests.actors.conftest import told

HOT = Wave(8, 1.0, 1.0, 0.1, (85.0,))
SUM = Wave(10, 1.0, 0.7, 0.1, (0.0, 2.0, 3.0))


class Shards:
    """Shards that hear when they are told to, or are dead."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, list[Said]]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.dead = False
        self.at_once = self.most_at_once = 0

    async def __call__(self, shard: int, batch: list[Said]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.open.wait()
            if self.dead:
                raise ActorDiedError
            self.heard.append((shard, batch))
        finally:
            self.at_once -= 1


@pytest.fixture
def cells(charter: Charter, arena: Arena) -> CellsShell:
    one = CellsShell(charter)
    one.clock = ManualClock(1000.0)  # type: ignore[assignment]  # a clock like any other
    return one


async def settled(afferent: Afferent) -> None:
    while afferent._under_way:
        await asyncio.gather(*afferent._under_way.values())


async def test_a_wave_reaches_the_shard_of_its_domain_with_its_owners_name(cells: CellsShell) -> None:
    shards = Shards()
    afferent = Afferent(cells, 2, shards)
    assert afferent.send("host.here", HOT)
    await settled(afferent)
    assert shards.heard == [(shard_of("danger", 2), [("host.here", HOT)])]
    assert afferent.status() == {"sent": 1, "dropped": 0, "waiting": 0}


async def test_what_no_shared_gate_listens_to_is_not_sent(cells: CellsShell) -> None:
    afferent = Afferent(cells, 1, Shards())
    assert not afferent.send("host.here", Wave(6, 1.0, 0.9, 0.01, (50.0,)))
    assert not afferent.send("host.here", Wave(999, 1.0, 0.9, 0.01, ()))
    assert afferent.status() == {"sent": 0, "dropped": 0, "waiting": 0}


async def test_one_call_is_under_way_and_what_is_said_meanwhile_goes_with_the_next(cells: CellsShell) -> None:
    shards = Shards()
    shards.open.clear()
    afferent = Afferent(cells, 1, shards)
    for _ in range(MOST_AT_ONCE + 10):
        afferent.send("cells", SUM)
        await cells.clock.sleep_s(0.0)
    shards.open.set()
    await settled(afferent)
    assert shards.most_at_once == 1
    assert [len(batch) for _, batch in shards.heard] == [1, MOST_AT_ONCE, 9]


async def test_what_waits_is_bounded_and_the_loss_is_told_once(cells: CellsShell, arena: Arena) -> None:
    shards = Shards()
    shards.open.clear()
    afferent = Afferent(cells, 1, shards)
    afferent.send("cells", SUM)
    await cells.clock.sleep_s(0.0)  # its call is under way
    for number in range(MOST_WAITING + 25):
        afferent.send("cells", SUM._replace(time_s=float(number)))
    assert afferent.status() == {"sent": 0, "dropped": 25, "waiting": MOST_WAITING}
    shards.open.set()
    await settled(afferent)
    assert shards.heard[1][1][0][1].time_s == 25.0  # the oldest went
    (message,) = told(arena, "cells")
    assert isinstance(message.body, Incident)
    assert message.body.kind == "waves-dropped"


async def test_a_shard_that_dies_costs_the_waves_on_their_way_and_nothing_else(cells: CellsShell) -> None:
    shards = Shards()
    shards.dead = True
    afferent = Afferent(cells, 1, shards)
    afferent.send("cells", SUM)
    await settled(afferent)
    assert afferent.status() == {"sent": 0, "dropped": 1, "waiting": 0}
    shards.dead = False  # revived
    afferent.send("cells", SUM)
    await settled(afferent)
    assert afferent.status() == {"sent": 1, "dropped": 1, "waiting": 0}


async def test_a_shell_that_stops_lets_go_of_a_call_that_never_ends(cells: CellsShell) -> None:
    shards = Shards()
    shards.open.clear()
    afferent = Afferent(cells, 1, shards)
    afferent.send("cells", SUM)
    await cells.clock.sleep_s(0.0)
    await afferent.close()
    assert afferent._under_way == {}


async def test_an_answer_of_the_math_cell_is_told_and_sent_on(cells: CellsShell, arena: Arena) -> None:
    shards = Shards()
    cells._afferent = Afferent(cells, 1, shards)
    answer = await cells.compute(MathRequest("add", [1.0, 2.0]))
    assert answer.result == 3.0
    await settled(cells._afferent)
    ((_, batch),) = shards.heard
    assert [(source, wave.cell) for source, wave in batch] == [("cells", 17)]
    (message,) = told(arena, "cells")
    assert isinstance(message.body, WaveSignal)
    status = await cells.stop()
    assert status["afferent"]["sent"] == 1
