"""Words of a real engine of our own, with the packaged small model in the place of a functiongemma."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.cortex.asking import question_of
from nimmer.cortex.wording import MOST_TOKENS, Said, believe, messages, schema
from nimmer.engines.model_mapper import ModelMapper
from nimmer.engines.plan import packaged_weights
from nimmer.engines.words import EngineWords, OwnWords, wording_engine
from nimmer.errors import EngineError
from nimmer.host.ports import free_port
from tests.nimmer.cortex.askers import ASKER, INJECTION

CLOCK = SystemClock()


async def ready(words: OwnWords) -> None:
    """Wait until the engine of `words` is up; it begins with the first wording."""
    async with asyncio.timeout(60.0):
        while True:
            try:
                await words.chat(messages("Who is here?"), None, 1)
            except EngineError:
                await CLOCK.sleep_s(0.05)
            else:
                return


async def speak_on(words: OwnWords) -> None:
    async with asyncio.timeout(20.0):
        while True:
            await words.chat(messages("Who is here?"), None, 1)


@pytest.fixture
async def words(tmp_path: Path) -> AsyncIterator[OwnWords]:
    made = OwnWords(str(packaged_weights()), tmp_path / "engine.log", CLOCK)
    yield made
    await made.close()


@pytest.mark.servers
async def test_a_real_model_words_under_the_schema_comes_back_after_a_kill_and_is_not_talked_out_of_it(
    words: OwnWords,
) -> None:
    mapper = ModelMapper(words, within_s=60.0)
    await mapper.ask(ASKER, 4000)
    assert mapper.counts()["engine_away"] == 1  # it is only starting
    await ready(words)
    for sentence in (question_of(await mapper.ask(ASKER, 4000)), INJECTION):
        said = await words.chat(messages(sentence), schema(), MOST_TOKENS)
        assert not said.whole or isinstance(believe(said), str) or said.text.startswith("{")
    assert mapper.counts()["by_model"] + mapper.counts()["nacks"] == 1
    guardian = words._keeper.process.guardian_pid
    assert guardian is not None
    os.kill(guardian, signal.SIGKILL)
    with pytest.raises(EngineError):
        await speak_on(words)
    await ready(words)


async def test_an_engine_that_has_gone_is_looked_up_anew() -> None:
    looked: list[int] = []

    async def place() -> tuple[str, str]:
        looked.append(free_port())
        return f"http://127.0.0.1:{looked[-1]}/v1", "nyx"

    words = EngineWords(place)
    for _ in range(2):
        with pytest.raises(EngineError):
            await words.chat(messages("Who is here?"), schema(), 9)
    assert len(looked) == 2
    await words.close()


async def test_a_cortex_without_an_engine_of_its_own_words_nothing(tmp_path: Path) -> None:
    async def nowhere() -> tuple[str, str]:
        return "", ""

    words = wording_engine("", tmp_path / "log", nowhere, CLOCK)
    with pytest.raises(EngineError, match=r"boundary\.weights"):
        await words.chat(messages("Who is here?"), schema(), 9)
    await words.close()


async def test_weights_of_ones_own_get_an_engine_of_their_own(tmp_path: Path) -> None:
    async def nowhere() -> tuple[str, str]:
        return "", ""

    words = wording_engine(str(tmp_path / "missing.gguf"), tmp_path / "log", nowhere, CLOCK)
    assert isinstance(words, OwnWords)
    with pytest.raises(EngineError, match="not ready"):
        await words.chat(messages("Who is here?"), schema(), 9)
    await words.close()
    assert Said("x").whole
