"""The real ear and the real voice in real replicas: one sentence round."""

from typing import Any

import pytest
from ray import serve

from nimmer.bus.organ_messages import SynthesizeRequest, TranscribeRequest
from nimmer.config.organs import OrgansSettings
from serve_apps.organs import build
from serve_apps.place import Place

pytestmark = [pytest.mark.ray, pytest.mark.servers]


async def test_what_one_organ_says_the_other_writes_down(serving: None, place: Place) -> None:
    settings = OrgansSettings(port=0, cards=2, heartbeat_s=0.05)
    organs: Any = serve.run(build(settings, place), name="organs-heard", route_prefix=None)
    spoken = await organs.synthesize.remote(
        SynthesizeRequest("Good morning, my friend.", keep="path"), "ilse"
    )
    heard = await organs.transcribe.remote(TranscribeRequest(spoken.audio, "en"), "ilse")
    assert "good morning" in heard.text.lower()
    status = await organs.status.remote()
    assert sorted(card.model for card in status.cards) == ["stt", "tts"]
    await organs.stop.remote()
    serve.delete("organs-heard")
