"""One run of a nerve: from leaving its rest to being back in it, as data for gates, ledger and trails.

A run is open while the nerve walks (`Run`) and becomes a `NerveRun` when it ends.
Source: docs/domain.md sections 5 (modes, outcomes), 6 (training rubric) and 11 (decision_trails).
"""

from enum import IntEnum
from typing import Any, NamedTuple

from nimmer.life.action import Action

MOST_STATES = 16
MOST_READS = 8
MOST_COMMANDS = 8
RUBRIC_STEP = 0.1
RUBRIC_SUCCESS = 1.0


class Mode(IntEnum):
    """How far a nerve has grown: it thinks, it remembers, or it just does."""

    DELIBERATE = 0
    HYBRID = 1
    REFLEX = 2


class RunOutcome(IntEnum):
    """How a run ended; a gate learns from it: confirmed, failed, failed, partial."""

    ABANDONED = 0
    SUCCESS = 1
    FAILURE = 2
    TIMEOUT = 3


class RunEvent(IntEnum):
    """What became of the nerve's skill by this run."""

    NONE = 0
    COMPILED = 1
    DEMOTED = 2


class NerveRun(NamedTuple):
    """One finished run.

    serial: counts this nerve's runs; nerve: its number in records; states: indices into its states, loops cut;
    reads: codes of the cells its conditions looked at; commands: (verb, slot) of what it did; cost, reward:
    lifeforce spent and earned; rubric: a currency of its own; acted_s: first act, 0.0 none; ticks: of the
    percepts; matched: a stored pattern was used; latency_s: from the first step of the unbroken walk that led
    to the first act (standing ready for the brain to go wrong is not thinking), 0.0 none; thought: an edge on the way
    to that act was deliberated.
    """

    serial: int
    nerve: int
    mode: Mode
    outcome: RunOutcome
    event: RunEvent
    states: tuple[int, ...]
    reads: tuple[int, ...]
    commands: tuple[tuple[int, int], ...]
    cost: float
    reward: float
    rubric: float
    started_s: float
    acted_s: float
    ended_s: float
    started_tick: int
    ended_tick: int
    matched: bool
    latency_s: float = 0.0
    thought: bool = False


class Run:
    """A run that is going on."""

    __slots__ = (
        "acted",
        "acted_s",
        "commands",
        "cost",
        "latency_s",
        "matched",
        "mode",
        "reads",
        "reward",
        "roused_s",
        "serial",
        "started_s",
        "started_tick",
        "states",
        "strayed",
        "thought",
    )

    def __init__(self, serial: int, mode: Mode, state: int, now_s: float, tick: int) -> None:
        """Begin in `state` at `now_s`, percept tick `tick`."""
        self.serial = serial
        self.mode = mode
        self.states = [state]
        self.reads = 0
        self.commands: list[tuple[int, int]] = []
        self.cost = 0.0
        self.reward = 0.0
        self.started_s = now_s
        self.started_tick = tick
        self.roused_s = now_s
        self.acted = False
        self.acted_s = 0.0
        self.latency_s = 0.0
        self.matched = False
        self.strayed = False
        self.thought = False

    def enter(self, state: int) -> None:
        """Add `state` to the path, or cut the loop that came back to it."""
        states = self.states
        if state in states:
            del states[states.index(state) + 1 :]
        elif len(states) < MOST_STATES:
            states.append(state)

    def act(self, action: Action | None, now_s: float) -> None:
        """Note an act, None when it moved nothing."""
        if not self.acted:
            self.acted = True
            self.acted_s = now_s
            self.latency_s = max(0.0, now_s - self.roused_s)  # a clock may go back
        if action is not None and len(self.commands) < MOST_COMMANDS:
            self.commands.append((int(action[0]), int(action[1])))

    def end(self, nerve: int, outcome: RunOutcome, event: RunEvent, now_s: float, tick: int) -> NerveRun:
        """Return this run as a record. The rubric pays a step of the path .1 and a success 1."""
        rubric = RUBRIC_STEP * (len(self.states) - 1)
        if outcome == RunOutcome.SUCCESS:
            rubric += RUBRIC_SUCCESS
        reads = [code for code in range(self.reads.bit_length()) if self.reads >> code & 1]
        return NerveRun(
            self.serial, nerve, self.mode, outcome, event, tuple(self.states), tuple(reads[:MOST_READS]),
            tuple(self.commands), self.cost, self.reward, rubric, self.started_s, self.acted_s, now_s,
            self.started_tick, tick, self.matched, self.latency_s, self.thought,
        )  # fmt: skip

    def state(self) -> list[object]:
        """Return the run as plain JSON values."""
        return [
            self.serial, int(self.mode), list(self.states), self.reads, [list(one) for one in self.commands],
            self.cost, self.reward, self.started_s, self.started_tick, self.roused_s, self.acted, self.acted_s,
            self.latency_s, self.matched, self.strayed, self.thought,
        ]  # fmt: skip

    @classmethod
    def restored(cls, state: list[Any], shift_s: float) -> "Run":
        """Return the run that `state` describes, its times moved by `shift_s`. Raises ValueError, TypeError."""
        (
            serial, mode, states, reads, commands, cost, reward, started_s, tick, roused_s, acted, acted_s,
            latency_s, matched, strayed, thought,
        ) = state  # fmt: skip
        run = cls(int(serial), Mode(mode), 0, float(started_s) + shift_s, int(tick))
        run.states = [int(one) for one in states]
        run.reads = int(reads)
        run.commands = [(int(verb), int(slot)) for verb, slot in commands]
        run.cost, run.reward = float(cost), float(reward)
        run.roused_s = float(roused_s) + shift_s
        run.acted = bool(acted)
        run.acted_s = float(acted_s) + shift_s if run.acted else 0.0
        run.latency_s = float(latency_s)
        run.matched, run.strayed, run.thought = bool(matched), bool(strayed), bool(thought)
        return run
