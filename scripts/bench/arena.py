"""A hundred living NPC processes commanded to 20 Hz on this machine's cores: ticks done, lateness, CPU per tick.

    scripts/bench/run arena

Three kinds of process make the very same tick (`NpcShell.tick`: percept, cells, gates, neural brain, rings, action)
in worlds of level 2 that one feeder process turns at 20 Hz, all in one run, taking turns:

- ours: `NpcShell.live` as the method of a Ray actor, as the village runs it;
- the floor: `NpcShell.live` in a plain forked process without Ray;
- the Ray call: the same actors, not living, each tick a call of their method `tick`, all actors at once, round upon
  round. Its CPU is that of the actors and of the caller, without raylet and GCS.

CPU is the sum over all threads (schedstat). Beyond idle means, stated both ways:

- "beyond 1 Hz": of the same living processes, (CPU at 20 Hz - CPU at 1 Hz) / (ticks at 20 Hz - ticks at 1 Hz), per
  second. What a process costs without ticking is in both and falls out;
- "beyond waiting": what the process uses at 20 Hz less what the same actor uses while it waits for calls. An actor
  that lives spends less than one that waits (docs/decisions/0003), so this is the smaller number. The ticks by Ray
  call are counted so, and those of plain processes beyond nothing, since they wait in no loop.

Ticks due are counted from outside: processes times 20 Hz times the wall time. Ratios: share of ticks done; p99 of the
lateness / 10 ms; CPU of the Ray call / ours, at least 5; ours / floor, at most 2. Medians over the pairs.
With --quick ten NPCs and one pair.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from hamlet import CLOCK, Feeder, Hamlet, awaited, cpu_ns, feeding, forked, hamlet, plain
from measurement import Measurement, cpu_seconds, meets
from quiet_ray import quiet_ray, ray

from actors.npc import NpcActor
from nimmer.arena.slot import Control, Slot

FAST_HZ = 20.0
SLOW_HZ = 1.0
SETTLE_S = 2.0
"""After a command: the longest period of the old rate, and as much again for the rush."""
LATE_MS = 10.0
BORN_S = 300.0


class Spell(NamedTuple):
    """What a group of processes did in a while."""

    cpu_us: float
    ticks: int
    wall_s: float

    def beyond(self, slow: "Spell") -> float:
        """Return what one tick more than in a slower while costs, us; a `slow` without ticks is idling."""
        ticks_per_s = self.ticks / self.wall_s - slow.ticks / slow.wall_s
        return (self.cpu_us / self.wall_s - slow.cpu_us / slow.wall_s) / ticks_per_s


class Turn(NamedTuple):
    """One turn of everybody: our lateness in ms, CPU per tick in us; `idle_us` per process and second."""

    share: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    ours: float
    ours_whole: float
    ours_over_waiting: float
    floor: float
    floor_whole: float
    call: float
    waiting_us: float
    slow_us: float


@dataclass(slots=True)
class Scene:
    """The processes of one run: as many in `ours`, lived in by Ray actors, as in `floor`, by plain processes."""

    ours: Hamlet
    floor: Hamlet
    feeder: Feeder
    plain: Sequence[int]
    actors: Sequence[Any]
    spell_s: float
    lives: list[Any] = field(default_factory=list)

    def turn(self) -> Turn:
        """Let every kind take its turn."""
        self._live()
        fast, floor_slow, (from_s, until_s) = self._rates(FAST_HZ, SLOW_HZ)
        slow, floor_fast, _ = self._rates(SLOW_HZ, FAST_HZ)
        self._rest()
        waiting = self._spell(self.ours, self.ours.pids(), lambda: CLOCK.wait_s(self.spell_s))
        call = self._called()
        late_ms = self.feeder.ticks(0, from_s, until_s).late_us / 1e3
        return Turn(
            share=fast.ticks / (self.ours.npcs * FAST_HZ * fast.wall_s),
            p50_ms=float(np.percentile(late_ms, 50)),
            p99_ms=float(np.percentile(late_ms, 99)),
            worst_ms=float(late_ms.max()),
            ours=fast.beyond(slow),
            ours_whole=fast.cpu_us / fast.ticks,
            ours_over_waiting=fast.beyond(waiting),
            floor=floor_fast.beyond(floor_slow),
            floor_whole=floor_fast.cpu_us / floor_fast.ticks,
            call=call.beyond(waiting),
            waiting_us=waiting.cpu_us / waiting.wall_s / self.ours.npcs,
            slow_us=slow.cpu_us / slow.wall_s / self.ours.npcs,
        )

    def _live(self) -> None:
        """Let the actors live, which they do until `_rest`."""
        self.ours.board.control["stop"] = 0
        begun = self.ours.ticks_done().copy()
        self.lives = [actor.live.remote() for actor in self.actors]
        awaited(lambda: (self.ours.ticks_done() > begun + 1).all(), BORN_S, "a first tick of everyone")

    def _rest(self) -> None:
        self.floor.command(SLOW_HZ)
        self.ours.board.control["stop"] = 1
        ray.get(self.lives)
        CLOCK.wait_s(SETTLE_S)

    def _rates(self, ours_hz: float, floor_hz: float) -> tuple[Spell, Spell, tuple[float, float]]:
        """Tick for a while at these rates; return what our processes did, what the plain ones, and when."""
        self.ours.command(ours_hz)
        self.floor.command(floor_hz)
        CLOCK.wait_s(SETTLE_S)
        from_s = CLOCK.monotonic_s()
        spells: list[Spell] = []

        def both() -> None:
            spells.append(self._spell(self.ours, self.ours.pids(), lambda: CLOCK.wait_s(self.spell_s)))

        floor = self._spell(self.floor, self.plain, both)
        return spells[0], floor, (from_s, CLOCK.monotonic_s())

    def _spell(self, home: Hamlet, pids: Sequence[int], meanwhile: Callable[[], object]) -> Spell:
        """Return what the processes of `home` did while `meanwhile` ran."""
        cpu, ticks, begun_s = cpu_ns(pids), int(home.ticks_done().sum()), CLOCK.monotonic_s()
        meanwhile()
        wall_s, ticks = CLOCK.monotonic_s() - begun_s, int(home.ticks_done().sum()) - ticks
        return Spell((cpu_ns(pids) - cpu) / 1e3, ticks, wall_s)

    def _called(self) -> Spell:
        """Make every tick by a Ray call for a while; the caller's CPU counts."""
        control = Slot(self.ours.arena, 0).control()
        self._round(control)
        caller_s = 0.0

        def rounds() -> None:
            nonlocal caller_s
            begun, end_s = cpu_seconds(), CLOCK.monotonic_s() + self.spell_s
            while CLOCK.monotonic_s() < end_s:
                self._round(control)
            caller_s = cpu_seconds() - begun

        spell = self._spell(self.ours, self.ours.pids(), rounds)
        return spell._replace(cpu_us=spell.cpu_us + caller_s * 1e6)

    def _round(self, control: Control) -> None:
        now_s = CLOCK.monotonic_s()
        ray.get([actor.tick.remote(control, now_s, 0.0) for actor in self.actors])


def born(home: Hamlet) -> list[Any]:
    """Start the actors of a hamlet and wait until all are there."""
    kind: Any = NpcActor
    actors = [kind.options(num_cpus=0.01).remote(home.birth(npc)) for npc in range(home.npcs)]
    ray.get([actor.born.remote() for actor in actors], timeout=BORN_S)
    return actors


def turns(npcs: int, count: int, spell_s: float) -> list[Turn]:
    """Set the scene and return `count` turns, each kind of process ticking for `spell_s` in each."""
    with (
        hamlet(npcs) as ours,
        hamlet(npcs) as floor,
        feeding([ours, floor]) as feeder,
        forked(plain(floor)) as pids,
        quiet_ray(),
    ):
        scene = Scene(ours, floor, feeder, pids, born(ours), spell_s)
        return [scene.turn() for _ in range(count)]


def measure(quick: bool) -> list[Measurement]:
    """Return ticks done, lateness, and CPU per tick against both rivals, by both ways to count idling."""
    npcs, count, spell_s = (10, 1, 4.0) if quick else (100, 5, 8.0)
    taken = turns(npcs, count, spell_s)

    def of(number: Callable[[Turn], float]) -> float:
        return statistics.median(number(turn) for turn in taken)

    def row(
        metric: str,
        unit: str,
        value: Callable[[Turn], float],
        rival: str,
        rival_value: Callable[[Turn], float],
        goal: str,
        note: str,
        inverse: bool = False,
    ) -> Measurement:
        def ratio_of(turn: Turn) -> float:
            ratio = value(turn) / rival_value(turn)
            return 1.0 / ratio if inverse else ratio

        ratios = [ratio_of(turn) for turn in taken]
        ratio = statistics.median(ratios)
        spread = f"{npcs} NPCs; {count} turns of {spell_s:g} s, ratio {min(ratios):.3g} to {max(ratios):.3g}"
        return Measurement(
            metric, of(value), unit, rival, of(rival_value), ratio, goal, meets(ratio, goal),
            f"{note}; {spread}" if note else spread,
        )  # fmt: skip

    late = f"median {of(lambda t: t.p50_ms):.2f} ms, worst {of(lambda t: t.worst_ms):.1f} ms"
    whole = (
        f"whole process {of(lambda t: t.ours_whole):.0f} us a tick; per second at 1 Hz {of(lambda t: t.slow_us):.0f} us,"
        f" waiting {of(lambda t: t.waiting_us):.0f} us"
    )
    tick, call = "CPU per tick", "a tick by Ray call"
    plain_loop = "the loop in a plain process"
    beyond, over = f"{tick} beyond 1 Hz", f"{tick} beyond waiting"
    return [
        row("ticks done", "share", lambda t: t.share, "ticks due", lambda _: 1.0, ">= 0.95", ""),
        row("p99 lateness", "ms", lambda t: t.p99_ms, "the limit", lambda _: LATE_MS, "<= 1.0", late),
        row(beyond, "us", lambda t: t.ours, call, lambda t: t.call, ">= 5", whole, inverse=True),
        row(beyond, "us", lambda t: t.ours, plain_loop, lambda t: t.floor, "<= 2", "floor_ratio"),
        row(over, "us", lambda t: t.ours_over_waiting, call, lambda t: t.call, ">= 5", "", inverse=True),
        row(over, "us", lambda t: t.ours_over_waiting, plain_loop, lambda t: t.floor_whole, "<= 2", "floor_ratio"),
    ]  # fmt: skip
