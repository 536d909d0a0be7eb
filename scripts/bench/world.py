"""The world: agent-steps per CPU-second of step plus observe, against the same world one NPC at a time and MPE2.

Ours is `nimmer.world` on level 1 with 25 NPCs in each of 400 worlds: every agent-step is one NPC's action judged and
carried out *and* its whole observation record made. One core, CPU-seconds, random actions drawn beforehand.

Rivals, in the same run, interleaved: (1) the same world through PettingZoo's turn-based API, where one NPC acts at a
time and one village is stepped per round; (2) `mpe2.simple_spread_v3` with 25 agents through its parallel API, which
is another and smaller game (its observation is 150 floats of positions) and stands for what multi-agent worlds in
Python usually cost. A third row gives the vector environment that trainers use.

Ratio: ours / rival, agent-steps per CPU-second; for the first row ours / the goal of 1,000,000.
Run: scripts/bench/run world [--quick]
"""

import statistics
import warnings
from collections.abc import Callable

import numpy as np
from measurement import Measurement, cpu_seconds, median_of_pairs, meets

from nimmer.chance import Chance
from nimmer.world.curriculum import birth
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe
from nimmer.world.rules import Rules
from nimmer.world.step import step
from policies.village_parallel import VillageParallel
from policies.village_vector import VillageVector

NPCS = 25
WORLDS = 400
TARGET = 1_000_000


def rate(steps: Callable[[int], int], count: int) -> float:
    """Return agent-steps per CPU-second of `steps(count)`, which returns how many it made."""
    start = cpu_seconds()
    made = steps(count)
    return made / (cpu_seconds() - start)


def ours() -> Callable[[int], int]:
    """Return a loop over step and observe of many worlds."""
    level, rules, generator = load_levels()[1], Rules(), Chance(1).generator("bench")
    village = birth(level, rules, NPCS, WORLDS, generator)
    shape = (WORLDS, NPCS)
    moves = [
        (
            generator.choice(np.array([0, 1, 1, 1, 2, 3], np.uint8), shape),
            generator.integers(0, 4, shape).astype(np.int8),
        )
        for _ in range(16)
    ]
    everyone = np.ones(shape, np.bool_)

    def steps(count: int) -> int:
        nonlocal village
        for tick in range(count):
            village, _ = step(level, rules, village, *moves[tick % 16], everyone)
            observe(level, rules, village)
        return count * WORLDS * NPCS

    return steps


def vector() -> Callable[[int], int]:
    """Return a loop over the Gymnasium vector environment."""
    env = VillageVector(load_levels()[1], WORLDS, NPCS)
    env.reset(seed=1)
    generator = Chance(1).generator("bench", "vector")
    actions = [generator.choice(np.array([0, 1, 2, 3, 8, 9, 10]), WORLDS * NPCS) for _ in range(16)]

    def steps(count: int) -> int:
        for tick in range(count):
            env.step(actions[tick % 16])
        return count * WORLDS * NPCS

    return steps


def turns() -> Callable[[int], int]:
    """Return a loop over the same world through PettingZoo's turn-based API."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from pettingzoo.utils.conversions import parallel_to_aec
    env = parallel_to_aec(VillageParallel(load_levels()[1], NPCS, max_ticks=10**9))
    generator = Chance(1).generator("bench", "turns")
    actions = generator.choice(np.array([0, 1, 2, 3, 8, 9, 10]), 10_000).tolist()

    def steps(count: int) -> int:
        env.reset(seed=1)
        for turn in range(count):
            _, _, over, cut, _ = env.last()
            if over or cut:
                env.reset(seed=turn)
            env.step(actions[turn % 10_000])
        return count

    return steps


def spread() -> Callable[[int], int]:
    """Return a loop over MPE2's simple_spread with as many agents."""
    from mpe2 import simple_spread_v3

    env = simple_spread_v3.parallel_env(N=NPCS, max_cycles=10**9)
    generator = Chance(1).generator("bench", "spread")
    rounds = [generator.integers(0, 5, NPCS).tolist() for _ in range(16)]

    def steps(count: int) -> int:
        env.reset(seed=1)
        for tick in range(count):
            env.step(dict(zip(env.agents, rounds[tick % 16], strict=True)))
        return count * NPCS

    return steps


def measure(quick: bool) -> list[Measurement]:
    """Return the world's speed beside its goal and its rivals."""
    ticks, pairs = (10, 3) if quick else (150, 7)
    batch, trainer, turn_based, mpe = ours(), vector(), turns(), spread()
    for warm in (batch, trainer, turn_based, mpe):
        warm(3)
    metric, unit = "step + observe, 400 worlds of 25", "agent-steps per CPU-s"
    of_turns = median_of_pairs(lambda: rate(batch, ticks), lambda: rate(turn_based, 200 * ticks // 10), pairs)
    of_mpe = median_of_pairs(lambda: rate(batch, ticks), lambda: rate(mpe, max(2, ticks // 15)), pairs)
    speeds = [rate(batch, ticks) for _ in range(pairs)]
    speed = statistics.median(speeds)
    goal, share = ">= 1.0", speed / TARGET
    spread_of = f"{pairs} runs, {min(speeds):.3g} to {max(speeds):.3g}"
    return [
        Measurement(metric, speed, unit, "the goal", TARGET, share, goal, meets(share, goal), spread_of),
        of_turns.measurement(metric, unit, "same world, one NPC at a time (PettingZoo AEC)", ">= 1.0"),
        of_mpe.measurement(
            metric, unit, "mpe2 simple_spread_v3, N = 25, parallel API", ">= 1.0", "another game"
        ),
        median_of_pairs(lambda: rate(trainer, ticks), lambda: rate(batch, ticks), pairs).measurement(
            "VillageVector.step, 10,000 slots",
            unit,
            "step + observe",
            ">= 0.5",
            "autoreset, quiz and features counted",
        ),
    ]
