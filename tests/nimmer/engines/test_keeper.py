import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.engines.keeper import ChildKeeper, Condition, RemoteKeeper
from nimmer.engines.plan import EnginePlan
from nimmer.errors import EngineError
from nimmer.host.processes import descendants
from nimmer.life.restart import Backoff

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
SERVER = """
import http.server, sys
class Well(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Well).serve_forever()
"""
PLAN = EnginePlan(
    "a server",
    (sys.executable, "-c", SERVER, "{port}"),
    dict(os.environ),
    ready_s=30.0,
    probe_s=0.05,
    patience_s=0.3,
)
QUICK = Backoff(first_s=0.01, most_s=0.05)


@asynccontextmanager
async def kept(make: Callable[[], EnginePlan], log: Path) -> AsyncIterator[ChildKeeper]:
    keeper = ChildKeeper(make, log, CLOCK, QUICK)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await keeper.stop()


async def until(true: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await CLOCK.sleep_s(0.01)


def engine_pid(keeper: ChildKeeper) -> int:
    assert keeper.process.guardian_pid is not None
    return descendants(keeper.process.guardian_pid)[0].pid


async def test_an_engine_is_started_and_ready(tmp_path: Path) -> None:
    async with kept(lambda: PLAN, tmp_path / "log") as keeper:
        assert not keeper.ready
        await until(lambda: keeper.ready)
        assert keeper.reason == ""
        assert keeper.restarts == 0
    assert keeper.condition is Condition.STOPPED
    assert not keeper.process.running


async def test_a_killed_engine_is_started_again_at_the_same_url(tmp_path: Path) -> None:
    async with kept(lambda: PLAN, tmp_path / "log") as keeper:
        await until(lambda: keeper.ready)
        url = keeper.url
        os.kill(engine_pid(keeper), signal.SIGKILL)
        await until(lambda: keeper.restarts >= 1 and keeper.ready)
        assert keeper.url == url


async def test_a_frozen_engine_is_noticed_killed_and_started_again(tmp_path: Path) -> None:
    async with kept(lambda: PLAN, tmp_path / "log") as keeper:
        await until(lambda: keeper.ready)
        os.kill(engine_pid(keeper), signal.SIGSTOP)
        keeper.suspect()
        await until(lambda: "hangs" in keeper.reason)
        await until(lambda: keeper.restarts >= 1 and keeper.ready)


async def test_an_engine_that_never_comes_up_says_why_and_is_tried_again(tmp_path: Path) -> None:
    broken = replace(PLAN, argv=(sys.executable, "-c", "raise SystemExit('out of memory on load')"))
    async with kept(lambda: broken, tmp_path / "log") as keeper:
        await until(lambda: keeper.restarts >= 2)
        assert not keeper.ready
        assert "out of memory on load" in keeper.reason


async def test_an_engine_that_is_too_slow_to_come_up_is_stopped(tmp_path: Path) -> None:
    slow = replace(PLAN, argv=(sys.executable, "-c", "import signal; signal.pause()"), ready_s=0.2)
    async with kept(lambda: slow, tmp_path / "log") as keeper:
        await until(lambda: keeper.restarts >= 1)
        assert "within 0.2 s" in keeper.reason


async def test_what_was_missing_may_be_supplied_later(tmp_path: Path) -> None:
    weights = tmp_path / "weights"

    def make() -> EnginePlan:
        if not weights.exists():
            raise EngineError("cortex.weights is not there")
        return PLAN

    async with kept(make, tmp_path / "log") as keeper:
        await until(lambda: "cortex.weights" in keeper.reason)
        weights.touch()
        await until(lambda: keeper.ready)


async def test_a_foreign_engine_is_watched_and_left_alone(tmp_path: Path) -> None:
    async with kept(lambda: PLAN, tmp_path / "log") as own:
        await until(lambda: own.ready)
        keeper = RemoteKeeper(own.url, CLOCK, probe_s=0.02)
        task = asyncio.create_task(keeper.run())
        await until(lambda: keeper.ready)
        await own.stop()
        await until(lambda: not keeper.ready)
        assert "cortex.url" in keeper.reason
        task.cancel()
        await asyncio.wait((task,))
        await keeper.stop()


def test_a_condition_knows_what_may_follow() -> None:
    assert Condition.STARTING not in Condition.READY.successors
    assert Condition.STOPPED.successors == ()
