"""What all shells share: a voice that the bridge hears, and an end rather than half a life."""

import asyncio
import os
from pathlib import Path

import pytest

from actors import shell
from actors.charter import Charter
from actors.shell import Shell, crashing
from nimmer.arena.memory import Arena
from nimmer.bus.message import Incident, WorldDelta
from nimmer.errors import ArenaError
from tests.actors.conftest import told


class Gardener(Shell):
    """A shell whose life is short."""

    entity = "garden"

    def __init__(self, charter: Charter, fate: Exception | None = None) -> None:
        super().__init__(charter)
        self._fate = fate

    @crashing
    async def live(self) -> None:
        if self._fate:
            raise self._fate


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


def test_a_message_is_left_for_the_bridge(charter: Charter, arena: Arena) -> None:
    assert Gardener(charter).tell("world.arena.delta", WorldDelta(3, []))
    (message,) = told(arena, "garden")
    assert message.subject == "dev.world.arena.delta"
    assert message.body == WorldDelta(3, [])
    assert message.header.source.entity_id == "garden"


def test_a_full_outbox_refuses_and_counts(charter: Charter, arena: Arena) -> None:
    one = Gardener(charter)
    big = WorldDelta(3, [{"x": "y" * 100_000}])
    assert [one.tell("world.arena.delta", big) for _ in range(12)].count(False) >= 1
    assert one.outbox.dropped >= 1


async def test_the_first_life_is_quiet_and_the_next_is_told_of(charter: Charter, arena: Arena) -> None:
    await Gardener(charter).live()
    assert told(arena, "garden") == []
    await Gardener(charter).live()
    (message,) = told(arena, "garden")
    assert isinstance(message.body, Incident)
    assert (message.body.kind, message.body.entity) == ("restart", "garden")
    assert "birth 2" in message.body.reason


async def test_an_unexpected_error_is_told_of_and_ends_the_process(
    charter: Charter, arena: Arena, exits: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    await Gardener(charter, KeyError("soil")).live()
    assert exits == [1]
    (message,) = told(arena, "garden")
    assert isinstance(message.body, Incident)
    assert message.body.kind == "crash"
    assert "KeyError: 'soil'" in message.body.reason
    assert "soil" in capsys.readouterr().err


async def test_a_cancelled_life_ends_without_an_alarm(
    charter: Charter, arena: Arena, exits: list[int]
) -> None:
    class Sleeper(Gardener):
        @crashing
        async def live(self) -> None:
            await asyncio.Event().wait()

    task = asyncio.ensure_future(Sleeper(charter).live())
    await asyncio.wait([task], timeout=0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert exits == []


def test_without_an_arena_nobody_is_born(
    charter: Charter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shell, "ATTACH_TRIES", 1)
    monkeypatch.setattr(shell, "ATTACH_S", 0.0)
    with pytest.raises(ArenaError, match="no arena"):
        Gardener(charter)
