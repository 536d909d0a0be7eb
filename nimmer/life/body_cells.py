"""The eight cells of an NPC's body: what one percept says, and what came of the last move, as waves.

They read no sensor of their own: the world's record of this tick is their hardware. Runs up to twenty times a
second in every NPC process, hence one plain pass without objects in between; states, prices and rules are those
of the kinds' own files (`nimmer.life.cells`), and a test holds both to the same numbers.
Source: docs/domain.md section 2 (distance, battery, motor; confidence rules); novelty and social are ours.
"""

from nimmer.life.action import Action
from nimmer.life.bearing import BEARINGS
from nimmer.life.body_motors import BodyMotors
from nimmer.life.cell import Cell
from nimmer.life.cells.battery import battery_confidence, battery_state
from nimmer.life.cells.declaration import STABLE_READINGS
from nimmer.life.cells.distance import NOISE_LIMIT_CM
from nimmer.life.percept import Percept
from nimmer.life.pricing import Pricing
from nimmer.life.senses import ENERGY, MOTOR_LEFT, NOVELTY, SOCIAL, TABLE
from nimmer.life.wave import Wave

FARTHEST_CM = 1e6
"""A reading outside 0..this is a broken sensor, not a distance."""
_SENSING = SOCIAL + 1
"""The cells that sense; the motors follow."""


class BodyCells:
    """The cells of one body, read together; a cell that cannot read says nothing and counts an error."""

    __slots__ = (
        "_heading",
        "_motors",
        "_node",
        "_reading",
        "_repeats",
        "_said",
        "_tick",
        "cells",
        "look_costs",
        "waves",
    )

    def __init__(self, price_scale: float = 1.0, prices: Pricing | None = None) -> None:
        """Make eight resting cells whose prices are the printed ones times `price_scale`, or what `prices` says.

        `cells` are in the order of `BODY_CELLS`; `look_costs` is what a look costs at most, by `sparing`, lifeforce.
        """
        self._motors = BodyMotors(price_scale, prices)
        sensing = tuple(Cell(one.kind, one.declared.walk, price_scale, prices) for one in TABLE[:_SENSING])
        self.cells = (*sensing, *self._motors.cells)
        costs = [cell.poll_cost for cell in sensing]
        self.look_costs = (sum(costs), sum(costs[:NOVELTY]), costs[ENERGY])
        self.waves = 0
        self._tick = -1
        self._node = -1
        self._heading = -2
        self._reading = [-1.0, -1.0, -1.0]
        self._repeats = [0, 0, 0]
        self._said: list[tuple[float, ...]] = [(), (), ()]

    def command(self, action: Action) -> None:
        """Be told what the body does this tick: the motors say what came of it when the world has answered."""
        self._motors.command(action[0])

    def operational(self, code: int) -> bool:
        """Return whether the body's cell of `code` works. Raises IndexError for a cell no body has."""
        return self.cells[code if code < _SENSING else code - MOTOR_LEFT + _SENSING].operational

    def sense(self, percept: Percept, now_s: float, sparing: int = 0) -> list[Wave]:
        """Return this tick's waves, at most one per cell, in the order of `BODY_CELLS`.

        sparing: 0 everything; 1 without novelty and social; 2 the energy alone.
        """
        waves = self._distances(percept, now_s) if sparing < 2 else []
        energy = percept.energy
        if 0.0 <= energy <= 1.0:
            waves.append(self._battery(energy * 100.0, percept.at_well, now_s))
        else:
            self.cells[ENERGY].fail(f"energy {energy} is not a share from 0 to 1")
        if sparing < 1:
            waves.append(self._novelty(percept, now_s))
            waves.append(self._social(percept.occupants, percept.news, now_s))
        if percept.tick != self._tick:
            self._tick = percept.tick
            if sparing > 1:
                self._motors.rest()
            elif not self._motors.idle:
                waves += self._motors.answer(percept.rejection, now_s)
        self.waves += len(waves)
        return waves

    def _distances(self, percept: Percept, now_s: float) -> list[Wave]:
        slots = percept.slots
        heading = percept.heading
        stood = percept.node == self._node and heading == self._heading
        self._node = percept.node
        self._heading = heading
        around = BEARINGS[slots if 0 < slots < len(BEARINGS) else -1][heading + 1 if -1 <= heading < 8 else 0]
        ways = percept.distance_cm
        waves: list[Wave] = []
        for index in (0, 1, 2):
            slot = around[index]
            reading = ways[slot] if slot >= 0 else -1.0
            if 0.0 <= reading < FARTHEST_CM:
                waves.append(self._distance(index, reading, stood, now_s))
            else:
                self._blind(index, slot, reading)
        return waves

    def _distance(self, index: int, reading: float, stood: bool, now_s: float) -> Wave:
        cell = self.cells[index]
        if not cell.operational:
            cell.recover()
        last = self._reading[index]
        noise = 0.0
        if reading == last:
            repeats = self._repeats[index] + 1
        else:
            repeats = 1
            self._reading[index] = reading
            if stood and last >= 0.0:
                noise = abs(reading - last)
        self._repeats[index] = repeats
        confidence = 0.9 if repeats > STABLE_READINGS else 0.6
        if noise > NOISE_LIMIT_CM:
            confidence = 0.3
        # an unchanged meaning is the same object again, which gates compare by identity first
        said = self._said[index]
        if repeats == 1 or not said or said[2] != noise:
            said = self._said[index] = (reading, float(index), noise)
        cell.waves += 1
        cell.spent += cell.poll_cost
        return Wave(index, now_s, confidence, cell.poll_cost, said)

    def _blind(self, index: int, slot: int, reading: float) -> None:
        cell = self.cells[index]
        self._reading[index] = -1.0
        self._repeats[index] = 0
        reason = "this graph has no such side" if slot < 0 else f"{reading} cm is no distance"
        if cell.operational or cell.last_error != reason:
            cell.fail(reason)

    def _battery(self, percentage: float, at_well: int, now_s: float) -> Wave:
        cell = self.cells[ENERGY]
        cell.operational = True
        cell.current = battery_state(percentage)
        cell.waves += 1
        cell.spent += cell.poll_cost
        values = (percentage, 1.0 if at_well else 0.0)
        return Wave(ENERGY, now_s, battery_confidence(percentage), cell.poll_cost, values)

    def _novelty(self, percept: Percept, now_s: float) -> Wave:
        exits = unknown = 0
        for node, known in zip(percept.neighbour, percept.neighbour_known, strict=False):
            if node >= 0:
                exits += 1
                if not known:
                    unknown += 1
        here = percept.here_known
        confidence = 0.6 if unknown else 0.3
        if not here or (unknown and unknown == exits):
            confidence = 0.9
        values = (percept.coverage, 1.0 if here else 0.0, float(unknown))
        cell = self.cells[NOVELTY]
        cell.waves += 1
        cell.spent += cell.poll_cost
        return Wave(NOVELTY, now_s, confidence, cell.poll_cost, values)

    def _social(self, occupants: int, news: int, now_s: float) -> Wave:
        confidence = 0.6 if occupants else 0.3
        if occupants and news:
            confidence = 0.9
        cell = self.cells[SOCIAL]
        cell.waves += 1
        cell.spent += cell.poll_cost
        return Wave(SOCIAL, now_s, confidence, cell.poll_cost, (float(occupants), float(news)))

    def state(self) -> dict[str, object]:
        """Return what the cells must remember, as plain JSON values."""
        return {
            "cells": {cell.kind.name: cell.state() for cell in self.cells},
            "waves": self.waves,
            "node": self._node,
            "heading": self._heading,
            "reading": list(self._reading),
            "repeats": list(self._repeats),
            "tick": self._tick,
            "motors": self._motors.state(),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, ValueError or TypeError when it is not a body's."""
        cells, motors = state["cells"], state["motors"]
        if not isinstance(cells, dict) or not isinstance(motors, dict):
            raise TypeError("a body's cells are an object by cell name, and its motors another")
        for cell in self.cells:
            cell.restore(cells[cell.kind.name])
        self.waves = int(str(state["waves"]))
        self._node = int(str(state["node"]))
        self._heading = int(str(state["heading"]))
        self._reading = [float(value) for value in _three(state["reading"])]
        self._repeats = [int(value) for value in _three(state["repeats"])]
        self._tick = int(str(state["tick"]))
        self._motors.restore(motors)
        self._said = [()] * 3  # only spares making equal tuples again


def _three(values: object) -> list[float]:
    if not isinstance(values, list) or len(values) != 3:
        raise ValueError("a body has three distance cells")
    return values
