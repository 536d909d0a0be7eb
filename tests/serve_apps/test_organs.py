"""The whole app in one process: scripted models on plain cards, no Ray."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from nimmer.bus.organ_messages import DetectRequest, Payload, SynthesizeRequest, TranscribeRequest
from nimmer.clock import SystemClock
from nimmer.config.organs import OrgansSettings
from nimmer.engines.organ_model import HearJob, LookJob, OrganModel, SpeakJob
from nimmer.engines.sound import write_wav
from nimmer.errors import CardError, OrganBusyError, OrganError
from nimmer.stores.traces import RowBatch
from nimmer.testing.scripted_organ import ScriptedOrgan
from serve_apps.card import Card
from serve_apps.organ_waves import Said
from serve_apps.organs import Organs
from serve_apps.place import Place

KEY = "k" * 32
GUEST_KEY = "g" * 32
SETTINGS = OrgansSettings(port=0, heartbeat_s=0.05, max_audio_s=120)
SOUND = write_wav(np.full(1600, 0.1, np.float32), 16_000)


def models() -> dict[str, OrganModel]:
    return {
        "vision": ScriptedOrgan("eye", LookJob),
        "stt": ScriptedOrgan("ear", HearJob),
        "tts": ScriptedOrgan("voice", SpeakJob, memory_mb=5000),
    }


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30)).save(kept, "PNG")
    return kept.getvalue()


class Run:
    """A recorder and a thalamus that remember."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.waves: list[Said] = []
        self.written = asyncio.Event()

    async def keep(self, batch: RowBatch) -> None:
        self.rows += [dict(row) for row in batch.rows]
        self.written.set()

    async def hear(self, shard: int, batch: list[Said]) -> None:
        self.waves += batch


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.fixture
async def organs(run: Run, place: Place, tmp_path: Path) -> AsyncIterator[Organs]:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"operator": KEY, "guest": GUEST_KEY}))
    keys.chmod(0o600)
    chosen = models()
    settings = SETTINGS.model_copy(update={"card_memory_mb": 1000})
    app = Organs(
        settings,
        replace(place, keys_file=str(keys)),
        [Card(chosen, settings.card_memory_mb) for _ in range(2)],
        chosen,
        keep=run.keep,
        hear=run.hear,
    )
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def client(organs: Organs) -> AsyncIterator[httpx.AsyncClient]:
    url = (await organs.status()).url
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {KEY}"}) as one:
        yield one


async def test_sound_becomes_words_a_row_and_a_wave(organs: Organs, run: Run) -> None:
    answer = await organs.transcribe(TranscribeRequest(Payload(data=SOUND), "en"), "ilse")
    assert (answer.text, answer.language, answer.duration_s) == ("1600 samples", "en", 0.1)
    assert answer.confidence == pytest.approx(0.9)
    await run.written.wait()
    (row,) = run.rows
    assert (row["identity"], row["organ"], row["outcome"], row["model"]) == ("ilse", "stt", "done", "ear")
    assert row["request"] == {
        "audio": {"object": "", "path": "", "bytes": len(SOUND)},
        "language": "en",
        "priority": 5,
    }
    assert [source for source, _ in run.waves] == ["organs.here"]


async def test_a_picture_becomes_things_in_shares_of_its_own_size(organs: Organs, run: Run) -> None:
    answer = await organs.detect(DetectRequest(Payload(data=picture()), embed=True), "ilse")
    assert (answer.width, answer.height) == (40, 30)
    assert [(one.label, one.box) for one in answer.detections] == [("house", [0.1, 0.2, 0.5, 0.6])]
    assert answer.embedding == [1.0, 0.0]


async def test_what_cannot_be_read_is_refused_written_down_and_loads_nothing(
    organs: Organs, run: Run
) -> None:
    for request in (
        TranscribeRequest(Payload(data=b"a text file named .wav")),
        TranscribeRequest(Payload(path="../secret")),
        TranscribeRequest(Payload(data=write_wav(np.zeros(600 * 8000, np.float32), 8000))),
    ):
        with pytest.raises(OrganError):
            await organs.transcribe(request, "ilse")
    with pytest.raises(OrganError, match=r"20 MB|bytes; \d+ are allowed"):
        await organs.detect(DetectRequest(Payload(data=bytes(50 << 20))), "ilse")
    status = await organs.status()
    assert status.outcomes["refused"] == 4
    assert [card.loads for card in status.cards] == [0, 0]
    await run.written.wait()
    assert all(row["reason"] for row in run.rows)


async def test_a_model_too_large_for_a_card_is_unavailable_and_evicts_nothing(organs: Organs) -> None:
    await organs.transcribe(TranscribeRequest(Payload(data=SOUND), priority=10), "ilse")
    await organs.detect(DetectRequest(Payload(data=picture()), priority=10), "ilse")
    with pytest.raises(CardError, match="needs 5000 MB and a card has 1000 MB"):
        await organs.synthesize(SynthesizeRequest("hello", keep="data", priority=10), "ilse")
    status = await organs.status()
    assert [card.model for card in status.cards] == ["stt", "vision"]
    assert status.outcomes["unavailable"] == 1


async def test_a_recorder_that_is_away_costs_no_operation(organs: Organs, run: Run) -> None:
    async def refuse(batch: RowBatch) -> None:
        raise ValueError("no such actor")

    organs._post._keep = refuse
    await organs.transcribe(TranscribeRequest(Payload(data=SOUND)), "ilse")
    assert organs._post.waiting == 1
    organs._post._keep = run.keep
    await run.written.wait()
    assert len(run.rows) == 1


async def test_over_http_files_go_as_they_are_and_messages_as_json(client: httpx.AsyncClient) -> None:
    by_file = await client.post(
        "/organs/speech/transcribe?priority=7&language=en",
        content=SOUND,
        headers={"content-type": "audio/wav"},
    )
    assert by_file.json()["text"] == "1600 samples"
    seen = await client.post(
        "/organs/vision/detect?embed=true", content=picture(), headers={"content-type": "image/png"}
    )
    assert seen.json()["embedding"] == [1.0, 0.0]
    nothing = await client.post("/organs/speech/transcribe", json={"audio": {}})
    assert nothing.status_code == 422
    assert "one of object, path and data" in nothing.json()["error"]["reason"]


async def test_over_http_every_fault_has_its_status_and_a_reason(client: httpx.AsyncClient) -> None:
    large = await client.post(
        "/organs/vision/detect", content=bytes(50 << 20), headers={"content-type": "image/png"}
    )
    text = await client.post(
        "/organs/speech/transcribe", content=b"text", headers={"content-type": "audio/wav"}
    )
    unknown = await client.post("/organs/speech/synthesize", json={"text": "hello", "mood": "sad"})
    too_large = await client.post("/organs/speech/synthesize", json={"text": "hello", "keep": "data"})
    told = [answer.json()["error"]["code"] for answer in (large, text, unknown, too_large)]
    assert [large.status_code, text.status_code, unknown.status_code, too_large.status_code] == [
        413,
        422,
        400,
        503,
    ]
    assert told == ["too_large", "refused", "bad_message", "unavailable"]


async def test_who_has_no_place_is_told_before_anything_is_fetched_or_decoded(
    organs: Organs, monkeypatch: pytest.MonkeyPatch
) -> None:
    organs._places._most = 2
    read: list[str] = []

    async def fetch(payload: Payload, most: int) -> bytes:
        read.append(payload.path)
        return SOUND

    monkeypatch.setattr(organs._payloads, "fetch", fetch)
    asked = [
        asyncio.ensure_future(organs.transcribe(TranscribeRequest(Payload(path=name)), "ilse"))
        for name in ("a", "b", "c")
    ]
    with pytest.raises(OrganBusyError, match=r"2 operations wait already \(organs\.queue\)"):
        await asked[2]
    assert [answer.text for answer in await asyncio.gather(*asked[:2])] == ["1600 samples"] * 2
    assert read == ["a", "b"]
    assert organs._places.taken == 0


async def test_what_is_written_down_can_be_stored_whatever_was_asked(organs: Organs, run: Run) -> None:
    with pytest.raises(OrganError):
        await organs.detect(DetectRequest(Payload(path="a\0b\ud800")), "il\0se")
    await run.written.wait()
    (row,) = run.rows
    assert row["identity"] == "ilse"
    assert row["request"]["image"]["path"] == "ab?"  # type: ignore[index]
    assert "\0" not in str(row["reason"])


async def test_an_http_client_that_leaves_is_not_served_to_the_end(
    organs: Organs, client: httpx.AsyncClient, run: Run
) -> None:
    beat = organs._dispatch.queue
    asked = asyncio.ensure_future(
        client.post("/organs/speech/transcribe", content=SOUND, headers={"content-type": "audio/wav"})
    )
    organs._tasks[0].cancel()  # the heart stands still
    while not len(beat):
        await SystemClock().sleep_s(0.01)
    asked.cancel()
    await run.written.wait()
    assert (run.rows[0]["outcome"], run.rows[0]["reason"]) == ("expired", "who asked has gone")
    assert len(beat) == 0


@pytest.mark.parametrize(("key", "priority"), [(KEY, 10), (GUEST_KEY, 5)])
async def test_over_http_a_guest_has_no_reflexes(
    client: httpx.AsyncClient, run: Run, key: str, priority: int
) -> None:
    answer = await client.post(
        "/organs/speech/transcribe?priority=10",
        content=SOUND,
        headers={"content-type": "audio/wav", "authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200
    await run.written.wait()
    assert run.rows[0]["priority"] == priority


async def test_what_nobody_foresaw_is_answered_as_any_fault(
    organs: Organs, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(data: bytes, most_mb: int) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("serve_apps.organs.read_picture", broken)
    answer = await client.post(
        "/organs/vision/detect", content=picture(), headers={"content-type": "image/png"}
    )
    assert answer.status_code == 500
    assert answer.json()["error"] == {"code": "failed", "reason": "KeyError: 'surprise'"}


async def test_a_wrong_key_is_nobodys_and_reads_no_body(client: httpx.AsyncClient) -> None:
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {KEY}"}):
        async with httpx.AsyncClient(base_url=client.base_url, headers=header) as stranger:
            for answer in (
                await stranger.get("/organs/status"),
                await stranger.post("/organs/speech/synthesize", json={"text": "x"}),
            ):
                assert answer.status_code == 401


async def test_the_routes_are_typed(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    asked = paths["/organs/speech/synthesize"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "SynthesizeRequest" in json.dumps(asked)
