"""A hand-written brain that learns a level on its own: look, listen, walk to what is unknown, drink in time.

It needs no training and no weights, so a village lives from its first second; a learned brain is measured
against it. It thinks in node ids of its level's graph, and remembers only where it found wells.
Source: docs/domain.md section 8 (NPC brain: movement, needs, space; actions and observation).
"""

from collections.abc import Callable

import numpy as np

from nimmer.errors import WeightsError
from nimmer.life.action import LOOK, MOVES, STAY, TALK, Action
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats
from nimmer.minds.pathfinder import BLOCKED_CM, Pathfinder

THIRSTY = 0.15
"""Energy below which it heads for a well: below the .2 that wakes the charging nerve, so that the nerve comes
first and the brain is what is left when a body has no such nerve."""
RESTORED = 0.9
"""Energy at which it leaves the well again."""
_TALKS = 3
_LONGEST_SILENCE = 64
_PATIENCE = 3
_LONGEST_STROLL = 40


class Explorer:
    """A brain for one NPC on one level; make a new one when the level changes.

    neighbours: per node the node behind each slot, -1 for none (`WorldGraph.neighbours.tolist()`);
    generator: breaks ties, so that NPCs on the same node go different ways.
    """

    name = "explorer"

    def __init__(self, neighbours: list[list[int]], generator: np.random.Generator) -> None:
        """Begin with no plan and no known well."""
        self._generator = generator
        self._paths = Pathfinder(neighbours, self._order)
        self._thirsty = False
        self._best_news = 0
        self._fruitless = 0
        self._silent_until = 0
        self._silence = 4
        self._refusals = 0
        self._strolls_until = 0

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        """Return the next action; `features` is not used. See `nimmer.minds.brain.Brain`.

        1. Here unknown: look. 2. Thirsty: go to the nearest known well and stay till restored.
        3. Someone here has news: talk, with silences when it brings nothing.
        4. Something unknown: walk to the nearest; refused again and again: give way. 5. All known: wander.
        """
        self._paths.notice(percept)
        if not percept.here_known:
            return LOOK
        self._thirsty = percept.energy < (RESTORED if self._thirsty else THIRSTY)
        if self._thirsty and self._paths.wells():
            return STAY if percept.at_well else self._walk(percept, self._paths.is_well)
        if percept.news and self._should_talk(percept):
            return TALK
        if percept.coverage >= 1.0 or self._gives_way(percept):
            return self._wander(percept)
        return self._explore(percept, known)

    def state(self) -> dict[str, object]:
        """Return the wells it found and whether it is on its way to one."""
        return {"brain": self.name, **self._paths.state(), "thirsty": self._thirsty}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is another brain's or of another level."""
        if state.get("brain") != self.name or not isinstance(state.get("wells"), list):
            raise WeightsError(
                f"this is no {self.name}'s state but {state.get('brain')!r}'s; start it without a state"
            )
        try:
            self._paths.restore(state)
        except ValueError as error:
            raise WeightsError(str(error)) from error
        self._thirsty = bool(state.get("thirsty"))

    def _should_talk(self, percept: Percept) -> bool:
        if percept.news < self._best_news or not self._fruitless:
            self._fruitless, self._silence = 0, 4
        self._best_news = percept.news
        if percept.tick < self._silent_until:
            return False
        self._fruitless += 1
        if self._fruitless > _TALKS:
            # News that does not shrink by talking: leave it for a while, each time longer.
            self._silent_until = percept.tick + self._silence
            self._silence = min(2 * self._silence, _LONGEST_SILENCE)
            self._fruitless = 1
            return False
        return True

    def _gives_way(self, percept: Percept) -> bool:
        """Stroll for a while after several refusals in a row: in a crowd somebody must go back first."""
        self._refusals = self._refusals + 1 if percept.rejection else 0
        if self._refusals >= _PATIENCE:
            self._refusals = 0
            self._strolls_until = percept.tick + int(self._generator.random() * _LONGEST_STROLL)
        return percept.tick < self._strolls_until

    def _explore(self, percept: Percept, known: Flags) -> Action:
        near = [slot for slot in self._order(percept.slots) if self._is_new(percept, slot)]
        if near:
            self._paths.forget()
            return MOVES[near[0]]
        if self._paths.goal >= 0 and known[self._paths.goal]:
            self._paths.forget()
        return self._walk(percept, lambda node: not known[node])

    def _is_new(self, percept: Percept, slot: int) -> bool:
        return (
            percept.neighbour[slot] >= 0
            and not percept.neighbour_known[slot]
            and percept.distance_cm[slot] >= BLOCKED_CM
        )

    def _walk(self, percept: Percept, wanted: Callable[[int], bool]) -> Action:
        step = self._paths.toward(percept, wanted)
        return self._wander(percept) if step is None else step

    def _wander(self, percept: Percept) -> Action:
        """Move aside when the node is crowded, else now and then, so that nobody is walled in."""
        if percept.occupants < 2 and self._generator.random() > 0.1:
            return STAY
        for slot in self._order(percept.slots):
            if percept.neighbour[slot] >= 0 and percept.distance_cm[slot] >= BLOCKED_CM:
                return MOVES[slot]
        return STAY

    def _order(self, slots: int) -> list[int]:
        turn = int(self._generator.random() * slots)
        return [*range(turn, slots), *range(turn)]
