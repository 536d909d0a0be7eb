"""The two motors of an NPC's body: what came of being told to move.

The world is their gearbox: it carries the step out or refuses it. A wave is emitted only for a move that reached
the motors, and what coming to rest costs is owed until the next one.
Source: docs/domain.md section 2 (motor_left/right; .7, STALLED 1.0 at once).
"""

from nimmer.life.action import Verb
from nimmer.life.cell import Cell, CellState
from nimmer.life.cells.motor import BLOCKED, MOTOR_WALK, MOVED, STALLED, START, STOP, MotorState
from nimmer.life.pricing import Pricing
from nimmer.life.senses import CELLS, MOTOR_LEFT, MOTOR_RIGHT
from nimmer.life.wave import Wave

NO_EDGE, NODE_FULL = 1, 2
"""Refusals of a move in which the motors met a resistance (`nimmer.world.rejection`); the others never reached them."""
_MOVE = int(Verb.MOVE)
_STARTED = (1.0, 1.0, 1.6, 0.0)
_GOING_ON = (1.0, 1.0, 0.3, 0.0)
_STUCK = (0.0, 1.0, 0.6, 1.0)
_STUCK_GOING = (0.0, 1.0, 0.3, 1.0)


class BodyMotors:
    """Both motors of one body; they are told the same and answer the same, each at its own price."""

    __slots__ = ("_blocked", "_go_on", "_owed", "_start", "_stop", "_verb", "cells")

    def __init__(self, price_scale: float = 1.0, prices: Pricing | None = None) -> None:
        """Rest; prices are the printed ones times `price_scale`, or what `prices` says."""
        self.cells = tuple(
            Cell(CELLS[code], MOTOR_WALK, price_scale, prices) for code in (MOTOR_LEFT, MOTOR_RIGHT)
        )
        self._start = self._costs(MotorState.IDLE, START)
        self._go_on = self._costs(MotorState.MOVING, (MotorState.MOVING,))
        self._blocked = self._costs(MotorState.IDLE, BLOCKED)
        self._stop = self._costs(MotorState.MOVING, STOP)
        self._owed = [0.0, 0.0]
        self._verb = 0

    def _costs(self, start: MotorState, path: tuple[CellState, ...]) -> tuple[float, ...]:
        """Return what `path` from `start` costs each motor, and rest. Raises ValueError for a move they have not."""
        found = []
        for cell in self.cells:
            cell.current = start
            found.append(sum(cell.step(to) for to in path))
            cell.current, cell.spent = MotorState.IDLE, 0.0
        return tuple(found)

    def command(self, verb: int) -> None:
        """Be told what the body does this tick; the last word before the world's next tick counts."""
        self._verb = verb

    @property
    def idle(self) -> bool:
        """Whether there is nothing to answer and nothing to bring to rest."""
        return self._verb != _MOVE and self.cells[0].current is not MotorState.MOVING

    def answer(self, rejection: int, now_s: float) -> tuple[Wave, ...]:
        """Return what came of the last command, now that the world has answered it; empty without a move."""
        moved = self._verb == _MOVE
        self._verb = 0
        going = self.cells[0].current is MotorState.MOVING
        if moved and rejection == 0:
            if going:
                return self._say(MotorState.MOVING, MOVED, _GOING_ON, self._go_on, now_s)
            return self._say(MotorState.MOVING, MOVED, _STARTED, self._start, now_s)
        if moved and rejection in (NO_EDGE, NODE_FULL):
            if going:
                return self._say(MotorState.STALLED, STALLED, _STUCK_GOING, self._go_on, now_s)
            return self._say(MotorState.STALLED, STALLED, _STUCK, self._blocked, now_s)
        if going:
            for index, cell in enumerate(self.cells):
                cell.current = MotorState.IDLE
                self._owed[index] += self._stop[index]
        return ()

    def rest(self) -> None:
        """Forget the command and stand still: a body too poor to hear its motors does not pay for them."""
        self._verb = 0
        self._owed = [0.0, 0.0]
        for cell in self.cells:
            cell.current = MotorState.IDLE

    def _say(
        self,
        state: MotorState,
        confidence: float,
        values: tuple[float, ...],
        costs: tuple[float, ...],
        now_s: float,
    ) -> tuple[Wave, ...]:
        left, right = self.cells
        owed = self._owed
        left_cost, right_cost = costs[0] + owed[0], costs[1] + owed[1]
        owed[0] = owed[1] = 0.0
        left.current = right.current = state
        left.waves += 1
        right.waves += 1
        left.spent += left_cost
        right.spent += right_cost
        return (
            Wave(MOTOR_LEFT, now_s, confidence, left_cost, values),
            Wave(MOTOR_RIGHT, now_s, confidence, right_cost, values),
        )

    def state(self) -> dict[str, object]:
        """Return what the motors must remember besides their cells, as plain JSON values."""
        return {"owed": list(self._owed), "verb": self._verb}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not the motors'."""
        owed = state["owed"]
        if not isinstance(owed, list) or len(owed) != len(self.cells):
            raise TypeError("each motor owes one amount")
        self._owed = [float(one) for one in owed]
        self._verb = int(str(state["verb"]))
