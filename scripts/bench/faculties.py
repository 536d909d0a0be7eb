"""What cortex and organs add to a village: time, memory, and the pace of its NPCs while they are busy.

    scripts/bench/run faculties

Ours: `nimmer up` with 25 NPCs at 10 Hz, cortex and organs as they ship. Added time: from the village answering to the
last of the two answering; rival: what the village alone took to answer; no goal. Memory: PSS of Serve's processes, the
engine, boundary and conversation, against that of everything else of the village; no goal. Pace: the share of due ticks
the NPCs did, and of due world ticks the garden did, in spells with two chat clients, an ear and an eye kept busy, against
spells without; spells take turns, the goal is at least .95.
"""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from measurement import Measurement, median_of_pairs, meets

from nimmer.arena.memory import Arena
from nimmer.clock import SystemClock
from nimmer.embedded.api_keys import FILE, keys_of
from nimmer.engines.pictures import png
from nimmer.eye.judging import house_frame
from nimmer.eye.scene import scene_at
from nimmer.host.estate import Estate
from nimmer.host.household import running
from nimmer.host.ports import free_port
from nimmer.world.levels import load_levels

ROOT = Path(__file__).resolve().parents[2]
NIMMER = Path(sys.executable).parent / "nimmer"
SPOKEN = ROOT / "tests" / "serve_apps" / "speech" / "1.wav"
CLOCK = SystemClock()
RAISE_S = 240.0
CHATS = 2
OURS = (
    "ServeController",
    "ServeReplica",
    "nimmer.engines",
    "BoundaryShell",
    "ConversationShell",
    "boundary",
    "conversation",
)
"""What names the processes of cortex and organs."""


class Whole(NamedTuple):
    """A village with both faculties. *_s: what the village took to answer, and the faculties after that."""

    estate: Estate
    key: str
    village_s: float
    faculties_s: float
    launcher: int


class Count(NamedTuple):
    """What was done and due so far."""

    done: int
    due: int


@contextmanager
def whole(npcs: int) -> Iterator[Whole]:
    """Raise one, and take it down."""
    with tempfile.TemporaryDirectory(prefix="nimmer-bench-") as home:
        Path(home).chmod(0o711)
        settings = {
            "NIMMER_STATE_DIR": home,
            "NIMMER_RAY__DASHBOARD_PORT": str(free_port()),
            "NIMMER_CORTEX__PORT": "0",
            "NIMMER_ORGANS__PORT": "0",
            "NIMMER_GOVERNOR__MODE": "off",
        }
        err = Path(home) / "err"
        with err.open("wb") as said:
            launcher = subprocess.Popen(
                [NIMMER, "up", "--npcs", str(npcs), "--seed", "7"],
                env={**os.environ, **settings, "NO_COLOR": "1", "COLUMNS": "200"},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        try:
            yield _raised(launcher, err, Path(home) / "dev")
        finally:
            launcher.send_signal(signal.SIGINT)
            launcher.wait(90)


def _raised(launcher: subprocess.Popen[bytes], err: Path, state: Path) -> Whole:
    deadline_s = CLOCK.monotonic_s() + RAISE_S
    while len(after := re.findall(r"answers at \S+ \(after ([\d.]+) s\)", err.read_text())) < 2:
        if launcher.poll() is not None or CLOCK.monotonic_s() > deadline_s:
            raise RuntimeError(f"no village with both faculties:\n{err.read_text()}")
        CLOCK.wait_s(0.1)
    answered = re.search(r"answer after ([\d.]+) s", err.read_text())
    estate = running(state)
    assert answered is not None
    assert estate is not None
    key = keys_of(state / FILE)["operator"]
    return Whole(estate, key, float(answered[1]), max(map(float, after)), launcher.pid)


def asked(url: str, key: str, body: bytes, kind: str) -> bytes:
    """Return the answer to one request of whoever has `key`."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=120) as answer:
        found: bytes = answer.read()
    return found


@contextmanager
def busy(village: Whole) -> Iterator[list[int]]:
    """Keep cortex and organs busy for a while; yields how often each kind of client was answered."""
    cortex, organs, key = village.estate.cortex_url, village.estate.organs_url, village.key
    chat = json.dumps(
        {
            "model": "nyx",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": "Tell me of the village."}],
        }
    ).encode()
    frame = json.dumps({"image": {"data": base64.b64encode(picture()).decode()}}).encode()
    wav = SPOKEN.read_bytes()
    requests: list[Callable[[], bytes]] = [
        *(lambda: asked(f"{cortex}/chat/completions", key, chat, "application/json") for _ in range(CHATS)),
        lambda: asked(f"{organs}/organs/speech/transcribe", key, wav, "audio/wav"),
        lambda: asked(f"{organs}/organs/vision/detect", key, frame, "application/json"),
    ]
    over, answered = threading.Event(), [0] * len(requests)

    def client(number: int) -> None:
        while not over.is_set():
            requests[number]()
            answered[number] += 1

    clients = [threading.Thread(target=client, args=(number,)) for number in range(len(requests))]
    for one in clients:
        one.start()
    try:
        yield answered
    finally:
        over.set()
        for one in clients:
            one.join()


def picture() -> bytes:
    """Return one held-out frame as PNG."""
    return png(house_frame(scene_at(load_levels()[2], 7), 0).pixels)


def counted(arena: Arena) -> Count:
    """Return the NPCs' ticks so far."""
    vitals = arena.view("vitals")
    return Count(int(vitals["ticks_done"].sum()), int(vitals["ticks_due"].sum()))


def share(arena: Arena, spell_s: float) -> float:
    """Return the share of due NPC ticks that were done in a spell."""
    before = counted(arena)
    CLOCK.wait_s(spell_s)
    after = counted(arena)
    return (after.done - before.done) / (after.due - before.due)


def memory_mb(launcher: int) -> tuple[float, float]:
    """Return the PSS of cortex and organs, and of everything else of the village, MB."""
    ours = rest = 0.0
    for one in psutil.Process(launcher).children(recursive=True):
        try:
            title, pss = " ".join(one.cmdline()), one.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
        if any(name in title for name in OURS):
            ours += pss
        else:
            rest += pss
    return ours, rest


def measure(quick: bool) -> list[Measurement]:
    """Return added time, added memory, and the pace beside busy faculties."""
    npcs, spell_s, pairs = (5, 5.0, 2) if quick else (25, 15.0, 5)
    answers = [0] * (CHATS + 2)
    with whole(npcs) as village:
        arena = Arena.attach(Path(str(village.estate.arena)))
        with busy(village):
            CLOCK.wait_s(spell_s)  # every model is loaded once
        ours_mb, rest_mb = memory_mb(village.launcher)

        def beside() -> float:
            with busy(village) as answered:
                found = share(arena, spell_s)
            answers[:] = [sum(both) for both in zip(answers, answered, strict=True)]
            return found

        paced = median_of_pairs(beside, lambda: share(arena, spell_s), pairs)
    chats, heard, seen = sum(answers[:CHATS]), answers[CHATS], answers[CHATS + 1]
    note = f"{npcs} NPCs at 10 Hz, spells of {spell_s:g} s; answered meanwhile: {chats} chats, {heard} sentences, {seen} pictures"
    return [
        _plain(
            "time until both answer", village.faculties_s, "s", "the village to its answer", village.village_s
        ),
        _plain("memory of cortex and organs, all loaded", ours_mb, "MB PSS", "the village without", rest_mb),
        paced.measurement("ticks done of those due, both busy", "share", "both idle", ">= 0.95", note),
    ]


def _plain(metric: str, value: float, unit: str, rival: str, rival_value: float) -> Measurement:
    ratio = value / rival_value
    return Measurement(
        metric, value, unit, rival, rival_value, ratio, "<= 100", meets(ratio, "<= 100"), "no goal"
    )
