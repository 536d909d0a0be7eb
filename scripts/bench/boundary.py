"""The boundary's JSON: how much of it is valid, and what the constraint costs in tokens per second.

    scripts/bench/run boundary

Ours: 500 questions of random askers, mapped with a small model (packaged SmolLM2-135M on one thread, its own process)
that words them under the schema; valid is a request that the message type accepts, and a wording that the schema does.
Rival: the same engine and prompts without a schema. It is let write exactly as many tokens as ours wrote for the same
question, for a longer text has better tokens per second. Goals: all valid; tokens per second at least .8 of the rival's.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from measurement import Measurement, median_of_pairs, meets

from nimmer.bus.cortex_messages import CognitiveRequest
from nimmer.clock import SystemClock
from nimmer.cortex.asker import Asker, Partner
from nimmer.cortex.asking import question
from nimmer.cortex.wording import MOST_TOKENS, Messages, Said, Wording, messages, schema
from nimmer.engines.model_mapper import ModelMapper
from nimmer.engines.plan import packaged_weights
from nimmer.engines.words import OwnWords
from nimmer.errors import EngineError

CLOCK = SystemClock()
READY_S = 60.0
PATIENCE_S = 60.0
"""A busy machine makes a wording slow, not invalid."""
BATCH = 20
Chance = np.random.Generator


def askers(count: int, chance: Chance) -> list[Asker]:
    """Return NPCs in situations drawn at random."""
    return [_asker(npc, chance) for npc in range(count)]


def _asker(npc: int, chance: Chance) -> Asker:
    houses = int(chance.choice([25, 100, 400]))
    known = int(chance.integers(0, houses))
    partners = tuple(
        Partner(9000 + one, int(chance.integers(0, 9)), True) for one in range(chance.integers(0, 4))
    )
    return Asker(
        npc=npc, generation=1, world_tick=npc, level=1, node=int(chance.integers(houses)),
        energy=float(chance.random()), coverage=known / houses, lifeforce=float(100 * chance.random()),
        here_known=bool(chance.integers(2)), at_well=bool(chance.integers(2)), news=int(chance.integers(0, 9)),
        known=known, houses=houses, free=(0, 1, 2), lead=int(chance.integers(4)), partners=partners,
    )  # fmt: skip


class Recording(OwnWords):
    """Words of our own engine; whether each JSON that was not cut off fits the schema is counted."""

    def __init__(self, log: Path) -> None:
        """Serve the packaged weights."""
        super().__init__(str(packaged_weights()), log, CLOCK, PATIENCE_S)
        self.whole = self.valid = self.cut = 0

    async def chat(self, asked: Messages, under: Mapping[str, Any] | None, max_tokens: int) -> Said:
        """Write, and count."""
        said = await super().chat(asked, under, max_tokens)
        if under is not None and said.whole:
            self.whole += 1
            self.valid += _fits(said.text, Wording)
        self.cut += under is not None and not said.whole
        return said

    async def up(self) -> None:
        """Return once the engine answers."""
        deadline_s = CLOCK.monotonic_s() + READY_S
        while True:
            try:
                await self.chat(messages("Who is here?"), None, 1)
            except EngineError:
                if CLOCK.monotonic_s() > deadline_s:
                    raise
                await CLOCK.sleep_s(0.1)
            else:
                return


def _fits(text: str | bytes, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        return False
    return True


def measure(quick: bool) -> list[Measurement]:
    """Return the share of valid requests and wordings, and tokens per second with and without the constraint."""
    count, pairs = (40, 3) if quick else (500, 9)
    with tempfile.TemporaryDirectory() as directory, asyncio.Runner() as runner:
        words = Recording(Path(directory) / "engine.log")
        try:
            runner.run(words.up())
            valid = runner.run(_mapped(words, askers(count, np.random.default_rng(7))))
            speed = _speed(runner, words, pairs)
        finally:
            runner.run(words.close())
    return [*valid, speed]


async def _mapped(words: Recording, every: list[Asker]) -> list[Measurement]:
    mapper = ModelMapper(words, within_s=60.0)
    begun_s = CLOCK.monotonic_s()
    requests = [await mapper.ask(one, 4000) for one in every]
    took_s = CLOCK.monotonic_s() - begun_s
    good = sum(_fits(msgspec.json.encode(one), CognitiveRequest) for one in requests)
    counts = mapper.counts()
    told = f"{counts['by_model']} worded by the model, {counts['by_template']} by the template; {counts['retries']} tries again, {counts['nacks']} NACKs"
    return [
        _share("requests that the message type accepts", good, len(every), f"{told}; {1e3 * took_s / len(every):.0f} ms each"),
        _share("wordings, not cut off, that the schema accepts", words.valid, words.whole, f"{words.cut} more were cut off, and tried again"),
    ]  # fmt: skip


def _share(metric: str, good: int, every: int, note: str) -> Measurement:
    return Measurement(
        metric, good, "of them", "all", every, good / every, ">= 1", meets(good / every, ">= 1"), note
    )


def _speed(runner: asyncio.Runner, words: OwnWords, pairs: int) -> Measurement:
    """Return tokens per second under the schema against those without, on the same prompts, one after another."""
    prompts = [messages(question(one)) for one in askers(BATCH, np.random.default_rng(11))]
    wrote = [MOST_TOKENS] * BATCH

    async def constrained() -> float:
        begun_s = CLOCK.monotonic_s()
        wrote[:] = [(await words.chat(one, schema(), MOST_TOKENS)).tokens for one in prompts]
        return sum(wrote) / (CLOCK.monotonic_s() - begun_s)

    async def bare() -> float:
        begun_s = CLOCK.monotonic_s()
        tokens = [
            (await words.chat(one, None, most)).tokens for one, most in zip(prompts, wrote, strict=True)
        ]
        return sum(tokens) / (CLOCK.monotonic_s() - begun_s)

    runner.run(constrained())
    runner.run(bare())
    found = median_of_pairs(lambda: runner.run(constrained()), lambda: runner.run(bare()), pairs)
    note = f"{BATCH} prompts a batch, one stream, one thread"
    return found.measurement("tokens under the schema", "tokens/s", "no schema", ">= 0.8", note)
