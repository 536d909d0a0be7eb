"""The nerve that turns novelty into going there: while its gate is open, the brain's choice is its claim.

CHOOSE_DIRECTION asks the brain; a MOVE is walked, checked in the next tick against what came of it, recorded
when it led somewhere new, and repeated. The nerve adds price, priority and a trail to the brain's choice; it
never overrules it, so nothing can get stuck between the two.
Source: docs/domain.md section 5 (exploration, with [R]: not new -> REPEAT 0, obstacle -> CHOOSE 0).
"""

from nimmer.life.action import Action, Verb
from nimmer.life.nerve import DISABLED, EXPLORATION, IDLE, Claim, NerveMachine
from nimmer.life.percept import Percept

NUMBER = 2
"""This nerve's number in records."""

_CHOOSE = EXPLORATION.states.index("CHOOSE_DIRECTION")
_MOVE = EXPLORATION.states.index("MOVE")
_CHECK = EXPLORATION.states.index("CHECK_OBSTACLE")
_RECORD = EXPLORATION.states.index("RECORD")
_REPEAT = EXPLORATION.states.index("REPEAT")


class Exploration:
    """One body's exploration nerve. `step` decides one tick; nothing else changes it."""

    __slots__ = ("_from", "_moved_tick", "areas", "machine", "obstacles")

    def __init__(self, price_scale: float = 1.0) -> None:
        """Rest in IDLE; prices are the printed ones times `price_scale`."""
        self.machine = NerveMachine(EXPLORATION, price_scale)
        self._from = -1
        self._moved_tick = -1
        self.areas = 0
        self.obstacles = 0

    def rest(self, able: bool) -> None:
        """Stop: the gate is not open, or (`able` false) the novelty cell does not work."""
        if self.machine.current or not able:
            self.machine.rest(able)

    def step(self, percept: Percept, new_area: bool, wish: Action) -> Claim:
        """Return the brain's `wish` as this nerve's claim, while its gate is open.

        new_area: whether the body has never stood where it stands now.
        """
        machine = self.machine
        if machine.current == DISABLED:
            machine.rest(True)
        if machine.current == IDLE:
            machine.go(_CHOOSE)
        if machine.current == _MOVE and percept.tick != self._moved_tick:
            self._check(percept, new_area)
        if wish[0] == Verb.MOVE and machine.current == _CHOOSE:
            self._from = percept.node
            self._moved_tick = percept.tick
            machine.go(_MOVE)
        return Claim(EXPLORATION.priority, NUMBER, wish)

    def _check(self, percept: Percept, new_area: bool) -> None:
        machine = self.machine
        machine.go(_CHECK)
        if percept.rejection or percept.node == self._from:
            self.obstacles += 1
            machine.go(_CHOOSE)
            return
        if new_area:
            self.areas += 1
            machine.go(_RECORD)
        machine.go(_REPEAT)
        machine.go(_CHOOSE)

    def state(self) -> dict[str, object]:
        """Return what the nerve must remember, as plain JSON values."""
        return {
            "machine": self.machine.state(),
            "from": self._from,
            "moved_tick": self._moved_tick,
            "areas": self.areas,
            "obstacles": self.obstacles,
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not this nerve's."""
        machine = state["machine"]
        if not isinstance(machine, dict):
            raise TypeError("a nerve's machine is an object")
        self.machine.restore(machine)
        self._from = int(str(state["from"]))
        self._moved_tick = int(str(state["moved_tick"]))
        self.areas = int(str(state["areas"]))
        self.obstacles = int(str(state["obstacles"]))
