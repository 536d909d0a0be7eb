"""A body's nerves together: which gate wakes which, who moves, and what the gate learns from how it went.

Weights move here and nowhere else in a body: on the outcome of a nerve's run that followed the gate's opening.
Source: docs/domain.md sections 3.4 (learning), 4 (the loop) and 5 (nerves).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from nimmer.life.action import Action
from nimmer.life.gate import ResonantGate
from nimmer.life.nerve import Claim, Nerve, arbitrate
from nimmer.life.nerve_run import NerveRun, RunOutcome
from nimmer.life.scene import Scene
from nimmer.life.transition import Transition
from nimmer.life.verification import Outcome

DELIBERATION = 4
"""The tier of cognition: what a nerve thinks through may take as long."""
OUTCOMES = {
    RunOutcome.SUCCESS: Outcome.CONFIRMED,
    RunOutcome.FAILURE: Outcome.FAILED,
    RunOutcome.TIMEOUT: Outcome.FAILED,
    RunOutcome.ABANDONED: Outcome.PARTIAL,
}
"""What a run's end says of the opening that began it."""


class Opening(NamedTuple):
    """When and why a gate opened last: tick of the body, cause, time of the newest trigger wave in s, tier routed to."""

    tick: int = 0
    cause: int = 0
    trigger_s: float = 0.0
    tier: int = 0


class Lesson(NamedTuple):
    """One finished run and what it taught.

    nerve: its name; gate: index of the gate that woke the nerve; weight: before the lesson, delta: what it moved by; pays: lifeforce
    that the outcome earns, negative when it costs.
    """

    nerve: str
    run: NerveRun
    gate: int
    opening: Opening
    weight: float
    delta: float
    pays: float

    @property
    def tier(self) -> int:
        """Return the tier the run counts on: the one its gate routed to, unless the nerve had to think.

        Thinking is what a weight below .3 is routed to, whatever the trust of the pattern that opened the gate.
        """
        return max(self.opening.tier, DELIBERATION) if self.run.thought else self.opening.tier


class Behaviour:
    """The nerves of one body, in the order of their table."""

    __slots__ = ("_by_number", "_openings", "_woken_by", "gates", "nerves")

    def __init__(self, gates: Sequence[ResonantGate], nerves: Sequence[Nerve]) -> None:
        """Join `nerves` to the `gates` that wake them. Raises ValueError when a nerve names no gate of these."""
        names = [gate.spec.name for gate in gates]
        self.gates = tuple(gates)
        self.nerves = tuple(nerves)
        self._woken_by = tuple(gates[names.index(nerve.spec.gate)] for nerve in nerves)
        self._by_number = {nerve.number: nerve for nerve in nerves}
        self._openings = [Opening() for _ in gates]

    def heed(self, transition: Transition, tick: int) -> None:
        """Take note of a gate that opened in the body's `tick`."""
        newest_s = max(trigger[2] for trigger in transition.triggers)
        self._openings[transition.gate] = Opening(tick, transition.cause, newest_s, transition.tier)

    def opening(self, gate: int) -> Opening:
        """Return when and why gate number `gate` opened last."""
        return self._openings[gate]

    def move(self, scene: Scene, operational: Callable[[int], bool]) -> tuple[int, Action]:
        """Let every nerve live one tick; return who moves the body (0 the brain) and how."""
        claims: list[Claim] = []
        for nerve, gate in zip(self.nerves, self._woken_by, strict=True):
            able = nerve.able(operational)
            state = gate.discrete_state
            if able and (state > 0 or (state == 0 and nerve.holding)):
                claim = nerve.step(scene, gate.trust.weight)
                if claim is not None:
                    claims.append(claim)
            else:
                nerve.rest(able, scene)
        return arbitrate(claims, scene.wish) if claims else (0, scene.wish)

    def owed(self) -> float:
        """Return what the nerves owe since the last call, lifeforce."""
        due = 0.0
        for nerve in self.nerves:
            if nerve.due:
                due += nerve.collect()
        return due

    def learn(self, now_s: float) -> list[Lesson]:
        """Let the gates learn from the runs that ended since the last call, and return what was taught."""
        lessons: list[Lesson] = []
        for nerve, gate in zip(self.nerves, self._woken_by, strict=True):
            if not nerve.finished:
                continue
            for run in nerve.finished:
                weight = gate.trust.weight
                delta = gate.learn(OUTCOMES[run.outcome], now_s)
                opening, pays = self._openings[gate.index], nerve.pays[run.outcome]
                lessons.append(Lesson(nerve.name, run, gate.index, opening, weight, delta, pays))
            nerve.finished.clear()
        return lessons

    def demote(self, name: str) -> None:
        """Take the reflex of the nerve called `name` away."""
        for nerve in self.nerves:
            if nerve.name == name:
                nerve.evolution.demote()

    def weights(self) -> list[tuple[Nerve, float]]:
        """Return every nerve with the weight of the gate that wakes it."""
        return [(nerve, gate.trust.weight) for nerve, gate in zip(self.nerves, self._woken_by, strict=True)]

    def state_of(self, number: int) -> int:
        """Return the state of nerve `number`, 0 for the brain."""
        return self._by_number[number].current if number else 0

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "nerves": {nerve.spec.name: nerve.state() for nerve in self.nerves},
            "openings": [list(opening) for opening in self._openings],
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not that of such nerves.
        """
        for nerve in self.nerves:
            kept = state["nerves"].get(nerve.name)
            if kept is not None:  # a nerve that was not in the table before begins as a newborn's
                nerve.restore(kept, shift_s)
        self._openings = [
            Opening(int(tick), int(cause), float(trigger_s) + shift_s, int(tier))
            for tick, cause, trigger_s, tier in state["openings"]
        ]
