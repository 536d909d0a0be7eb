"""A nerve: a small behaviour machine that a gate wakes and that may claim the body's motor.

It walks declared edges at declared prices. A nerve's states and prices are data (`NerveSpec`), its decisions a class of its own around one `NerveMachine`
(collision_avoidance.py, exploration.py). When several claim the motor at once the highest priority moves.
Source: docs/domain.md section 5 and section 13 point 10.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from nimmer.life.action import Action


@dataclass(frozen=True, slots=True)
class NerveSpec:
    """What makes one nerve itself.

    gate: name of the gate that wakes it; required: cells without which it is DISABLED; optional: cells it can
    lose; priority: who moves when several want to; edges: price in lifeforce of every declared move.
    """

    name: str
    gate: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    priority: float
    states: tuple[str, ...]
    edges: tuple[tuple[str, str, float], ...]


class Claim(NamedTuple):
    """A nerve's wish for the motor in this tick."""

    priority: float
    nerve: int
    action: Action


IDLE = 0
DISABLED = 1
"""Every nerve's first two states."""

COLLISION_AVOIDANCE = NerveSpec(
    name="collision_avoidance",
    gate="collision_avoidance_gate",
    required=("distance_front",),
    optional=("distance_left", "distance_right"),
    priority=10.0,
    states=("IDLE", "DISABLED", "DETECT", "EVALUATE", "EVADE", "RESUME"),
    edges=(
        ("IDLE", "DETECT", 0.5),
        ("DETECT", "IDLE", 0.0),
        ("DETECT", "EVALUATE", 0.5),
        ("EVALUATE", "IDLE", 0.0),
        ("EVALUATE", "EVADE", 0.5),
        ("EVADE", "DETECT", 0.0),
        ("EVADE", "RESUME", 1.0),
        ("RESUME", "IDLE", 0.0),
    ),
)
EXPLORATION = NerveSpec(
    name="exploration",
    gate="exploration_gate",
    required=("novelty",),
    optional=("distance_front",),
    priority=5.0,
    states=("IDLE", "DISABLED", "CHOOSE_DIRECTION", "MOVE", "CHECK_OBSTACLE", "RECORD", "REPEAT"),
    edges=(
        ("IDLE", "CHOOSE_DIRECTION", 1.0),
        ("CHOOSE_DIRECTION", "MOVE", 0.5),
        ("MOVE", "CHECK_OBSTACLE", 0.3),
        ("CHECK_OBSTACLE", "CHOOSE_DIRECTION", 0.0),
        ("CHECK_OBSTACLE", "RECORD", 0.5),
        ("CHECK_OBSTACLE", "REPEAT", 0.0),
        ("RECORD", "REPEAT", 0.1),
        ("REPEAT", "CHOOSE_DIRECTION", 0.0),
    ),
)

BODY_NERVES: tuple[NerveSpec, ...] = (COLLISION_AVOIDANCE, EXPLORATION)
"""Index + 1 = nerve number in every record of an NPC; 0 is the brain itself."""


class NerveMachine:
    """Where one nerve is, what its walk has cost since last asked, and how often it woke."""

    __slots__ = ("_prices", "activations", "current", "due", "name", "spent", "states")

    def __init__(self, spec: NerveSpec, price_scale: float = 1.0) -> None:
        """Rest in IDLE; prices are the printed ones times `price_scale`. Raises ValueError on a broken table."""
        if spec.states[:2] != ("IDLE", "DISABLED"):
            raise ValueError(f"{spec.name}: the first two states must be IDLE and DISABLED")
        self.name = spec.name
        self.states = spec.states
        self._prices = {
            (spec.states.index(origin), spec.states.index(to)): price * price_scale
            for origin, to, price in spec.edges
        }
        self.current = IDLE
        self.activations = 0
        self.due = 0.0
        self.spent = 0.0

    def go(self, to: int) -> None:
        """Walk one declared edge and owe its price. Raises ValueError when the edge is not declared."""
        price = self._prices.get((self.current, to))
        if price is None:
            raise ValueError(f"{self.name} has no edge {self.states[self.current]} -> {self.states[to]}")
        if self.current == IDLE:
            self.activations += 1
        self.current = to
        self.due += price

    def owe(self, amount: float) -> None:
        """Owe `amount` lifeforce on top of the edges (monitoring)."""
        self.due += amount

    def rest(self, able: bool) -> None:
        """Go to IDLE, or to DISABLED when the nerve is not `able`: both are free from everywhere."""
        self.current = IDLE if able else DISABLED

    def collect(self) -> float:
        """Return what is owed since the last call, in lifeforce, and owe nothing."""
        due = self.due
        if due:
            self.due = 0.0
            self.spent += due
        return due

    def state(self) -> dict[str, object]:
        """Return what the machine must remember, as plain JSON values."""
        return {
            "current": self.states[self.current],
            "activations": self.activations,
            "due": self.due,
            "spent": self.spent,
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError or ValueError when it is not this nerve's."""
        self.current = self.states.index(str(state["current"]))
        self.activations = int(str(state["activations"]))
        self.due = float(str(state["due"]))
        self.spent = float(str(state["spent"]))


def arbitrate(claims: Iterable[Claim], brain: Action) -> tuple[int, Action]:
    """Return who moves the body and how: the highest claim (the first of equals), else nerve 0 with the brain's."""
    best: Claim | None = None
    for claim in claims:
        if best is None or claim.priority > best.priority:
            best = claim
    return (0, brain) if best is None else (best.nerve, best.action)
