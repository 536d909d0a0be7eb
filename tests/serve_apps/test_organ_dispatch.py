import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from nimmer.clock import ManualClock
from nimmer.engines.organ_model import Heard, HearJob, Job, LookJob, OrganModel, Result, SpeakJob
from nimmer.errors import CardError, CardLostError, OrganBusyError, OrganError
from nimmer.life.lifeforce import Lifeforce
from nimmer.organs.heartbeat_queue import HeartbeatQueue
from nimmer.organs.lifecycle import Lifecycle
from nimmer.organs.residency import Residency
from nimmer.testing.scripted_organ import ScriptedOrgan
from serve_apps.card import Card, CardPort, Held
from serve_apps.organ_dispatch import Dispatch

SOUND = HearJob(np.zeros(160, np.float32))
TEXT = SpeakJob("hello")


def models() -> dict[str, OrganModel]:
    return {
        "vision": ScriptedOrgan("eye", LookJob),
        "stt": ScriptedOrgan("ear", HearJob),
        "tts": ScriptedOrgan("voice", SpeakJob),
    }


def dispatch(
    cards: Sequence[CardPort], clock: ManualClock | None = None, most: int = 8, level: float = 100.0
) -> Dispatch:
    return Dispatch(
        Residency(len(cards), models(), 300.0),
        HeartbeatQueue(most, 1.0, 30.0),
        Lifeforce(level),
        cards,
        clock or ManualClock(),
        1.0,
    )


async def settled() -> None:
    """Let everything that can go on go on: threads of the cards are awaited by their tasks."""
    await asyncio.sleep(0)  # noqa: TID251  # gives way once, waits for nothing


async def test_an_operation_waits_for_the_beat_and_then_runs() -> None:
    organs = dispatch([Card(models(), 100)])
    asked = asyncio.ensure_future(organs.operate("a", "stt", 5, SOUND))
    await settled()
    assert len(organs.queue) == 1
    organs.beat()
    done = await asked
    assert done.result == Heard("160 samples", "en", 0.1)
    assert (done.card, done.lifeforce) == (0, 5.0)


async def test_a_reflex_does_not_wait_for_the_beat() -> None:
    organs = dispatch([Card(models(), 100)])
    assert (await organs.operate("a", "stt", 10, SOUND)).card == 0


async def test_two_who_ask_at_once_are_served_by_one_load() -> None:
    ear = ScriptedOrgan("ear", HearJob)
    organs = dispatch([Card({"stt": ear}, 100), Card({"stt": ear}, 100)])
    await asyncio.gather(*(organs.operate(str(number), "stt", 10, SOUND) for number in range(8)))
    assert ear.loads == 1


async def test_the_lifeforce_of_the_organs_pays() -> None:
    organs = dispatch([Card(models(), 100)])
    await organs.operate("a", "stt", 10, SOUND)
    assert organs.lifeforce.level == 95.0


async def test_a_full_queue_is_said_at_once() -> None:
    organs = dispatch([Card(models(), 100)], most=1)
    first = asyncio.ensure_future(organs.operate("a", "stt", 5, SOUND))
    await settled()
    with pytest.raises(OrganBusyError, match=r"organs\.queue"):
        await organs.operate("b", "stt", 5, SOUND)
    first.cancel()


async def test_who_leaves_is_taken_out_of_the_line() -> None:
    organs = dispatch([Card(models(), 100)])
    asked = asyncio.ensure_future(organs.operate("a", "stt", 5, SOUND))
    await settled()
    asked.cancel()
    await asyncio.wait([asked])
    assert len(organs.queue) == 0


async def test_a_beat_without_lifeforce_defers_until_it_gives_up_with_the_reason() -> None:
    clock = ManualClock()
    organs = dispatch([Card(models(), 100)], clock, level=0.0)
    asked = asyncio.ensure_future(organs.operate("a", "stt", 5, SOUND))
    await settled()
    organs.beat()
    assert organs.queue.deferred == 1
    clock.advance(30.0)
    organs.beat()
    with pytest.raises(OrganBusyError, match="lifeforce does not reach"):
        await asked


async def test_a_load_that_fails_is_told_and_not_tried_again_at_once() -> None:
    broken = ScriptedOrgan("ear", HearJob, broken="its weights are damaged")
    organs = dispatch([Card({"stt": broken}, 100)])
    with pytest.raises(CardError, match="its weights are damaged"):
        await organs.operate("a", "stt", 10, SOUND)
    with pytest.raises(CardError, match="it is tried again in 2 s"):
        await organs.operate("b", "stt", 10, SOUND)


async def test_what_an_organ_cannot_do_fails_alone() -> None:
    organs = dispatch([Card(models(), 100)])
    with pytest.raises(OrganError, match="cannot do"):
        await organs.operate("a", "stt", 10, TEXT)
    assert (await organs.operate("b", "stt", 10, SOUND)).result == Heard("160 samples", "en", 0.1)


class Troubled:
    """A card that meets its faults one after another, one at each call of their method, and is well again then."""

    def __init__(self, **faults: Sequence[BaseException | None]) -> None:
        self.ended = 0
        self._faults = {method: list(those) for method, those in faults.items()}
        self._card = Card(models(), 100)

    async def load(self, organ: str) -> float:
        await self._meet("load")
        return await self._card.load(organ)

    async def run(self, organ: str, job: Job) -> tuple[Result, float]:
        await self._meet("run")
        return await self._card.run(organ, job)

    async def unload(self) -> None:
        await self._meet("unload")
        await self._card.unload()

    async def held(self) -> Held:
        await self._meet("held")
        return await self._card.held()

    async def end(self) -> None:
        self.ended += 1
        await self._card.unload()
        await self._meet("end")

    async def _meet(self, method: str) -> None:
        faults = self._faults.get(method)
        fault = faults.pop(0) if faults else None
        if isinstance(fault, TimeoutError):
            await asyncio.Event().wait()  # it hangs
        elif fault is not None:
            if isinstance(fault, CardLostError):
                await self._card.unload()
            raise fault


LOST = CardLostError("the card's process ended while it was in use")


def mortal(deaths: int) -> Troubled:
    """Return a card whose process ends under its first operations."""
    return Troubled(run=[LOST] * deaths)


def hasten(patch: pytest.MonkeyPatch, *limits: str) -> None:
    """Shorten the limits of what hangs; what is to succeed keeps its own, however busy the machine is."""
    for limit in limits:
        patch.setattr(f"serve_apps.organ_dispatch.{limit}", 0.01)


async def test_a_load_that_hangs_ends_its_process_and_the_card_loads_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasten(monkeypatch, "LOAD_S", "END_S")
    clock, card = ManualClock(), Troubled(load=[TimeoutError()], end=[TimeoutError()])
    organs = dispatch([card], clock)
    with pytest.raises(CardError, match=r"stt was not loaded in 0\.01 s"):
        await organs.operate("a", "stt", 10, SOUND)
    assert card.ended == 1
    monkeypatch.undo()
    clock.advance(2.0)
    assert (await organs.operate("b", "stt", 10, SOUND)).card == 0


@pytest.mark.parametrize("method", ["load", "run"])
async def test_what_no_card_should_raise_leaves_no_card_stuck(method: str) -> None:
    clock, card = ManualClock(), Troubled(**{method: [RuntimeError("a surprise")] * 2})
    organs = dispatch([card], clock)
    with pytest.raises(CardError, match="a surprise"):
        await organs.operate("a", "stt", 10, SOUND)
    clock.advance(2.0)
    if method == "load":
        with pytest.raises(CardError, match="a surprise"):
            await organs.operate("b", "stt", 10, SOUND)
        clock.advance(4.0)
    assert (await organs.operate("c", "stt", 10, SOUND)).card == 0


@pytest.mark.parametrize("fault", [TimeoutError(), RuntimeError("broken"), OrganError("broken")])
async def test_an_unload_that_fails_ends_the_process_of_the_card(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch, "UNLOAD_S")
    clock, card = ManualClock(), Troubled(unload=[fault])
    organs = dispatch([card], clock)
    await organs.operate("a", "stt", 10, SOUND)
    assert (await organs.operate("b", "tts", 10, TEXT)).card == 0
    assert card.ended == 1


async def test_a_load_under_way_is_learned_of_after_a_restart() -> None:
    begun, let = threading.Event(), threading.Event()

    class Slow(ScriptedOrgan):
        def load(self) -> None:
            begun.set()
            let.wait(10.0)
            super().load()

    ear = Slow("ear", HearJob)
    card = Card({"stt": ear}, 100)
    loading = asyncio.ensure_future(card.load("stt"))
    await asyncio.to_thread(begun.wait)
    organs = dispatch([card])
    await organs.recall()
    assert organs.residency.cards[0].model == "stt"
    asked = asyncio.ensure_future(organs.operate("a", "stt", 10, SOUND))
    await settled()
    let.set()
    await asked
    await loading
    assert ear.loads == 1


@pytest.mark.parametrize("fault", [TimeoutError(), LOST])
async def test_a_card_that_does_not_say_what_it_holds_counts_as_empty(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch, "HELD_S")
    organs = dispatch([Troubled(held=[fault])])
    await organs.recall()
    assert (await organs.operate("a", "stt", 10, SOUND)).card == 0


async def test_an_operation_whose_card_dies_is_done_on_the_revived_one() -> None:
    organs = dispatch([mortal(1)])
    done = await organs.operate("a", "stt", 10, SOUND)
    assert done.result == Heard("160 samples", "en", 0.1)
    assert organs.residency.cards[0].failures == 1


async def test_an_operation_whose_card_dies_twice_fails_with_the_reason_and_the_card_is_empty() -> None:
    organs = dispatch([mortal(2)])
    with pytest.raises(CardError, match="the card's process ended"):
        await organs.operate("a", "stt", 10, SOUND)
    assert organs.residency.cards[0].state is Lifecycle.UNLOADED


async def test_an_idle_model_is_unloaded_by_the_heart() -> None:
    clock, ear = ManualClock(), ScriptedOrgan("ear", HearJob)
    card = Card({"stt": ear}, 100)
    organs = dispatch([card], clock)
    await organs.operate("a", "stt", 10, SOUND)
    clock.advance(301.0)
    organs.beat()
    await asyncio.wait(organs._tasks)
    assert ear.unloads == 1
    assert organs.residency.cards[0].state is Lifecycle.UNLOADED


async def test_what_the_cards_hold_is_learned_after_a_restart() -> None:
    ear = ScriptedOrgan("ear", HearJob)
    card = Card({"stt": ear}, 100)
    await card.load("stt")
    organs = dispatch([card])
    await organs.recall()
    await organs.operate("a", "stt", 10, SOUND)
    assert ear.loads == 1


async def test_who_waits_when_the_organs_stop_is_told() -> None:
    organs = dispatch([Card(models(), 100)])
    asked = asyncio.ensure_future(organs.operate("a", "stt", 5, SOUND))
    await settled()
    await organs.close()
    with pytest.raises(OrganError, match="stopping"):
        await asked
