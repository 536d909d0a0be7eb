"""The governor's rule and its envelope: who gets how much, and why nothing a net proposes can do harm.

The static rule gives more to those who know less. The envelope takes any proposal, from that rule or from a
net that has lost its mind, and returns allocations that are within range, within capacity and not far from the
last ones, with every correction named. What cannot be used at all is replaced by the rule, the same epoch.
Source: docs/domain.md section 8 (governor, ranges); docs/design.md ("the governor is safe").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Literal, get_args

Mode = Literal["net", "rule", "shadow", "off"]
"""Who decides: the net, the rule, the rule with the net recommending, or nobody."""
MODES: tuple[Mode, ...] = get_args(Mode)
GATES_MOST = 8
LIFEFORCE_LOW = 20.0
"""Below this a body is spared: it gets the floor's ticks unless it still has much to learn."""


@dataclass(frozen=True, slots=True)
class NpcSituation:
    """What the governor sees of one NPC. Shares are 0..1, lateness in ms, lifeforce in its own unit.

    What happened since the last epoch: cpu_used_percent: of one core; ticks_kept: share of the due ticks that were
    done; and, as much of it as falls to 5 s, however long the epoch was: gained: coverage; earned: lifeforce, below
    0 when it shrank; met, missed: triggers, in a live village runs of nerves that succeeded, and that failed or
    timed out; the training world counts those too that nobody noticed before their deadline. What is so now:
    balance: income over expense (lambda); gates_open: how many; urgent: one of them for danger or battery;
    cortex_wait_ms: of its oldest open question; occupants: others on its node; news: houses the best-informed of
    them knows and it does not.
    """

    npc: int
    alive: bool
    tick_hz: float
    cpu_percent: float
    coverage: float
    energy: float
    lifeforce: float
    lateness_p99_ms: float = 0.0
    wants_cortex: bool = False
    cpu_used_percent: float = 0.0
    ticks_kept: float = 1.0
    gained: float = 0.0
    earned: float = 0.0
    met: float = 0.0
    missed: float = 0.0
    balance: float = 1.0
    gates_open: int = 0
    urgent: bool = False
    cortex_wait_ms: float = 0.0
    occupants: int = 0
    news: int = 0


@dataclass(frozen=True, slots=True)
class VillageSituation:
    """What the governor sees of the world as a whole.

    level: of the curriculum, from 1; capacity_percent: of one core, for all NPCs together; cortex_slots: questions
    it answers at a time; cortex_queue: questions that wait; cortex_p95_ms: how long answers took since the last
    epoch, in the training world the longest wait that ended, by an answer or by giving up; cortex_stuck: it has not
    answered within its timeout; lifeforce_budget: what all living NPCs have together. A live village has no cortex
    yet: what is about one is as it is by default.
    """

    level: int
    capacity_percent: float
    cortex_slots: int = 0
    cortex_queue: int = 0
    cortex_p95_ms: float = 0.0
    cortex_stuck: bool = False
    lifeforce_budget: float = 0.0


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one NPC gets for an epoch. gates: per gate 0 auto, 1 force open, -1 force close."""

    npc: int
    tick_hz: float
    cpu_percent: float
    gates: tuple[int, ...] = (0,) * GATES_MOST
    cortex_permission: bool = False
    cortex_priority: int = 0
    nice: int = 0


@dataclass(frozen=True, slots=True)
class Clamp:
    """One correction the envelope made: whose, of what, from what to what, and why."""

    npc: int
    what: str
    proposed: float
    given: float
    why: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Ranges an allocation must lie in. Floor and ceiling of the tick rate may meet: all NPCs at one rate."""

    min_tick_hz: float = 1.0
    max_tick_hz: float = 20.0
    min_cpu_percent: float = 5.0
    max_cpu_percent: float = 100.0

    def __post_init__(self) -> None:
        """Raise ValueError, naming the keys and the range, when a range is empty or outside the domain's."""
        if not 1.0 <= self.min_tick_hz <= self.max_tick_hz <= 20.0:
            raise ValueError(
                f"min_tick_hz {self.min_tick_hz} and max_tick_hz {self.max_tick_hz} must be 1..20, in that order"
            )
        if not 5.0 <= self.min_cpu_percent <= self.max_cpu_percent <= 100.0:
            raise ValueError(
                f"min_cpu_percent {self.min_cpu_percent} and max_cpu_percent {self.max_cpu_percent} "
                "must be 5..100, in that order"
            )


DEFAULT_LIMITS = Limits()


def static_rule(
    situations: Sequence[NpcSituation], capacity_percent: float, limits: Limits = DEFAULT_LIMITS
) -> list[Allocation]:
    """Return one allocation per living NPC, in the given order: more to those who know less.

    1. everybody gets the floor; 2. what is left of `capacity_percent` (percent of one core, so 200 for two) is
    shared by need, which is what an NPC does not know yet; 3. the tick rate follows need between floor and
    ceiling; 4. one who is both ignorant and out of lifeforce ticks at half need, so that it can recover.
    The floor is given even where the capacity is smaller; the envelope says so.
    """
    living = [situation for situation in situations if situation.alive]
    needs = [_need(situation) for situation in living]
    total = sum(needs)
    spare = max(0.0, capacity_percent - limits.min_cpu_percent * len(living))
    span_hz = limits.max_tick_hz - limits.min_tick_hz
    found: list[Allocation] = []
    for situation, need in zip(living, needs, strict=True):
        share = spare * need / total if total > 0.0 else spare / len(living)
        found.append(
            Allocation(
                situation.npc,
                limits.min_tick_hz + span_hz * need,
                min(limits.max_cpu_percent, limits.min_cpu_percent + share),
                cortex_permission=situation.wants_cortex,
                cortex_priority=round(10 * need),
                nice=round(10 * (1.0 - need)),
            )
        )
    return found


def _need(situation: NpcSituation) -> float:
    coverage = situation.coverage if isfinite(situation.coverage) else 1.0
    need = 1.0 - min(1.0, max(0.0, coverage))
    return need / 2 if situation.lifeforce < LIFEFORCE_LOW else need


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the envelope gave, what it corrected, and whether it had to fall back to the rule."""

    allocations: list[Allocation]
    clamped: list[Clamp]
    fell_back: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """The bounds of every epoch.

    capacity_percent: percent of one core for all NPCs together; max_tick_step_hz, max_cpu_step: how far one
    NPC's rate and quota may move in one epoch.
    """

    capacity_percent: float
    max_tick_step_hz: float = 5.0
    max_cpu_step: float = 25.0
    limits: Limits = field(default=DEFAULT_LIMITS)

    def __post_init__(self) -> None:
        """Raise ValueError, naming the key and the value, when a bound is no positive number."""
        for name in ("capacity_percent", "max_tick_step_hz", "max_cpu_step"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise ValueError(f"{name} is {value}; it must be a positive number")

    def apply(
        self,
        proposed: Sequence[Allocation],
        previous: Mapping[int, Allocation],
        situations: Sequence[NpcSituation],
    ) -> Verdict:
        """Return safe allocations for the living of `situations`, in their order.

        1. unusable (a living NPC missing, one named twice, more than half of the numbers not finite): the rule
        instead; 2. no further than one step from `previous`; 3. every number into its range; 4. quotas scaled
        until their sum fits the capacity, however far that is, but never below the floor: where even the floors
        are more than the capacity the floor wins, and the corrections say so. Never raises for a bad proposal.
        """
        living = [situation.npc for situation in situations if situation.alive]
        clamped: list[Clamp] = []
        reason = _unusable(proposed, living)
        if reason:
            clamped.append(Clamp(-1, "proposal", float(len(proposed)), float(len(living)), reason))
            proposed = static_rule(situations, self.capacity_percent, self.limits)
        by_npc = {allocation.npc: allocation for allocation in proposed}
        bounded = [self._bounded(by_npc[npc], previous.get(npc), clamped) for npc in living]
        return Verdict(self._within_capacity(bounded, clamped), clamped, bool(reason))

    def _bounded(self, wish: Allocation, last: Allocation | None, clamped: list[Clamp]) -> Allocation:
        limits = self.limits
        tick = _Range(limits.min_tick_hz, limits.max_tick_hz, self.max_tick_step_hz)
        cpu = _Range(limits.min_cpu_percent, limits.max_cpu_percent, self.max_cpu_step)
        tick_hz = tick.into(
            wish.npc, "tick_hz", wish.tick_hz, None if last is None else last.tick_hz, clamped
        )
        cpu_percent = cpu.into(
            wish.npc, "cpu_percent", wish.cpu_percent, None if last is None else last.cpu_percent, clamped
        )
        priority = _PRIORITY.into(wish.npc, "cortex_priority", wish.cortex_priority, None, clamped)
        nice = _NICE.into(wish.npc, "nice", wish.nice, None, clamped)
        gates = _gates(wish, clamped)
        return Allocation(
            wish.npc, tick_hz, cpu_percent, gates, bool(wish.cortex_permission), int(priority), int(nice)
        )

    def _within_capacity(self, wishes: list[Allocation], clamped: list[Clamp]) -> list[Allocation]:
        total = sum(allocation.cpu_percent for allocation in wishes)
        if total <= self.capacity_percent:
            return wishes
        floor = self.limits.min_cpu_percent
        above = total - floor * len(wishes)
        keep = max(0.0, (self.capacity_percent - floor * len(wishes)) / above) if above > 0.0 else 0.0
        why = f"sum {total:.1f} is over the capacity {self.capacity_percent:g}"
        if floor * len(wishes) > self.capacity_percent:
            why = f"even the floor of {floor:g} each is over the capacity {self.capacity_percent:g}"
        found: list[Allocation] = []
        for wish in wishes:
            # rounding may put the sum a hair above the capacity: give a hair less
            given = max(floor, floor + (wish.cpu_percent - floor) * keep * (1.0 - 1e-9))
            clamped.append(Clamp(wish.npc, "cpu_percent", wish.cpu_percent, given, why))
            found.append(replace(wish, cpu_percent=given))
        return found


@dataclass(frozen=True, slots=True)
class _Range:
    low: float
    high: float
    step: float = 1e9

    def into(self, npc: int, what: str, wish: float, last: float | None, clamped: list[Clamp]) -> float:
        """Return `wish` inside the range and one step of `last` (the range wins), noting what was changed."""
        anchor = None if last is None or not isfinite(last) else last
        if not isfinite(wish):
            given = min(self.high, max(self.low, self.low if anchor is None else anchor))
            clamped.append(Clamp(npc, what, wish, given, "not a finite number"))
            return given
        given, why = wish, ""
        if anchor is not None and abs(wish - anchor) > self.step:
            given = anchor + self.step if wish > anchor else anchor - self.step
            why = f"more than {self.step:g} from the last epoch's {anchor:g}"
        if not self.low <= given <= self.high:
            given = min(self.high, max(self.low, given))
            why = f"outside {self.low:g}..{self.high:g}"
        if why:
            clamped.append(Clamp(npc, what, wish, given, why))
        return given


_PRIORITY = _Range(0.0, 10.0)
_NICE = _Range(-20.0, 19.0)


def _gates(wish: Allocation, clamped: list[Clamp]) -> tuple[int, ...]:
    gates = tuple(int(mode) if mode in (-1, 0, 1) else 0 for mode in wish.gates[:GATES_MOST])
    if gates != tuple(wish.gates):
        clamped.append(
            Clamp(wish.npc, "gates", len(wish.gates), len(gates), "modes are -1, 0 or 1, for 8 gates")
        )
    return gates + (0,) * (GATES_MOST - len(gates))


def _unusable(proposed: Sequence[Allocation], living: list[int]) -> str:
    named = [allocation.npc for allocation in proposed]
    if len(set(named)) != len(named):
        return "an NPC is named twice"
    missing = set(living) - set(named)
    if missing:
        return f"{len(missing)} living NPCs are missing, {min(missing)} first"
    numbers = [number for one in proposed for number in (one.tick_hz, one.cpu_percent)]
    if 2 * sum(1 for number in numbers if not isfinite(number)) > len(numbers):
        return "most numbers are not finite"
    return ""
