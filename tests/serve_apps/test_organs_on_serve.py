"""Organs and cards as Serve replicas: real processes, which are killed while they work."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from ray import serve

from nimmer.bus.organ_messages import Payload, SynthesizeRequest, TranscribeRequest
from nimmer.clock import SystemClock
from nimmer.config.organs import OrgansSettings
from nimmer.engines.organ_model import Heard, HearJob, Job, LookJob, OrganModel, SpeakJob
from nimmer.engines.sound import write_wav
from nimmer.testing.scripted_organ import ScriptedOrgan
from serve_apps.organs import build
from serve_apps.place import Place

pytestmark = pytest.mark.ray
Handle = Any
"""Serve's handles take any method."""
NAMESPACE = "nimmer-dev"
CLOCK = SystemClock()
SOUND = Payload(data=write_wav(np.full(1600, 0.1, np.float32), 16_000))


class SlowEar(ScriptedOrgan):
    """An ear that says when it has begun and hears until it is let go, both by files."""

    def __init__(self, home: Path) -> None:
        super().__init__("ear", HearJob)
        self._home = home

    def run(self, job: Job) -> Heard:
        (self._home / f"begun-{os.getpid()}").touch()
        while not (self._home / "go").exists():
            CLOCK.wait_s(0.01)
        return Heard(f"heard by {os.getpid()}", "en", 0.0)


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the ear says that it has begun."""
    return tmp_path_factory.mktemp("ear")


@pytest.fixture(scope="module")
def app(serving: None, share: Path) -> Iterator[Handle]:
    """One app for all: every test leaves its card empty or at rest."""
    models: dict[str, OrganModel] = {
        "vision": ScriptedOrgan("eye", LookJob),
        "stt": SlowEar(share),
        "tts": ScriptedOrgan("voice", SpeakJob),
    }
    place = Place("0123456789abcdef", "dev", NAMESPACE, "here", str(share), str(share), "")
    handle = serve.run(
        build(OrgansSettings(port=0, cards=1), place, models), name="organs-test", route_prefix=None
    )
    yield handle
    handle.stop.remote().result()
    serve.delete("organs-test")


@pytest.fixture
def home(share: Path) -> Path:
    for file in share.iterdir():
        file.unlink()
    return share


@pytest.fixture
def organs(app: Handle, home: Path) -> Handle:
    return app


async def begun(home: Path, besides: int = 0) -> int:
    """Return the process of the card that works now."""
    while True:
        for name in os.listdir(home):  # noqa: PTH208  # of a few files
            pid = int(name.partition("-")[2] or 0)
            if pid not in (0, besides):
                return pid
        await CLOCK.sleep_s(0.02)


async def test_a_card_killed_in_use_is_revived_and_the_operation_is_done_on_it(
    organs: Handle, home: Path
) -> None:
    asked = organs.transcribe.remote(TranscribeRequest(SOUND, priority=10), "ilse")
    first = await begun(home)
    os.kill(first, signal.SIGKILL)
    second = await begun(home, besides=first)
    (home / "go").touch()
    assert (await asked).text == f"heard by {second}"
    status = await organs.status.remote()
    assert (status.cards[0].model, status.cards[0].failures) == ("stt", 1)


async def test_a_card_killed_twice_fails_the_operation_with_the_reason_and_lives_on(
    organs: Handle, home: Path
) -> None:
    asked = organs.transcribe.remote(TranscribeRequest(SOUND, priority=10), "ilse")
    first = await begun(home)
    os.kill(first, signal.SIGKILL)
    second = await begun(home, besides=first)
    os.kill(second, signal.SIGKILL)
    with pytest.raises(ray.exceptions.RayTaskError) as told:
        await asked
    assert "the card's process ended while it was in use" in str(told.value.cause)
    (home / "go").touch()
    spoken = await organs.synthesize.remote(SynthesizeRequest("hello", keep="data", priority=10), "ilse")
    assert spoken.sample_rate == 24_000


async def test_concurrent_requests_for_two_organs_share_one_card_without_a_double_load(
    organs: Handle, home: Path
) -> None:
    (home / "go").touch()
    (before,) = (await organs.status.remote()).cards
    asked = [
        organs.transcribe.remote(TranscribeRequest(SOUND, priority=10), "ilse")
        if number % 2
        else organs.synthesize.remote(SynthesizeRequest("hello", keep="data", priority=10), "ilse")
        for number in range(20)
    ]
    assert len(await asyncio.gather(*asked)) == 20
    (after,) = (await organs.status.remote()).cards
    assert after.operations - before.operations == 20
    assert after.loads - before.loads <= 3


async def test_rows_reach_the_recorder(organs: Handle, home: Path) -> None:
    (home / "go").touch()
    recorder = ray.get_actor("recorder")
    await organs.transcribe.remote(TranscribeRequest(SOUND, priority=10), "hanna")
    rows: list[Any] = []
    while not any(row.get("identity") == "hanna" for row in rows):
        rows = [row for batch in await recorder.batches.remote() for row in batch.rows]
        await CLOCK.sleep_s(0.02)
    (row,) = [row for row in rows if row.get("identity") == "hanna"]
    assert (row["organ"], row["outcome"], row["card"]) == ("stt", "done", 0)
