"""Memory of a living NPC's process against an empty Ray actor of the same run.

Ours: NPCs with a neural brain of their own, ticking at 20 Hz in a world of level 2. Rival: actors of a class without
a field and without an import. Both started in turn on one local Ray with the settings of `nimmer up`, measured after
the NPCs have ticked for some seconds. The ratio is NPC / empty actor in USS, the memory that a process shares with no
other one, medians over the processes; the goal is at most 1.3. RSS counts shared pages too, the arena's among them.

    scripts/bench/run memory
"""

import statistics
from typing import Any, NamedTuple

import psutil
from empty import Empty
from hamlet import CLOCK, Hamlet, awaited, feeding, hamlet
from measurement import Measurement, meets
from quiet_ray import quiet_ray, ray

from actors.npc import NpcActor

LIVED_TICKS = 100
MOST_RSS_MB = 256
MB = 1e6


class Footprint(NamedTuple):
    """A process's memory, MB."""

    uss: float
    rss: float


def footprint(pids: list[int]) -> Footprint:
    """Return the medians over `pids`."""
    taken = [psutil.Process(pid).memory_full_info() for pid in pids]
    return Footprint(
        statistics.median(one.uss for one in taken) / MB, statistics.median(one.rss for one in taken) / MB
    )


def started(home: Hamlet) -> tuple[list[Any], list[int]]:
    """Start an NPC and an empty actor in turn, let the NPCs live; return all actors and the empty ones' pids."""
    empty_kind: Any = ray.remote(Empty)
    kind: Any = NpcActor
    actors: list[Any] = []
    pids: list[int] = []
    for npc in range(home.npcs):
        empty = empty_kind.options(num_cpus=0.02).remote()
        villager = kind.options(num_cpus=0.02).remote(home.birth(npc))
        pids.append(ray.get(empty.ready.remote()))
        ray.get(villager.born.remote())
        villager.live.remote()
        actors += [empty, villager]
    return actors, pids


def measure(quick: bool) -> list[Measurement]:
    """Return the ratio of USS, and RSS against its limit."""
    npcs = 3 if quick else 9
    with hamlet(npcs, tick_hz=20.0) as home, feeding([home]), quiet_ray():
        actors, empty = started(home)
        awaited(lambda: (home.board.vitals["ticks_done"] >= LIVED_TICKS).all(), 60.0, f"{LIVED_TICKS} ticks")
        CLOCK.wait_s(1.0)
        ours, rival = footprint(home.pids()), footprint(empty)
        home.board.control["stop"] = 1
        del actors
    ratio, share = ours.uss / rival.uss, ours.rss / MOST_RSS_MB
    goal, most = "<= 1.3", "<= 1.0"
    note = f"medians of {npcs} processes each, NPCs past {LIVED_TICKS} ticks"
    of_empty = f"{note}; an empty actor has {rival.rss:.1f} MB"
    return [
        Measurement(
            "USS of an NPC", ours.uss, "MB", "an empty Ray actor", rival.uss, ratio, goal, meets(ratio, goal), note
        ),
        Measurement(
            "RSS of an NPC", ours.rss, "MB", "its limit", MOST_RSS_MB, share, most, meets(share, most), of_empty
        ),
    ]  # fmt: skip
