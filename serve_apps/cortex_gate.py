"""The gate's async shell: a coroutine has its turn when the desk says so, or learns why not.

Source: docs/cortex.md, "The gate".
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from nimmer.clock import Clock
from nimmer.cortex.desk import Away, Decision, Desk, Ticket
from nimmer.errors import CortexError


class TurnedAwayError(CortexError):
    """A request that gets no answer. outcome: denied, expired or cancelled."""

    def __init__(self, outcome: str, reason: str) -> None:
        """Say what became of it and why."""
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Gate:
    """The desk of one cortex, and the coroutines that stand at it."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        """Carry out what `desk` decides."""
        self.desk = desk
        self._clock = clock
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._tasks: dict[str, asyncio.Task[object]] = {}
        self._away: dict[str, Away] = {}

    @asynccontextmanager
    async def turn(self, ticket: Ticket) -> AsyncIterator[float]:
        """Hold a slot inside the `async with`; yields how long it waited, s.

        Raises TurnedAwayError instead of, or out of, the block; a block that is cancelled from outside leaves the desk.
        """
        task = asyncio.current_task()
        assert task is not None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[ticket.call] = future
        self._tasks[ticket.call] = task
        try:
            self._do(self.desk.ask(ticket, self._now_s()))
            await self._wait(future, ticket)
            yield max(self._now_s() - ticket.at_s, 0.0)
        except asyncio.CancelledError:
            away = self._away.pop(ticket.call, None)
            if away is None:
                raise
            task.uncancel()
            raise TurnedAwayError(away.outcome, away.reason) from None
        finally:
            self._waiting.pop(ticket.call, None)
            self._tasks.pop(ticket.call, None)
            self._away.pop(ticket.call, None)
            self._do(self.desk.done(ticket.call, self._now_s()))

    def cancel(self, npc: int, reason: str) -> int:
        """Turn away all that `npc` asked; return how many requests that were."""
        decisions = self.desk.cancel(npc, reason, self._now_s())
        self._do(decisions)
        return sum(isinstance(one, Away) and one.outcome == "cancelled" for one in decisions)

    def close(self) -> None:
        """Deny everybody from now on."""
        self._do(self.desk.close())

    def reopen(self) -> None:
        """Let everybody ask again."""
        self.desk.reopen()

    async def _wait(self, future: asyncio.Future[None], ticket: Ticket) -> None:
        """Return when it is this ticket's turn. Raises TurnedAwayError."""
        await asyncio.wait((future,), timeout=max(ticket.deadline_s - self._now_s(), 0.0))
        if not future.done():
            self._do(self.desk.expire(max(self._now_s(), ticket.deadline_s)))
        await future

    def _do(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            future = self._waiting.pop(decision.call, None)
            if isinstance(decision, Away):
                self._turn_away(decision, future)
            elif future is not None:
                future.set_result(None)

    def _turn_away(self, away: Away, future: asyncio.Future[None] | None) -> None:
        """End the wait of a call, or its work when it has begun."""
        if future is not None:
            future.set_exception(TurnedAwayError(away.outcome, away.reason))
            future.exception()  # who waited for it may be gone
        elif (task := self._tasks.get(away.call)) is not None:
            self._away[away.call] = away
            task.cancel()

    def _now_s(self) -> float:
        return self._clock.monotonic_s()
