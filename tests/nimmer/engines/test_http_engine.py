"""The HTTP driver against engines that misbehave; the contract, against the real embedded one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from nimmer.clock import SystemClock
from nimmer.config.cortex import CortexSettings
from nimmer.engines.engine import Engine
from nimmer.engines.http_engine import HttpEngine
from nimmer.engines.keeper import ChildKeeper
from nimmer.engines.plan import plan
from nimmer.errors import EngineError, EngineRefusedError
from nimmer.testing.engine_contract import EngineContract, body

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
EVENT = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'


@asynccontextmanager
async def served(handle: Handle, key: str = "") -> AsyncIterator[HttpEngine]:
    app = web.Application()
    app.router.add_route("*", "/v1/{tail:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    engine = HttpEngine(lambda: f"http://127.0.0.1:{port}/v1", key)
    try:
        yield engine
    finally:
        await engine.close()
        await runner.cleanup()


async def collected(engine: HttpEngine) -> list[bytes]:
    return [event async for event in engine.stream(body(), 20.0)]


async def test_a_4xx_is_a_refusal_with_the_engines_own_words() -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "exceeds the context"}}, status=400)

    async with served(handle) as engine:
        with pytest.raises(EngineRefusedError, match="exceeds the context"):
            await engine.complete(body(), 20.0)


@pytest.mark.parametrize("status", [500, 503, 401])
async def test_any_other_status_is_an_engine_that_is_ill(status: int) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, text="loading model")

    async with served(handle) as engine:
        with pytest.raises(EngineError, match=f"{status}.*loading"):
            await engine.complete(body(), 20.0)
        with pytest.raises(EngineError):
            await collected(engine)
        assert not await engine.healthy(20.0)


async def test_a_stream_that_ends_without_done_is_an_error() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b": comment\n\n" + EVENT)
        return response

    async with served(handle) as engine:
        with pytest.raises(EngineError, match="middle"):
            await collected(engine)


async def test_a_connection_that_breaks_is_an_error() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(EVENT)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with served(handle) as engine:
        with pytest.raises(EngineError, match="went away"):
            await collected(engine)


async def test_an_event_without_end_is_an_error_and_not_memory() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(64):
            await response.write(b"x" * (1 << 16))
        return response

    async with served(handle) as engine:
        with pytest.raises(EngineError):
            await collected(engine)


async def test_who_leaves_ends_the_engines_work() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handle(_: web.Request) -> web.StreamResponse:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async with served(handle) as engine:
        task = asyncio.create_task(engine.complete(body(), 20.0))
        await begun.wait()
        task.cancel()
        async with asyncio.timeout(20.0):
            await ended.wait()
        assert (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_its_key_goes_along() -> None:
    async def handle(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        return web.json_response({})

    async with served(handle, "secret") as engine:
        assert await engine.healthy(20.0)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("answers", [1, 0])
async def test_a_kept_connection_that_the_engine_closed_is_tried_once_anew(answers: int) -> None:
    """Each connection answers so many requests and is closed at the next, before it is answered."""
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(answers):
            await reader.readuntil(b"}")
            writer.write(ANSWER)
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = HttpEngine(lambda: f"http://127.0.0.1:{port}/v1")
    asked: dict[str, object] = {"model": "nyx"}
    if answers:
        assert [await engine.complete(asked, 20.0) for _ in range(3)] == [b"{}"] * 3
        assert connections == 3
    else:
        with pytest.raises(EngineError, match="went away"):
            await engine.complete(asked, 20.0)
        assert connections == 2
    await engine.close()
    server.close()
    await server.wait_closed()


async def test_nobody_there_is_an_engine_error() -> None:
    engine = HttpEngine(lambda: "http://127.0.0.1:1/v1")
    with pytest.raises(EngineError, match="went away"):
        await engine.complete(body(), 20.0)
    assert not await engine.healthy(1.0)
    await engine.close()


@pytest.mark.servers
class TestHttpEngineOnTheEmbeddedOne(EngineContract):
    @pytest.fixture
    async def engine(self, tmp_path: Path) -> AsyncIterator[Engine]:
        settings = CortexSettings(slots=2, context_tokens=512)
        keeper = ChildKeeper(lambda: plan(settings), tmp_path / "log", SystemClock())
        task = asyncio.create_task(keeper.run())
        async with asyncio.timeout(60.0):
            while not keeper.ready:
                await keeper.clock.sleep_s(0.02)
        yield keeper.engine
        task.cancel()
        await asyncio.wait((task,))
        await keeper.stop()
