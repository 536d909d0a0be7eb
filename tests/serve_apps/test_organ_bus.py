"""The organs on a real NATS server: a foreign client asks, large payloads go by the object store."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from nimmer.bus import nats_objects
from nimmer.bus.bus import Delivery
from nimmer.bus.identities import identities
from nimmer.bus.message import Source, WaveSignal, decode, expect
from nimmer.bus.nats import NatsBus
from nimmer.bus.organ_messages import (
    Detections,
    DetectRequest,
    OrgansStatus,
    OrgansStatusRequest,
    Payload,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.bus.streams import bucket, spoken_bucket, streams
from nimmer.bus.voice import Voice
from nimmer.clock import SystemClock
from nimmer.config.organs import OrgansSettings
from nimmer.embedded import credentials
from nimmer.embedded.nats_server import NatsServer
from nimmer.engines.organ_model import HearJob, LookJob, OrganModel, SpeakJob
from nimmer.engines.sound import write_wav
from nimmer.errors import BusUnavailableError, MessageError
from nimmer.testing.scripted_organ import ScriptedOrgan
from serve_apps.card import Card
from serve_apps.organs import Organs
from serve_apps.place import Place

pytestmark = pytest.mark.servers
CLOCK = SystemClock()
VOICE = Voice(Source("stranger", "service"), CLOCK)
BUCKET = bucket("dev")
SOUND = write_wav(np.full(800_000, 0.1, np.float32), 16_000)
"""50 s, 1.6 MB: too large for a message."""


@dataclass(frozen=True)
class Broker:
    """The embedded server as a village has it, which lets the organs answer."""

    url: str
    passwords: Mapping[str, str]

    async def join(self, identity: str) -> NatsBus:
        return await NatsBus.connect(self.url, identity, self.passwords[identity], CLOCK)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    home = tmp_path_factory.mktemp("nats")
    known = credentials.ensure(home, identities("dev"))
    (home / "logs").mkdir()
    server = NatsServer(home, "dev", known, CLOCK)
    yield Broker(server.start(), known.nats)
    server.stop()


@pytest.fixture
async def organs(broker: Broker, place: Place) -> AsyncIterator[Organs]:
    async def nobody(*given: object) -> None: ...

    bridge = await broker.join("bridge")
    await bridge.ensure_streams(streams("dev"))
    await bridge.close()
    models: dict[str, OrganModel] = {
        "vision": ScriptedOrgan("eye", LookJob),
        "stt": ScriptedOrgan("ear", HearJob),
        "tts": ScriptedOrgan("voice", SpeakJob),
    }
    here = replace(place, nats_url=broker.url, identity="nyx-organs", password=broker.passwords["nyx-organs"])
    app = Organs(
        OrgansSettings(port=0, heartbeat_s=0.05), here, [Card(models, 100)], models, keep=nobody, hear=nobody
    )
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def guest(broker: Broker, organs: Organs) -> AsyncIterator[NatsBus]:
    bus = await broker.join("guest")
    while True:
        try:
            await bus.request("dev.organs.cards.status", VOICE.say(OrgansStatusRequest()), 5.0)
            break
        except BusUnavailableError:
            await CLOCK.sleep_s(0.02)
    yield bus
    await bus.close()


async def test_a_guest_lets_the_organs_hear_what_is_too_large_for_a_message(guest: NatsBus) -> None:
    await nats_objects.put(guest, BUCKET, "said.wav", SOUND)
    request = TranscribeRequest(Payload(object="said.wav"), "en")
    heard = expect(Transcript, await guest.request("dev.organs.speech.transcribe", VOICE.say(request), 10.0))
    assert (heard.text, heard.duration_s) == ("800000 samples", 50.0)


async def test_what_is_spoken_comes_back_by_the_store_and_its_wave_is_heard_by_all(guest: NatsBus) -> None:
    waves: list[WaveSignal] = []

    async def hear(delivery: Delivery) -> None:
        body = decode(delivery.subject, delivery.payload).body
        assert isinstance(body, WaveSignal)
        waves.append(body)

    await guest.subscribe("dev.nervous.cells.*.wave", hear)
    said = expect(
        Speech,
        await guest.request("dev.organs.speech.synthesize", VOICE.say(SynthesizeRequest("hello")), 10.0),
    )
    assert (await nats_objects.get(guest, spoken_bucket("dev"), said.audio.object, 1 << 20)).startswith(
        b"RIFF"
    )
    while not waves:
        await CLOCK.sleep_s(0.01)
    assert (waves[0].domain, waves[0].semantic_content["complete"]) == ("voice", "yes")


async def test_a_request_over_the_bus_is_no_reflex(guest: NatsBus, organs: Organs) -> None:
    request = SynthesizeRequest("hello", keep="data", priority=10)
    said = expect(Speech, await guest.request("dev.organs.speech.synthesize", VOICE.say(request), 10.0))
    assert said.audio.data.startswith(b"RIFF")
    assert said.timing.wait_ms > 0.0


async def test_every_fault_is_answered_with_its_reason(guest: NatsBus) -> None:
    for payload, reason in (
        (Payload(data=b"a text"), "no picture"),
        (Payload(object="nothing"), "no whole object"),
        (Payload(path="../../etc/passwd"), "leads out of the shared directory"),
    ):
        answer = await guest.request("dev.organs.vision.detect", VOICE.say(DetectRequest(payload)), 10.0)
        with pytest.raises(MessageError, match=reason):
            expect(Detections, answer)
    with pytest.raises(MessageError, match="bad_message"):
        expect(Detections, await guest.request("dev.organs.vision.detect", b"{}", 10.0))


async def test_the_status_tells_cards_and_outcomes(guest: NatsBus) -> None:
    answer = await guest.request("dev.organs.cards.status", VOICE.say(OrgansStatusRequest()), 10.0)
    status = expect(OrgansStatus, answer)
    assert status.models == ["vision: eye", "stt: ear", "tts: voice"]
    assert [card.state for card in status.cards] == ["unloaded"]


async def test_while_the_broker_is_away_everything_else_goes_on(place: Place) -> None:
    async def nobody(*given: object) -> None: ...

    models: dict[str, OrganModel] = {"tts": ScriptedOrgan("voice", SpeakJob)}
    away = replace(place, nats_url="nats://127.0.0.1:9", identity="nyx-organs", password="x")
    app = Organs(
        OrgansSettings(port=0, heartbeat_s=0.05), away, [Card(models, 100)], models, keep=nobody, hear=nobody
    )
    await app.start()
    assert (await app.synthesize(SynthesizeRequest("hello", keep="data"), "ilse")).sample_rate == 24_000
    with pytest.raises(Exception, match="away with its broker: ask with keep path or data"):
        await app.synthesize(SynthesizeRequest("hello"), "ilse")
    await app.stop()
