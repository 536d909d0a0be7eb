"""The mapper whose questions a model words: tries, NACKs and engines that are not there."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from nimmer.bus.cortex_messages import CognitiveRequest, TransformRequest
from nimmer.cortex.asking import ask, question_of, transform
from nimmer.cortex.mapper import TemplateMapper
from nimmer.cortex.wording import Messages, Said
from nimmer.engines.model_mapper import ModelMapper
from nimmer.errors import CortexError, EngineError
from tests.nimmer.cortex.askers import ASKER
from tests.nimmer.cortex.test_asking import transition

GOOD = Said('{"text":"Where should I go now?"}', True, 9)


class Scripted:
    """Words by a script: what to write or raise, one after another, the last for ever."""

    def __init__(self, *script: Said | Exception) -> None:
        self._script = list(script)
        self.asked: list[Messages] = []

    async def chat(self, asked: Messages, under: Mapping[str, Any], max_tokens: int) -> Said:
        self.asked.append(asked)
        await asyncio.sleep(0)  # noqa: TID251  lets others in, waits for nothing
        found = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(found, Exception):
            raise found
        return found


def but_for_words(one: CognitiveRequest) -> tuple[object, ...]:
    fields = {name: value for name, value in one.structured_input.items() if name != "question"}
    return fields, one.suggested_actions, one.confidence, one.priority, one.npc_id, one.domain, one.event_type


async def test_the_model_words_and_every_field_is_the_templates() -> None:
    mapper = ModelMapper(Scripted(GOOD))
    for found, plain in (
        (await mapper.ask(ASKER, 4000), ask(ASKER, 4000)),
        (
            await mapper.transform(TransformRequest(transition(), 7)),
            transform(TransformRequest(transition(), 7)),
        ),
    ):
        assert question_of(found) == "Where should I go now?"
        assert but_for_words(found) == but_for_words(plain)
    assert mapper.counts() == {
        "by_model": 2, "by_template": 0, "retries": 0, "nacks": 0, "engine_away": 0, "tokens": 18,
    }  # fmt: skip


async def test_a_bad_try_is_tried_again_with_a_hint() -> None:
    words = Scripted(Said("{"), Said('{"text":"Where sh', False), GOOD)
    mapper = ModelMapper(words)
    assert question_of(await mapper.ask(ASKER, 4000)) == "Where should I go now?"
    assert [one[-1]["content"].partition(":")[0] for one in words.asked[1:]] == ["Again", "Again"]
    assert "cut off" in words.asked[2][-1]["content"]
    assert (mapper.counts()["retries"], mapper.counts()["nacks"]) == (2, 0)


async def test_invalid_json_three_times_is_a_nack_and_the_template_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = Scripted(Said("no JSON at all"))
    mapper = ModelMapper(words)
    assert await mapper.ask(ASKER, 4000) == ask(ASKER, 4000)
    assert len(words.asked) == 3
    assert (mapper.counts()["nacks"], mapper.counts()["by_template"]) == (1, 1)
    assert "NACK" in caplog.text


@pytest.mark.parametrize("fault", [EngineError("it was killed"), CortexError("no app"), TimeoutError()])
async def test_an_engine_that_is_away_costs_the_wording_only(fault: Exception) -> None:
    mapper = ModelMapper(Scripted(fault))
    assert await mapper.ask(ASKER, 4000) == ask(ASKER, 4000)
    assert (mapper.counts()["engine_away"], mapper.counts()["by_template"]) == (1, 1)


async def test_an_engine_that_hangs_is_not_waited_for() -> None:
    class Hanging:
        async def chat(self, asked: Messages, under: Mapping[str, Any], max_tokens: int) -> Said:
            await asyncio.Event().wait()
            return GOOD

    mapper = ModelMapper(Hanging(), within_s=0.01)
    assert await mapper.ask(ASKER, 4000) == ask(ASKER, 4000)
    assert mapper.counts()["engine_away"] == 1


async def test_the_template_alone_counts_its_questions() -> None:
    mapper = TemplateMapper()
    assert await mapper.ask(ASKER, 4000) == ask(ASKER, 4000)
    assert await mapper.transform(TransformRequest(transition())) == transform(TransformRequest(transition()))
    assert mapper.counts() == {"by_template": 2}
