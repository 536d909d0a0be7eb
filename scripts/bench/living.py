"""Living on: villages of 25 whose nets learn as they live, against the same villages that do not.

    scripts/bench/run living

Whole bodies with nerves, newborn nets of size medium, level 1, NPCs at 10 Hz in a world of 20 Hz, as fast as they can be
stepped. Each village lives through 60 worlds, each until everybody knows every house and a second on. Nets and nerves
are kept from world to world; both sides have the same seeds. What learning must show is that it does no harm.
Ratio: learning / not learning, medians over the last 20 worlds of every seed: what the world pays an NPC per tick
(goal at least 1), and world ticks until everybody knows everything (goal at most 1).
"""

import statistics
from typing import NamedTuple

import numpy as np
from measurement import Measurement, meets

from nimmer.chance import Chance
from nimmer.life.body import Body
from nimmer.life.gates import BODY_GATES
from nimmer.life.percept import features, unpack
from nimmer.minds.learner import LearningRules
from nimmer.minds.learning_mlp import LearningMlp
from nimmer.minds.mlp import Mlp, initial_weights
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules

NPCS = 25
WORLD_S = 0.05
AFTERWARDS = 20
LAST = 20
LONGEST = 20_000
AUTO = bytes(len(BODY_GATES))


class World(NamedTuple):
    """One world lived through: ticks until everybody knew everything, and reward per tick of an NPC."""

    ticks: int
    reward: float


class Village:
    """Bodies that go from world to world."""

    def __init__(self, seed: int, learns: bool) -> None:
        """Let 25 newborns be born."""
        self._seed = seed
        self._levels = load_levels()
        graph = self._levels[1].graph
        self._bodies: list[Body] = []
        for npc in range(NPCS):
            chance = Chance(seed)
            weights = initial_weights("medium", chance.generator("npc", npc, "weights"))
            draws = chance.generator("npc", npc, "brain", 1)
            net = LearningMlp(weights, draws, LearningRules()) if learns else Mlp(weights, draws)
            self._bodies.append(Body(npc, net, graph.slots, guide=Pathfinder(graph.neighbours.tolist())))
        self._wants = Wants(
            np.zeros(NPCS, np.uint64), np.zeros(NPCS, np.uint64), np.zeros(NPCS, np.uint8),
            np.full(NPCS, -1, np.int8), np.ones(NPCS, np.bool_),
        )  # fmt: skip
        self._now_s = 0.0

    def live(self, number: int) -> World:
        """Live through world `number`."""
        garden = RealGarden(self._levels, Rules(), self._seed * 1000 + number, NPCS)
        garden.begin(1)
        reward, lived, known = 0.0, 0, 0
        while garden.tick < (known + AFTERWARDS if known else LONGEST):
            view = garden.view()
            if not known and view.records["coverage"].min() >= 1.0:
                known = garden.tick
            for npc in range(garden.tick % 2, NPCS, 2):
                record = view.records[npc].tobytes()
                reward += self._tick(npc, record, view.known[npc], garden.tick)
                lived += 1
            garden.turn(self._wants)
            self._now_s += WORLD_S
        return World(known or LONGEST, reward / lived)

    def _tick(self, npc: int, record: bytes, known: np.ndarray, tick: int) -> float:
        """Let one NPC live a tick; return what the last one paid."""
        body, percept, wants = self._bodies[npc], unpack(record), self._wants
        deed = body.tick(percept, features(record), known, AUTO, self._now_s)
        wants.npc_tick[npc] += 1
        wants.seen_tick[npc] = tick
        wants.verb[npc], wants.slot[npc] = deed.action
        if isinstance(body.brain, LearningMlp):
            body.brain.lived(deed.action)
            body.brain.study()
        return percept.reward


def measure(quick: bool) -> list[Measurement]:
    """Return reward and ticks of villages that learn beside those of villages that do not."""
    seeds, worlds = (1, 21) if quick else (3, 60)
    found: dict[bool, list[World]] = {True: [], False: []}
    for seed in range(1, seeds + 1):
        for learns in (True, False):
            village = Village(seed, learns)
            found[learns] += [village.live(number) for number in range(worlds)][-LAST:]
    ours, rival = found[True], found[False]
    reward = [statistics.median(one.reward for one in side) for side in (ours, rival)]
    ticks = [statistics.median(one.ticks for one in side) for side in (ours, rival)]
    note = f"{seeds} seeds, the last {LAST} of {worlds} worlds each"
    spread = f"{note}; {min(one.ticks for one in ours)} to {max(one.ticks for one in ours)} learning"
    better, sooner = reward[0] / reward[1], ticks[0] / ticks[1]
    return [
        Measurement(
            "reward of an NPC", reward[0], "per tick", "the same village, not learning", reward[1], better, ">= 1.0",
            meets(better, ">= 1.0"), note,
        ),
        Measurement(
            "ticks until everybody knows everything", ticks[0], "world ticks", "the same village, not learning",
            ticks[1], sooner, "<= 1.0", meets(sooner, "<= 1.0"), spread,
        ),
    ]  # fmt: skip
