"""A day of the organs in small: who wants which model when, the loads that costs us, and the fewest it could cost.

The trace: conversations (a person speaks, is answered aloud about three seconds later, one to four times, pauses of
about eight seconds) begin every 40 s on average; NPCs look, in bursts of three to eight frames a second apart, every
30 s on average; and every 90 s something is announced without having been asked. They overlap as they come.
The clairvoyant knows the whole trace and serves it in its order: on a miss it throws out the model that is wanted
again the latest (Belady 1966), and it pins nothing.
"""

import heapq
from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from nimmer.organs.intent import Intent, Load, Run, Unload
from nimmer.organs.residency import Residency

MODELS = ("vision", "stt", "tts")
LOAD_S = {"vision": 0.3, "stt": 1.0, "tts": 0.5}
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


def ours(asked: Trace, cards: int, pinned: Sequence[str], idle_s: float = 300.0) -> tuple[int, float]:
    """Return the loads the residency makes of it in simulated time, and the longest anybody waited, s."""
    residency = Residency(cards, MODELS, idle_s, pinned)
    events: list[tuple[float, int, Callable[[float], list[Intent]]]] = []
    order = count()
    loads = 0
    longest_s = 0.0
    when = {f"o{number}": at_s for number, (at_s, _) in enumerate(asked)}

    def at(time_s: float, event: Callable[[float], list[Intent]]) -> None:
        heapq.heappush(events, (time_s, next(order), event))

    def perform(intent: Intent, now_s: float) -> None:
        nonlocal loads, longest_s
        match intent:
            case Load(card, model):
                loads += 1
                at(now_s + LOAD_S[model], lambda s: residency.loaded(card, s))
            case Unload(card, _):
                at(now_s + 0.02, lambda s: residency.unloaded(card, s))
            case Run(card, model, operation):
                longest_s = max(longest_s, now_s - when[operation])
                at(now_s + RUN_S[model], lambda s: residency.ran(card, s) + residency.reported(card, s))

    for number, (time_s, model) in enumerate(asked):
        at(time_s, lambda s, name=f"o{number}", model=model: residency.ask(name, model, s))  # type: ignore[misc]
    for second in range(int(asked[-1][0]) + 60):
        at(float(second), residency.tick)
    while events:
        now_s, _, event = heapq.heappop(events)
        for intent in event(now_s):
            perform(intent, now_s)
    return loads, longest_s
