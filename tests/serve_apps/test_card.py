import asyncio
import threading
from collections.abc import Awaitable
from typing import cast

import numpy as np
import pytest
from ray.exceptions import (
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from nimmer.engines.organ_model import Heard, HearJob, SpeakJob
from nimmer.errors import CardError, CardLostError
from nimmer.testing.scripted_organ import ScriptedOrgan
from serve_apps.card import Card, RemoteCard

SOUND = HearJob(np.zeros(160, np.float32))


async def test_a_model_is_loaded_run_and_unloaded() -> None:
    card = Card({"stt": ScriptedOrgan("ear", HearJob)}, 100)
    await card.load("stt")
    result, _ = await card.run("stt", SOUND)
    assert result == Heard("160 samples", "en", 0.1)
    assert (await card.held()).organ == "stt"
    await card.unload()
    assert (await card.held()).organ == ""


async def test_two_loads_at_once_are_one() -> None:
    ear = ScriptedOrgan("ear", HearJob)
    card = Card({"stt": ear}, 100)
    await asyncio.gather(card.load("stt"), card.load("stt"))
    assert ear.loads == 1


async def test_a_card_never_holds_two_models() -> None:
    ear, voice = ScriptedOrgan("ear", HearJob), ScriptedOrgan("voice", SpeakJob)
    card = Card({"stt": ear, "tts": voice}, 100)
    await card.load("stt")
    await card.load("tts")
    assert (ear.loaded, voice.loaded) == (False, True)
    assert (await card.held()).organ == "tts"


class SlowEar(ScriptedOrgan):
    """Loads when it is let."""

    def __init__(self) -> None:
        super().__init__("ear", HearJob)
        self.begun, self.let = threading.Event(), threading.Event()

    def load(self) -> None:
        self.begun.set()
        self.let.wait(10.0)
        super().load()


async def test_a_load_that_is_left_is_done_to_its_end_before_the_next() -> None:
    ear, voice = SlowEar(), ScriptedOrgan("voice", SpeakJob)
    card = Card({"stt": ear, "tts": voice}, 100)
    left = asyncio.ensure_future(card.load("stt"))
    await asyncio.to_thread(ear.begun.wait)
    left.cancel()
    await asyncio.wait([left])
    assert (await card.held()).organ == "stt"
    following = asyncio.ensure_future(card.load("tts"))
    ear.let.set()
    await following
    assert (ear.loads, ear.loaded, voice.loaded) == (1, False, True)
    assert (await card.held()).organ == "tts"


class Method:
    """A method of a Serve handle; it ends as it is told."""

    def __init__(self, end: BaseException) -> None:
        self._end = end

    def remote(self, *arguments: object) -> "Awaitable[object]":
        async def answer() -> object:
            raise self._end

        return answer()


class Handle:
    def __init__(self, end: BaseException) -> None:
        self.load = self.run = self.unload = self.held = self.end = Method(end)


@pytest.mark.parametrize(
    "end",
    [
        OutOfMemoryError("the memory monitor killed it"),  # type: ignore[no-untyped-call]  # Ray's own
        NodeDiedError("gone"),  # type: ignore[no-untyped-call]  # Ray's own
        WorkerCrashedError(),
        TaskCancelledError(),
        RayActorError(),
        RayServeException("no replica"),
        asyncio.CancelledError(),
    ],
    ids=lambda end: type(end).__name__,
)
async def test_however_a_card_is_lost_it_is_said_to_be_lost(end: BaseException) -> None:
    card = RemoteCard(cast("DeploymentHandle[object]", Handle(end)))
    for asked in (card.load("stt"), card.run("stt", SOUND), card.unload(), card.held()):
        with pytest.raises(CardLostError):
            await asked
    await card.end()


async def test_who_is_cancelled_while_he_waits_for_a_card_is_cancelled() -> None:
    forever = asyncio.Event()

    class Silent(Method):
        def remote(self, *arguments: object) -> "Awaitable[object]":
            return forever.wait()

    handle = Handle(OSError())
    handle.load = Silent(OSError())
    waiting = asyncio.ensure_future(RemoteCard(cast("DeploymentHandle[object]", handle)).load("stt"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waiting, 0)


async def test_a_model_that_needs_more_than_the_card_has_is_not_loaded() -> None:
    ear = ScriptedOrgan("ear", HearJob, memory_mb=101)
    with pytest.raises(CardError, match=r"needs 101 MB and a card has 100 MB; raise organs\.card_memory_mb"):
        await Card({"stt": ear}, 100).load("stt")
    assert ear.loads == 0


async def test_memory_that_runs_out_is_a_reason_and_leaves_the_card_empty() -> None:
    card = Card({"stt": ScriptedOrgan("ear", HearJob, exhausts=True)}, 100)
    with pytest.raises(CardError, match="out of memory while loading stt"):
        await card.load("stt")
    assert (await card.held()).organ == ""


async def test_a_revived_card_says_that_it_holds_nothing() -> None:
    with pytest.raises(CardLostError, match="holds nothing, not the model of stt"):
        await Card({"stt": ScriptedOrgan("ear", HearJob)}, 100).run("stt", SOUND)
