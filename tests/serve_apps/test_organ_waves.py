import asyncio

from nimmer.bus.life_messages import WaveSignal
from nimmer.clock import ManualClock
from nimmer.life.thalamus import shard_of
from nimmer.life.wave import CellKind
from nimmer.organs.readings import hearing, speaking
from serve_apps.organ_waves import MOST_WAITING, OrganWaves, Said


class Listeners:
    """A thalamus and a bus that remember."""

    def __init__(self, deaf: bool = False) -> None:
        self.heard: list[tuple[int, Said]] = []
        self.told: list[tuple[str, WaveSignal]] = []
        self.deaf = deaf
        self.all = asyncio.Event()

    async def hear(self, shard: int, batch: list[Said]) -> None:
        self.all.set()
        if self.deaf:
            raise ValueError("Failed to look up actor")  # Ray's word for nobody of that name
        self.heard += [(shard, said) for said in batch]

    async def tell(self, kind: CellKind, wave: WaveSignal) -> None:
        self.told.append((kind.name, wave))


def waves(listeners: Listeners) -> OrganWaves:
    return OrganWaves("theia", 2, 1.0, listeners.hear, listeners.tell, ManualClock())


async def test_an_operation_makes_its_cell_say_a_wave_to_the_thalamus_and_to_all() -> None:
    listeners = Listeners()
    cells = waves(listeners)
    task = asyncio.ensure_future(cells.run())
    wave = await cells.emit("stt", hearing("where is the well?", "en", 0.25))
    await listeners.all.wait()
    task.cancel()
    assert wave is not None
    assert wave.confidence == 0.75
    assert listeners.heard == [(shard_of("speech", 2), ("organs.theia", wave))]
    ((name, told),) = listeners.told
    assert name == "speech_stt"
    assert told.semantic_content["word_count"] == 4
    assert told.semantic_content["speaker_intent"] == "question"


async def test_a_thalamus_that_is_away_costs_waves_which_are_counted() -> None:
    listeners = Listeners(deaf=True)
    cells = waves(listeners)
    task = asyncio.ensure_future(cells.run())
    await cells.emit("tts", speaking())
    await listeners.all.wait()
    await asyncio.sleep(0)  # noqa: TID251  # gives way once
    task.cancel()
    assert (cells.sent, cells.dropped) == (0, 1)


async def test_waves_that_nobody_brings_away_do_not_pile_up() -> None:
    cells = waves(Listeners())
    for _ in range(MOST_WAITING + 3):
        await cells.emit("tts", speaking())
    assert cells.dropped == 3
