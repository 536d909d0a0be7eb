"""What one body pays and is paid: its ledger, what its deeds brought, and how much of a life it can afford.

Source: docs/domain.md section 6 (lifeforce, rewards, degradation, slumber).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nimmer.life.action import Verb
from nimmer.life.behaviour import Lesson
from nimmer.life.lifeforce import (
    COLLISION,
    INTERACTION,
    NEW_AREA,
    NEW_FACT,
    SURVIVED_MINUTE,
    Entry,
    Lifeforce,
)
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.percept import Percept
from nimmer.life.vigour import Vigour
from nimmer.world.rejection import Rejection

LONGEST_GAP_S = 60.0
"""A pause longer than this pays no more income than this: a dead body earns nothing."""
_PAID_FOR = {"collision_avoidance": "avoided", "charging": "docked"}
"""What a success of a nerve is booked under."""
_BUMPS = (int(Rejection.NO_EDGE), int(Rejection.NODE_FULL))
"""Refusals of a move that are collisions; the others are no fault of the body's."""


class Happened(NamedTuple):
    """What the world made of the last deed.

    fresh: whether the percept is one the body has not lived yet; new_area: it never stood here; learned: houses;
    rewarded, charged: lifeforce, for just that.
    """

    fresh: bool = False
    new_area: bool = False
    learned: int = 0
    rewarded: float = 0.0
    charged: float = 0.0


class Beat(NamedTuple):
    """The close of one beat: which one, the level in millionths after it, lambda, what the sums were.

    budget_left_ms: of the attention; openings: gates that opened; ticks: lived in it.
    """

    beat: int
    level_micro: int
    balance: float
    entries: tuple[Entry, ...]
    budget_left_ms: float = 0.0
    openings: int = 0
    ticks: int = 0


_AGAIN = Happened()


class Metabolism:
    """One body's economy."""

    __slots__ = (
        "_coverage",
        "_level",
        "_node",
        "_now_s",
        "_seen_tick",
        "_survived_s",
        "_visited",
        "collision_price",
        "elapsed_s",
        "ledger",
        "vigour",
    )

    def __init__(self, price_scale: float) -> None:
        """Open a ledger at the birth level; `price_scale` is the factor on what can happen every tick."""
        self.ledger = Lifeforce()
        self.vigour = Vigour()
        self.collision_price = COLLISION * price_scale
        self.elapsed_s = 0.0
        self._now_s: float | None = None
        self._survived_s = 0.0
        self._seen_tick = self._level = self._node = -1
        self._coverage = 0.0
        self._visited = 0

    def pass_until(self, now_s: float) -> float:
        """Let time pass until `now_s` and return how much did, s; a clock that went back passes none."""
        last_s = self._now_s
        elapsed_s = 0.0 if last_s is None else min(now_s - last_s, LONGEST_GAP_S)
        self.elapsed_s = elapsed_s = elapsed_s if elapsed_s > 0.0 else 0.0
        if last_s is None or now_s > last_s:
            self._now_s = now_s
        self.ledger.advance(elapsed_s)
        self._survived_s += elapsed_s
        if self._survived_s >= 60.0:
            self._survived_s -= 60.0
            self.ledger.reward("survived", SURVIVED_MINUTE)
        return elapsed_s

    def assess(self, percept: Percept, nodes: int, verb: int) -> Happened:
        """Reward what the last deed, a `verb`, brought, and charge a collision; a percept seen before brings nothing.

        nodes: how many houses there are to know.
        """
        if percept.tick == self._seen_tick:
            return _AGAIN
        self._seen_tick = percept.tick
        if percept.level != self._level:
            self._level = percept.level
            self._visited = 0
            self._coverage = percept.coverage
            self._node = -1
        learned, rewarded = self._learned(percept.coverage, nodes, verb)
        charged = 0.0
        if percept.rejection in _BUMPS and verb == Verb.MOVE:
            charged = self.ledger.charge("collision", self.collision_price)
        new_area = percept.node != self._node and self._arrived(percept.node)
        if new_area:
            rewarded += self.ledger.reward("area", NEW_AREA)
        return Happened(True, new_area, learned, rewarded, charged)

    def _learned(self, coverage: float, nodes: int, verb: int) -> tuple[int, float]:
        gained = coverage - self._coverage
        self._coverage = coverage
        if gained <= 0.0:
            return 0, 0.0
        facts = max(1, round(gained * nodes))
        rewarded = self.ledger.reward("fact", NEW_FACT * facts)
        if verb == Verb.TALK:
            rewarded += self.ledger.reward("interaction", INTERACTION)
        return facts, rewarded

    def _arrived(self, node: int) -> bool:
        """Return whether the body stands at `node` for the first time, its birthplace not counted."""
        born_here = self._node < 0
        self._node = node
        if node < 0 or self._visited >> node & 1:
            return False
        self._visited |= 1 << node
        return not born_here

    def book(self, lesson: Lesson) -> float:
        """Receive what a nerve's outcome pays, or pay what it costs; return what was charged."""
        pays = lesson.pays
        if pays > 0.0:
            self.ledger.reward(_PAID_FOR.get(lesson.nerve, "other"), pays)
        elif pays < 0.0:
            return self.ledger.charge(
                "timeout" if lesson.run.outcome == RunOutcome.TIMEOUT else "other", -pays
            )
        return 0.0

    def close_beat(self) -> Beat:
        """Return the open beat as it is now, and begin the next."""
        ledger = self.ledger
        beat, level, balance = ledger.beat, ledger.micro, ledger.balance
        return Beat(beat, level, balance, ledger.close_beat())

    def state(self) -> dict[str, object]:
        """Return what must be remembered, as plain JSON values."""
        return {
            "ledger": self.ledger.state(),
            "vigour": self.vigour.state(),
            "now_s": self._now_s,
            "survived_s": self._survived_s,
            "seen_tick": self._seen_tick,
            "level": self._level,
            "node": self._node,
            "coverage": self._coverage,
            "visited": f"{self._visited:x}",
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not a metabolism's.
        """
        self.ledger.restore(state["ledger"])
        self.vigour.restore(state["vigour"], shift_s)
        self._now_s = None if state["now_s"] is None else float(state["now_s"]) + shift_s
        self._survived_s = float(state["survived_s"])
        self._seen_tick, self._level = int(state["seen_tick"]), int(state["level"])
        self._node, self._coverage = int(state["node"]), float(state["coverage"])
        self._visited = int(state["visited"], 16)
