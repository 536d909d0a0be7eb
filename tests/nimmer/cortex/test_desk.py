from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimmer.cortex.desk import CLOSED, COMES_BACK_S, Away, Begin, Decision, Desk, Ticket

NAMES = count()


def ticket(
    priority: int,
    at_s: float,
    ttl_s: float = 1e6,
    npc: int | None = None,
    asker: str = "",
    person: bool = False,
) -> Ticket:
    name = f"call-{next(NAMES)}"
    return Ticket(name, asker or name, npc, priority, at_s, at_s + ttl_s, person)


def outcomes(decisions: list[Decision]) -> list[str]:
    return [one.outcome for one in decisions if isinstance(one, Away)]


def begun(decisions: list[Decision]) -> list[str]:
    return [one.call for one in decisions if isinstance(one, Begin)]


def busy(slots: int = 1, queue: int = 10, ageing_s: float = 1.0) -> tuple[Desk, Ticket]:
    """A desk whose one slot is taken."""
    desk, first = Desk(slots, queue, ageing_s), ticket(5, 0.0)
    assert begun(desk.ask(first, 0.0)) == [first.call]
    return desk, first


def served_in_order(desk: Desk, running: Ticket, now_s: float) -> list[str]:
    order: list[str] = []
    last = running.call
    while found := begun(desk.done(last, now_s)):
        order += found
        last = found[0]
    return order


def test_who_finds_a_free_slot_begins_at_once_and_the_rest_waits() -> None:
    desk = Desk(2, 10, 1.0)
    three = [ticket(5, 0.0) for _ in range(3)]
    assert [bool(begun(desk.ask(one, 0.0))) for one in three] == [True, True, False]
    assert (desk.running, desk.waiting) == (2, 1)


def test_the_more_urgent_is_next_and_among_equals_the_older() -> None:
    desk, first = busy(ageing_s=1e9)
    low, old, high, young = ticket(1, 1.0), ticket(5, 2.0), ticket(9, 3.0), ticket(5, 4.0)
    for one in (low, old, high, young):
        desk.ask(one, one.at_s)
    assert served_in_order(desk, first, 5.0) == [high.call, old.call, young.call, low.call]


def test_waiting_for_ageing_s_is_worth_one_step_of_priority() -> None:
    desk, first = busy(ageing_s=2.0)
    patient, eager = ticket(3, 0.0), ticket(5, 3.9)
    desk.ask(patient, 0.0)
    desk.ask(eager, 3.9)
    assert served_in_order(desk, first, 4.0)[0] == eager.call
    desk, first = busy(ageing_s=2.0)
    patient, eager = ticket(3, 0.0), ticket(5, 4.1)
    desk.ask(patient, 0.0)
    desk.ask(eager, 4.1)
    assert served_in_order(desk, first, 4.2)[0] == patient.call


def test_who_waited_too_long_is_turned_away_and_never_begins() -> None:
    desk, first = busy()
    late = ticket(9, 0.0, ttl_s=4.0)
    desk.ask(late, 0.0)
    assert desk.expire(3.9) == []
    (away,) = desk.done(first.call, 4.0)
    assert isinstance(away, Away)
    assert (away.call, away.outcome) == (late.call, "expired")
    assert (desk.running, desk.waiting) == (0, 0)


def test_a_full_queue_denies_whoever_stands_last_even_if_that_is_not_the_newcomer() -> None:
    desk, _ = busy(queue=2)
    low, mid, high, none = ticket(1, 0.0), ticket(5, 0.0), ticket(9, 0.0), ticket(0, 0.0)
    assert desk.ask(low, 0.0) == desk.ask(mid, 0.0) == []
    (away,) = desk.ask(high, 0.0)
    assert isinstance(away, Away)
    assert (away.call, away.outcome) == (low.call, "denied")
    assert "cortex.queue" in away.reason
    (away,) = desk.ask(none, 0.0)
    assert away.call == none.call


def test_a_closed_gate_denies_at_once_and_lets_who_runs_be_answered() -> None:
    desk, first = busy()
    waiting = ticket(5, 0.0)
    desk.ask(waiting, 0.0)
    assert desk.close() == [Away(waiting.call, "denied", CLOSED)]
    assert outcomes(desk.ask(ticket(10, 1.0), 1.0)) == ["denied"]
    assert desk.running == 1
    desk.done(first.call, 2.0)
    desk.reopen()
    assert begun(desk.ask(ticket(0, 3.0), 3.0))


def test_what_an_npc_asked_is_cancelled_running_or_waiting_and_its_slot_is_free() -> None:
    desk = Desk(1, 10, 1.0)
    runs, waits, other = ticket(5, 0.0, npc=7), ticket(5, 0.0, npc=7), ticket(5, 0.0, npc=8)
    for one in (runs, waits, other):
        desk.ask(one, 0.0)
    decisions = desk.cancel(7, "it died", 1.0)
    assert {one.call for one in decisions if isinstance(one, Away)} == {runs.call, waits.call}
    assert begun(decisions) == [other.call]
    assert desk.cancel(7, "it died", 1.0) == []


def test_who_speaks_with_an_npc_that_moves_on_is_answered_all_the_same() -> None:
    desk = Desk(2, 10, 1.0)
    asked = ticket(5, 0.0, npc=7, person=True)
    desk.ask(asked, 0.0)
    assert desk.cancel(7, "the village went up", 1.0) == []


def test_who_is_turned_away_and_comes_back_soon_keeps_its_place_in_time() -> None:
    desk, first = busy(ageing_s=1.0)
    desk.ask(ticket(3, 0.0, ttl_s=4.0, asker="npc 1"), 0.0)
    desk.expire(4.0)
    again, rival = ticket(3, 4.0, asker="npc 1"), ticket(6, 4.0, asker="npc 2")
    desk.ask(again, 4.0)
    desk.ask(rival, 4.0)
    assert served_in_order(desk, first, 5.0) == [again.call, rival.call]


def test_who_stays_away_for_long_begins_anew() -> None:
    desk, first = busy(ageing_s=1.0)
    desk.ask(ticket(3, 0.0, ttl_s=4.0, asker="npc 1"), 0.0)
    desk.expire(4.0)
    back_s = 4.0 + COMES_BACK_S + 0.1
    again, rival = ticket(3, back_s, asker="npc 1"), ticket(4, back_s, asker="npc 2")
    desk.ask(again, back_s)
    desk.ask(rival, back_s)
    assert served_in_order(desk, first, back_s)[0] == rival.call


def test_people_leave_a_slot_to_the_npcs_however_urgent_and_many_they_are() -> None:
    desk = Desk(3, 10, 1.0)
    people = [ticket(10, 0.0, person=True) for _ in range(4)]
    assert [bool(begun(desk.ask(one, 0.0))) for one in people] == [True, True, False, False]
    npc = ticket(0, 9.0, npc=7)
    assert begun(desk.ask(npc, 9.0)) == [npc.call]
    assert begun(desk.done(npc.call, 10.0)) == []
    assert begun(desk.done(people[0].call, 10.0)) == [people[2].call]


def test_people_and_npcs_share_a_single_slot() -> None:
    desk = Desk(1, 10, 1.0)
    person, npc = ticket(3, 0.0, person=True), ticket(5, 0.0, npc=7)
    assert begun(desk.ask(person, 0.0)) == [person.call]
    assert begun(desk.ask(npc, 0.0)) == []
    assert begun(desk.done(person.call, 1.0)) == [npc.call]


def test_a_call_is_at_the_desk_once() -> None:
    desk, first = busy()
    with pytest.raises(ValueError, match="already"):
        desk.ask(first, 1.0)
    assert desk.done("nobody", 1.0) == []


class Bookkeeping:
    """Follows a desk's decisions as its shell would, and holds them to the bounds."""

    def __init__(self, slots: int, queue: int) -> None:
        self.desk = Desk(slots, queue, 1.0)
        self.slots, self.queue = slots, queue
        self.waiting: set[str] = set()
        self.running: set[str] = set()
        self.people: set[str] = set()

    def act(self, what: str, priority: int, npc: int, now_s: float) -> list[Decision]:
        if what == "ask":
            one = ticket(priority, now_s, ttl_s=3.0, npc=npc, asker=f"npc {npc}", person=npc > 1)
            if one.person:
                self.people.add(one.call)
            self.waiting.add(one.call)
            return self.desk.ask(one, now_s)
        if what == "cancel":
            return self.desk.cancel(npc, "moved on", now_s)
        leaving = {"done": self.running, "leave": self.waiting}.get(what)
        return self.desk.done(leaving.pop(), now_s) if leaving else self.desk.expire(now_s)

    def follow(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision, Begin):
                self.waiting.remove(decision.call)
                self.running.add(decision.call)
            else:
                assert decision.call in self.waiting | self.running
                self.waiting.discard(decision.call)
                self.running.discard(decision.call)

    def check(self) -> None:
        assert (self.desk.waiting, self.desk.running) == (len(self.waiting), len(self.running))
        assert len(self.running) <= self.slots
        assert len(self.waiting) <= self.queue
        full = len(self.running) == self.slots
        people = len(self.running & self.people)
        assert people <= max(self.slots - 1, 1)
        assert full or not self.waiting - self.people
        assert full or people == max(self.slots - 1, 1) or not self.waiting


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "ask", "done", "expire", "cancel", "leave")),
        st.integers(0, 10),
        st.integers(0, 3),
        st.floats(0.0, 2.0),
    ),
    max_size=120,
)


@given(EVENTS, st.integers(1, 3), st.integers(1, 4))
def test_whatever_happens_slots_and_queue_hold_and_each_call_ends_once(
    events: list[tuple[str, int, int, float]], slots: int, queue: int
) -> None:
    book, now_s = Bookkeeping(slots, queue), 0.0
    for what, priority, npc, step_s in events:
        now_s += step_s
        book.follow(book.act(what, priority, npc, now_s))
        book.check()
