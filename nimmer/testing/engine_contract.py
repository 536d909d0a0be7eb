"""What every `Engine` must keep to: drivers inherit this suite and give it one that is ready.

    class TestScriptedEngine(EngineContract):
        @pytest.fixture
        async def engine(self) -> Engine:
            return ScriptedEngine()

Source: docs/style.md, rule 10; docs/cortex.md, "Engines".
"""

from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from nimmer.engines.engine import Engine, chat
from nimmer.errors import EngineRefusedError

WITHIN_S = 60.0
MODEL = "nyx"
QUESTION = ({"role": "user", "content": "Say in one sentence where the well is."},)
SCHEMA = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["answer", "leave"]},
        "answer": {"type": "string", "minLength": 1, "maxLength": 60},
    },
    "required": ["decision", "answer"],
    "additionalProperties": False,
}


def body(**more: object) -> dict[str, Any]:
    """Return the body of a short chat."""
    return {"model": MODEL, "messages": list(QUESTION), "max_tokens": 12, **more}


class EngineContract:
    """The suite; needs a fixture `engine` whose model is served as `nyx`."""

    async def test_an_answer_has_words_and_its_tokens_are_counted(self, engine: Engine) -> None:
        """Prompt and completion are metered by the engine itself."""
        answer = await chat(engine, QUESTION, max_tokens=12, within_s=WITHIN_S, model=MODEL)
        assert answer.text
        assert answer.prompt_tokens > 0
        assert 0 < answer.completion_tokens <= 12

    async def test_an_answer_ends_at_its_longest_and_says_so(self, engine: Engine) -> None:
        """Finish is `length` when the tokens ran out."""
        answer = await chat(engine, QUESTION, max_tokens=2, within_s=WITHIN_S, model=MODEL)
        assert answer.completion_tokens <= 2
        assert answer.finish == "length"

    async def test_under_a_schema_the_answer_is_json_of_that_schema(self, engine: Engine) -> None:
        """Decoding is constrained, not asked for."""
        answer = await chat(engine, QUESTION, max_tokens=120, within_s=WITHIN_S, model=MODEL, schema=SCHEMA)
        found = msgspec.json.decode(answer.text)
        assert set(found) == {"decision", "answer"}
        assert found["decision"] in ("answer", "leave")
        assert 1 <= len(found["answer"]) <= 60

    async def test_a_stream_comes_in_pieces_and_ends_with_the_tokens(self, engine: Engine) -> None:
        """The pieces' words make a text, the last event has the usage that was asked for."""
        text, usage = "", None
        async for data in engine.stream(body(stream_options={"include_usage": True}), WITHIN_S):
            event = msgspec.json.decode(data)
            text += "".join(one["delta"].get("content") or "" for one in event["choices"])
            usage = event.get("usage") or usage
        assert text
        assert usage is not None
        assert usage["completion_tokens"] <= 12

    async def test_no_time_is_a_timeout(self, engine: Engine) -> None:
        """An answer that is not there in time is given up."""
        with pytest.raises(TimeoutError):
            await engine.complete(body(), 0.0)

    async def test_a_prompt_longer_than_its_window_is_refused_with_a_reason(self, engine: Engine) -> None:
        """A refusal is told apart from an engine that is ill."""
        with pytest.raises(EngineRefusedError, match=r"\w"):
            await engine.complete(body(messages=[{"role": "user", "content": "well " * 20_000}]), WITHIN_S)

    async def test_who_leaves_a_stream_leaves_the_engine_well(self, engine: Engine) -> None:
        """The next question is answered."""
        events = engine.stream(body(max_tokens=200), WITHIN_S)
        async with aclosing(events):  # type: ignore[type-var]  # both are generators
            async for _ in events:
                break
        assert await engine.healthy(WITHIN_S)
        assert (await chat(engine, QUESTION, max_tokens=2, within_s=WITHIN_S, model=MODEL)).text

    async def test_it_may_be_closed_twice(self, engine: Engine) -> None:
        """The second time nothing happens."""
        await engine.close()
        await engine.close()
