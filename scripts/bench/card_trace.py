"""A day of the organs in small: who wants which model when, the loads that costs us, and the fewest it could cost.

The trace: conversations (a person speaks, is answered aloud about three seconds later, one to four times, pauses of
about eight seconds) begin every 40 s on average; NPCs look, in bursts of three to eight frames a second apart, every
30 s on average; and every 90 s something is announced without having been asked. They overlap as they come.
The clairvoyant knows the whole trace and serves it in its order: on a miss it throws out the model that is wanted
again the latest (Belady 1966), and it pins nothing.
"""

import heapq
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

import numpy as np

from nimmer.organs.intent import Intent, Load, Run, Unload
from nimmer.organs.residency import Residency

MODELS = ("vision", "stt", "tts")
LOAD_S = {"vision": 0.3, "stt": 1.0, "tts": 0.5}
UNLOAD_S = 0.02
RUN_S = {"vision": 0.03, "stt": 0.35, "tts": 0.1}
Trace = list[tuple[float, str]]
"""When, in s, and which model."""


def trace(requests: int, rng: np.random.Generator) -> Trace:
    """Return the first `requests` of a day."""
    asked: Trace = []
    length_s = requests * 10.0
    now_s = 0.0
    while now_s < length_s:
        now_s += float(rng.exponential(40.0))
        turn_s = now_s
        for _ in range(int(rng.integers(1, 5))):
            asked += [(turn_s, "stt"), (turn_s + float(rng.uniform(2, 4)), "tts")]
            turn_s += float(rng.uniform(6, 10))
    now_s = 0.0
    while now_s < length_s:
        now_s += float(rng.exponential(30.0))
        asked += [(now_s + frame, "vision") for frame in range(int(rng.integers(3, 9)))]
    now_s = 0.0
    while now_s < length_s:
        now_s += float(rng.exponential(90.0))
        asked.append((now_s, "tts"))
    return sorted(asked)[:requests]


def clairvoyant(wanted: Sequence[str], cards: int) -> int:
    """Return the fewest loads that serve `wanted` in its order on `cards` cards."""
    held: set[str] = set()
    loads = 0
    for place, model in enumerate(wanted):
        if model in held:
            continue
        loads += 1
        if len(held) == cards:
            later = wanted[place + 1 :]
            held.remove(max(held, key=lambda one: later.index(one) if one in later else len(later)))
        held.add(model)
    return loads


class Day:
    """The residency at work in simulated time."""

    def __init__(self, asked: Trace, cards: int, pinned: Sequence[str]) -> None:
        """Prepare; `live` runs it. longest_s: the longest anybody waited."""
        self.loads = 0
        self.longest_s = 0.0
        self._residency = Residency(cards, MODELS, 300.0, pinned)
        self._events: list[tuple[float, int, Callable[[float], list[Intent]]]] = []
        self._order = count()
        self._asked_s = {f"o{number}": at_s for number, (at_s, _) in enumerate(asked)}
        for number, (at_s, model) in enumerate(asked):
            self._at(at_s, partial(self._ask, f"o{number}", model))
        for second in range(int(asked[-1][0]) + 60):
            self._at(float(second), self._residency.tick)

    def live(self) -> "Day":
        """Run the day to its end."""
        while self._events:
            now_s, _, event = heapq.heappop(self._events)
            for intent in event(now_s):
                self._perform(intent, now_s)
        return self

    def _at(self, time_s: float, event: Callable[[float], list[Intent]]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), event))

    def _ask(self, operation: str, model: str, now_s: float) -> list[Intent]:
        return self._residency.ask(operation, model, now_s)

    def _ends(self, card: int, now_s: float) -> list[Intent]:
        return self._residency.ran(card, now_s) + self._residency.reported(card, now_s)

    def _perform(self, intent: Intent, now_s: float) -> None:
        match intent:
            case Load(card, model):
                self.loads += 1
                self._at(now_s + LOAD_S[model], partial(self._residency.loaded, card))
            case Unload(card, _):
                self._at(now_s + UNLOAD_S, partial(self._residency.unloaded, card))
            case Run(card, model, operation):
                self.longest_s = max(self.longest_s, now_s - self._asked_s[operation])
                self._at(now_s + RUN_S[model], partial(self._ends, card))
