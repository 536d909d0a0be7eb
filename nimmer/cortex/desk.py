"""The desk in front of the cortex: who is answered next, who waits, and who is turned away at once.

    standing = priority - since / ageing_s

is constant while a request waits, so waiting for `ageing_s` is worth one step of priority and nobody is ever sorted
anew. `since` is when the asker began to ask in vain: who expired or found the queue full and comes back soon keeps its
place in time. That bounds starvation. Once an asker of priority p has asked in vain for (10 - p) * ageing_s, nobody who
begins to ask later stands before it, and each of those who do is served once and then stands behind it: of N askers, at
most N are served before it. People and tools together hold all slots but one: their requests may take minutes, and the
NPCs', which live for seconds, would expire behind them. With a single slot they share it. Pure: every call returns what follows from it, and the shell does it.
Source: docs/domain.md section 10 (queue 0-10, ties by age, a closed gate answers "denied"); docs/cortex.md.
"""

import heapq
from bisect import bisect_left, insort
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, NamedTuple

COMES_BACK_S = 10.0
"""An asker that was turned away and asks again within this time keeps its place in time."""
MOST_ASKERS = 4096
"""Askers whose vain asking is remembered; beyond that the longest forgotten begins anew."""
CLOSED = "the gate of the cortex is closed; it is opened with the command `open`"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request at the desk. Times are monotonic seconds.

    call: its unique name; asker: who is kept from starving, an NPC or a person; npc: whose death cancels it; person:
    whether a person or a tool asks, to whom the NPCs' slot is closed.
    """

    call: str
    asker: str
    npc: int | None
    priority: int
    at_s: float
    deadline_s: float
    person: bool = False


class Begin(NamedTuple):
    """`call` has a slot: ask the engine."""

    call: str


class Away(NamedTuple):
    """`call` will not be answered; when it was running already, its work is to be cancelled."""

    call: str
    outcome: Literal["denied", "expired", "cancelled"]
    reason: str


Decision = Begin | Away


class _Place(NamedTuple):
    """Where a ticket stands: the smallest is next."""

    behind: float
    since_s: float
    number: int
    ticket: Ticket


class Desk:
    """Waiting and running requests of one cortex."""

    def __init__(self, slots: int, queue: int, ageing_s: float) -> None:
        """Let `slots` run and `queue` wait; waiting for `ageing_s` is worth one step of priority."""
        self.slots = slots
        self.for_people = max(slots - 1, 1)
        """Slots that people and tools may hold together."""
        self.open = True
        self._queue = queue
        self._ageing_s = ageing_s
        self._line: list[_Place] = []
        self._places: dict[str, _Place] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._running: dict[str, Ticket] = {}
        self._vain: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._number = 0

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._line)

    @property
    def running(self) -> int:
        """Return how many run."""
        return len(self._running)

    def ask(self, ticket: Ticket, now_s: float) -> list[Decision]:
        """Take `ticket` in, or turn it (or, when the queue is full, whoever stands last) away.

        Raises ValueError when its call is here already.
        """
        if ticket.call in self._places or ticket.call in self._running:
            raise ValueError(f"call {ticket.call!r} is at the desk already")
        if not self.open:
            return [Away(ticket.call, "denied", CLOSED)]
        since_s = self._since_s(ticket.asker, now_s)
        self._number += 1
        place = _Place(since_s / self._ageing_s - ticket.priority, since_s, self._number, ticket)
        insort(self._line, place)
        self._places[ticket.call] = place
        heapq.heappush(self._deadlines, (ticket.deadline_s, ticket.call))
        decisions = self._settle(now_s)
        while len(self._line) > self._queue:
            decisions.append(self._lose(self._line[-1], "denied", self._full(), now_s))
        return decisions

    def done(self, call: str, now_s: float) -> list[Decision]:
        """Free the slot or the place of `call`, answered, failed or left by its caller; one not here is no error."""
        self._running.pop(call, None)
        place = self._places.get(call)
        if place is not None:
            self._remove(place)
        return self._settle(now_s)

    def expire(self, now_s: float) -> list[Decision]:
        """Turn away who has waited too long."""
        return self._settle(now_s)

    def cancel(self, npc: int, reason: str, now_s: float) -> list[Decision]:
        """Turn away everything `npc` asked, running or waiting: it died or moved on. Who speaks with it is answered."""
        mine = [place for place in self._line if _own(place.ticket, npc)]
        gone = [place.ticket for place in mine] + [one for one in self._running.values() if _own(one, npc)]
        for place in mine:
            self._remove(place)
        for ticket in gone:
            self._running.pop(ticket.call, None)
            self._vain.pop(ticket.asker, None)
        return [Away(ticket.call, "cancelled", reason) for ticket in gone] + self._settle(now_s)

    def close(self) -> list[Decision]:
        """Close the gate: who waits is denied now, who runs is answered still."""
        self.open = False
        turned: list[Decision] = [Away(place.ticket.call, "denied", CLOSED) for place in self._line]
        for place in tuple(self._line):
            self._remove(place)
        return turned

    def reopen(self) -> None:
        """Open the gate."""
        self.open = True

    def _settle(self, now_s: float) -> list[Decision]:
        """Turn away who is too late, then give every free slot to who stands first."""
        decisions: list[Decision] = []
        while self._deadlines and self._deadlines[0][0] <= now_s:
            place = self._places.get(heapq.heappop(self._deadlines)[1])
            if place is not None:
                waited_s = now_s - place.ticket.at_s
                reason = f"it waited {waited_s:.3g} s for its turn, behind others; its time was up"
                decisions.append(self._lose(place, "expired", reason, now_s))
        while (place := self._next()) is not None:
            ticket = place.ticket
            self._remove(place)
            self._running[ticket.call] = ticket
            self._vain.pop(ticket.asker, None)
            decisions.append(Begin(ticket.call))
        return decisions

    def _next(self) -> _Place | None:
        """Return the first in line for whom a slot is free."""
        if len(self._running) >= self.slots:
            return None
        held = sum(ticket.person for ticket in self._running.values())
        return next((one for one in self._line if held < self.for_people or not one.ticket.person), None)

    def _lose(self, place: _Place, outcome: Literal["denied", "expired"], reason: str, now_s: float) -> Away:
        """Turn away who may come back, and remember since when it has asked in vain."""
        self._remove(place)
        asker = place.ticket.asker
        since_s, _ = self._vain.get(asker, (place.since_s, 0.0))
        self._vain[asker] = (min(since_s, place.since_s), now_s)
        self._vain.move_to_end(asker)
        if len(self._vain) > MOST_ASKERS:
            self._vain.popitem(last=False)
        return Away(place.ticket.call, outcome, reason)

    def _since_s(self, asker: str, now_s: float) -> float:
        """Return since when `asker` asks in vain; now, when it does not."""
        since_s, lost_s = self._vain.pop(asker, (now_s, now_s))
        return since_s if now_s - lost_s <= COMES_BACK_S else now_s

    def _remove(self, place: _Place) -> None:
        del self._line[bisect_left(self._line, place)]
        del self._places[place.ticket.call]
        if len(self._deadlines) > 2 * (self._queue + 1):  # served ones leave theirs behind
            self._deadlines = [(one.ticket.deadline_s, call) for call, one in self._places.items()]
            heapq.heapify(self._deadlines)

    def _full(self) -> str:
        return f"the queue is full: {self._queue} wait and stand before it (cortex.queue); ask again later"


def _own(ticket: Ticket, npc: int) -> bool:
    """Return whether the NPC asked by itself; people and tools only name the NPC they ask about."""
    return ticket.npc == npc and not ticket.person
