"""What goes wrong with a real engine and does not take the gate along."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from nimmer.config.cortex import CortexSettings
from nimmer.errors import HostError
from nimmer.host.processes import alive
from serve_apps.cortex import Cortex
from serve_apps.place import Place
from tests.serve_apps.cortex_suite import engine_of
from tests.serve_apps.cortices import CLOCK, Kept, cortex, question

pytestmark = pytest.mark.servers


async def until(kept: Kept, true: Callable[[str, int, bool], bool]) -> None:
    """Return when the status' reason, restarts and readiness are so."""
    deadline_s = CLOCK.monotonic_s() + 60.0
    while not true((found := await kept.cortex.status()).reason, found.restarts, found.ready):
        assert CLOCK.monotonic_s() < deadline_s, found
        await CLOCK.sleep_s(0.02)


async def test_an_engine_that_hangs_is_noticed_by_its_silence_and_replaced(place: Place) -> None:
    async with cortex(CortexSettings(slots=1, timeout_ms=20_000), place) as kept:
        await kept.ready()
        frozen = engine_of(kept)
        os.kill(frozen.pid, signal.SIGSTOP)
        response = await kept.cortex.think(question(response_timeout_ms=200), "nyx-training")
        assert response.outcome == "timeout"
        await until(kept, lambda reason, *_: "hangs" in reason)
        failed = await kept.cortex.think(question(), "nyx-training")
        assert failed.outcome == "failed"
        await until(kept, lambda _, restarts, ready: ready and restarts >= 1)
        assert not alive(frozen)
        response = await kept.cortex.think(question(response_timeout_ms=20_000), "nyx-training")
        assert response.outcome == "answered"


async def test_an_engine_that_never_comes_up_says_why_and_thoughts_fail_fast(
    place: Place, tmp_path: Path
) -> None:
    weights = tmp_path / "broken.gguf"
    weights.write_bytes(b"GGUF but not really")
    async with cortex(CortexSettings(weights=weights), place) as kept:
        await until(kept, lambda reason, restarts, _: restarts > 0 and "last words" in reason)
        response = await kept.cortex.think(question(), "nyx-training")
        assert (response.outcome, response.lifeforce_spent) == ("failed", 0.0)
        assert "llama.cpp ended" in response.reason


async def test_weights_that_are_not_there_are_named_and_may_come_later(place: Place) -> None:
    async with cortex(CortexSettings(weights=Path("/nonexistent.gguf")), place) as kept:
        await until(kept, lambda reason, *_: "cortex.weights" in reason)


async def test_a_stop_leaves_no_engine_behind(place: Place) -> None:
    async with cortex(CortexSettings(slots=1), place) as kept:
        await kept.ready()
        engine = engine_of(kept)
        asked = question(response_timeout_ms=4000)
        thought = asyncio.create_task(kept.cortex.think(asked, "nyx-training"))
        while not (await kept.cortex.status()).running:
            await CLOCK.sleep_s(0.0)
    assert not alive(engine)
    assert (await thought).outcome in ("failed", "answered")
    assert [row["call"] for row in kept.rows] == [(await thought).request_id]


async def test_a_port_that_is_taken_is_named(place: Place) -> None:
    async with cortex(CortexSettings(), place) as kept:
        port = int(kept.url.rsplit(":", 1)[1].split("/")[0])
        second = Cortex(CortexSettings(port=port), place)
        with pytest.raises(HostError, match=r"cortex\.port"):
            await second.start()
        await second.stop()
