"""The supervisor of one host: what it shows and takes, whom it adopts, whom it misses."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from actors.charter import Charter
from actors.supervisor import SupervisorShell
from nimmer.arena.layout import ACTION
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot
from nimmer.bus.message import Incident
from nimmer.clock import SystemClock
from nimmer.life.governor import Allocation
from nimmer.life.percept import PERCEPT
from tests.actors.conftest import NPCS, told

CLOCK = SystemClock()


class Handle:
    """An NPC's actor handle: its life begins when it is asked to live."""

    def __init__(self) -> None:
        self.lives = 0

    @property
    def live(self) -> "Handle":
        return self

    def remote(self) -> None:
        self.lives += 1


@pytest.fixture
def supervisor(charter: Charter) -> SupervisorShell:
    one = SupervisorShell(charter)
    one._actors = {npc: Handle() for npc in range(NPCS)}
    return one


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that stands for an NPC's."""
    one = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield one
    one.kill()
    one.wait()


def be_born(supervisor: SupervisorShell, npc: int, pid: int, generation: int) -> None:
    slot = Slot(supervisor.arena, npc)
    slot.be_born(slot.vitals()._replace(pid=pid, generation=generation))


def incidents(supervisor: SupervisorShell) -> list[tuple[str, str]]:
    bodies = [one.body for one in told(supervisor.arena, "supervisor")]
    return [(one.kind, one.entity) for one in bodies if isinstance(one, Incident)]


def test_it_makes_the_arena_with_everyones_first_rate(charter: Charter) -> None:
    supervisor = SupervisorShell(charter)
    assert Arena.attach(supervisor.arena.path).view("control")["tick_hz"].tolist() == [10.0] * NPCS


def test_a_reborn_one_enters_the_arena_as_it_is(charter: Charter) -> None:
    SupervisorShell(charter).arena.view("control")["tick_hz"][1] = 3.0
    assert SupervisorShell(charter).arena.view("control")["tick_hz"][1] == 3.0


def test_an_arena_left_half_made_is_made_anew(charter: Charter) -> None:
    Path(charter.arena).touch()
    assert SupervisorShell(charter).arena.plan.npcs == NPCS


def test_an_exchange_shows_the_world_and_brings_back_what_is_wanted(supervisor: SupervisorShell) -> None:
    records = np.zeros(NPCS, PERCEPT)
    records["tick"], records["node"] = 41, [3, 4, 5]
    Slot(supervisor.arena, 1).act(7, 40, 1.0, 2, -1, 3)
    Slot(supervisor.arena, 2).act(8, 40, 1.0, 2, -1, 1)
    supervisor._board.control["alive"] = [1, 1, 0]
    known = np.eye(NPCS, 25, dtype="u1")
    wants = np.frombuffer(supervisor.exchange(41, records.tobytes(), known.tobytes(), 25), ACTION)
    assert wants["npc_tick"].tolist() == [0, 7, 8]
    assert wants["generation"].tolist() == [0, 3, 0]  # nobody acts for the dead
    assert Slot(supervisor.arena, 2).percept() == records[2].tobytes()
    assert Slot(supervisor.arena, 1).known[:3].tolist() == [0, 1, 0]
    supervisor.exchange(42, records.tobytes(), None, 25)
    assert Slot(supervisor.arena, 1).known[:3].tolist() == [0, 1, 0]


async def test_a_newborn_is_adopted_and_let_live_once(
    supervisor: SupervisorShell, process: "subprocess.Popen[bytes]"
) -> None:
    be_born(supervisor, 1, process.pid, 1)
    await supervisor._tend()
    await supervisor._tend()
    assert supervisor._board.control["alive"].tolist() == [0, 1, 0]
    assert supervisor._actors[1].lives == 1
    assert incidents(supervisor) == []
    supervisor._release(1)


async def test_a_death_is_noticed_at_once_and_the_rebirth_told(
    supervisor: SupervisorShell, process: "subprocess.Popen[bytes]"
) -> None:
    be_born(supervisor, 1, process.pid, 1)
    await supervisor._tend()
    Slot(supervisor.arena, 1).act(1, 0, 1.0, 2, -1, 1)
    process.send_signal(signal.SIGKILL)
    deadline_s = CLOCK.monotonic_s() + 10.0
    while supervisor._board.control["alive"][1]:
        assert CLOCK.monotonic_s() < deadline_s
        await CLOCK.sleep_s(0.005)
    assert incidents(supervisor) == [("death", "npc.1")]
    be_born(supervisor, 1, os.getpid(), 2)
    await supervisor._tend()
    assert supervisor._board.control["alive"][1] == 1
    assert supervisor._actors[1].lives == 2
    assert incidents(supervisor) == [("death", "npc.1"), ("restart", "npc.1")]
    supervisor._release(1)


async def test_a_reborn_supervisor_takes_the_dead_for_dead(
    charter: Charter, process: "subprocess.Popen[bytes]"
) -> None:
    first = SupervisorShell(charter)
    first._board.control["alive"][1] = 1
    be_born(first, 1, process.pid, 1)
    process.kill()
    process.wait()
    second = SupervisorShell(charter)
    second._actors = {npc: Handle() for npc in range(NPCS)}
    await second._tend()
    assert second._board.control["alive"][1] == 0


async def test_an_npc_that_dies_again_and_again_is_given_up(
    supervisor: SupervisorShell, process: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[Any] = []
    monkeypatch.setattr(ray, "kill", lambda actor, no_restart: killed.append((actor, no_restart)))
    for generation in range(1, 7):
        supervisor._died(1, generation, -1)
    assert killed == [(supervisor._actors[1], True)]
    assert incidents(supervisor)[-1] == ("give-up", "npc.1")
    assert list((await supervisor.status())["gave_up"]) == [1]


async def test_an_operators_rate_stays_whatever_the_governor_says(supervisor: SupervisorShell) -> None:
    assert await supervisor.command("tick_hz", [1], {"hz": 4}) == "tick_hz of 1 NPCs is 4"
    shares = [Allocation(npc, 12.0, 50.0) for npc in range(NPCS)]
    await supervisor.apply(3, shares)
    assert supervisor._board.control["tick_hz"].tolist() == [12.0, 4.0, 12.0]
    await supervisor.command("tick_hz", [], {"hz": 0})
    await supervisor.apply(4, shares)
    assert supervisor._board.control["tick_hz"].tolist() == [12.0, 12.0, 12.0]
    assert supervisor._board.control["epoch"].tolist() == [4] * NPCS


async def test_forced_gates_are_let_go_and_nothing_else(supervisor: SupervisorShell) -> None:
    shares = [
        Allocation(npc, 12.0, 50.0, (1, -1, 0, 0, 0, 0, 0, 0), True, cortex_priority=7, nice=5)
        for npc in range(NPCS)
    ]
    await supervisor.apply(3, shares)
    before = supervisor._board.control.copy()
    await supervisor.let_go()
    after = supervisor._board.control
    assert not after["gate_override"].any()
    for name in ("epoch", "tick_hz", "cortex_permission", "cortex_priority"):
        assert after[name].tolist() == before[name].tolist(), name
    assert supervisor._allocations == {one.npc: replace(one, gates=(0,) * 8) for one in shares}


@pytest.mark.parametrize(
    ("name", "npcs", "arguments", "why"),
    [
        ("dance", [], {}, "unknown command 'dance'"),
        ("tick_hz", [], {}, "hz is None"),
        ("tick_hz", [], {"hz": 0.5}, "1 to 20"),
        ("tick_hz", [], {"hz": float("nan")}, "1 to 20"),
        ("tick_hz", [], {"hz": "fast"}, "1 to 20"),
        ("tick_hz", [NPCS], {"hz": 5}, "there is no npc 3"),
    ],
)
async def test_an_order_it_cannot_obey_is_refused(
    supervisor: SupervisorShell, name: str, npcs: list[int], arguments: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        await supervisor.command(name, npcs, arguments)
    assert supervisor._board.control["tick_hz"].tolist() == [10.0] * NPCS


async def test_it_says_how_everyone_fares(supervisor: SupervisorShell) -> None:
    records = np.zeros(NPCS, PERCEPT)
    records["coverage"] = [0.25, 0.5, 0.75]
    supervisor.exchange(1, records.tobytes(), None, 25)
    situations = (await supervisor.survey()).situations
    assert [one.coverage for one in situations] == [0.25, 0.5, 0.75]
    assert [one.cpu_percent for one in situations] == [50.0] * NPCS
    assert not any(one.alive for one in situations)
    assert (await supervisor.status())["backend"] == "none"
