"""The organs: what a load on demand, a transcription and a day of loads cost beside the least they could.

    scripts/bench/run organs

Four measurements, each against the bare thing, on this machine's CPU with one thread. In the first two each side of a pair
is the best of three, lest what else the machine does is measured.

1. `load on demand`: the voice loaded because it was asked for, from the residency's decision until it knows that the
   model is there (organs, Serve handle, card, thread), against `HibariVoice.load()` in this process, which has loaded it
   before. Interleaved pairs; in between the ear has been loaded, has heard and has been unloaded, on the card as in this
   process. Ratio ours / bare, at most 1.1.
2. `transcription`: 18 seconds of speech (the ten sentences of tests/serve_apps/speech) by one reflex through
   handle, decoding, organs and card, against `WhisperModel.transcribe` of the same samples in this process with the
   same settings, its segments drawn. Interleaved pairs, both warm. Ratio of the real-time factors ours / bare, at most 1.1.
3. `loads of a day`: the residency's loads for 500 mixed requests in simulated time against the clairvoyant's
   (card_trace.py says what the trace is and how Belady's optimum is counted); the median of five traces. At most 1.3.
4. `wait for the beat`: what a person on an idle system waits for the heart, at the default of one beat a second, over
   transcriptions at random moments; rival: the half beat that chance alone would give. No more than 1.3 of it.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from card_trace import Day, clairvoyant, trace
from measurement import Measurement, Pairs, median_of_pairs, meets
from quiet_ray import quiet_ray

from nimmer.bus.organ_messages import Payload, SynthesizeRequest, TranscribeRequest
from nimmer.chance import Chance
from nimmer.config.organs import OrgansSettings
from nimmer.engines.organ_ear import WhisperEar
from nimmer.engines.organ_model import HEARING_HZ, HearJob
from nimmer.engines.organ_voice import HibariVoice
from nimmer.engines.sound import read_sound, write_wav
from serve_apps.place import Place

SPEECH = Path(__file__).resolve().parents[2] / "tests" / "serve_apps" / "speech"
SPEECH_S = 18


def speech() -> bytes:
    """Return the ten sentences as one WAV."""
    said = np.concatenate([read_sound((SPEECH / f"{number}.wav").read_bytes(), 10.0) for number in range(10)])
    return write_wav(np.resize(said, SPEECH_S * HEARING_HZ), HEARING_HZ)


def timed(work: Callable[[], object]) -> float:
    """Return the wall seconds of `work`."""
    begun_s = time.perf_counter()
    work()
    return time.perf_counter() - begun_s


def best(work: Callable[[], float]) -> Callable[[], float]:
    """Return what calls `work` three times and returns the least: what others took of the machine is left out."""
    return lambda: min(work() for _ in range(3))


def load(organs: Any, pairs: int) -> Pairs:  # noqa: ANN401  # Serve's handles take any method
    """Return the seconds of a load on demand and of a bare one."""
    bare, ear = HibariVoice(), WhisperEar()

    def by_demand() -> float:
        organs.transcribe.remote(
            TranscribeRequest(
                Payload(data=write_wav(np.full(1600, 0.1, np.float32), HEARING_HZ)), priority=10
            ),
            "bench",
        ).result()
        begun_s = time.perf_counter()
        spoken = organs.synthesize.remote(
            SynthesizeRequest("Yes.", keep="data", priority=10), "bench"
        ).result()
        return time.perf_counter() - begun_s - spoken.timing.run_ms / 1e3

    def by_hand() -> float:
        bare.unload()
        ear.load()
        ear.run(HearJob(np.full(1600, 0.1, np.float32)))
        ear.unload()
        return timed(bare.load)

    by_demand(), by_hand()
    return median_of_pairs(best(by_demand), best(by_hand), pairs)


def transcription(organs: Any, pairs: int) -> Pairs:  # noqa: ANN401  # Serve's handles take any method
    """Return the real-time factors of ours and of bare faster-whisper."""
    sound = speech()
    samples = read_sound(sound, SPEECH_S + 1.0)
    bare = WhisperEar()
    bare.load()

    def through() -> float:
        request = TranscribeRequest(Payload(data=sound), "en", priority=10)
        return timed(lambda: organs.transcribe.remote(request, "bench").result()) / SPEECH_S

    def alone() -> float:
        return timed(lambda: bare.run(HearJob(samples, "en"))) / SPEECH_S

    through(), alone()
    return median_of_pairs(best(through), best(alone), pairs)


def waits(organs: Any, count: int) -> list[float]:  # noqa: ANN401  # Serve's handles take any method
    """Return how long transcriptions at random moments waited for the heart, s."""
    rng = Chance(1).generator("moments")
    sound = Payload(data=(SPEECH / "0.wav").read_bytes())
    found = []
    for _ in range(count):
        time.sleep(float(rng.uniform(0, 1)))
        found.append(
            organs.transcribe.remote(TranscribeRequest(sound, "en"), "bench").result().timing.wait_ms / 1e3
        )
    return found


def loads(traces: int) -> Measurement:
    """Return the loads of a day beside the clairvoyant's."""
    ratios, mine, theirs, waited = [], [], [], []
    for seed in range(traces):
        asked = trace(500, Chance(seed).generator("trace"))
        best = clairvoyant([model for _, model in asked], 2)
        day = Day(asked, 2, ("tts",)).live()
        ratios.append(day.loads / best)
        mine.append(day.loads)
        theirs.append(best)
        waited.append(day.longest_s)
    ratio = statistics.median(ratios)
    note = (
        f"500 requests on 2 cards, tts pinned, {traces} traces, ratio {min(ratios):.3g} to {max(ratios):.3g}, nobody"
        f" waited longer than {max(waited):.1f} s; simulated time"
    )
    return Measurement(
        "loads of a day", statistics.median(mine), "loads", "clairvoyant", statistics.median(theirs), ratio,
        "<= 1.3", meets(ratio, "<= 1.3"), note,
    )  # fmt: skip


def measure(quick: bool) -> list[Measurement]:
    """Measure all four."""
    from ray import serve

    from serve_apps.organs import build

    found = [loads(1 if quick else 5)]
    with quiet_ray(), tempfile.TemporaryDirectory() as home:
        serve.start(proxy_location="Disabled")
        place = Place("0" * 16, "dev", "bench", "here", home, home, "")
        for cards, name in ((1, "one"), (2, "two")):
            settings = OrgansSettings(port=0, cards=cards)
            organs = serve.run(build(settings, place), name=name, route_prefix=None)
            if cards == 1:
                pairs = load(organs, 2 if quick else 7)
                found.append(
                    pairs.measurement("load on demand", "s", "bare load", "<= 1.1", "hibari, warm files")
                )
            else:
                pairs = transcription(organs, 2 if quick else 7)
                found.append(
                    pairs.measurement(
                        "transcription",
                        "real-time factor",
                        "faster-whisper",
                        "<= 1.1",
                        f"{SPEECH_S} s of speech",
                    )
                )
                waited = waits(organs, 5 if quick else 40)
                ratio = statistics.mean(waited) / 0.5
                found.append(
                    Measurement("wait for the beat", statistics.mean(waited), "s", "half a beat", 0.5, ratio, "<= 1.3",
                                meets(ratio, "<= 1.3"), f"{len(waited)} requests, longest {max(waited):.2f} s")
                )  # fmt: skip
            organs.stop.remote().result()
            serve.delete(name)
        serve.shutdown()  # type: ignore[no-untyped-call]  # Ray's own
    return found
