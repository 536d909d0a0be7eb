"""What the exploration nerve's table means: novelty is gone after, and what came of every step is looked at.

CHOOSE_DIRECTION asks the brain; a MOVE is walked, checked in the next tick against what came of it, recorded
when it led somewhere new, and repeated. The nerve adds price, priority and a trail to the brain's choice; it
never overrules it, so nothing can get stuck between the two. A run ends with what it found, so that a nerve which
explores all day learns from every find, not once a day.
Source: docs/domain.md section 5 (exploration, with [R]: not new -> REPEAT 0, obstacle -> CHOOSE 0).
"""

from typing import Any

from nimmer.life.action import Action, Verb
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.scene import Scene
from nimmer.life.vocabulary import Guard, Signature, Vocabulary, always, follow


class ExplorationMemory:
    """Where the last step began, how it went, and what the run has found."""

    __slots__ = (
        "_awaits",
        "_from",
        "_moved_tick",
        "areas",
        "found",
        "moves",
        "obstacles",
        "recorded",
        "stuck",
    )

    def __init__(self) -> None:
        """Remember nothing."""
        self.areas = 0
        self.recorded = 0
        self.obstacles = 0
        self.found = 0
        self.moves = 0
        self.stuck = False
        self._from = -1
        self._moved_tick = -1
        self._awaits = False

    def begin(self, scene: Scene) -> None:
        """Count what this run finds from nothing."""
        self.areas = self.recorded = self.obstacles = self.found = self.moves = 0
        self.stuck = self._awaits = False

    def notice(self, scene: Scene) -> None:
        """Count what is new; in the first tick after a step see whether it led anywhere."""
        self.found += scene.learned
        self.areas += scene.new_area
        percept = scene.percept
        if self._awaits and percept.tick != self._moved_tick:
            self._awaits = False
            self.stuck = percept.rejection != 0 or percept.node == self._from
            self.obstacles += self.stuck

    def moved(self, scene: Scene) -> None:
        """Await what comes of a step."""
        self.moves += 1
        self._awaits, self._from, self._moved_tick = True, scene.percept.node, scene.percept.tick

    def pause(self) -> None:
        """Await nothing."""
        self._awaits = False

    def verdict(self, scene: Scene) -> RunOutcome:
        """Return success when anything was learned or reached, failure when there were only obstacles."""
        if self.found or self.areas:
            return RunOutcome.SUCCESS
        only_obstacles = self.obstacles > 0 and self.obstacles == self.moves
        return RunOutcome.FAILURE if only_obstacles else RunOutcome.ABANDONED

    def state(self) -> dict[str, object]:
        """Return all of it, as plain JSON values."""
        return {
            "areas": self.areas,
            "recorded": self.recorded,
            "obstacles": self.obstacles,
            "found": self.found,
            "moves": self.moves,
            "stuck": self.stuck,
            "from": self._from,
            "moved_tick": self._moved_tick,
            "awaits": self._awaits,
        }

    def restore(self, state: dict[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is not this nerve's."""
        self.areas, self.recorded = int(state["areas"]), int(state["recorded"])
        self.obstacles, self.found = int(state["obstacles"]), int(state["found"])
        self.moves, self.stuck = int(state["moves"]), bool(state["stuck"])
        self._from, self._moved_tick = int(state["from"]), int(state["moved_tick"])
        self._awaits = bool(state["awaits"])


def _wants_to_move(scene: Scene, memory: ExplorationMemory) -> bool:
    return scene.wish[0] == Verb.MOVE


def _obstacle(scene: Scene, memory: ExplorationMemory) -> bool:
    return memory.stuck


def _new_area(scene: Scene, memory: ExplorationMemory) -> bool:
    return memory.areas > memory.recorded


def _found(scene: Scene, memory: ExplorationMemory) -> bool:
    return memory.areas > 0 or memory.found > 0


def _move(scene: Scene, memory: ExplorationMemory) -> Action:
    memory.moved(scene)
    return scene.wish


def _record(scene: Scene, memory: ExplorationMemory) -> Action:
    memory.recorded = memory.areas
    return scene.wish


def _signature(scene: Scene, memory: ExplorationMemory) -> Signature:
    percept = scene.percept
    unknown = percept.neighbour_known[: percept.slots].count(0)
    return (int(scene.wish[0]), percept.here_known, unknown > 0)


EXPLORATION = Vocabulary(
    name="exploration",
    number=2,
    guards={
        "always": Guard(always),
        "novelty": Guard(always, ("novelty",)),
        "wants_to_move": Guard(_wants_to_move),
        "obstacle": Guard(_obstacle, ("distance_front",)),
        "new_area": Guard(_new_area, ("novelty",)),
        "found": Guard(_found, ("novelty",)),
    },
    acts={"follow": follow, "move": _move, "record": _record},
    memory=ExplorationMemory,
    signature=_signature,
    follows=True,
)
