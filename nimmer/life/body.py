"""One NPC's body: a tick from percept to deed.

    percept -> cells emit waves -> gates correlate them -> brain decides -> nerves may claim the motor
            -> the ledger pays and is paid -> deed

This is the hot path of every NPC process, up to twenty times a second on a fraction of a core: plain Python
on plain numbers, no object that is not handed on.
Source: docs/domain.md sections 2, 3, 5, 6 and 8 (the NPC process).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nimmer.life.action import SLOTS, Action, Verb
from nimmer.life.bearing import BEARINGS, Bearing
from nimmer.life.body_cells import BodyCells
from nimmer.life.collision_avoidance import CollisionAvoidance, Ways
from nimmer.life.exploration import Exploration
from nimmer.life.gate import ResonantGate, Transition
from nimmer.life.gates import BODY_GATES
from nimmer.life.lifeforce import (
    COLLISION,
    COLLISION_AVOIDED,
    INTERACTION,
    NEW_AREA,
    NEW_FACT,
    SURVIVED_MINUTE,
    Lifeforce,
)
from nimmer.life.nerve import BODY_NERVES, Claim, arbitrate
from nimmer.life.percept import Percept
from nimmer.life.senses import BODY_CELLS, DISTANCE_FRONT, DISTANCE_LEFT, DISTANCE_RIGHT, NOVELTY, SOCIAL
from nimmer.life.wave import Wave
from nimmer.minds.brain import Brain, Flags, Floats
from nimmer.world.rejection import Rejection

LONGEST_GAP_S = 60.0
"""A pause longer than this pays no more income than this: a dead body earns nothing."""

_GATE_OF_CELL = tuple(
    next(index for index, gate in enumerate(BODY_GATES) if gate.domain == kind.domain)
    for kind in BODY_CELLS[: SOCIAL + 1]
)
_NAMES = [gate.name for gate in BODY_GATES]
_COLLISION_GATE, _EXPLORATION_GATE = (_NAMES.index(nerve.gate) for nerve in BODY_NERVES)


class Deed(NamedTuple):
    """What one tick came to.

    nerve: 0 the brain, else 1 + index in `BODY_NERVES`; nerve_state: index into that nerve's states;
    gates: two bits per gate, state + 1; cost: lifeforce charged this tick.
    """

    action: Action
    waves: list[Wave]
    transitions: list[Transition]
    nerve: int
    nerve_state: int
    gates: int
    cost: float


class Body:
    """Cells, gates, nerves, ledger and brain of one NPC. Give it percepts in order; it keeps all else itself."""

    __slots__ = (
        "_coverage",
        "_elapsed_s",
        "_hears",
        "_level",
        "_node",
        "_now_s",
        "_overrides",
        "_seen_tick",
        "_sense_cost",
        "_slots",
        "_survived_s",
        "_verb",
        "_visited",
        "brain",
        "cells",
        "collision",
        "exploration",
        "gates",
        "ledger",
        "npc",
        "price_scale",
        "ticks",
    )

    def __init__(
        self, npc: int, brain: Brain, slots: int, price_scale: float = 0.01, node_capacity: int = 4
    ) -> None:
        """Be born.

        Args:
            npc: whose body this is.
            brain: what decides.
            slots: neighbour slots of the graph, 1..8, for a percept that does not say.
            price_scale: factor on every printed price; see docs/life.md.
            node_capacity: how many bodies fill a node.

        Raises ValueError when `slots` or `price_scale` is out of range.
        """
        if not 1 <= slots <= SLOTS:
            raise ValueError(f"slots is {slots}; a graph has 1 to {SLOTS} neighbour slots")
        if not 0.0 <= price_scale <= 1000.0:
            raise ValueError(f"price_scale is {price_scale}; it is a factor from 0 to 1000")
        self.npc = npc
        self.brain = brain
        self.price_scale = price_scale
        self.cells = BodyCells(price_scale)
        self.gates = tuple(
            ResonantGate(spec, index, BODY_CELLS, price_scale) for index, spec in enumerate(BODY_GATES)
        )
        self.collision = CollisionAvoidance(price_scale, node_capacity)
        self.exploration = Exploration(price_scale)
        self.ledger = Lifeforce()
        self.ticks = 0
        self._hears = tuple(self.gates[index].hear for index in _GATE_OF_CELL)
        self._slots = slots
        self._sense_cost = self.cells.look_costs[0]
        self._overrides: Sequence[int] = bytes(len(BODY_GATES))
        self._now_s: float | None = None
        self._elapsed_s = 0.0
        self._survived_s = 0.0
        self._seen_tick = -1
        self._level = -1
        self._node = -1
        self._coverage = 0.0
        self._visited = 0
        self._verb = int(Verb.STAY)

    @property
    def lifeforce(self) -> float:
        """Return the level of the ledger, 0 or more."""
        return self.ledger.level

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
    ) -> Deed:
        """Live one tick.

        Args:
            percept: the NPC's named observations.
            features: `(FEATURES,)` float32, for a learning brain.
            known: `(nodes,)` uint8, 1 where the NPC knows that node's house.
            overrides: per gate 0 auto, 1 force open, -1 (or its byte, 255) force close; missing ones are auto.
            now_s: monotonic time, s. A time that went back is survived: its waves are refused and counted.
        """
        transitions: list[Transition] = []
        if overrides != self._overrides:
            self._govern(overrides, now_s, transitions)
        self._pass(now_s)
        new_area, collided = self._assess(percept, len(known))
        waves = self._sense(percept, now_s)
        hears = self._hears
        sensed = 0.0
        for wave in waves:
            sensed += wave[3]
            found = hears[wave[0]](wave)
            if found:
                transitions += found
        bits = self._settle(now_s, transitions)
        wish = self.brain.decide(percept, features, known)
        nerve, action = self._move(percept, new_area, wish, now_s)
        cost = collided + self._pay(sensed, transitions)
        self._verb = action[0]
        self.ticks += 1
        return Deed(action, waves, transitions, nerve, self._nerve_state(nerve), bits, cost)

    def _govern(self, overrides: Sequence[int], now_s: float, transitions: list[Transition]) -> None:
        for index, gate in enumerate(self.gates):
            given = overrides[index] if index < len(overrides) else 0
            mode = given - 256 if given > 127 else given
            if mode != gate.override:
                transitions += gate.force(mode, now_s)
        self._overrides = overrides

    def _pass(self, now_s: float) -> None:
        last_s = self._now_s
        elapsed_s = 0.0 if last_s is None else min(now_s - last_s, LONGEST_GAP_S)
        self._elapsed_s = elapsed_s = elapsed_s if elapsed_s > 0.0 else 0.0
        if last_s is None or now_s > last_s:
            self._now_s = now_s
        self.ledger.advance(elapsed_s)
        self._survived_s += elapsed_s
        if self._survived_s >= 60.0:
            self._survived_s -= 60.0
            self.ledger.reward("survived", SURVIVED_MINUTE)

    def _assess(self, percept: Percept, nodes: int) -> tuple[bool, float]:
        """Reward what the last deed brought and charge a collision; return (new area, what was charged)."""
        if percept.tick == self._seen_tick:
            return False, 0.0
        self._seen_tick = percept.tick
        if percept.level != self._level:
            self._level = percept.level
            self._visited = 0
            self._coverage = percept.coverage
            self._node = -1
        gained = percept.coverage - self._coverage
        if gained:
            self._learned(gained, nodes)
            self._coverage = percept.coverage
        charged = 0.0
        if percept.rejection in _BUMPS and self._verb == 1:
            charged = COLLISION * self.price_scale
            self.ledger.charge("collision", charged)
        if percept.node == self._node:
            return False, charged
        return self._arrived(percept.node), charged

    def _learned(self, gained: float, nodes: int) -> None:
        if gained <= 0.0:
            return
        self.ledger.reward("fact", NEW_FACT * max(1, round(gained * nodes)))
        if self._verb == Verb.TALK:
            self.ledger.reward("interaction", INTERACTION)

    def _arrived(self, node: int) -> bool:
        born_here = self._node < 0
        self._node = node
        if node < 0 or self._visited >> node & 1:
            return False
        self._visited |= 1 << node
        if born_here:
            return False
        self.ledger.reward("area", NEW_AREA)
        return True

    def _sense(self, percept: Percept, now_s: float) -> list[Wave]:
        if self.ledger.level < self._sense_cost:
            return []  # fewer frames: who cannot pay for a look does without it, and the gates hear silence
        return self.cells.sense(percept, now_s)

    def _settle(self, now_s: float, transitions: list[Transition]) -> int:
        bits = 0
        shift = 0
        for gate in self.gates:
            if gate.discrete_state or gate.override:
                transitions += gate.settle(now_s)
            bits |= (gate.discrete_state + 1) << shift
            shift += 2
        return bits

    def _move(self, percept: Percept, new_area: bool, wish: Action, now_s: float) -> tuple[int, Action]:
        cells = self.cells.cells
        claims: list[Claim] = []
        if self.gates[_COLLISION_GATE].discrete_state > 0 and cells[DISTANCE_FRONT].operational:
            around = self._around(percept)
            avoided = self.collision.avoided
            claim = self.collision.step(
                percept, around, self._ways(percept, around), wish, now_s, self._elapsed_s
            )
            if claim is not None:
                claims.append(claim)
            if self.collision.avoided > avoided:
                self.ledger.reward("avoided", COLLISION_AVOIDED * self.price_scale)
        else:
            self.collision.rest(cells[DISTANCE_FRONT].operational)
        if self.gates[_EXPLORATION_GATE].discrete_state > 0 and cells[NOVELTY].operational:
            claims.append(self.exploration.step(percept, new_area, wish))
        else:
            self.exploration.rest(cells[NOVELTY].operational)
        return arbitrate(claims, wish) if claims else (0, wish)

    def _around(self, percept: Percept) -> Bearing:
        slots = percept.slots if 0 < percept.slots <= SLOTS else self._slots
        heading = percept.heading
        return BEARINGS[slots][heading + 1 if -1 <= heading < SLOTS else 0]

    def _ways(self, percept: Percept, around: Bearing) -> Ways:
        cells = self.cells.cells
        ways = percept.distance_cm
        return Ways(
            ways[around.front],
            ways[around.left] if cells[DISTANCE_LEFT].operational else None,
            ways[around.right] if cells[DISTANCE_RIGHT].operational else None,
        )

    def _pay(self, sensed: float, transitions: list[Transition]) -> float:
        """Charge this tick's sensing, gates and nerves and return the sum, lifeforce."""
        ledger = self.ledger
        ledger.charge("sense", sensed)
        changed = 0.0
        if transitions:
            changed = sum([transition[7] for transition in transitions])
            ledger.charge("gate", changed)
        due = self.collision.machine.collect() + self.exploration.machine.collect()
        if due:
            ledger.charge("nerve", due)
        return sensed + changed + due

    def _nerve_state(self, nerve: int) -> int:
        if nerve == 0:
            return 0
        return self.collision.machine.current if nerve == 1 else self.exploration.machine.current

    def state(self) -> dict[str, object]:
        """Return what this body must remember across a restart, as plain JSON values, the brain's included."""
        return {
            "version": STATE_VERSION,
            "brain_name": self.brain.name,
            "brain": self.brain.state(),
            "cells": self.cells.state(),
            "gates": {gate.spec.name: gate.state() for gate in self.gates},
            "collision": self.collision.state(),
            "exploration": self.exploration.state(),
            "ledger": self.ledger.state(),
            "overrides": list(self._overrides),
            "visited": f"{self._visited:x}",
            "coverage": self._coverage,
            "now_s": self._now_s,
            **{name: int(getattr(self, attribute)) for name, attribute in _COUNTED.items()},
            "survived_s": self._survived_s,
        }

    def restore(self, state: Mapping[str, Any], now_s: float | None = None) -> None:
        """Take back what `state` returned.

        now_s: the time of the new life, s; when it lies before the remembered one (the machine's clock began
        anew) every remembered time is moved back with it. Raises WeightsError from a brain that is not the
        one remembered, and ValueError, KeyError or TypeError when the rest is not a body's.
        """
        if state["version"] != STATE_VERSION:
            raise ValueError(f"a body of version {state['version']} cannot live in version {STATE_VERSION}")
        if state["brain_name"] != self.brain.name:
            raise ValueError(
                f"the remembered brain is {state['brain_name']}, this body's is {self.brain.name}"
            )
        then_s: float | None = state["now_s"]
        shift_s = min(0.0, now_s - then_s) if now_s is not None and then_s is not None else 0.0
        self.brain.restore(state["brain"])
        self.cells.restore(state["cells"])
        for gate in self.gates:
            gate.restore(state["gates"][gate.spec.name], shift_s)
        self.collision.restore(state["collision"], shift_s)
        self.exploration.restore(state["exploration"])
        self.ledger.restore(state["ledger"])
        self._overrides = tuple(state["overrides"])
        self._visited = int(state["visited"], 16)
        self._coverage = float(state["coverage"])
        self._survived_s = float(state["survived_s"])
        self._now_s = None if then_s is None else then_s + shift_s
        for name, attribute in _COUNTED.items():
            setattr(self, attribute, int(state[name]))


_BUMPS = (int(Rejection.NO_EDGE), int(Rejection.NODE_FULL))
"""Refusals of a move that are collisions; the others are no fault of the body's."""
STATE_VERSION = 1
"""Of what `Body.state` returns."""
_COUNTED = {"ticks": "ticks", "seen_tick": "_seen_tick", "level": "_level", "node": "_node", "verb": "_verb"}
"""What of a body is a plain whole number, by its name in the state."""
