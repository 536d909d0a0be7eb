"""The HTTP API on a scripted engine: the official client, and what nobody should send."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from nimmer.bus.identities import OPERATOR
from nimmer.config.cortex import CortexSettings
from nimmer.errors import EngineError
from nimmer.testing.scripted_engine import WORDS, ScriptedEngine, StillKeeper
from serve_apps.place import Place
from tests.serve_apps.cortices import CLOCK, KEYS, Kept, cortex, question

HELLO: Any = [{"role": "user", "content": "hello"}]
TOOLS: Any = [{"type": "function", "function": {"name": "walk", "parameters": {"type": "object"}}}]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def keeper(engine: ScriptedEngine) -> StillKeeper:
    return StillKeeper(engine)


@pytest.fixture
async def kept(place: Place, keeper: StillKeeper) -> AsyncIterator[Kept]:
    async with cortex(CortexSettings(slots=1, queue=1), place, keeper) as one:
        yield one


@pytest.fixture
async def http(kept: Kept) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEYS['guest']}"}
    async with httpx.AsyncClient(base_url=kept.url, headers=headers, timeout=30.0) as one:
        yield one


async def test_a_chat_is_answered_metered_and_written_down(kept: Kept) -> None:
    async with kept.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="nyx", messages=HELLO)
        answer = raw.parse()
    assert answer.choices[0].message.content == WORDS
    assert answer.usage is not None
    row = await kept.row()
    assert row["call"] == raw.headers["x-request-id"]
    assert (row["identity"], row["event_type"], row["outcome"]) == ("guest", "chat", "answered")
    assert row["completion_tokens"] == answer.usage.completion_tokens
    assert row["response"] == {"text": WORDS, "tools": []}


async def test_a_stream_comes_in_pieces_and_is_metered_all_the_same(kept: Kept) -> None:
    async with kept.client() as client:
        stream = await client.chat.completions.create(model="nyx", messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == WORDS
    row = await kept.row()
    assert row["completion_tokens"] == len(WORDS.split())
    assert row["response"] == {"text": WORDS, "tools": []}


async def test_usage_at_the_end_of_a_stream_is_there_for_who_asks(kept: Kept) -> None:
    async with kept.client() as client:
        stream = await client.chat.completions.create(
            model="nyx", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        last = [chunk async for chunk in stream][-1]
    assert last.choices == []
    assert last.usage is not None


async def test_models_are_listed(kept: Kept) -> None:
    async with kept.client() as client:
        assert [one.id async for one in client.models.list()] == ["nyx"]
        assert (await client.models.retrieve("nyx")).owned_by == "nimmer-embedded"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt")


@pytest.mark.parametrize("key", ["", "Bearer wrong-key-of-nobody", "Basic x"])
@pytest.mark.parametrize("path", ["/models", "/usage", "/models/nyx"])
async def test_without_a_key_there_is_nothing(http: httpx.AsyncClient, key: str, path: str) -> None:
    answer = await http.get(path, headers={"Authorization": key})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


async def test_a_wrong_key_is_the_official_clients_authentication_error(
    kept: Kept, engine: ScriptedEngine
) -> None:
    async with kept.client("wrong-key-of-nobody") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="nyx", messages=HELLO)
    assert engine.bodies == []


async def test_everybody_sees_its_own_usage_and_the_operator_sees_all(kept: Kept) -> None:
    async with kept.client("guest") as guest, kept.client(OPERATOR) as operator:
        await guest.chat.completions.create(model="nyx", messages=HELLO)
        await operator.chat.completions.create(model="nyx", messages=HELLO)
        own = await guest.get("/usage", cast_to=httpx.Response)
        every = await operator.get("/usage", cast_to=httpx.Response)
    assert set(own.json()["data"]) == {"guest"}
    assert set(every.json()["data"]) == {"guest", OPERATOR}
    assert own.json()["data"]["guest"]["requests"] == 1
    await kept.row()
    assert [row["priority"] for row in kept.rows] == [3, 8]


async def test_a_million_characters_are_413_with_the_setting_and_leave_a_row(
    kept: Kept, http: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    body = {"model": "nyx", "messages": [{"role": "user", "content": "x" * 1_000_000}]}
    answer = await http.post("/chat/completions", json=body)
    assert answer.status_code == 413
    assert "cortex.max_prompt_chars" in answer.json()["error"]["message"]
    assert (await kept.row())["outcome"] == "refused"
    body["messages"] = [{"role": "user", "content": "x" * 33_000}]
    answer = await http.post("/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "messages")
    assert answer.headers["x-request-id"] == (await kept.row())["call"]
    assert engine.bodies == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"model": "nyx"}', b"[" * 100_000])
async def test_what_is_no_chat_is_400_in_openais_format(http: httpx.AsyncClient, content: bytes) -> None:
    answer = await http.post("/chat/completions", content=content)
    assert answer.status_code in (400, 404)
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_elsewhere_is_nothing_in_openais_format(http: httpx.AsyncClient) -> None:
    assert (await http.get("/nowhere")).json()["error"]["type"] == "invalid_request_error"
    assert (await http.get("/chat/completions")).status_code == 405


async def test_a_closed_gate_is_503_and_a_full_queue_429(
    kept: Kept, http: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    body = {"model": "nyx", "messages": HELLO}
    await kept.cortex.command("close")
    answer = await http.post("/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gate_closed")
    await kept.cortex.command("open")
    engine.going.clear()
    open_ones = [asyncio.create_task(http.post("/chat/completions", json=body)) for _ in range(2)]
    while not kept.cortex._gate.desk.waiting:
        await CLOCK.sleep_s(0.0)
    answer = await http.post("/chat/completions", json=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    engine.going.set()
    assert {(await one).status_code for one in open_ones} == {200}


async def test_chats_leave_a_slot_to_the_npcs(
    place: Place, keeper: StillKeeper, engine: ScriptedEngine
) -> None:
    engine.going.clear()
    async with cortex(CortexSettings(slots=3), place, keeper) as kept, kept.client() as client:
        chats = [
            asyncio.create_task(client.chat.completions.create(model="nyx", messages=HELLO)) for _ in range(4)
        ]
        await engine.until_asked(2)
        thought = asyncio.create_task(kept.cortex.think(question(priority=0), "nyx-training"))
        await engine.until_asked(3)
        assert "max_tokens" in engine.bodies[0]
        assert "response_format" in engine.bodies[2], "it is the NPC's question"
        engine.going.set()
        assert (await thought).outcome == "answered"
        await asyncio.gather(*chats)


async def test_a_client_that_leaves_ends_the_engines_work(
    kept: Kept, http: httpx.AsyncClient, engine: ScriptedEngine
) -> None:
    engine.going.clear()
    asking = asyncio.create_task(http.post("/chat/completions", json={"model": "nyx", "messages": HELLO}))
    await engine.until_asked()
    asking.cancel()
    await asyncio.wait((asking,))
    while not kept.cortex._usage.outcomes:
        await CLOCK.sleep_s(0.0)
    assert engine.left == 1
    assert (await kept.row())["outcome"] == "cancelled"
    assert kept.cortex._gate.desk.running == 0


async def test_an_engine_that_dies_in_a_stream_is_an_error_in_the_stream(
    kept: Kept, engine: ScriptedEngine
) -> None:
    engine.dies_after = 3
    async with kept.client() as client:
        stream = await client.chat.completions.create(model="nyx", messages=HELLO, stream=True)
        with pytest.raises(openai.APIError, match="ended in the middle"):
            [chunk async for chunk in stream]
    assert (await kept.row())["outcome"] == "failed"


async def test_an_engine_that_fails_is_502_and_one_that_is_not_ready_503(
    kept: Kept, http: httpx.AsyncClient, engine: ScriptedEngine, keeper: StillKeeper
) -> None:
    body = {"model": "nyx", "messages": HELLO}
    engine.failure = EngineError("the engine went away")
    assert (await http.post("/chat/completions", json=body)).status_code == 502
    keeper.ready, keeper.reason = False, "vLLM is starting"
    answer = await http.post("/chat/completions", json=body)
    assert answer.status_code == 503
    assert "vLLM is starting" in answer.json()["error"]["message"]
    base = kept.url.removesuffix("/v1")
    assert (await http.get(f"{base}/health", headers={"Authorization": ""})).status_code == 503
    keeper.ready = True
    assert (await http.get(f"{base}/health", headers={"Authorization": ""})).status_code == 200


async def test_a_prompt_longer_than_the_engines_window_is_400(http: httpx.AsyncClient) -> None:
    body = {"model": "nyx", "messages": [{"role": "user", "content": "a " * 5000}]}
    answer = await http.post("/chat/completions", json=body)
    assert answer.status_code == 400
    assert "exceeds" in answer.json()["error"]["message"]


async def test_a_cortex_may_stand_before_another_one(kept: Kept, place: Place, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEYS["guest"] + "\n")
    key.chmod(0o600)
    home = tmp_path / "second"
    home.mkdir()
    settings = CortexSettings(engine="url", url=kept.url, url_key_file=key)
    async with cortex(settings, replace(place, state_dir=str(home))) as second, second.client() as client:
        await second.ready()
        answer = await client.chat.completions.create(model="nyx", messages=HELLO)
    assert answer.choices[0].message.content == WORDS
    assert (await kept.row())["identity"] == "guest"


class Caller(ScriptedEngine):
    """A model that calls a tool."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    async def complete(self, body: Mapping[str, Any], within_s: float) -> bytes:
        raw = await super().complete(body, within_s)
        called = (
            b'"tool_calls":[{"id":"1","type":"function","function":{"name":"%s","arguments":"{}"}}],"content"'
        )
        return raw.replace(b'"content"', called % self.name.encode())


async def test_a_tool_that_was_offered_may_be_called_and_another_may_not(place: Place) -> None:
    for name, status in (("walk", 200), ("open_all_gates", 502)):
        async with (
            cortex(CortexSettings(), place, StillKeeper(Caller(name))) as kept,
            kept.client() as client,
        ):
            call = client.chat.completions.with_raw_response.create(model="nyx", messages=HELLO, tools=TOOLS)
            if status == 200:
                message = (await call).parse().choices[0].message
                assert message.tool_calls is not None
                assert (await kept.row())["response"] == {"text": WORDS, "tools": ["walk"]}
                continue
            with pytest.raises(openai.APIStatusError, match="open_all_gates") as error:
                await call
            assert error.value.status_code == 502
            assert (await kept.row())["outcome"] == "failed"


async def test_a_request_for_a_tool_nobody_offered_is_400(kept: Kept) -> None:
    choice: Any = {"type": "function", "function": {"name": "fly"}}
    async with kept.client() as client:
        with pytest.raises(openai.BadRequestError, match="fly"):
            await client.chat.completions.create(model="nyx", messages=HELLO, tools=TOOLS, tool_choice=choice)
