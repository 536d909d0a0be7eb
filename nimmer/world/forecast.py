"""Forecasts: what the virtual garden saw coming, how far that can be believed, and what the real garden made of it.

    a virtual gate opens in every future rehearsed -> forecast; with a correlation of .85 or more it is verified
    verification_confidence = certainty of the trigger waves * credibility of this NPC's forecasts for this gate
    certainty = 1 - product(1 - confidence);  credibility = share borne out of the last 10 judged, 1 before the first

Several futures, because brains toss coins: measured with four, what one future held came true in a quarter of cases
or less, what all held in 80 to 93 % (docs/gardens.md). A forecast waits until its time is over. It is borne out when the real gate
opened by itself, or, opened by the verified signal, stayed open longer than silence alone would have let it: real
waves agreed. A real gate that opened by itself in no future is a surprise, and is handed back to the virtual garden.
Source: docs/domain.md sections 3.1 point 6 and 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nimmer.life.gate import Cause, GateState, Transition
from nimmer.life.gates import BODY_GATES
from nimmer.life.verification import QUALIFYING_CORRELATION
from nimmer.world.virtual_correlation import Signal, certainty, signals_of
from nimmer.world.virtual_garden import Lived

REMEMBERED = 10
"""Judged forecasts a credibility is the mean of."""
STALE_S = 1.0
"""A remembered body is at most this much older than the snapshot it is set into; so much earlier may a gate open."""
HELD_S = 1.5
"""A gate that was opened directly and hears nothing lets go after 1.351 s; open this long, it was fed."""
MOST_PENDING = 8
MOST_CHANGES = 8192
_OWN = (Cause.CORRELATION, Cause.REFLEX)
"""Causes by which a gate opens by itself."""


class Forecast(NamedTuple):
    """One gate that opened in every virtual future, the first time within the horizon.

    tick, time_s: world tick and real monotonic s of the earliest; correlation: of the triggering waves, mean, -1..1;
    confidence: verification_confidence, 0..1; verified: correlated enough to be told; signals: oldest first.
    """

    npc: int
    gate: int
    tick: int
    time_s: float
    correlation: float
    confidence: float
    verified: bool
    signals: tuple[Signal, ...]


class _Opening(NamedTuple):
    lived: Lived
    transition: Transition


Key = tuple[int, int]
"""NPC and gate."""


class RealChange(NamedTuple):
    """One transition of a real body's gate.

    time_s: monotonic; cause: `nimmer.life.gate.Cause`; correlation, signals: of an opening, for who has to learn it.
    """

    npc: int
    gate: int
    time_s: float
    to_state: int
    cause: int
    correlation: float = 0.0
    signals: tuple[Signal, ...] = ()


class Judgement(NamedTuple):
    """What came of a forecast."""

    forecast: Forecast
    borne_out: bool


class _Rehearsal(NamedTuple):
    made_s: float
    until_s: float
    forecasts: tuple[Forecast, ...]
    possible: frozenset[Key]


class Forecaster:
    """What this village's forecasts have been worth, per NPC and gate."""

    def __init__(self) -> None:
        """Believe everybody until judged."""
        self._judged: dict[Key, str] = {}
        self._pending: list[_Rehearsal] = []
        self._changes: list[RealChange] = []
        self._judged_until_s = -1e18
        self.made = 0
        self.verified = 0
        self.borne_out = 0
        self.missed = 0
        self.surprises = 0

    def credibility(self, npc: int, gate: int) -> float:
        """Return the share borne out of the last forecasts for this gate, 1 before the first."""
        judged = self._judged.get((npc, gate), "")
        return 1.0 - judged.count("0") / REMEMBERED

    def foresee(self, futures: Sequence[Iterable[Lived]], made_s: float, horizon_s: float) -> list[Forecast]:
        """Return what all of `futures` hold as forecasts, and wait for what the real garden makes of them.

        Args:
            futures: of each, the ticks in which gates moved, oldest first.
            made_s: the real moment of their snapshot, monotonic s.
            horizon_s: how far they look ahead, virtual s.
        """
        found: dict[Key, list[_Opening]] = {}
        for future in futures:
            for key, opening in _first_openings(future).items():
                found.setdefault(key, []).append(opening)
        forecasts = [
            self._forecast(key, openings, made_s)
            for key, openings in found.items()
            if len(openings) == len(futures)
        ]
        self.made += len(forecasts)
        self.verified += sum(one.verified for one in forecasts)
        self._pending.append(_Rehearsal(made_s, made_s + horizon_s, tuple(forecasts), frozenset(found)))
        del self._pending[:-MOST_PENDING]
        return forecasts

    def _forecast(self, key: Key, openings: list[_Opening], made_s: float) -> Forecast:
        npc, gate = key
        first = min(openings, key=lambda opening: opening.lived.time_s)
        signals = signals_of(first.transition)
        correlation = sum(opening.transition.correlation for opening in openings) / len(openings)
        sure = certainty(BODY_GATES[gate], signals)
        return Forecast(
            npc,
            gate,
            first.lived.tick,
            made_s + first.lived.time_s,
            min(max(correlation, -1.0), 1.0),
            round(sure * self.credibility(npc, gate), 6),
            round(correlation, 6) >= QUALIFYING_CORRELATION,
            signals,
        )

    def judge(self, changes: Iterable[RealChange], now_s: float) -> tuple[list[Judgement], list[RealChange]]:
        """Take what real gates did since the last call; return the forecasts whose time is over, and the surprises.

        changes: oldest first per NPC; now_s: up to when they are complete, monotonic s.
        """
        self._changes += changes
        del self._changes[:-MOST_CHANGES]
        judgements: list[Judgement] = []
        surprises: list[RealChange] = []
        ripe = [one for one in self._pending if one.until_s + HELD_S <= now_s]
        for rehearsal in ripe:
            self._weigh(rehearsal, now_s, judgements, surprises)
        if ripe:
            self._pending = [one for one in self._pending if one not in ripe]
        oldest_s = min((one.made_s for one in self._pending), default=now_s) - STALE_S
        self._changes = [one for one in self._changes if one.time_s >= oldest_s]
        return judgements, surprises

    def _weigh(
        self,
        rehearsal: _Rehearsal,
        now_s: float,
        judgements: list[Judgement],
        surprises: list[RealChange],
    ) -> None:
        opened, fed = self._openings(rehearsal, now_s)
        for forecast in rehearsal.forecasts:
            key = (forecast.npc, forecast.gate)
            borne_out = key in opened or key in fed
            self._judged[key] = (self._judged.get(key, "") + "01"[borne_out])[-REMEMBERED:]
            self.borne_out += borne_out
            self.missed += not borne_out
            judgements.append(Judgement(forecast, borne_out))
        for key, change in opened.items():
            inside = rehearsal.made_s <= change.time_s and change.time_s > self._judged_until_s
            if inside and key not in rehearsal.possible:
                surprises.append(change)
                self.surprises += 1
        self._judged_until_s = max(self._judged_until_s, rehearsal.until_s)

    def _openings(self, rehearsal: _Rehearsal, now_s: float) -> tuple[dict[Key, RealChange], set[Key]]:
        """Return the real gates that opened by themselves in time, and those that were opened and then fed."""
        opened: dict[Key, RealChange] = {}
        fed: set[Key] = set()
        left_s: dict[Key, float] = {}
        for change in reversed(self._changes):
            key = (change.npc, change.gate)
            if change.to_state != GateState.OPEN:
                left_s[key] = change.time_s
            elif rehearsal.made_s - STALE_S <= change.time_s <= rehearsal.until_s:
                if change.cause in _OWN:
                    opened[key] = change
                elif change.cause == Cause.VERIFIED and left_s.get(key, now_s) - change.time_s >= HELD_S:
                    fed.add(key)
        return opened, fed

    def state(self) -> dict[str, object]:
        """Return what forecasts have been worth, as plain JSON values; what still waits is not remembered."""
        return {
            "judged": {f"{npc}.{gate}": judged for (npc, gate), judged in self._judged.items()},
            **{name: getattr(self, name) for name in _COUNTED},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is no forecaster's."""
        judged: dict[Key, str] = {}
        for key, found in state["judged"].items():
            npc, gate = map(int, key.split("."))
            if not isinstance(found, str) or set(found) - {"0", "1"}:
                raise ValueError(
                    f"the forecasts of {key} are judged by {found!r}; it must be made of 0 and 1"
                )
            judged[npc, gate] = found[-REMEMBERED:]
        self._judged = judged
        for name in _COUNTED:
            setattr(self, name, int(state[name]))


def _first_openings(future: Iterable[Lived]) -> dict[Key, _Opening]:
    """Return the first opening of every gate that opened by itself."""
    found: dict[Key, _Opening] = {}
    for lived in future:
        for transition in lived.transitions:
            if transition.to_state == GateState.OPEN and transition.cause in _OWN:
                found.setdefault((lived.npc, transition.gate), _Opening(lived, transition))
    return found


_COUNTED = ("made", "verified", "borne_out", "missed", "surprises")
