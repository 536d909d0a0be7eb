"""The bridge empties rings and outboxes onto the bus, and remembers what went wrong."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from actors.bridge import BridgeShell
from actors.charter import Charter
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import Letter, Outbox
from nimmer.arena.ring import RingReader
from nimmer.arena.slot import Slot
from nimmer.bus.bus import Ack, Delivery
from nimmer.bus.memory import MemoryBroker, MemoryBus
from nimmer.bus.message import GateTransition, Incident, NpcState, Source, TrainingFrame, WorldDelta, decode
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.clock import SystemClock
from nimmer.errors import BusUnavailableError
from tests.actors.conftest import NPCS


class FickleBus(MemoryBus):
    """A bus whose broker is away for the next few acknowledged messages."""

    fails = 0

    async def publish_acked(self, subject: str, payload: bytes, message_id: str) -> Ack:
        if self.fails:
            self.fails -= 1
            raise BusUnavailableError("no broker")
        return await super().publish_acked(subject, payload, message_id)


class Listener:
    """A bus with somebody who hears everything on it."""

    def __init__(self) -> None:
        broker = MemoryBroker()
        plain = broker.connect()
        self.bus: Any = FickleBus(broker, "bridge", plain._permissions, None)
        self._ear = plain
        self.heard: list[Delivery] = []

    async def listen(self) -> None:
        async def hear(delivery: Delivery) -> None:
            self.heard.append(delivery)

        await self._ear.subscribe("dev.>", hear)

    async def bodies(self) -> list[Any]:
        await SystemClock().sleep_s(0.01)
        return [decode(one.subject, one.payload).body for one in self.heard]


@pytest.fixture
async def listener() -> Listener:
    one = Listener()
    await one.listen()
    return one


@pytest.fixture
def bridge(charter: Charter, arena: Arena) -> BridgeShell:
    """A bridge that was told to stop: each loop ends when nothing waits."""
    one = BridgeShell(charter)
    one.stopping.set()
    return one


def live(arena: Arena, ticks: Iterable[int]) -> None:
    for npc in range(NPCS):
        slot = Slot(arena, npc)
        for tick in ticks:
            slot.wave(tick, 0, 5.0 + tick, 0.9, 0.005, (25.0, 0.0, 0.0))
            slot.transition(
                tick, 5.0 + tick, 0, 0, 1, 0, 2, 1.0, 0.9, 0.003, 0.1, ((0, 0.9, 5.0, (25.0, 0.0, 0.0)),)
            )
            slot.trail(
                tick,
                tick,
                5.0 + tick,
                1,
                7,
                1,
                2,
                0,
                0,
                0b01010101,
                6,
                1,
                0.5,
                99.0,
                0.1,
                1.0,
                0.25,
                10.0,
                50.0,
                0,
                2,
                0,
            )


def incident(kind: str, entity: str, reason: str) -> Letter:
    body = Incident(kind, entity, reason)
    payload = Voice(Source(entity, "service"), SystemClock()).say(body)
    return Letter(build("dev", "thalamus.incident.{kind}", kind=kind), payload)


async def test_waves_transitions_states_and_training_frames_reach_the_bus(
    arena: Arena, bridge: BridgeShell, listener: Listener
) -> None:
    live(arena, range(1, 6))
    await bridge._mirror(listener.bus)
    await bridge._keep(listener.bus)
    bodies = await listener.bodies()
    assert sum(isinstance(one, GateTransition) for one in bodies) == 5 * NPCS
    assert sum(one.rows for one in bodies if isinstance(one, TrainingFrame)) == 5 * NPCS
    states = [one for one in bodies if isinstance(one, NpcState)]
    assert {one.npc_id for one in states} == set(range(NPCS))
    assert (bridge.mirrored_waves, bridge.mirrored_transitions) == (5 * NPCS, 5 * NPCS)
    for ring in ("wave", "transition", "trail"):
        assert RingReader(arena, ring, "bus").waiting == 0
    assert bridge.counts()["dropped"] == 0


async def test_what_must_be_acknowledged_is_insisted_on(
    arena: Arena, charter: Charter, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.bridge.RECONNECT_S", 0.0)
    bridge = BridgeShell(charter)
    live(arena, range(1, 3))
    listener.bus.fails = 3
    await bridge._keep_trails(listener.bus, bridge._trails.read())
    assert RingReader(arena, "trail", "bus").waiting == 0
    frames = [one for one in await listener.bodies() if isinstance(one, TrainingFrame)]
    assert sum(one.rows for one in frames) == 2 * NPCS


async def test_a_bridge_killed_before_its_cursor_moved_stores_each_frame_once(
    arena: Arena, charter: Charter, listener: Listener
) -> None:
    live(arena, range(1, 4))
    for _ in range(2):  # the second is its successor, which reads the same records again
        bridge = BridgeShell(charter)
        harvest = bridge._trails.read()
        bridge._trails.commit = lambda _: None  # type: ignore[method-assign,assignment]  # the kill
        await bridge._keep_trails(listener.bus, harvest)
    assert listener.bus.broker._sequence["TRAINING_DATA"] == 1


async def test_letters_of_all_outboxes_leave_in_order(
    arena: Arena, bridge: BridgeShell, listener: Listener
) -> None:
    garden = Outbox(arena, "garden")
    voice = Voice(Source("garden", "service"), SystemClock())
    for tick in range(3):
        garden.put(Letter("dev.world.arena.delta", voice.say(WorldDelta(tick, []))))
    await bridge._mirror(listener.bus)
    assert [one.tick for one in await listener.bodies()] == [0, 1, 2]
    assert garden.waiting_bytes == 0


async def test_incidents_are_remembered_by_the_bridge_and_its_successor(
    arena: Arena, charter: Charter, bridge: BridgeShell, listener: Listener
) -> None:
    Outbox(arena, "supervisor").put(incident("death", "npc.2", "generation 1 died: its process ended"))
    Outbox(arena, "launcher").put(incident("server", "nats", "nats runs again"))
    await bridge._mirror(listener.bus)
    lines = bridge.chronicle.lines()
    assert [line[9:] for line in lines] == [
        "npc.2: generation 1 died: its process ended",
        "nats: nats runs again",
    ]
    assert BridgeShell(charter).chronicle.lines() == lines
    assert len(listener.heard) == 2


@pytest.mark.parametrize("content", ["", "{", "[[1]]", "7"])
def test_a_damaged_chronicle_is_let_go(charter: Charter, arena: Arena, content: str) -> None:
    path = Path(charter.state_dir) / "runs" / charter.run / "incidents.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert BridgeShell(charter).chronicle.lines() == []


async def test_a_letter_that_is_no_incident_does_not_stop_the_bridge(
    arena: Arena, bridge: BridgeShell, listener: Listener
) -> None:
    Outbox(arena, "cells").put(Letter("dev.thalamus.incident.odd", b"not JSON"))
    await bridge._mirror(listener.bus)
    assert bridge.chronicle.lines() == []
    assert len(listener.heard) in (0, 1)


async def test_a_letter_the_broker_never_takes_is_counted_and_left_behind(
    arena: Arena, bridge: BridgeShell, listener: Listener
) -> None:
    listener.bus.broker.max_payload = 1000
    large = Letter("dev.thalamus.traces.training", bytes(1001), "too-large")
    await bridge._insist(listener.bus, [large, Letter("dev.thalamus.traces.training", b"fits", "small")])
    assert [delivery.payload for delivery in listener.heard] == [b"fits"]
    assert bridge.counts()["dropped"] == 1
    letters, _ = Outbox(arena, "bridge").take()
    assert [letter.subject for letter in letters] == ["dev.thalamus.incident.not-published"]


def test_a_permission_violation_is_an_incident(arena: Arena, bridge: BridgeShell) -> None:
    for _ in range(3):  # each refused message says so, once is told
        bridge._violated("publish", "dev.somewhere.else.altogether")
    bridge._violated("publish", "dev.thalamus.incident.permission")
    letters, _ = Outbox(arena, "bridge").take()
    (letter,) = letters
    body = decode(letter.subject, letter.payload).body
    assert isinstance(body, Incident)
    assert (body.kind, body.entity) == ("permission", "dev.somewhere.else.altogether")
    assert "refused to publish" in body.reason


def test_a_fresh_bridge_counts_nothing(bridge: BridgeShell) -> None:
    assert set(bridge.counts().values()) == {0}
    assert not bridge.connected
    assert len(bridge.last_trails()) == NPCS
