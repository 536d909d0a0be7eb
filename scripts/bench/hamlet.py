"""A hamlet: NPC processes as the product runs them, in a world that turns at 20 Hz, without any server.

One arena, brains of their own (network medium) in a temporary directory, level 2, and a feeder process that does
what garden, supervisor, bridge and recorder do for an NPC: step the world, show it, take in the actions, empty the
rings. What is left is the life of the NPC processes themselves, which is what is measured.
"""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import quiet_ray  # noqa: F401  # before Ray is imported by what follows

from actors.npc import Birth, NpcShell
from nimmer.arena.board import Board
from nimmer.arena.layout import Plan
from nimmer.arena.memory import Arena, shared_memory_directory
from nimmer.arena.ring import RingReader
from nimmer.clock import SystemClock
from nimmer.host.processes import die_with_parent
from nimmer.minds.nursery import prepare_brains, weights_path
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules

WORLD_S = 0.05
LEVEL = 2
SEED = 7
CLOCK = SystemClock()
Counts = np.ndarray[Any, np.dtype[Any]]
Samples = np.ndarray[tuple[int], np.dtype[np.float64]]


class Ticks(NamedTuple):
    """What the trail steps of a while say: how late each tick began and how long it took, us."""

    late_us: Samples
    compute_us: Samples


class Hamlet:
    """One arena with its world, seen from outside the NPC processes."""

    def __init__(self, arena: Arena, brains: Path, energy: float = 1.0) -> None:
        """Let `arena.plan.npcs` NPCs be born into the world with that `energy`; their processes come later."""
        self.npcs = arena.plan.npcs
        self.arena = arena
        self.board = Board(arena)
        self._brains = brains
        self._garden = RealGarden(load_levels(), Rules(), SEED, self.npcs)
        self._garden.begin(LEVEL)
        self._garden.village.energy[:] = energy
        self._rings = (RingReader(arena, "wave", "bus"), RingReader(arena, "transition", "store"))
        self._trails = RingReader(arena, "trail", "store")
        self._heard: list[tuple[Samples, Samples, Samples]] = []
        view = self._garden.view()
        self.board.show(0, view.records, view.known)

    def birth(self, npc: int) -> Birth:
        """Return what NPC `npc` is born with: a neural brain of its own."""
        return Birth(npc, str(self.arena.path), SEED, None, str(weights_path(self._brains, npc)), 0.01)

    def turn(self) -> None:
        """Step the world once, show it, and empty the rings."""
        acts = self.board.actions()
        alive = acts["generation"] > 0
        turn = self._garden.turn(
            Wants(acts["npc_tick"], acts["seen_tick"], acts["verb"], acts["slot"], alive)
        )
        self.board.show(self._garden.tick, turn.view.records, turn.view.known if turn.learned else None)
        for ring in self._rings:
            ring.commit(ring.read())
        harvest = self._trails.read()
        self._trails.commit(harvest)
        time_s, late_us, compute_us = (
            harvest.records[name].astype("f8") for name in ("time_s", "lateness_us", "compute_us")
        )
        self._heard.append((time_s, late_us, compute_us))

    def ticks(self, from_s: float, until_s: float) -> Ticks:
        """Return the ticks begun between two monotonic times."""
        time_s, late_us, compute_us = (np.concatenate(column) for column in zip(*self._heard, strict=True))
        chosen = (time_s >= from_s) & (time_s < until_s)
        return Ticks(late_us[chosen], compute_us[chosen])

    def command(self, tick_hz: float) -> None:
        """Let every NPC tick at that rate."""
        self.board.control["tick_hz"] = tick_hz

    def ticks_done(self) -> Counts:
        """Return the ticks done so far by each NPC, live."""
        return self.board.vitals["ticks_done"]

    def pids(self) -> list[int]:
        """Return the NPCs' processes."""
        found: list[int] = self.board.vitals["pid"].tolist()
        return found


@contextmanager
def hamlet(npcs: int, tick_hz: float = 1.0, energy: float = 1.0) -> Iterator[Hamlet]:
    """Make a hamlet of that many NPCs in temporary directories, born with `energy` 0..1."""
    with (
        tempfile.TemporaryDirectory(prefix="nimmer-bench-", dir=shared_memory_directory()) as shared,
        tempfile.TemporaryDirectory(prefix="nimmer-bench-") as brains,
    ):
        prepare_brains(Path(brains), npcs, "medium", SEED)
        nodes = load_levels().most_nodes
        made = Hamlet(
            Arena.create(Path(shared) / "arena", Plan(npcs, nodes, 1), CLOCK.monotonic_s()),
            Path(brains),
            energy,
        )
        made.command(tick_hz)
        yield made


@dataclass(frozen=True, slots=True)
class Feeder:
    """The process that turns the worlds; asked over a pipe."""

    pipe: Connection
    pid: int

    def ticks(self, place: int, from_s: float, until_s: float) -> Ticks:
        """Return the ticks of hamlet number `place` begun between two monotonic times."""
        self.pipe.send((place, from_s, until_s))
        found: Ticks = self.pipe.recv()
        return found


@contextmanager
def feeding(hamlets: Sequence[Hamlet]) -> Iterator[Feeder]:
    """Turn the worlds of `hamlets` at 20 Hz in a process of its own. Call it before any thread or Ray is started."""
    ours, theirs = Pipe()
    with forked([lambda: _feed(hamlets, theirs)]) as (pid,):
        yield Feeder(ours, pid)


def _feed(hamlets: Sequence[Hamlet], pipe: Connection) -> None:
    next_s = CLOCK.monotonic_s()
    while True:
        CLOCK.wait_s(next_s - CLOCK.monotonic_s())
        for one in hamlets:
            one.turn()
        while pipe.poll():
            place, from_s, until_s = pipe.recv()
            pipe.send(hamlets[place].ticks(from_s, until_s))
        next_s = max(next_s + WORLD_S, CLOCK.monotonic_s() - WORLD_S)


@contextmanager
def forked(lives: Sequence[Callable[[], object]]) -> Iterator[tuple[int, ...]]:
    """Run each of `lives` in a plain forked process of its own, and end them afterwards; gives their pids."""
    guard = die_with_parent(signal.SIGKILL)
    with ExitStack() as last:
        pids = []
        for live in lives:
            pid = os.fork()
            if not pid:
                guard()
                _run(live)
            last.callback(_end, pid)
            pids.append(pid)
        yield tuple(pids)


def _run(live: Callable[[], object]) -> None:
    try:
        live()
    finally:
        os._exit(0)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def plain(one: Hamlet) -> list[Callable[[], object]]:
    """Return the lives of a hamlet's NPCs for plain processes: the very loop that an actor runs."""

    def life(npc: int) -> Callable[[], object]:
        return lambda: NpcShell(one.birth(npc)).live()

    return [life(npc) for npc in range(one.npcs)]


def cpu_ns(pids: Sequence[int]) -> int:
    """Return the CPU time of all threads of `pids`, ns: exact, where `times` counts clock ticks of 10 ms."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_bytes().split()[0])
            except FileNotFoundError:  # the thread has ended
                continue
    return total


def awaited(reached: Callable[[], Any], within_s: float, what: str) -> None:
    """Wait until `reached()` is true. Raises RuntimeError naming `what` when it takes longer than `within_s`."""
    end_s = CLOCK.monotonic_s() + within_s
    while not reached():
        if CLOCK.monotonic_s() > end_s:
            raise RuntimeError(f"{what} took longer than {within_s:g} s")
        CLOCK.wait_s(0.05)
