"""The nerve that keeps a body from driving into what stands before it.

Its gate wakes it; it then acts only where there is something to avoid: the brain's own MOVE through the blocked
front. On a graph a turn is a move through that side's slot and backing off is a move through the opposite one;
the printed durations (a turn 500 ms, reverse 300 ms) become one move.

    risk = .7 F + .15 L + .15 R,  each term 1 - d/30 clamped to 0..1 (a lost side counts as blocked)
    1. evade when front < 20 cm, or 20-30 on three readings in a row, or risk > .7; else a false alarm
    2. go to the clearer side when it has more than 50 cm; with one side lost, to the other when it has more
       than 30; else back off; where there is no way back, stay
    3. still blocked after three times backing off: escalate, and leave the motor to the brain for 2 s
Source: docs/domain.md section 5 and section 13 point 5.
"""

from typing import NamedTuple

from nimmer.life.action import MOVES, STAY, Action, Verb
from nimmer.life.bearing import Bearing
from nimmer.life.nerve import COLLISION_AVOIDANCE, DISABLED, IDLE, Claim, NerveMachine
from nimmer.life.percept import Percept

NEAR_CM = 30.0
CRITICAL_CM = 20.0
CLEAR_CM = 50.0
RISK_LIMIT = 0.7
GUARD_READINGS = 3
FAILED_REVERSES = 3
ESCALATED_S = 2.0
MONITORING_PER_S = 0.1
NUMBER = 1
"""This nerve's number in records."""

_DETECT = COLLISION_AVOIDANCE.states.index("DETECT")
_EVALUATE = COLLISION_AVOIDANCE.states.index("EVALUATE")
_EVADE = COLLISION_AVOIDANCE.states.index("EVADE")
_RESUME = COLLISION_AVOIDANCE.states.index("RESUME")


class Ways(NamedTuple):
    """What the distance cells say, cm; a side that cannot be read is None. The front is always there."""

    front: float
    left: float | None
    right: float | None


def risk(ways: Ways) -> float:
    """Return the risk of going on, 0..1."""
    return 0.7 * _term(ways.front) + 0.15 * _term(ways.left) + 0.15 * _term(ways.right)


def _term(distance_cm: float | None) -> float:
    if distance_cm is None:
        return 1.0
    return min(1.0, max(0.0, 1.0 - distance_cm / NEAR_CM))


def clearer_side(ways: Ways) -> int:
    """Return -1 to go left, 1 to go right, 0 to back off."""
    left, right = ways.left, ways.right
    if left is None or right is None:
        kept = right if left is None else left
        if kept is None or kept <= NEAR_CM:
            return 0
        return 1 if left is None else -1
    if max(left, right) <= CLEAR_CM:
        return 0
    return -1 if left >= right else 1


class CollisionAvoidance:
    """One body's collision nerve. `step` decides one tick; nothing else changes it."""

    __slots__ = (
        "_acted",
        "_acted_tick",
        "_backing",
        "_failed",
        "_monitoring",
        "_quiet_until_s",
        "_readings",
        "avoided",
        "escalations",
        "false_alarms",
        "last_risk",
        "machine",
        "node_capacity",
    )

    def __init__(self, price_scale: float = 1.0, node_capacity: int = 4) -> None:
        """Rest. node_capacity: how many bodies fill a node, so that a full one can be told from a near one."""
        self.machine = NerveMachine(COLLISION_AVOIDANCE, price_scale)
        self.node_capacity = node_capacity
        self._monitoring = MONITORING_PER_S * price_scale
        self._readings = 0
        self._failed = 0
        self._backing = False
        self._acted = STAY
        self._acted_tick = -1
        self._quiet_until_s = -1e18
        self.avoided = 0
        self.escalations = 0
        self.false_alarms = 0
        self.last_risk = 0.0

    def rest(self, able: bool) -> None:
        """Stop: the gate is not open, or (`able` false) the front cannot be read."""
        machine = self.machine
        if machine.current or not able:
            machine.rest(able)
            self._backing = False
            self._failed = 0
        self._readings = 0

    def step(
        self, percept: Percept, around: Bearing, ways: Ways, wish: Action, now_s: float, elapsed_s: float
    ) -> Claim | None:
        """Return this nerve's claim on the motor for this tick, while its gate is open.

        percept, around: where the body stands and what lies around it; ways: the cells' readings;
        wish: what the brain wants to do; elapsed_s: since the last tick, for the price of monitoring.
        """
        machine = self.machine
        near = ways.front < NEAR_CM
        self._readings = self._readings + 1 if near else 0
        if machine.current == DISABLED:
            machine.rest(True)
        if machine.current == _EVADE:
            if percept.tick == self._acted_tick:
                return self._claim(self._acted)  # the world has not moved since: insist, free of charge
            self._sense_again(ways.front, now_s)
        if machine.current == IDLE and near and now_s >= self._quiet_until_s:
            machine.go(_DETECT)
        if machine.current != _DETECT:
            return None
        machine.owe(self._monitoring * elapsed_s)
        if not near:
            machine.go(IDLE)
            return None
        if not self._runs_into(percept, around.front, wish):
            return None
        return self._evaluate(percept, around, ways)

    def _sense_again(self, front_cm: float, now_s: float) -> None:
        """After an act: 1. clear, done; 2. still blocked, detect again, or escalate; 3. in between, wait."""
        machine = self.machine
        if front_cm > CLEAR_CM:
            machine.go(_RESUME)
            machine.go(IDLE)
            self.avoided += 1
            self._failed = 0
        elif front_cm < NEAR_CM:
            machine.go(_DETECT)
            if self._backing:
                self._failed += 1
            if self._failed >= FAILED_REVERSES:
                machine.go(IDLE)
                self._failed = 0
                self.escalations += 1
                self._quiet_until_s = now_s + ESCALATED_S

    def _runs_into(self, percept: Percept, front: int, wish: Action) -> bool:
        """Return whether the brain wants to go where nobody can: no edge, or a node that is full."""
        if wish[0] != Verb.MOVE or wish[1] != front:
            return False
        return not self._passable(percept, front)

    def _passable(self, percept: Percept, slot: int) -> bool:
        if slot < 0 or percept.neighbour[slot] < 0:
            return False
        return percept.distance_cm[slot] >= NEAR_CM or percept.neighbour_occupants[slot] < self.node_capacity

    def _evaluate(self, percept: Percept, around: Bearing, ways: Ways) -> Claim | None:
        machine = self.machine
        machine.go(_EVALUATE)
        self.last_risk = risk(ways)
        guarded = ways.front < CRITICAL_CM or self._readings >= GUARD_READINGS
        if not guarded and self.last_risk <= RISK_LIMIT:
            machine.go(IDLE)
            self.false_alarms += 1
            return None
        machine.go(_EVADE)
        side = clearer_side(ways)
        slot = around.back if side == 0 else around.left if side < 0 else around.right
        self._backing = side == 0
        self._acted = MOVES[slot] if self._passable(percept, slot) else STAY
        self._acted_tick = percept.tick
        return self._claim(self._acted)

    def _claim(self, action: Action) -> Claim:
        return Claim(COLLISION_AVOIDANCE.priority, NUMBER, action)

    def state(self) -> dict[str, object]:
        """Return what the nerve must remember, as plain JSON values."""
        return {
            "machine": self.machine.state(),
            "readings": self._readings,
            "failed": self._failed,
            "backing": self._backing,
            "acted": [int(part) for part in self._acted],
            "acted_tick": self._acted_tick,
            "quiet_until_s": self._quiet_until_s,
            "avoided": self.avoided,
            "escalations": self.escalations,
            "false_alarms": self.false_alarms,
            "last_risk": self.last_risk,
        }

    def restore(self, state: dict[str, object], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not this nerve's.
        """
        machine = state["machine"]
        if not isinstance(machine, dict):
            raise TypeError("a nerve's machine is an object")
        self.machine.restore(machine)
        self._readings = int(str(state["readings"]))
        self._failed = int(str(state["failed"]))
        self._backing = bool(state["backing"])
        acted = state["acted"]
        if not isinstance(acted, list) or len(acted) != 2:
            raise ValueError("acted must be a verb and a slot")
        self._acted = Action(int(acted[0]), int(acted[1]))
        self._acted_tick = int(str(state["acted_tick"]))
        self._quiet_until_s = float(str(state["quiet_until_s"])) + shift_s
        self.avoided = int(str(state["avoided"]))
        self.escalations = int(str(state["escalations"]))
        self.false_alarms = int(str(state["false_alarms"]))
        self.last_risk = float(str(state["last_risk"]))
