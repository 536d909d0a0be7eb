"""The organs of the village: sight, hearing and speech on their cards, by handle, by HTTP and on the bus.

One replica holds the queue, the residency, the API and the cells; each card is a replica of its own. Source:
docs/domain.md section 9; docs/organs.md; docs/decisions/0034.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from ray.serve import Application
from ray.serve.handle import DeploymentHandle

from nimmer.bus.nats import NatsBus
from nimmer.bus.organ_messages import (
    CardStatus,
    Detection,
    Detections,
    DetectRequest,
    OrgansStatus,
    OrganTiming,
    Speech,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
)
from nimmer.bus.respondent import Connect
from nimmer.clock import Clock, SystemClock
from nimmer.config.organs import OrgansSettings
from nimmer.engines.organ_model import HEARING_HZ, Heard, HearJob, LookJob, OrganModel, Seen, SpeakJob, Spoken
from nimmer.engines.organ_models import organ_models
from nimmer.engines.picture import read_picture
from nimmer.engines.sound import MOST_SAMPLES_A_S, read_sound, write_wav
from nimmer.errors import OrganError
from nimmer.life.lifeforce import Lifeforce
from nimmer.organs import readings
from nimmer.organs.card import CardRecord
from nimmer.organs.heartbeat_queue import HeartbeatQueue
from nimmer.organs.lifecycle import Lifecycle
from nimmer.organs.residency import Residency
from nimmer.stores.tables import Table
from serve_apps import card as cards
from serve_apps.card import CardPort, RemoteCard, check_fits
from serve_apps.keys import Keys
from serve_apps.listener import Listener
from serve_apps.organ_api import api
from serve_apps.organ_book import Book, Operation
from serve_apps.organ_bus import OrganBus
from serve_apps.organ_dispatch import Dispatch, Done
from serve_apps.organ_payloads import Payloads
from serve_apps.organ_places import Places
from serve_apps.organ_waves import Hear, OrganWaves, thalamus_of
from serve_apps.place import Place
from serve_apps.replica import LITTLE_CPU, replica
from serve_apps.row_post import Keep, RowPost, recorder_of

LAST_ROWS_S = 3.0
"""How long a stop waits for the recorder to acknowledge the last rows."""
WAIT_S = 30.0
"""How long an operation waits in the queue before it is given up."""
BYTES_A_SAMPLE = 4


class Organs:
    """What a DeploymentHandle of the organs offers.

    detect(DetectRequest, identity), transcribe(TranscribeRequest, identity), synthesize(SynthesizeRequest, identity):
    return Detections, Transcript, Speech. They raise OrganError with the reason: what was given cannot be read or is too
    large; OrganBusyError, no place in the queue or no turn in time; CardError, the model cannot be loaded.
    status() -> OrgansStatus. stop(): end, and bring the last rows to the recorder; call it before the app is deleted.
    """

    def __init__(
        self,
        settings: OrgansSettings,
        place: Place,
        cards: Sequence[CardPort],
        models: Mapping[str, OrganModel],
        clock: Clock | None = None,
        keep: Keep | None = None,
        hear: Hear | None = None,
    ) -> None:
        """Put the parts together; `start` sets them going.

        Args:
            settings: the organs'.
            place: the run they belong to.
            cards: in the order of their numbers.
            models: the model of each organ; none is loaded here, they are asked for their names and needs.
            clock: the wall clock when None.
            keep: takes rows; the run's recorder when None.
            hear: takes waves; the run's thalamus when None.

        Raises ConfigError or HostError when the key file is missing, unsafe or broken.
        """
        self._clock = clock = clock or SystemClock()
        self._settings = settings
        self._models = dict(models)
        self._names = {organ: model.name for organ, model in models.items()}
        pinned = tuple(filter(None, settings.pinned.split(",")))
        self._dispatch = Dispatch(
            Residency(len(cards), models, settings.idle_s, pinned),
            HeartbeatQueue(settings.queue, place.price_scale, WAIT_S),
            Lifeforce(settings.lifeforce),
            cards,
            clock,
            settings.heartbeat_s,
        )
        self._places = Places(settings.queue)
        self._post = RowPost(Table.ORGAN_OPERATIONS, keep or recorder_of(place.namespace), clock)
        self._book = Book(place.run, self._names, self._post, clock)
        self._bus = OrganBus(place.environment, place.host, _connect(place), self, clock)
        share = settings.shared_dir or Path(place.share_dir)
        self._payloads = Payloads(share, self._bus)
        self._waves = OrganWaves(
            place.host,
            place.thalamus_shards,
            place.price_scale,
            hear or thalamus_of(place.namespace),
            self._bus.tell,
            clock,
        )
        self._most_image = settings.max_image_mb << 20
        self._most_audio = int(settings.max_audio_s * MOST_SAMPLES_A_S * BYTES_A_SAMPLE)
        app = api(self, Keys.read(place.keys_file), self._most_image, self._most_audio)
        self._listener = Listener(app, settings.host, settings.port, "organs.port")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen and let the heart beat. Raises HostError when organs.port is taken."""
        await self._dispatch.recall()
        await self._listener.start()
        for work in (self._dispatch.live(), self._post.run(), self._waves.run(), self._bus.run()):
            self._begin(work)

    async def detect(self, request: DetectRequest, identity: str) -> Detections:
        """Return what is in a picture."""
        asked = self._book.open("vision", identity, request.priority, request)
        with asked, self._places.one():
            data = await self._payloads.fetch(request.image, self._most_image)
            picture, width, height = await self._places.decoded(
                lambda: read_picture(data, self._settings.max_image_mb)
            )
            done = await self._do(asked, LookJob(picture, request.embed))
            seen = done.result
            assert isinstance(seen, Seen)
            await self._waves.emit(
                "vision", readings.seeing([(one.label, one.confidence, one.box) for one in seen.things])
            )
            answer = Detections(
                self._names["vision"],
                width,
                height,
                [Detection(one.label, one.confidence, list(one.box)) for one in seen.things],
                _timing(done),
                list(seen.embedding),
            )
            asked.done(done, {"labels": [one.label for one in seen.things]})
            return answer

    async def transcribe(self, request: TranscribeRequest, identity: str) -> Transcript:
        """Return what was said."""
        asked = self._book.open("stt", identity, request.priority, request)
        with asked, self._places.one():
            data = await self._payloads.fetch(request.audio, self._most_audio)
            samples = await self._places.decoded(lambda: read_sound(data, self._settings.max_audio_s))
            done = await self._do(asked, HearJob(samples, request.language))
            heard = done.result
            assert isinstance(heard, Heard)
            await self._waves.emit("stt", readings.hearing(heard.text, heard.language, heard.no_speech))
            answer = Transcript(
                self._names["stt"],
                heard.text,
                heard.language,
                1.0 - heard.no_speech,
                len(samples) / HEARING_HZ,
                _timing(done),
            )
            asked.done(
                done, {"text": heard.text, "language": heard.language, "confidence": answer.confidence}
            )
            return answer

    async def synthesize(self, request: SynthesizeRequest, identity: str) -> Speech:
        """Return a text spoken."""
        asked = self._book.open("tts", identity, request.priority, request)
        with asked, self._places.one():
            done = await self._do(asked, SpeakJob(request.text, request.voice, request.speed))
            spoken = done.result
            assert isinstance(spoken, Spoken)
            audio = await self._payloads.keep(
                write_wav(spoken.samples, spoken.sample_rate), request.keep, ".wav"
            )
            await self._waves.emit("tts", readings.speaking())
            seconds = len(spoken.samples) / spoken.sample_rate
            answer = Speech(self._names["tts"], audio, spoken.sample_rate, seconds, _timing(done))
            asked.done(done, {"duration_s": seconds, "object": audio.object, "path": audio.path})
            return answer

    async def status(self) -> OrgansStatus:
        """Tell how the organs fare."""
        residency = self._dispatch.residency
        return OrgansStatus(
            cards=[_card_status(one, self._settings.card_memory_mb) for one in residency.cards],
            models=[f"{organ}: {name}" for organ, name in self._names.items()],
            waiting=len(self._dispatch.queue) + residency.waiting,
            deferred=self._dispatch.queue.deferred,
            outcomes={
                **self._book.outcomes,
                "waves_dropped": self._waves.dropped,
                "rows_dropped": self._post.dropped,
            },
            url=self._listener.url,
        )

    async def stop(self) -> None:
        """Refuse everybody and bring the last rows away. A second call does nothing."""
        await self._listener.stop()
        await self._dispatch.close()
        if self._tasks:
            await self._post.drain(LAST_ROWS_S)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def check_health(self) -> None:
        """Serve asks this. Raises OrganError when a part has ended, so that the replica is replaced."""
        for task in self._tasks:
            if task.done():
                raise OrganError(f"a part of the organs has ended: {task}")

    async def _do(self, asked: Operation, job: LookJob | HearJob | SpeakJob) -> Done:
        asked.given()
        # a model that cannot be loaded must not drive another off its card
        check_fits(asked.organ, self._models[asked.organ], self._settings.card_memory_mb)
        return await self._dispatch.operate(asked.name, asked.organ, asked.priority, job)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))


class _Replica(Organs):
    """The organs as Serve makes them: a replica is ready when it listens and knows its cards."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self,
        settings: OrgansSettings,
        place: Place,
        models: Mapping[str, OrganModel],
        *handles: DeploymentHandle[Any],
    ) -> None:
        super().__init__(settings, place, [RemoteCard(handle) for handle in handles], models)
        await self.start()


def build(
    settings: OrgansSettings, place: Place, models: Mapping[str, OrganModel] | None = None
) -> Application:
    """Return the Serve app of the organs, to be run under the name `organs_app(environment)`.

    models: the model of each organ; those of the settings when None.
    """
    chosen = dict(models) if models is not None else organ_models(settings)
    slots = [
        cards.bind(number, chosen, settings.card_memory_mb, settings.gpu, settings.card_resource)
        for number in range(settings.cards)
    ]
    return replica(_Replica, "organs", {"num_cpus": LITTLE_CPU}).bind(settings, place, chosen, *slots)


def _connect(place: Place) -> Connect[NatsBus] | None:
    """Return what connects to the run's bus, None when it has none."""
    if not place.nats_url:
        return None

    async def connect() -> NatsBus:
        return await NatsBus.connect(place.nats_url, place.identity, place.password)

    return connect


def _timing(done: Done) -> OrganTiming:
    return OrganTiming(done.wait_ms, done.load_ms, done.run_ms, done.lifeforce, done.card)


def _card_status(one: CardRecord, memory_mb: int) -> CardStatus:
    states = {
        Lifecycle.REPORTING: "processing",
        Lifecycle.UNLOADED: "failed" if one.last_error else "unloaded",
    }
    return CardStatus(
        card=one.number,
        model=one.model,
        state=states.get(one.state, one.state.value),  # type: ignore[arg-type]  # the lifecycle's words
        in_flight=int(bool(one.operation)),
        loads=one.loads,
        evictions=one.evictions,
        operations=one.operations,
        failures=one.failures,
        memory_mb=memory_mb,
    )
