import asyncio

import pytest

from nimmer.clock import SystemClock
from nimmer.cortex.desk import Desk, Ticket
from serve_apps.cortex_gate import Gate, TurnedAwayError

CLOCK = SystemClock()


def ticket(call: str, ttl_s: float = 60.0, npc: int | None = None, priority: int = 5) -> Ticket:
    now_s = CLOCK.monotonic_s()
    return Ticket(call, call, npc, priority, now_s, now_s + ttl_s)


class Guest:
    """Somebody who stands at the gate and works until let go."""

    def __init__(self, gate: Gate, one: Ticket) -> None:
        self.inside, self.leave = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate, one))

    async def _visit(self, gate: Gate, one: Ticket) -> float:
        async with gate.turn(one) as waited_s:
            self.inside.set()
            await self.leave.wait()
            return waited_s

    async def end(self) -> str:
        try:
            await self.task
        except TurnedAwayError as away:
            return away.outcome
        except asyncio.CancelledError:
            return "left"
        return "answered"


@pytest.fixture
def gate() -> Gate:
    return Gate(Desk(1, 2, 1.0), CLOCK)


async def test_the_next_has_its_turn_when_the_slot_is_free(gate: Gate) -> None:
    first, second = Guest(gate, ticket("a")), Guest(gate, ticket("b"))
    await first.inside.wait()
    assert (gate.desk.running, gate.desk.waiting) == (1, 1)
    assert not second.inside.is_set()
    first.leave.set()
    await second.inside.wait()
    second.leave.set()
    assert [await first.end(), await second.end()] == ["answered", "answered"]
    assert (gate.desk.running, gate.desk.waiting) == (0, 0)


async def test_who_waits_too_long_is_told_so(gate: Gate) -> None:
    first = Guest(gate, ticket("a"))
    await first.inside.wait()
    assert await Guest(gate, ticket("b", ttl_s=0.02)).end() == "expired"
    first.leave.set()
    await first.end()


async def test_a_waiting_caller_that_leaves_frees_its_place(gate: Gate) -> None:
    first, second = Guest(gate, ticket("a")), Guest(gate, ticket("b"))
    await first.inside.wait()
    second.task.cancel()
    assert await second.end() == "left"
    assert gate.desk.waiting == 0
    first.leave.set()
    await first.end()


async def test_a_working_caller_that_leaves_frees_its_slot(gate: Gate) -> None:
    first, second = Guest(gate, ticket("a")), Guest(gate, ticket("b"))
    await first.inside.wait()
    first.task.cancel()
    await second.inside.wait()
    assert await first.end() == "left"
    second.leave.set()
    assert await second.end() == "answered"


async def test_an_npc_that_died_ends_its_work_and_its_wait(gate: Gate) -> None:
    works, waits = Guest(gate, ticket("a", npc=7)), Guest(gate, ticket("b", npc=7))
    other = Guest(gate, ticket("c", npc=8))
    await works.inside.wait()
    assert gate.cancel(7, "it died") == 2
    assert [await works.end(), await waits.end()] == ["cancelled", "cancelled"]
    await other.inside.wait()
    other.leave.set()
    assert await other.end() == "answered"
    assert gate.cancel(7, "it died") == 0


async def test_an_npc_cancelled_between_its_turn_and_its_work_does_not_work(gate: Gate) -> None:
    first, second = Guest(gate, ticket("a")), Guest(gate, ticket("b", npc=7))
    await first.inside.wait()
    gate._do(gate.desk.done("a", CLOCK.monotonic_s()))  # b may begin, and has not run yet
    assert gate.cancel(7, "it died") == 1
    assert await second.end() == "cancelled"
    assert not second.inside.is_set()
    first.leave.set()
    await first.end()
    assert gate.desk.running == 0


async def test_closing_denies_who_waits_and_lets_who_works_end(gate: Gate) -> None:
    first, second = Guest(gate, ticket("a")), Guest(gate, ticket("b"))
    await first.inside.wait()
    gate.close()
    assert await second.end() == "denied"
    assert await Guest(gate, ticket("c")).end() == "denied"
    first.leave.set()
    assert await first.end() == "answered"
    gate.reopen()
    fourth = Guest(gate, ticket("d"))
    fourth.leave.set()
    assert await fourth.end() == "answered"


async def test_an_error_inside_passes_through_and_frees_the_slot(gate: Gate) -> None:
    with pytest.raises(KeyError):
        async with gate.turn(ticket("a")):
            raise KeyError("a")
    assert gate.desk.running == 0
