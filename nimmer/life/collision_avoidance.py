"""What the collision nerve's table means: when a body runs into something, and which way out it takes.

It acts only where there is something to avoid: the brain's own MOVE through the blocked front. On a graph a turn
is a move through that side's slot and backing off is a move through the opposite one; the printed durations (a
turn 500 ms, reverse 300 ms) become one move. While it deliberates it holds the body back, but only from running in.

    risk = .7 F + .15 L + .15 R,  each term 1 - d/30 clamped to 0..1 (a lost side counts as blocked)
    1. evade when front < 20 cm, or 20-30 on three readings in a row, or risk > .7; else a false alarm
    2. go to the clearer side when it has more than 50 cm; with one side lost, to the other when it has more
       than 30; else back off; where there is no way back, stay
    3. still blocked after three times backing off: escalate, and leave the motor to the brain for 2 s
Source: docs/domain.md section 5 and section 13 point 5.
"""

from typing import Any

from nimmer.life.action import MOVES, STAY, Action, Verb
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.percept import Percept
from nimmer.life.scene import Scene, Ways
from nimmer.life.vocabulary import Guard, Signature, Vocabulary, always, shifted
from nimmer.world.rejection import Rejection

NEAR_CM = 30.0
CRITICAL_CM = 20.0
CLEAR_CM = 50.0
RISK_LIMIT = 0.7
GUARD_READINGS = 3
FAILED_REVERSES = 3
ESCALATED_S = 2.0
NODE_CAPACITY = 4
BUMPS = (int(Rejection.NO_EDGE), int(Rejection.NODE_FULL))
"""Refusals of a move that are collisions; the others are no fault of the body's."""


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


class CollisionMemory:
    """Readings in a row, what was tried and how it went. node_capacity: bodies that fill a node."""

    __slots__ = (
        "_acted_tick",
        "_awaits",
        "_backing",
        "bumped",
        "cleared",
        "escalations",
        "failed",
        "node_capacity",
        "quiet_until_s",
        "readings",
    )

    def __init__(self, node_capacity: int = NODE_CAPACITY) -> None:
        """Remember nothing."""
        self.node_capacity = node_capacity
        self.readings = 0
        self.failed = 0
        self.bumped = False
        self.cleared = False
        self.escalations = 0
        self.quiet_until_s = -1e18
        self._backing = False
        self._awaits = False
        self._acted_tick = -1

    def begin(self, scene: Scene) -> None:
        """Start counting failures anew."""
        self.failed = 0
        self.bumped = self.cleared = self._backing = self._awaits = False

    def notice(self, scene: Scene) -> None:
        """Count near readings; after an act see what the world answered: clear, still blocked, or wait."""
        front_cm = scene.ways.front
        self.readings = self.readings + 1 if front_cm < NEAR_CM else 0
        if not self._awaits or scene.percept.tick == self._acted_tick:
            return
        if scene.percept.rejection in BUMPS:
            self.bumped = True
        if front_cm > CLEAR_CM:
            self._awaits, self.cleared = False, True
        elif front_cm < NEAR_CM:
            self._awaits = False
            self.failed += self._backing

    def acted(self, tick: int, backing: bool) -> None:
        """Await the world's answer to an act."""
        self._awaits, self._acted_tick, self._backing = True, tick, backing

    def escalate(self, now_s: float) -> None:
        """Leave the motor to the brain for a while."""
        self.escalations += 1
        self.quiet_until_s = now_s + ESCALATED_S

    def pause(self) -> None:
        """Count readings anew when the gate opens again."""
        self.readings = 0

    def verdict(self, scene: Scene) -> RunOutcome:
        """Return what a run came to that the gate, or the brain, ended."""
        if self.bumped:
            return RunOutcome.FAILURE
        return RunOutcome.SUCCESS if self.cleared else RunOutcome.ABANDONED

    def state(self) -> dict[str, object]:
        """Return all of it, as plain JSON values."""
        return {
            "readings": self.readings,
            "failed": self.failed,
            "bumped": self.bumped,
            "cleared": self.cleared,
            "escalations": self.escalations,
            "quiet_until_s": self.quiet_until_s,
            "backing": self._backing,
            "awaits": self._awaits,
            "acted_tick": self._acted_tick,
        }

    def restore(self, state: dict[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times moved by `shift_s`. Raises KeyError, TypeError or ValueError."""
        self.readings, self.failed = int(state["readings"]), int(state["failed"])
        self.bumped, self.cleared = bool(state["bumped"]), bool(state["cleared"])
        self.escalations = int(state["escalations"])
        self.quiet_until_s = shifted(state["quiet_until_s"], shift_s)
        self._backing, self._awaits = bool(state["backing"]), bool(state["awaits"])
        self._acted_tick = int(state["acted_tick"])


def _front_near(scene: Scene, memory: CollisionMemory) -> bool:
    return scene.ways.front < NEAR_CM and scene.now_s >= memory.quiet_until_s


def _front_free(scene: Scene, memory: CollisionMemory) -> bool:
    return scene.ways.front >= NEAR_CM


def _runs_in(scene: Scene, memory: CollisionMemory) -> bool:
    """Hold where the brain wants to go where nobody can: no edge, or a node that is full."""
    wish, front = scene.wish, scene.around.front
    return wish[0] == Verb.MOVE and wish[1] == front and not _passable(scene.percept, front, memory)


def _dangerous(scene: Scene, memory: CollisionMemory) -> bool:
    """Hold where it runs in and that is no false alarm; a thought that is ready waits for the brain to try again."""
    if not _runs_in(scene, memory):
        return False
    ways = scene.ways
    return ways.front < CRITICAL_CM or memory.readings >= GUARD_READINGS or risk(ways) > RISK_LIMIT


def _path_clear(scene: Scene, memory: CollisionMemory) -> bool:
    return scene.ways.front > CLEAR_CM


def _still_blocked(scene: Scene, memory: CollisionMemory) -> bool:
    return scene.ways.front < NEAR_CM


def _exhausted(scene: Scene, memory: CollisionMemory) -> bool:
    return memory.failed >= FAILED_REVERSES


def _bumped(scene: Scene, memory: CollisionMemory) -> bool:
    return memory.bumped


def _unhurt(scene: Scene, memory: CollisionMemory) -> bool:
    return not memory.bumped


def _passable(percept: Percept, slot: int, memory: CollisionMemory) -> bool:
    if slot < 0 or percept.neighbour[slot] < 0:
        return False
    return percept.distance_cm[slot] >= NEAR_CM or percept.neighbour_occupants[slot] < memory.node_capacity


def _hold_back(scene: Scene, memory: CollisionMemory) -> Action | None:
    return STAY if _runs_in(scene, memory) else None


def _evade(scene: Scene, memory: CollisionMemory) -> Action:
    around = scene.around
    side = clearer_side(scene.ways)
    slot = around.back if side == 0 else around.left if side < 0 else around.right
    memory.acted(scene.percept.tick, side == 0)
    return MOVES[slot] if _passable(scene.percept, slot, memory) else STAY


def _escalate(scene: Scene, memory: CollisionMemory) -> None:
    memory.escalate(scene.now_s)


def _signature(scene: Scene, memory: CollisionMemory) -> Signature:
    """Return how near the front is, what each side is worth, and which ways out are open."""
    ways, around, percept = scene.ways, scene.around, scene.percept
    return (
        2 if ways.front < CRITICAL_CM else 1 if ways.front < NEAR_CM else 0,
        clearer_side(ways),
        -1 if ways.left is None else ways.left > CLEAR_CM,
        -1 if ways.right is None else ways.right > CLEAR_CM,
        _passable(percept, around.left, memory),
        _passable(percept, around.right, memory),
        _passable(percept, around.back, memory),
    )


_FRONT = ("distance_front",)
_MOTORS = ("motor_left", "motor_right")
_SIDES = ("distance_front", "distance_left", "distance_right")

COLLISION_AVOIDANCE = Vocabulary(
    name="collision_avoidance",
    number=1,
    guards={
        "always": Guard(always),
        "front_near": Guard(_front_near, _FRONT),
        "front_free": Guard(_front_free, _FRONT),
        "runs_in": Guard(_runs_in, _FRONT),
        "dangerous": Guard(_dangerous, _SIDES),
        "path_clear": Guard(_path_clear, _FRONT),
        "still_blocked": Guard(_still_blocked, _FRONT),
        "exhausted": Guard(_exhausted, _FRONT),
        "bumped": Guard(_bumped, _MOTORS),
        "unhurt": Guard(_unhurt, _MOTORS),
    },
    acts={"hold_back": _hold_back, "evade": _evade, "escalate": _escalate},
    memory=CollisionMemory,
    signature=_signature,
)
