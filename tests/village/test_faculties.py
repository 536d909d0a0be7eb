"""A village with cortex and organs, as a laptop raises it: people speak with it, programs ask it, its engine is killed."""

import base64
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from nimmer.bus.identities import GUEST
from nimmer.host.household import last_known
from nimmer.host.processes import ProcessId
from tests.village.conftest import Keeper
from tests.village.footprint import Footprint
from tests.village.raised import Raised, until
from tests.village.test_bus import by_hand, connected

pytestmark = [pytest.mark.village, pytest.mark.timeout(300)]
SPOKEN = Path(__file__).parents[1] / "serve_apps" / "speech" / "1.wav"
"""An independent voice says: Where is the nearest well?"""
UP_S = 120.0


@pytest.fixture(scope="module")
def whole(keeper: Keeper) -> Iterator[Raised]:
    """A village of three whose cortex and organs answer."""
    if keeper.raised is not None and keeper.result is None:
        keeper.ended()
    one = Raised(
        NIMMER_CORTEX__ENABLED="true",
        NIMMER_CORTEX__PORT="0",
        NIMMER_CORTEX__TIMEOUT_MS="20000",
        NIMMER_ORGANS__ENABLED="true",
        NIMMER_ORGANS__PORT="0",
        NIMMER_ORGANS__HEARTBEAT_S="0.2",
    )
    one.start("--npcs", "3", "--seed", "7", "--json")
    one.await_life()
    for name in ("cortex", "organs"):
        until(lambda name=name: f"{name} answers at" in one.err, UP_S, f"{name} answers")  # type: ignore[misc]  # bound now
    until(lambda: (found := one.status().cortex) is not None and found.ready, UP_S, "the engine is ready")
    yield one
    one.end()


def urls(whole: Raised) -> tuple[str, str]:
    estate = last_known(whole.state)
    assert estate is not None
    return str(estate.cortex_url), str(estate.organs_url)


def engine(whole: Raised) -> ProcessId:
    return next(one for title, one in whole.processes().items() if "nimmer.engines.llama_server" in title)


def test_the_official_openai_client_is_served(whole: Raised) -> None:
    key = json.loads((whole.state / "api-keys.json").read_text())[GUEST]
    with openai.OpenAI(base_url=urls(whole)[0], api_key=key, max_retries=0) as client:
        assert [one.id for one in client.models.list()] == ["nyx"]
        answer = client.chat.completions.create(
            model="nyx", messages=[{"role": "user", "content": "Good day."}], max_tokens=12
        )
    assert answer.choices[0].message.content


def test_a_typed_question_is_answered_from_what_the_npc_knows(whole: Raised) -> None:
    said = whole.json("talk", "Good morning!", "--npc", "1")
    assert said["outcome"] == "success", said["reason"]
    assert said["answer"]
    assert said["states"][-1] == "SPEAK"


def test_a_spoken_question_is_heard_and_answered_by_sound(whole: Raised) -> None:
    done = whole.nimmer("say", str(SPOKEN), "--npc", "2", "--out", "answer.wav", "--json", check=False)
    said = json.loads(done.stdout)
    assert said["outcome"] == "success", said["reason"]
    assert "well" in said["transcript"].lower()
    assert (whole.home / "answer.wav").read_bytes()[:4] == b"RIFF"
    rows = whole.rows("select organ, outcome from organ_operations where outcome = %s order by at", "done")
    assert {organ for organ, _ in rows} >= {"stt", "tts", "conversation"}


def test_a_client_of_another_make_asks_the_eye(whole: Raised) -> None:
    frame = whole.home / "frame.png"
    whole.nimmer("eye", "look", "--node", "7", "--out", str(frame))
    image = {"data": base64.b64encode(frame.read_bytes()).decode()}
    with connected(whole, GUEST) as client:
        answer = client.request("dev.organs.vision.detect", by_hand("DetectRequest", {"image": image}))
    body = answer.json()["body"]
    assert "house" in {one["label"] for one in body["detections"]}


def test_what_cannot_be_heard_is_explained(whole: Raised) -> None:
    lie = whole.home / "lie.wav"
    lie.write_text("I am no sound")
    done = whole.nimmer("say", str(lie), check=False)
    assert done.returncode == 1
    assert "failure" in done.stdout


def test_a_killed_engine_is_started_again_and_answers(whole: Raised) -> None:
    whole.kill(engine(whole))
    until(
        lambda: (found := whole.status().cortex) is not None and found.restarts == 1 and found.ready,
        UP_S,
        "the engine runs again",
    )
    assert whole.json("talk", "Good morning!")["outcome"] == "success"


def test_nothing_of_it_is_left_behind(whole: Raised) -> None:
    estate = last_known(whole.state)
    assert estate is not None
    alive = engine(whole)
    before = Footprint.of(whole.home, estate.run)
    assert whole.launcher is not None
    whole.launcher.send_signal(signal.SIGINT)
    assert whole.ended() == 0
    assert before.left() == []
    assert alive not in set(Footprint.of(whole.home, estate.run).processes)
