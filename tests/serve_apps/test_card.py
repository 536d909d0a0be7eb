import asyncio

import numpy as np
import pytest

from nimmer.engines.organ_model import Heard, HearJob, SpeakJob
from nimmer.errors import CardError, CardLostError
from nimmer.testing.scripted_organ import ScriptedOrgan
from serve_apps.card import Card

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
    voice = ScriptedOrgan("voice", SpeakJob)
    card = Card({"stt": ScriptedOrgan("ear", HearJob), "tts": voice}, 100)
    await card.load("stt")
    with pytest.raises(CardError, match="holds the model of stt; unload it before that of tts"):
        await card.load("tts")
    assert not voice.loaded


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
