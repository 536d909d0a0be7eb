"""Performs what the heartbeat queue and the residency decide: the one place where operations meet cards.

All state is theirs; here are only the callers who wait, and one task for each thing a card is told to do. No decision
is awaited. Source: docs/style.md rules 4 and 5; docs/domain.md section 9.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from nimmer.clock import Clock
from nimmer.engines.organ_model import Job, Result
from nimmer.errors import CardError, CardLostError, OrganBusyError, OrganError
from nimmer.life.lifeforce import Lifeforce
from nimmer.organs.heartbeat_queue import REFLEX, Admitted, HeartbeatQueue, Item
from nimmer.organs.intent import Intent, Load, Refuse, Run, Unload
from nimmer.organs.residency import Residency
from serve_apps.card import CardPort

LOAD_S = 300.0
"""A load that takes longer has failed."""
RUN_S = 300.0
"""A model that works longer on one operation hangs; its card counts as lost."""
UNLOAD_S = 30.0
"""An unload that takes longer hangs."""
HELD_S = 60.0
"""How long a card is waited for at the start; its process may be starting too."""
END_S = 10.0
"""How long the end of a card's process is waited for."""
ANSWER_S = 300.0
"""An operation that has no answer by then is given up, wherever it waits."""
_LOG = logging.getLogger("nimmer")


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one operation. Times in ms: waiting for its turn, loading the model, running it."""

    result: Result
    card: int
    wait_ms: float
    load_ms: float
    run_ms: float
    lifeforce: float


@dataclass(slots=True, eq=False)
class _Pending:
    """One operation whose caller waits."""

    organ: str
    job: Job
    asked_s: float
    answer: "asyncio.Future[Done]" = field(repr=False)
    cost: float = 0.0
    load_ms: float = 0.0


class Dispatch:
    """All operations of one host. To be used in one event loop."""

    def __init__(
        self,
        residency: Residency,
        queue: HeartbeatQueue,
        lifeforce: Lifeforce,
        cards: Sequence[CardPort],
        clock: Clock,
        heartbeat_s: float,
    ) -> None:
        """Begin with nothing under way; `live` makes the heart beat."""
        self.residency = residency
        self.queue = queue
        self.lifeforce = lifeforce
        self.outcomes: Counter[str] = Counter()
        self._cards = tuple(cards)
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._pending: dict[str, _Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def recall(self) -> None:
        """Learn what the cards hold, or are loading: they outlive the process that decides about them.

        One that does not say counts as empty: what it may hold goes with its next load.
        """
        state = self.residency.state()
        held = await asyncio.gather(*(self._held(card) for card in range(len(self._cards))))
        for kept, organ in zip(state["cards"], held, strict=True):
            kept["model"] = organ
            kept["used_s"] = self._clock.monotonic_s()
        self.residency.restore(state)

    async def live(self) -> None:
        """Beat until cancelled."""
        while True:
            await self._clock.sleep_s(self._heartbeat_s)
            self.beat()

    def beat(self) -> None:
        """Serve the queue once, and let time pass for the cards."""
        now_s = self._clock.monotonic_s()
        self.lifeforce.advance(self._heartbeat_s)
        beat = self.queue.beat(self.lifeforce.level, now_s)
        for operation, reason in beat.given_up:
            self._fail(operation, OrganBusyError(reason))
        for admitted in beat.admitted:
            self._admit(admitted, now_s)
        self._perform(self.residency.tick(now_s))

    async def operate(self, operation: str, organ: str, priority: int, job: Job) -> Done:
        """Return what the organ made of `job`, when its turn has come.

        A reflex (priority 10) does not wait for the beat while it can be paid. Raises OrganError when it is refused or fails, with the
        reason; cancelling the caller takes the operation out of the line unless it runs already.
        """
        now_s = self._clock.monotonic_s()
        item = Item(operation, organ, priority, now_s)
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._pending[operation] = _Pending(organ, job, now_s, answer)
        try:
            at_once = self.queue.reflex(item, self.lifeforce.level, now_s) if priority >= REFLEX else None
            if at_once is not None:
                self._admit(at_once, now_s)
            elif reason := self.queue.put(item):
                raise OrganBusyError(reason)
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise OrganBusyError(f"no card was free within {ANSWER_S:g} s") from None
        finally:
            del self._pending[operation]
            if answer.cancelled():
                self.queue.drop(operation)
                self._perform(self.residency.cancel(operation, self._clock.monotonic_s()))

    async def close(self) -> None:
        """Let go of what is under way; who still waits is told."""
        for operation in tuple(self._pending):
            self._fail(operation, OrganError("the organs are stopping"))
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _admit(self, admitted: Admitted, now_s: float) -> None:
        pending = self._pending.get(admitted.operation)
        if pending is None:
            return
        self.lifeforce.charge("organ", admitted.cost)
        pending.cost = admitted.cost
        if not admitted.full:
            pending.job = pending.job.cheaper()
        self._perform(self.residency.ask(admitted.operation, admitted.organ, now_s, admitted.priority))

    def _perform(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            match intent:
                case Load(card, model):
                    self._begin(self._load(card, model))
                case Unload(card, _):
                    self._begin(self._unload(card))
                case Run(card, model, operation):
                    self._begin(self._run(card, model, operation))
                case Refuse(operation, reason):
                    self._fail(operation, CardError(reason))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _held(self, card: int) -> str:
        try:
            async with asyncio.timeout(HELD_S):
                return (await self._cards[card].held()).organ
        except (OrganError, TimeoutError) as error:
            _LOG.warning("card %d does not say what it holds: %s", card, error)
            return ""

    async def _load(self, card: int, model: str) -> None:
        begun_s = self._clock.monotonic_s()
        try:
            async with asyncio.timeout(LOAD_S):
                await self._cards[card].load(model)
        except TimeoutError:
            await self._kill(card)
            self._perform(
                self.residency.load_failed(card, f"{model} was not loaded in {LOAD_S:g} s", self._now())
            )
        except CardLostError as error:
            self._perform(self.residency.died(card, str(error), self._now()))
        except OrganError as error:
            self._perform(self.residency.load_failed(card, str(error), self._now()))
        except Exception as error:  # a card must never stay in a state that nothing ends
            self._perform(self.residency.died(card, _unforeseen(card, error), self._now()))
        else:
            now_s = self._now()
            for one in self._pending.values():
                if one.organ == model:
                    one.load_ms += (now_s - max(begun_s, one.asked_s)) * 1e3
            self._perform(self.residency.loaded(card, now_s))

    async def _unload(self, card: int) -> None:
        try:
            async with asyncio.timeout(UNLOAD_S):
                await self._cards[card].unload()
        except CardLostError as error:
            self._perform(self.residency.died(card, str(error), self._now()))
        except Exception as error:  # what it still holds goes with its process
            reason = _unforeseen(card, error)
            await self._kill(card)
            self._perform(self.residency.died(card, reason, self._now()))
        else:
            self._perform(self.residency.unloaded(card, self._now()))

    async def _kill(self, card: int) -> None:
        """End the process of a card: a thread that hangs in it cannot be stopped. Another is started in its place."""
        try:
            async with asyncio.timeout(END_S):
                await self._cards[card].end()
        except Exception as error:
            _LOG.warning("card %d could not be ended: %s %s", card, type(error).__name__, error)

    async def _run(self, card: int, model: str, operation: str) -> None:
        pending = self._pending.get(operation)
        if pending is None:  # its caller went in this very moment
            self._end(card, "")
            return
        begun_s = self._now()
        try:
            async with asyncio.timeout(RUN_S):
                result, run_ms = await self._cards[card].run(model, pending.job)
        except CardLostError as error:
            self._perform(self.residency.died(card, str(error), self._now()))
        except TimeoutError:
            await self._kill(card)
            reason = f"{model} did not answer in {RUN_S:g} s"
            self._perform(self.residency.died(card, reason, self._now()))
        except OrganError as error:
            self._fail(operation, error)
            self._end(card, str(error))
        except Exception as error:
            self._perform(self.residency.died(card, _unforeseen(card, error), self._now()))
        else:
            wait_ms = max(0.0, (begun_s - pending.asked_s) * 1e3 - pending.load_ms)
            if not pending.answer.done():
                pending.answer.set_result(Done(result, card, wait_ms, pending.load_ms, run_ms, pending.cost))
            self._end(card, "")

    def _end(self, card: int, error: str) -> None:
        self._perform(self.residency.ran(card, self._now(), error))
        self._perform(self.residency.reported(card, self._now()))

    def _fail(self, operation: str, error: OrganError) -> None:
        pending = self._pending.get(operation)
        if pending is not None and not pending.answer.done():
            pending.answer.set_exception(error)

    def _now(self) -> float:
        return self._clock.monotonic_s()


def _unforeseen(card: int, error: Exception) -> str:
    """Log what no card should raise, and return it as a reason."""
    _LOG.warning("card %d: %s %s", card, type(error).__name__, error)
    return f"the card failed: {type(error).__name__}: {error}"[:500]
