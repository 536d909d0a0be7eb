"""The virtual garden's actor: what it foresees, tells and hands on, and how it obeys."""

import gc
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray

from actors import virtual_news as news
from actors.charter import Charter
from actors.virtual import VirtualShell
from actors.virtual_bodies import Brains, Memories, VirtualBodies
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot
from nimmer.arena.verdicts import Verdict, VerdictReader
from nimmer.bus.message import CorrelationEvent, Message, TrainingLabel, VerifiedSignal, VirtualStatus
from nimmer.clock import ManualClock
from nimmer.errors import WorldError
from nimmer.life.gate import Cause
from nimmer.life.lifeforce import Lifeforce
from nimmer.minds.nursery import prepare_brains
from nimmer.world.forecast import Forecast
from nimmer.world.levels import Levels
from nimmer.world.virtual_correlation import Signal
from tests.actors.conftest import NPCS, told
from tests.actors.real_side import World


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def world(
    charter: Charter, arena: Arena, levels: Levels, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> World:
    one = World(charter, arena, levels, clock)
    one.live(20)
    monkeypatch.setattr(ray, "get_actor", one.named)
    return one


@pytest.fixture
def shell(charter: Charter, world: World, clock: ManualClock) -> VirtualShell:
    return raised(charter, clock)


def raised(charter: Charter, clock: ManualClock) -> VirtualShell:
    shell = VirtualShell(charter)
    shell.clock = clock  # type: ignore[assignment]  # any clock will do
    now_s = clock.monotonic_s()
    shell._looked_s = shell._told_s = shell._remembered_s = shell._judged_s = now_s
    shell._rehearsed_s = now_s - charter.virtual_every_s
    return shell


async def follow(shell: VirtualShell, clock: ManualClock, times: int = 1) -> None:
    for _ in range(times):
        clock.advance(shell.charter.virtual_every_s)
        await shell.look()


def said(arena: Arena, kind: type) -> list[Message]:
    return [one for one in told(arena, "virtual") if isinstance(one.body, kind)]


def foretell(shell: VirtualShell, *forecasts: Forecast) -> None:
    """Let the next rehearsal hold `forecasts`, made now, whatever it holds."""
    real = shell.forecaster.foresee

    def foresee(futures: Any, made_s: float, horizon_s: float) -> list[Forecast]:  # noqa: ANN401  not looked at
        real([[]], made_s, horizon_s)
        kept = [one._replace(time_s=made_s + 0.5) for one in forecasts]
        shell.forecaster._pending[-1] = shell.forecaster._pending[-1]._replace(
            forecasts=tuple(kept), possible=frozenset((one.npc, one.gate) for one in kept)
        )
        return kept

    shell.forecaster.foresee = foresee  # type: ignore[method-assign]  # a double


SIGNALS = (Signal(1, 0.6, 0.4, (15.0, 1.0, 0.0)), Signal(0, 0.9, 0.5, (15.0, 0.0, 0.0)))
WALL = Forecast(1, 0, 40, 0.0, 0.91, 0.96, True, SIGNALS)


async def test_it_looks_two_seconds_ahead_with_everybody_and_changes_nothing(
    shell: VirtualShell, world: World, clock: ManualClock, arena: Arena
) -> None:
    before = [Slot(arena, npc).memory() for npc in range(NPCS)]
    digest, tick = world.garden.digest, world.garden.tick
    await follow(shell, clock)
    status = said(arena, VirtualStatus)[-1]
    assert status.header.source.garden == "virtual"
    assert isinstance(status.body, VirtualStatus)
    assert (status.body.mode, status.body.bodies, status.body.rehearsals) == ("following", NPCS, 1)
    assert (status.body.snapshot_tick, status.body.tick) == (tick, tick + 40)
    assert status.body.speed == pytest.approx(10.0, rel=0.1)
    assert world.garden.digest == digest
    assert [Slot(arena, npc).memory() for npc in range(NPCS)] == before


async def test_futures_of_one_moment_differ_by_chance_alone_and_come_again(
    shell: VirtualShell, world: World, charter: Charter, arena: Arena, levels: Levels
) -> None:
    snapshot = world.garden.village.to_bytes()
    digests = []
    for _ in range(2):
        gardens = shell._grow(snapshot, shell._rehearsing, 1.0, 0)
        for garden in gardens:
            garden.run(100)
        digests.append([garden.digest for garden in gardens])
    assert digests[0] == digests[1]
    assert len(set(digests[0])) > 1
    memories = Memories(charter, arena)
    other = VirtualBodies(charter, Brains(charter, levels), memories, 1)
    found = other.gather(memories.read(), 1, world.garden.tick)
    assert [one.body.npc for one in found if one] == [0, 1, 2]


async def test_virtual_bodies_are_what_the_npcs_remember_moved_to_second_zero(
    shell: VirtualShell, world: World
) -> None:
    bodies = shell._rehearsing[0].gather(shell._memories.read(), 1, 20)
    for npc, dweller in zip(world.npcs, bodies, strict=True):
        assert dweller is not None
        mine, theirs = dweller.body.state(), npc._body.state()
        assert mine["ticks"] == theirs["ticks"]
        assert dweller.body.lifeforce == npc._body.lifeforce
        assert dweller.body.metabolism.state()["now_s"] == pytest.approx(0.0)
        assert not any(gate.spec.real for gate in dweller.body.gates)
        assert [gate.trust.weight for gate in dweller.body.gates] == [
            gate.trust.weight for gate in npc._body.gates
        ]


async def test_a_verified_opening_is_told_and_handed_to_its_npc(
    shell: VirtualShell, clock: ManualClock, arena: Arena, charter: Charter
) -> None:
    foretell(shell, WALL, WALL._replace(npc=2, verified=False))
    reader = VerdictReader(arena, 1)
    await follow(shell, clock)
    (message,) = said(arena, VerifiedSignal)
    body = message.body
    assert isinstance(body, VerifiedSignal)
    assert message.header.source.entity_id == body.gate_id == "npc.1.collision_avoidance_gate"
    assert message.header.source.garden == "virtual"
    assert (body.domain, body.verification_confidence, body.virtual_correlation_score) == (
        "distance",
        0.96,
        0.91,
    )
    assert "distance_front (0.9) distance_cm 15, direction front" in body.semantic_summary
    assert body.source_gate_transition_id == news.transition_id(charter.run, 1, 0, 40)
    made_s = shell.forecaster._pending[-1].made_s
    assert reader.fresh() == [Verdict(1, 0, 0.96, 0.91, made_s + 2.0)]
    assert VerdictReader(arena, 2).fresh() == []


def transition(arena: Arena, npc: int, gate: int, at_s: float, to: int = 1) -> None:
    triggers = ((0, 0.9, at_s, (15.0, 0.0, 0.0)), (65533, 1.0, at_s, ()))
    Slot(arena, npc).transition(1, at_s, gate, 0, to, int(Cause.CORRELATION), 2, 1.0, 0.7, 0.3, 0.1, triggers)


async def test_the_real_garden_labels_what_was_foreseen_and_what_was_not(
    shell: VirtualShell, world: World, clock: ManualClock, arena: Arena
) -> None:
    foretell(shell, WALL, WALL._replace(npc=2))
    await follow(shell, clock)
    made_s = shell.forecaster._pending[-1].made_s
    transition(arena, 1, 0, made_s + 1.0)
    transition(arena, 0, 3, made_s + 1.2)
    await follow(shell, clock)
    events = [one.body for one in said(arena, CorrelationEvent)]
    found = {
        one.gate_id: (one.result, one.training_label) for one in events if isinstance(one, CorrelationEvent)
    }
    assert found["npc.1.collision_avoidance_gate"] == ("opened", TrainingLabel(True, 1.0))
    assert found["npc.2.collision_avoidance_gate"] == ("opened", TrainingLabel(False, 0.5))
    assert found["npc.0.conversation_gate"] == ("stayed_stable", TrainingLabel(True, 1.0))
    wall = next(
        one for one in events if isinstance(one, CorrelationEvent) and one.gate_id.startswith("npc.1.")
    )
    assert wall.correlation_matrix == [[1.0, 1.0], [1.0, 1.0]]
    assert wall.window_ms == 1500
    status = await shell.status()
    assert (status["borne_out"], status["missed"], status["surprises"]) == (1, 1, 1)


async def test_a_village_that_takes_longer_to_rehearse_is_looked_at_less_often(
    shell: VirtualShell, clock: ManualClock
) -> None:
    await follow(shell, clock)
    shell._worked_s = 0.5
    clock.advance(9.0)
    await shell.look()
    assert shell.rehearsals == 1
    clock.advance(1.0)
    await shell.look()
    assert shell.rehearsals == 2


async def test_a_garden_that_does_not_answer_is_counted_and_nothing_else(
    shell: VirtualShell, world: World, clock: ManualClock, arena: Arena
) -> None:
    world.away = True
    await follow(shell, clock, 3)
    assert (await shell.status())["away"] == 3
    world.away = False
    await follow(shell, clock)
    status = await shell.status()
    assert (status["away"], status["rehearsals"]) == (3, 1)


async def test_an_npc_without_a_memory_of_this_level_has_no_virtual_body(
    shell: VirtualShell, world: World, clock: ManualClock, arena: Arena
) -> None:
    arena.view("control")["alive"][0] = 0
    Slot(arena, 1).remember(json.dumps({"level": 2, "body": {}}).encode())
    Slot(arena, 2).remember(json.dumps({"level": 1, "body": {"version": 99}}).encode())
    await follow(shell, clock)
    assert (await shell.status())["bodies"] == 0
    Slot(arena, 2).remember(b"{torn")
    await follow(shell, clock)
    assert (await shell.status())["rehearsals"] == 2


async def test_a_future_runs_free_at_the_speed_asked_for(
    shell: VirtualShell, world: World, clock: ManualClock, arena: Arena
) -> None:
    tick = world.garden.tick
    said_, status = await shell.command("speed", {"x": 40})
    assert "40x" in said_
    assert (status["mode"], status["asked"], status["snapshot_tick"]) == ("free", 40.0, tick)
    shell._rehearsed_s = clock.monotonic_s() + 1e6  # only the free one
    for _ in range(21):  # in the first it learns what a tick takes
        clock.advance(0.05)
        await shell.look()
    status = (await shell.command("status", {}))[1]
    assert status["tick"] - tick == pytest.approx(1.0 * 40 * 20, abs=1)
    assert 30.0 < status["speed"] <= 40.0
    assert status["lifeforce"] < 100.0
    assert status["checkpoints"] == "0,1,2,3,4"


async def test_it_pauses_goes_on_goes_back_and_follows_again(
    shell: VirtualShell, world: World, clock: ManualClock
) -> None:
    await shell.command("speed", {"x": 20})
    for _ in range(15):
        clock.advance(0.1)
        await shell.look()
    tick = (await shell.status())["tick"]
    assert (await shell.command("pause", {}))[1]["mode"] == "paused"
    level = shell.purse.level
    for _ in range(60):
        clock.advance(1.0)
        await shell.look()
    status = await shell.status()
    assert (status["tick"], status["speed"]) == (tick, 0.0)
    assert shell.purse.level == pytest.approx(level + 5.0 - 1.0)
    assert (await shell.command("resume", {}))[1]["mode"] == "free"
    words, status = await shell.command("rewind", {"checkpoint": 0})
    assert words == f"went back to checkpoint 0, tick {world.garden.tick}"
    assert status["lifeforce"] == pytest.approx(level + 4.0 - 50.0, abs=0.1)
    assert (await shell.command("follow", {}))[1]["mode"] == "following"
    assert (await shell.command("snapshot", {}))[1]["mode"] == "free"


async def test_a_pause_that_cannot_be_paid_for_ends(shell: VirtualShell, clock: ManualClock) -> None:
    await shell.command("speed", {"x": 1})
    await shell.command("pause", {})
    shell.purse = Lifeforce(0.0, 0.0)
    clock.advance(1.0)
    await shell.look()
    assert shell.mode == "free"


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("fly", {}, "it knows speed"),
        ("speed", {"x": 2000}, "speed is 2000; it is a number from 1 to 1000"),
        ("speed", {}, "speed is None"),
        ("pause", {}, "has not begun yet"),
        ("rewind", {}, "cannot go back; let it run free"),
    ],
)
async def test_an_order_that_cannot_be_obeyed_says_why(
    shell: VirtualShell, name: str, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises((ValueError, WorldError), match=reason):
        await shell.command(name, arguments)
    assert shell.mode == "following"


async def test_orders_need_a_garden_that_answers_and_a_number_that_is_one(
    shell: VirtualShell, world: World
) -> None:
    world.away = True
    with pytest.raises(WorldError, match="gives no snapshot now"):
        await shell.command("speed", {"x": 10})
    world.away = False
    await shell.command("speed", {"x": 10})
    with pytest.raises(ValueError, match="checkpoint is 'x'"):
        await shell.command("rewind", {"checkpoint": "x"})
    with pytest.raises(WorldError, match="no checkpoint 9; there are 0"):
        await shell.command("rewind", {"checkpoint": 9})


async def test_its_successor_knows_purse_and_credit(
    shell: VirtualShell, charter: Charter, clock: ManualClock, world: World, arena: Arena
) -> None:
    foretell(shell, WALL)
    await follow(shell, clock, 4)
    shell.purse.charge("garden", 30.0)
    before = await shell.stop()
    assert shell.stopping.is_set()
    again = raised(charter, clock)
    after = await again.status()
    assert again.forecaster.credibility(1, 0) < 1.0
    assert again.forecaster.state() == shell.forecaster.state()
    for name in ("lifeforce", "rehearsals", "missed"):
        assert after[name] == before[name]
    (Path(charter.state_dir) / "runs" / charter.run / "virtual.json").write_text('{"purse": 7}')
    assert (await raised(charter, clock).status())["lifeforce"] == 100.0


async def test_learning_brains_dwell_in_virtual_bodies_too(
    charter: Charter, arena: Arena, levels: Levels, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = replace(charter, brain="mlp")
    prepare_brains(Path(charter.weights_dir), NPCS, "small", 7)
    world = World(learned, arena, levels, clock)
    world.live(5)
    monkeypatch.setattr(ray, "get_actor", world.named)
    shell = raised(learned, clock)
    await follow(shell, clock)
    assert (await shell.status())["bodies"] == NPCS
    (Path(charter.weights_dir) / "npc-2.safetensors").write_bytes(b"no weights")
    again = raised(learned, clock)
    await follow(again, clock)
    assert (await again.status())["bodies"] == NPCS - 1
