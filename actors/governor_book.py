"""The governor's book: what was decided for whom and why, and, an epoch later, what came of it.

A row is opened when its epoch is decided, before the shares are applied, and completed by the look that begins the next
one. The book is kept on disk at each opening, so a governor that is killed in between completes the very row its
predecessor opened; the table takes a row again by run, epoch and NPC. Source: docs/governor.md; docs/stores.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nimmer.life.governor_outcome import Outcome, Tally, outcomes

Row = dict[str, Any]
MOST_EPOCHS = 32
"""Epochs whose rows may wait for a recorder that does not answer; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Look:
    """The epoch that a look at all NPCs began, when it was (monotonic s) and where everyone stood."""

    epoch: int
    at_s: float
    tallies: Mapping[int, Tally]

    def state(self) -> dict[str, Any]:
        """Return the look as plain JSON values."""
        tallies = [tally.state() for tally in self.tallies.values()]
        return {"epoch": self.epoch, "at_s": self.at_s, "tallies": tallies}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "Look":
        """Return what `state` said. Raises KeyError, TypeError or ValueError when it is none."""
        tallies = [Tally.restored(one) for one in state["tallies"]]
        return cls(int(state["epoch"]), float(state["at_s"]), {one.npc: one for one in tallies})


@dataclass(frozen=True, slots=True)
class Past:
    """What came of the time since the last decision: by NPC, and how long it was."""

    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    elapsed_s: float = 0.0


class Closed(NamedTuple):
    """What an epoch brought: mean points over its NPCs, and how many epochs it lasted (more where nobody decided)."""

    points: float
    epochs: int


class Book:
    """The open rows of the last epoch, and whatever the recorder has not acknowledged."""

    def __init__(self) -> None:
        """Begin empty."""
        self._before: Look | None = None
        self._last: Look | None = None
        self._open: dict[int, Row] = {}
        self._waiting: dict[tuple[int, int], Row] = {}

    def past(self, look: Look) -> Past:
        """Return what came of the time since the last epoch but the one that `look` begins, which may be begun twice."""
        earlier = self._before if self._last is not None and self._last.epoch >= look.epoch else self._last
        if earlier is None:
            return Past()
        return Past(outcomes(earlier.tallies, look.tallies), look.at_s - earlier.at_s)

    def close(self, look: Look, past: Past) -> Closed | None:
        """Complete the rows of the last epoch; None when there was none to complete."""
        if self._last is None or self._last.epoch >= look.epoch or not self._open:
            return None
        points: list[float] = []
        epochs = look.epoch - self._last.epoch
        for npc, row in self._open.items():
            came = past.outcomes.get(npc)
            if came is None:
                continue
            points.append(came.points)
            outcome = {**came.as_json(), "lasted_s": round(past.elapsed_s, 3)}
            self._waiting[self._last.epoch, npc] = {**row, "outcome": outcome, "reward": came.points}
        self._open = {}
        return Closed(sum(points) / len(points), epochs) if points else None

    def withdraw(self, in_force: int) -> bool:
        """Take back an epoch later than `in_force`, whose shares nobody got: nothing can come of it. True when there was."""
        if self._last is None or self._last.epoch <= in_force or not self._open:
            return False
        for npc in self._open:
            self._waiting.pop((self._last.epoch, npc), None)
        self._open = {}
        self._last = self._before
        return True

    def open(self, look: Look, rows: Iterable[Row]) -> int:
        """Begin the epoch of `look` with what was decided, one row per NPC; none where nobody decides.

        Returns how many rows were given up because the recorder has been away too long.
        """
        if self._last is None or self._last.epoch < look.epoch:
            self._before = self._last
        self._last = look
        self._open = {int(row["npc"]): row for row in rows}
        self._waiting |= {(look.epoch, npc): row for npc, row in self._open.items()}
        kept = sorted({epoch for epoch, _ in self._waiting})[-MOST_EPOCHS:]
        before = len(self._waiting)
        self._waiting = {key: row for key, row in self._waiting.items() if key[0] in kept}
        return before - len(self._waiting)

    def waiting(self) -> tuple[Row, ...]:
        """Return the rows the recorder has not acknowledged, oldest epoch first."""
        return tuple(self._waiting[key] for key in sorted(self._waiting))

    def acknowledged(self, rows: Iterable[Row]) -> None:
        """Forget `rows`, but for those that have been completed meanwhile."""
        for row in rows:
            key = (int(row["epoch"]), int(row["npc"]))
            if self._waiting.get(key) is row:
                del self._waiting[key]

    def state(self) -> dict[str, Any]:
        """Return the book as plain JSON values."""
        return {
            "before": self._before and self._before.state(),
            "last": self._last and self._last.state(),
            "open": list(self._open.values()),
            "waiting": list(self.waiting()),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises KeyError, TypeError or ValueError when it is none."""
        before, last = (state[name] and Look.restored(state[name]) for name in ("before", "last"))
        opened = {int(row["npc"]): dict(row) for row in state["open"]}
        waiting = {(int(row["epoch"]), int(row["npc"])): dict(row) for row in state["waiting"]}
        self._before, self._last, self._open, self._waiting = before, last, opened, waiting
