"""`nimmer say`: a spoken sentence goes to an NPC, its answer comes back as subtitles and a sound.

Source: docs/domain.md section 5 (conversation); docs/conversation.md.
"""

import asyncio
import secrets
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from nimmer.bus import nats_objects
from nimmer.bus.identities import GUEST
from nimmer.bus.nats import NatsBus
from nimmer.bus.organ_messages import Payload, Said, SayRequest
from nimmer.bus.streams import bucket, spoken_bucket
from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, BRIGHT, DIM, ERROR
from nimmer.cli.village import RunningVillage, find_village
from nimmer.config import load
from nimmer.errors import BusError, ConfigError, NimmerError

SUBJECT = "organs.conversation.say"
MOST_BYTES = 32 << 20
"""Of one sound."""
PATIENCE_S = 60.0
"""How long a whole conversation may take: every step has its own limit, loading a model included."""

NpcOption = Annotated[int, typer.Option("--npc", "-n", min=0, help="Who is spoken to.")]


def say(
    sound: Annotated[
        str,
        typer.Argument(metavar="FILE", help="WAV, FLAC or OGG with speech; - reads it from standard input."),
    ],
    npc: NpcOption = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where the spoken answer goes.")
    ] = Path("answer.wav"),
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Speak to an NPC: speech is written down, the cortex answers, the answer is spoken.

    [bold]Examples[/bold]

    [dim]$[/dim] nimmer say hello.wav

    [dim]$[/dim] nimmer say question.wav --npc 7 --out answer.wav --json

    [dim]$[/dim] arecord -f S16_LE -r 16000 -d 5 | nimmer say -   [dim]# from a microphone, with the ALSA tools[/dim]
    """
    village = find_village(load(config=config).settings)
    data = _read(sound)
    said, spoken, lost = asyncio.run(_aloud(village, npc, data))
    if spoken:
        _write(out, spoken)
    if as_json:
        document = msgspec.to_builtins(said)
        document["audio"] = str(out) if spoken else None
        document["audio_lost"] = lost
        emit_json(document)
    else:
        screen().print(subtitles(said, out if spoken else None, lost))
    if said.outcome != "success":
        raise typer.Exit(1)


async def _aloud(village: RunningVillage, npc: int, sound: bytes) -> tuple[Said, bytes, str]:
    """Return a conversation by sound, its spoken answer, b"" when there is none, and why it could not be fetched."""
    name = f"said-{secrets.token_hex(8)}"
    async with village.connect(GUEST) as bus:
        await nats_objects.put(bus, bucket(village.environment), name, sound)
        said = await converse(village, SayRequest(npc, audio=Payload(object=name), keep="object"))
        return said, *await fetched(bus, village.environment, said)


async def fetched(bus: NatsBus, environment: str, said: Said) -> tuple[bytes, str]:
    """Return the spoken answer, b"" when there is none, and why it is lost: what was said counts all the same."""
    if said.audio is None:
        return b"", ""
    try:
        return await nats_objects.get(bus, spoken_bucket(environment), said.audio.object, MOST_BYTES), ""
    except BusError as error:
        return b"", str(error)


async def converse(village: RunningVillage, request: SayRequest) -> Said:
    """Return what became of one conversation. Raises as `RunningVillage.ask`."""
    patient = village.patient(PATIENCE_S)
    return await patient.ask(GUEST, SUBJECT, request, Said)


def subtitles(said: Said, out: Path | None, lost: str = "") -> Group:
    """Return the conversation as people read it; lost: why there is no spoken answer though one was spoken."""
    lines = [
        Text.assemble(("you      ", DIM), (said.transcript or "-", BRIGHT)),
        Text.assemble((f"npc {said.npc_id:<5}", DIM), (said.answer or "-", ACTIVE)),
    ]
    if said.outcome != "success":
        lines.append(Text(f"{said.outcome}: {said.reason or 'the nerve came to no answer'}", ERROR))
    times = (
        f"heard in {said.hear_ms:.0f} ms, thought for {said.think_ms:.0f} ms, spoke in {said.speak_ms:.0f} ms"
    )
    lines.append(Text(f"{' > '.join(said.states)}   {times}", DIM))
    if out is not None:
        lines.append(Text(f"the answer is in {out}", DIM))
    if lost:
        lines.append(Text(f"the spoken answer is lost: {lost}", ERROR))
    return Group(*lines)


def _read(sound: str) -> bytes:
    if sound == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        try:
            data = Path(sound).read_bytes()
        except OSError as error:
            raise ConfigError(f"{sound} cannot be read: {error.strerror}") from error
    if not data:
        raise ConfigError(f"{sound} is empty: it must hold speech as WAV, FLAC or OGG")
    if len(data) > MOST_BYTES:
        raise ConfigError(
            f"{sound} has more than {MOST_BYTES >> 20} MiB; say less at once, or as FLAC or OGG, which hold more"
        )
    return data


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise NimmerError(f"{out} cannot be written: {error.strerror}; choose another with --out") from error
