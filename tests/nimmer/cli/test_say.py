"""What `nimmer say` and `nimmer talk` show, and what `nimmer up --without` leaves out."""

from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace
from rich.console import Console

from nimmer.bus.nats import NatsBus
from nimmer.bus.organ_messages import Payload, Said
from nimmer.cli.say import MOST_BYTES, _read, fetched, subtitles
from nimmer.cli.up import _left_out
from nimmer.errors import BusError, ConfigError


def page(said: Said, out: Path | None = None, lost: str = "") -> str:
    console = Console(width=120, record=True, file=None)
    with console.capture() as captured:
        console.print(subtitles(said, out, lost))
    return captured.get()


def test_the_subtitles_say_who_said_what_and_how_long_it_took() -> None:
    states = ["LISTEN", "TRANSCRIBE", "SPEAK"]
    said = Said(
        7, "where is the well", "At the corner.", "success", states, 210.0, 900.0, 80.0, Payload(data=b"x")
    )
    shown = page(said, Path("answer.wav"))
    assert "you      where is the well" in shown
    assert "npc 7    At the corner." in shown
    assert "LISTEN > TRANSCRIBE > SPEAK" in shown
    assert "heard in 210 ms, thought for 900 ms, spoke in 80 ms" in shown
    assert "the answer is in answer.wav" in shown


def test_a_conversation_that_failed_says_why() -> None:
    said = Said(0, "", "", "failure", ["LISTEN"], 0.0, 0.0, 0.0, reason="no speech was heard in it")
    assert "failure: no speech was heard in it" in page(said)


async def test_an_answer_whose_sound_is_lost_is_still_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(bus: object, store: str, name: str, most: int) -> bytes:
        assert (store, name) == ("dev-spoken", "x.wav")
        raise BusError("there is no whole object 'x.wav' in dev-spoken")

    monkeypatch.setattr("nimmer.bus.nats_objects.get", get)
    said = Said(7, "hello", "Good day.", "success", ["SPEAK"], 0.0, 0.0, 0.0, Payload(object="x.wav"))
    spoken, lost = await fetched(cast("NatsBus", None), "dev", said)
    assert spoken == b""
    shown = page(said, None, lost)
    assert "npc 7    Good day." in shown
    assert "the spoken answer is lost: there is no whole object 'x.wav'" in shown
    assert await fetched(cast("NatsBus", None), "dev", replace(said, audio=None)) == (b"", "")


def test_what_cannot_be_said_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        _read(str(tmp_path / "nothing.wav"))
    empty, long = tmp_path / "empty.wav", tmp_path / "long.wav"
    empty.write_bytes(b"")
    long.write_bytes(bytes(MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="is empty"):
        _read(str(empty))
    with pytest.raises(ConfigError, match="more than 32 MiB; say less at once"):
        _read(str(long))


def test_without_switches_faculties_off_and_knows_no_others() -> None:
    assert _left_out(None) == {}
    assert _left_out("cortex, organs") == {"cortex.enabled": False, "organs.enabled": False}
    with pytest.raises(
        ConfigError, match="--without brain: there is no such faculty; there are cortex, organs"
    ):
        _left_out("brain")
