"""What a watcher has heard of a village, in bounded memory: the last state of everything, and rates.

Source: docs/domain.md sections 7 (messages) and 12 (dashboards).
"""

from collections import deque
from dataclasses import dataclass, field

from nimmer.bus.message import GateTransition, NpcState, WorldAggregate, decode
from nimmer.errors import MessageError

TRANSITIONS = 64
"""Transitions remembered."""
DOMAINS = 24
"""Wave domains counted apart; waves of further ones count as "other"."""
NPCS = 1024
"""NPCs remembered; further ones are counted in `refused`."""
SILENCE_S = 3.0
"""After so long without a word an NPC counts as silent."""


@dataclass(slots=True)
class Rate:
    """Something that is counted, and how fast it grows; measured over about a second."""

    total: int = 0
    per_s: float = 0.0
    last_s: float = 0.0
    _mark_total: int = 0
    _mark_s: float | None = None

    def reach(self, total: int, now_s: float) -> None:
        """Note that the count stands at `total` now; a count that went back starts anew."""
        if self._mark_s is None or total < self.total:
            self._mark_s, self._mark_total, self.per_s = now_s, total, 0.0
        self.total, self.last_s = total, now_s
        passed_s = now_s - self._mark_s
        if passed_s >= 1.0:
            self.per_s = (total - self._mark_total) / passed_s
            self._mark_s, self._mark_total = now_s, total

    def now(self, now_s: float) -> float:
        """Return the rate per second at `now_s`: 0 when nothing came for `SILENCE_S`."""
        return self.per_s if now_s - self.last_s < SILENCE_S else 0.0


@dataclass(slots=True)
class Seen:
    """One NPC as last heard."""

    state: NpcState
    heard_s: float
    ticks: Rate = field(default_factory=Rate)


@dataclass(frozen=True, slots=True)
class Moved:
    """One gate transition in the words of the picture; at: HH:MM:SS UTC."""

    at: str
    gate: str
    from_state: str
    to_state: str
    tier: int


class View:
    """Everything heard so far; `hear` takes a message, the picture reads the rest."""

    def __init__(self, environment: str, run: str) -> None:
        """Start having heard nothing of the run `run` in `environment`."""
        self.environment = environment
        self.run = run
        self.world: WorldAggregate | None = None
        self.npcs: dict[int, Seen] = {}
        self.waves: dict[str, Rate] = {}
        self.transitions: deque[Moved] = deque(maxlen=TRANSITIONS)
        self.moves = Rate()
        self.refused = 0

    def hear(self, subject: str, payload: bytes, now_s: float) -> None:
        """Take one message that came on `subject` at monotonic `now_s`; a malformed one is counted in `refused`."""
        tokens = subject.split(".")
        if tokens[-1] == "wave" and len(tokens) > 3:
            # waves come by the thousand: they are counted by subject alone
            self._count_wave(tokens[3], now_s)
            return
        try:
            message = decode(subject, payload)
        except MessageError:
            self.refused += 1
            return
        body = message.body
        if isinstance(body, NpcState):
            self._hear_npc(body, now_s)
        elif isinstance(body, GateTransition):
            self.moves.reach(self.moves.total + 1, now_s)
            at = message.header.timestamp[11:19]
            self.transitions.append(
                Moved(at, body.gate_id, body.from_state, body.to_state, body.routed_to_tier)
            )
        elif isinstance(body, WorldAggregate):
            self.world = body

    def _count_wave(self, domain: str, now_s: float) -> None:
        if domain not in self.waves and len(self.waves) >= DOMAINS:
            domain = "other"
        rate = self.waves.setdefault(domain, Rate())
        rate.reach(rate.total + 1, now_s)

    def _hear_npc(self, state: NpcState, now_s: float) -> None:
        seen = self.npcs.get(state.npc_id)
        if seen is None:
            if len(self.npcs) >= NPCS:
                self.refused += 1
                return
            seen = self.npcs[state.npc_id] = Seen(state, now_s)
        seen.state, seen.heard_s = state, now_s
        seen.ticks.reach(state.tick, now_s)
