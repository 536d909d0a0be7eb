"""Nobody starves: ten simulated minutes at 120 % load, and the bound that docs/cortex.md proves."""

import heapq
from dataclasses import dataclass, field
from math import ceil

import pytest

from nimmer.chance import Chance
from nimmer.cortex.desk import Away, Begin, Decision, Desk, Ticket

SLOTS, SERVICE_S, AGEING_S, TTL_S = 4, 1.0, 1.0, 4.0
MINUTES_10_S = 600.0
ASKERS = 40
INTERVAL_S = ASKERS * SERVICE_S / (SLOTS * 1.2)
"""Each asks so often on average: together 120 % of what the slots can answer, whatever becomes of it."""
AGAIN_S = 0.2
MOST_S = 1.5 * INTERVAL_S


@dataclass
class Village:
    """Askers that ask for 120 % of what the slots can answer; none has two questions open."""

    desk: Desk
    seed: int
    vain_since_s: dict[int, float] = field(default_factory=dict)
    longest_s: dict[int, float] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)
    lost: int = 0

    def __post_init__(self) -> None:
        self._rng = Chance(self.seed).generator("starvation")
        self._of: dict[str, int] = {}
        self._events: list[tuple[float, int, str, int]] = []
        self._number = 0
        for npc in range(ASKERS):
            self._at(float(self._rng.uniform(0.0, 2.0)), "ask", npc)

    def priority(self, npc: int) -> int:
        return npc % 11

    def live(self, until_s: float) -> None:
        while self._events and self._events[0][0] <= until_s:
            now_s, _, what, npc = heapq.heappop(self._events)
            if what == "ask":
                self._ask(npc, now_s)
            elif what == "expire":
                self._follow(self.desk.expire(now_s), now_s)
            else:
                self._follow(self.desk.done(what, now_s), now_s)
                self._over(npc, now_s)

    def _ask(self, npc: int, now_s: float) -> None:
        self._number += 1
        call = f"call-{self._number}"
        self._of[call] = npc
        self.vain_since_s.setdefault(npc, now_s)
        one = Ticket(call, f"npc {npc}", npc, self.priority(npc), now_s, now_s + TTL_S)
        self._at(now_s + TTL_S, "expire", npc)
        self._asked(npc, now_s)
        self._follow(self.desk.ask(one, now_s), now_s)

    def _follow(self, decisions: list[Decision], now_s: float) -> None:
        for decision in decisions:
            npc = self._of[decision.call]
            if isinstance(decision, Begin):
                waited_s = now_s - self.vain_since_s.pop(npc)
                self.longest_s[npc] = max(self.longest_s.get(npc, 0.0), waited_s)
                self.served[npc] = self.served.get(npc, 0) + 1
                self._at(now_s + SERVICE_S, decision.call, npc)
            else:
                assert isinstance(decision, Away)
                self.lost += 1
                self._over(npc, now_s)

    def _asked(self, npc: int, now_s: float) -> None:
        self._at(now_s + float(self._rng.uniform(0.5, 1.5)) * INTERVAL_S, "ask", npc)

    def _over(self, npc: int, now_s: float) -> None:
        """Nothing follows from an outcome."""

    def _at(self, at_s: float, what: str, npc: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (at_s, self._number, what, npc))


def bound_s(priority: int, asks_every_s: float) -> float:
    """The bound of docs/cortex.md: until no newcomer passes it, then as often as the others can be before it."""
    windows = ceil(ASKERS * SERVICE_S / (SLOTS * TTL_S))
    return (10 - priority) * AGEING_S + (1 + windows) * asks_every_s


class Impatient(Village):
    """Nobody rests: who is turned away or answered asks again at once, far above 120 %."""

    def _asked(self, npc: int, now_s: float) -> None:
        """The next question follows from the outcome."""

    def _over(self, npc: int, now_s: float) -> None:
        self._at(now_s + AGAIN_S, "ask", npc)


def waits(village: Village) -> list[tuple[int, float]]:
    """Every asker's longest vain asking, and those that are not over."""
    still = [(npc, MINUTES_10_S - since_s) for npc, since_s in village.vain_since_s.items()]
    return [*village.longest_s.items(), *still]


def test_at_120_percent_load_for_ten_minutes_everybody_is_served_within_the_bound() -> None:
    village = Village(Desk(SLOTS, 64, AGEING_S), seed=5)
    village.live(MINUTES_10_S)
    assert set(village.served) == set(range(ASKERS))
    assert village.lost > 0.1 * sum(village.served.values())
    assert all(waited_s <= bound_s(village.priority(npc), MOST_S) for npc, waited_s in waits(village))


@pytest.mark.parametrize("queue", [64, 6])
def test_when_everybody_asks_without_rest_everybody_is_served_within_the_bound(queue: int) -> None:
    village = Impatient(Desk(SLOTS, queue, AGEING_S), seed=5)
    village.live(MINUTES_10_S)
    assert village.lost > 100
    assert set(village.served) == set(range(ASKERS))
    assert all(
        waited_s <= bound_s(village.priority(npc), TTL_S + AGAIN_S) for npc, waited_s in waits(village)
    )


def test_the_urgent_wait_less_than_the_patient() -> None:
    village = Impatient(Desk(SLOTS, 64, AGEING_S), seed=5)
    village.live(MINUTES_10_S)
    of = {priority: [npc for npc in range(ASKERS) if npc % 11 == priority] for priority in (0, 10)}
    served = {priority: sum(village.served[npc] for npc in npcs) / len(npcs) for priority, npcs in of.items()}
    assert served[10] > served[0]


def test_without_ageing_the_least_urgent_would_starve() -> None:
    village = Impatient(Desk(SLOTS, 64, ageing_s=1e9), seed=5)
    village.live(MINUTES_10_S)
    assert not any(village.served.get(npc, 0) > 1 for npc in range(ASKERS) if village.priority(npc) == 0)


def test_the_simulation_is_the_same_each_time() -> None:
    runs = [Village(Desk(SLOTS, 64, AGEING_S), seed=9) for _ in range(2)]
    for run in runs:
        run.live(60.0)
    assert runs[0].served == runs[1].served
    assert runs[0].longest_s == runs[1].longest_s
