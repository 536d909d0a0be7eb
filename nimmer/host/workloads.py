"""The operations of a life, as workloads to be measured: the real cells, gates, nerves, brains and body.

They live on a walk through the first level's graph, so that readings change as they do in a village.
Source: docs/domain.md sections 2, 3, 5 and 8; docs/lifeforce.md, "What is measured".
"""

from collections.abc import Iterator
from itertools import count, cycle

import numpy as np

from nimmer.chance import Chance
from nimmer.host.calibration import Rounds, Workload
from nimmer.host.sensors import HostSensors
from nimmer.life.action import MOVES, SLOTS
from nimmer.life.bearing import bearing
from nimmer.life.body import Body
from nimmer.life.body_cells import BodyCells
from nimmer.life.correlation import Condition
from nimmer.life.gate import ResonantGate
from nimmer.life.gate_spec import GateSpec
from nimmer.life.gates import BODY_GATES
from nimmer.life.host_cells import HostCells
from nimmer.life.math_cell import MathCell
from nimmer.life.nerve_table import built_in_nerves, make_nerves
from nimmer.life.percept import FEATURES, Percept
from nimmer.life.scene import Scene, Ways
from nimmer.life.senses import BODY_CELLS, CELLS, HOST_TEMPERATURE
from nimmer.life.wave import Wave
from nimmer.minds.brain import Brain
from nimmer.minds.explorer import Explorer
from nimmer.minds.mlp import HIDDEN, Mlp, Size, initial_weights
from nimmer.world.graph import WorldGraph
from nimmer.world.levels import load_graphs

TICK_S = 0.05
SEED = 7
_STEPS = 64
_SIZES: tuple[Size, ...] = ("small", "medium", "large")


def walk(graph: WorldGraph, steps: int = _STEPS) -> list[Percept]:
    """Return percepts of a walk through `graph`: always the first way on that is not the one back."""
    neighbours = graph.neighbours.tolist()
    nodes = graph.nodes
    found: list[Percept] = []
    node, heading = 0, -1
    for tick in range(1, steps + 1):
        row = (*neighbours[node], *(-1,) * (SLOTS - graph.slots))
        found.append(_percept(tick, node, heading, row, nodes, graph.slots))
        ways = [slot for slot in range(graph.slots) if row[slot] >= 0]
        heading = ways[tick % len(ways)]
        node = row[heading]
    return found


def _percept(tick: int, node: int, heading: int, row: tuple[int, ...], nodes: int, slots: int) -> Percept:
    return Percept(
        tick=tick,
        level=1,
        node=node,
        heading=heading,
        energy=0.9 - tick * 0.001,
        reward=0.0,
        coverage=tick // 4 / nodes % 1.0,
        occupants=tick % 3,
        news=int(tick % 8 == 3),
        here_known=int(tick % 8 != 0),
        at_well=0,
        rejection=0,
        slots=slots,
        neighbour=row,
        distance_cm=tuple(15.0 if there < 0 else 115.0 + 100.0 * (tick // 4 % 3) for there in row),
        neighbour_occupants=tuple(tick % 3 for _ in row),
        neighbour_known=tuple(int(there >= 0 and there % 3 == 0) for there in row),
    )


def workloads() -> list[Workload]:
    """Return everything that can be measured in this process, in the order of `OPERATIONS`."""
    graph = load_graphs()[0]
    percepts = walk(graph)
    return [*_body_cells(percepts), *_other_cells(), *_gates(), _nerve(percepts), *_brains(graph, percepts)]


def _sensing(percepts: list[Percept], sparing: int, moves: bool = False) -> Rounds:
    cells = BodyCells()
    seen, times = cycle(percepts), _times()

    def run(rounds: int) -> None:
        for _ in range(rounds):
            cells.sense(next(seen), next(times), sparing)
            if moves:
                cells.command(MOVES[0])

    return run


def _body_cells(percepts: list[Percept]) -> list[Workload]:
    """Return the body's cells: they are read together, so each is what the whole is less without it."""
    everything, less, energy = (_sensing(percepts, sparing) for sparing in (0, 1, 2))
    moving = _sensing(percepts, 1, moves=True)
    named = [f"cell.{kind.name}" for kind in BODY_CELLS]
    return [
        Workload(tuple(named[:3]), less, energy, share=3),
        Workload((named[3],), energy),
        Workload(tuple(named[4:6]), everything, less, share=2),
        Workload(tuple(named[6:]), moving, less, share=2),
    ]


def _other_cells() -> list[Workload]:
    """Return the host's cells, whose price is mostly that of asking the machine, and the math cell."""
    sensors, host, times = HostSensors(), HostCells(), _times()
    there = [f"cell.{CELLS[wave.cell].name}" for wave in host.read(sensors.read(), 0.0)]
    mathematician = MathCell()

    def look(rounds: int) -> None:
        for _ in range(rounds):
            host.read(sensors.read(), next(times))

    def compute(rounds: int) -> None:
        for _ in range(rounds):
            mathematician.wave(mathematician.compute("multiply", (6.0, 7.0)), next(times))

    return [Workload(tuple(there), look, share=len(there)), Workload(("cell.math",), compute)]


def _gates() -> list[Workload]:
    """Return hearing a wave, and leaving STABLE: a reflex that opens and falls back, less one that stays."""
    walled = BODY_GATES[0]
    gate = ResonantGate(walled, kinds=BODY_CELLS)
    cells, times = (0, 1, 2), _times()

    def hear(rounds: int) -> None:
        for _ in range(rounds):
            now_s = next(times)
            for cell in cells:
                gate.hear(Wave(cell, now_s, 0.6, 0.0, (115.0, float(cell), 0.0)))

    return [
        Workload(("gate.hear",), hear, share=len(cells)),
        Workload(("gate.leave_stable",), _startling(90.0), _startling(20.0)),
    ]


def _startling(celsius: float) -> Rounds:
    reflex = ResonantGate(GateSpec("reflex", "danger", 0, 0.9, (Condition("celsius", above=80.0),)))
    times = _times(10.0)

    def run(rounds: int) -> None:
        for _ in range(rounds):
            now_s = next(times)
            reflex.hear(Wave(HOST_TEMPERATURE, now_s, 1.0, 0.0, (celsius,)))
            reflex.settle(now_s + 5.0)

    return run


def _nerve(percepts: list[Percept]) -> Workload:
    """Return an edge of a nerve: collision avoidance sees something near, and sees it gone."""
    nerve = make_nerves(built_in_nerves())[0]
    around = bearing(percepts[0].slots, 0)
    seen, times = cycle(percepts), _times()
    near, free = Ways(25.0, 115.0, 115.0), Ways(115.0, 115.0, 115.0)

    def run(rounds: int) -> None:
        for _ in range(rounds):
            nerve.step(Scene(next(seen), around, near, now_s=next(times), elapsed_s=TICK_S), 0.1)
            nerve.step(Scene(next(seen), around, free, now_s=next(times), elapsed_s=TICK_S), 0.1)
            nerve.collect()
            nerve.finished.clear()

    return Workload(("nerve.edge",), run, share=2)


def _brains(graph: WorldGraph, percepts: list[Percept]) -> list[Workload]:
    """Return one decision of each brain, and one whole tick of a body with the explorer."""
    chance = Chance(SEED)
    features = chance.generator("calibrate", "features").random(FEATURES, np.float32)
    known = np.arange(graph.nodes, dtype=np.uint8) % 2
    neighbours = graph.neighbours.tolist()
    brains: dict[str, Brain] = {"explorer": Explorer(neighbours, chance.generator("calibrate", "explorer"))}
    for size in _SIZES:
        generator = chance.generator("calibrate", size, HIDDEN[size])
        brains[f"mlp_{size}"] = Mlp(initial_weights(size, generator), generator)

    def deciding(brain: Brain) -> Rounds:
        seen = cycle(percepts)

        def run(rounds: int) -> None:
            for _ in range(rounds):
                brain.decide(next(seen), features, known)

        return run

    body = Body(0, Explorer(neighbours, chance.generator("calibrate", "body")), graph.slots)
    lived, times, auto = cycle(percepts), _times(), bytes(len(BODY_GATES))

    def live(rounds: int) -> None:
        for _ in range(rounds):
            body.tick(next(lived), features, known, auto, next(times))

    decisions = [Workload((f"brain.{name}",), deciding(brain)) for name, brain in brains.items()]
    return [*decisions, Workload(("body.tick",), live)]


def _times(step_s: float = TICK_S) -> Iterator[float]:
    return count(0.0, step_s)
