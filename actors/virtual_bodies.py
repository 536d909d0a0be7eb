"""Virtual bodies: what every NPC remembers in the arena, set into a body of its own in the virtual garden.

A body is the same code with the same memory; so the weights of its gates are the learned ones, and what it learns
here is forgotten with the future it was learned in: weights move on real outcomes only. Bodies are kept and set
anew, brains are made anew each time, so that nothing of one future reaches the next.
Source: docs/domain.md section 4; docs/gardens.md.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from actors.charter import Charter
from actors.shell import log
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Slot
from nimmer.chance import Chance
from nimmer.errors import NimmerError, WeightsError
from nimmer.life.body import Body
from nimmer.minds.brain import Brain
from nimmer.minds.explorer import Explorer
from nimmer.minds.mlp import Mlp, Weights
from nimmer.minds.nursery import weights_path
from nimmer.minds.pathfinder import Pathfinder
from nimmer.minds.weights import load_weights
from nimmer.world.dweller import Dweller
from nimmer.world.levels import Levels

Remembered = dict[str, Any]
"""One NPC's memory: its level and its body's state."""


class Brains:
    """Makes the brains of a village's virtual bodies; what is slow to read is read again only when it has changed."""

    def __init__(self, charter: Charter, levels: Levels) -> None:
        """Make brains of the kind `charter` names, for `levels`."""
        self._charter = charter
        self._levels = levels
        self._neighbours: dict[int, list[list[int]]] = {}
        self._weights: dict[int, tuple[int, Weights]] = {}

    def make(self, npc: int, level: int, generator: np.random.Generator) -> Brain:
        """Return a fresh brain. Raises WeightsError when its weights are no brain's, LevelError for no such level."""
        if self._charter.brain == "mlp":
            return Mlp(self._weights_of(npc), generator)
        return Explorer(self._map(level), generator)

    def _weights_of(self, npc: int) -> Weights:
        """Return what the NPC has saved last: one that learns saves its weights again and again."""
        path = weights_path(Path(self._charter.weights_dir), npc)
        written = path.stat().st_mtime_ns if path.exists() else 0
        known = self._weights.get(npc)
        if known is None or known[0] != written:
            known = self._weights[npc] = (written, load_weights(path)[0])
        return known[1]

    def wake(self, npc: int, level: int, generator: np.random.Generator, body: Body) -> None:
        """Give `body` a brain without a plan and a guide of the level. Raises as `make`."""
        body.brain = self.make(npc, level, generator)
        body.guide = Pathfinder(self._map(level))

    def _map(self, level: int) -> list[list[int]]:
        if level not in self._neighbours:
            self._neighbours[level] = self._levels[level].graph.neighbours.tolist()
        return self._neighbours[level]

    def slots(self, level: int) -> int:
        """Return the neighbour slots of a level's graph."""
        return self._levels[level].graph.slots


class Memories:
    """What every NPC of the host remembers, and how it is governed, as it is in the arena now."""

    def __init__(self, charter: Charter, arena: Arena) -> None:
        """Read from `arena`."""
        self._slots = [Slot(arena, npc) for npc in range(charter.npcs)]
        self._control = arena.view("control")
        self._complained: set[int] = set()

    def read(self) -> list[Remembered | None]:
        """Return what everyone remembers; None who lives no more, or has not yet remembered anything."""
        return [self._memory(npc) for npc in range(len(self._slots))]

    def rates(self) -> list[float]:
        """Return how often everyone ticks, Hz."""
        return [float(hz) for hz in self._control["tick_hz"]]

    def overrides(self) -> list[tuple[int, ...]]:
        """Return what the governor holds everyone's gates to."""
        return [tuple(row) for row in self._control["gate_override"].tolist()]

    def complain(self, npc: int, error: Exception) -> None:
        """Say once per NPC why it has no virtual body."""
        if npc not in self._complained:
            self._complained.add(npc)
            reason = str(error) if isinstance(error, WeightsError) else f"{type(error).__name__}: {error}"
            log.warning("npc %d has no virtual body: %s", npc, reason)

    def _memory(self, npc: int) -> Remembered | None:
        memory = self._slots[npc].memory()
        if not memory or not self._control["alive"][npc]:
            return None
        try:
            found = json.loads(memory)
        except ValueError as error:
            self.complain(npc, error)
            return None
        return found if isinstance(found, dict) else None


class VirtualBodies:
    """The virtual bodies of one future, one per NPC of the host."""

    def __init__(self, charter: Charter, brains: Brains, memories: Memories, future: int = 0) -> None:
        """Make bodies as `charter` says; `future` tells the chance of this one from the others'."""
        self._charter = charter
        self._brains = brains
        self._memories = memories
        self._future = future
        self._nerves = charter.nerves()
        self._kept: dict[int, Body] = {}

    def gather(self, remembered: Sequence[Remembered | None], level: int, tick: int) -> list[Dweller | None]:
        """Return everyone as `remembered`, virtual second 0 now; None who cannot be had.

        level: of the snapshot; who remembers another is still moving. tick: of the snapshot; with the run's seed it
        makes the chance of this future.
        """
        return [self._dweller(npc, memory, level, tick) for npc, memory in enumerate(remembered)]

    def _dweller(self, npc: int, memory: Remembered | None, level: int, tick: int) -> Dweller | None:
        if memory is None or memory.get("level") != level:
            return None
        generator = Chance(self._charter.seed).generator("virtual", npc, tick, self._future)
        try:
            wake = partial(self._brains.wake, npc, level, generator)
            body = self._kept.get(npc) or self._body(npc, level, generator)
            wake(body)
            # all its times lie before 0 then: it goes on where it was, however long ago it wrote that down
            body.restore(memory["body"], 0.0)
        except (ValueError, KeyError, TypeError, AttributeError, NimmerError) as error:
            self._memories.complain(npc, error)
            return None
        self._kept[npc] = body
        return Dweller(body, generator, wake)

    def _body(self, npc: int, level: int, generator: np.random.Generator) -> Body:
        charter = self._charter
        return Body(
            npc,
            self._brains.make(npc, level, generator),
            self._brains.slots(level),
            charter.price_scale,
            charter.node_capacity,
            real=False,
            prices=charter.prices,
            nerves=self._nerves,
            rules=charter.rules,
        )
