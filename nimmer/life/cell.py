"""A cell: a small state machine around one capability, which prices what it does and can fail alone.

A cell says what it senses without knowing who listens. Every declared move of it costs lifeforce; the move to
ERROR is always open and free, so that a broken sensor is seen instead of guessed at. What states a kind has and
what they cost stands in the kind's own file (`nimmer.life.cells`).
Source: docs/domain.md section 2.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import Enum
from math import isfinite
from typing import ClassVar, TypeVar

from nimmer.life.pricing import Pricing
from nimmer.life.wave import CellKind

S = TypeVar("S", bound="CellState")
Moves = Mapping[str, Mapping[str, float | None]]
"""By state, the states that may follow and the price of going there; None is the kind's own price."""


class CellState(Enum):
    """Base of every cell's states: each one knows its successors and what going there costs."""

    table: "ClassVar[dict[CellState, dict[CellState, float | None]]]"

    @property
    def successors(self) -> "dict[CellState, float | None]":
        """Return the states that may follow, with the price in lifeforce; None means the kind's own price."""
        return type(self).table[self]


def priced(rest: str, moves: Moves) -> Callable[[type[S]], type[S]]:
    """Give the states of a kind their table: which moves there are, and what each costs.

    rest: the state a cell begins in and recovers to. The free move to ERROR is added to every state. Raises
    ValueError, when the file is loaded, for a table that `check_table` refuses.
    """

    def declare(states: type[S]) -> type[S]:
        check_table(states, rest, moves)
        error = states["ERROR"]
        table: dict[CellState, dict[CellState, float | None]] = {}
        for state in states:
            declared: dict[CellState, float | None] = {
                states[to]: cost for to, cost in moves[state.name].items()
            }
            table[state] = declared if state is error else {**declared, error: 0.0}
        states.table = table
        return states

    return declare


def check_table(states: type[CellState], rest: str, moves: Moves) -> None:
    """Raise ValueError when `moves` is no table of `states`, naming the state and the nearest there is.

    Every state has a row, all prices are finite and not negative, every state can be reached from `rest` and,
    without taking the way through ERROR, come back to it.
    """
    where = states.__name__
    known = states.__members__
    for name in ("ERROR", rest, *moves, *(to for row in moves.values() for to in row)):
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            raise ValueError(f"{where} has no state {name!r}; did you mean {near[0] if near else 'ERROR'}?")
    for name in known:
        if name not in moves:
            near = get_close_matches(name, moves, n=1, cutoff=0.0)
            raise ValueError(f"{where}: state {name} has no row in the table; the nearest is {near[0]}")
    _check_prices(where, moves)
    reached = _reached(rest, moves) | {"ERROR"}
    for name in known:
        if name not in reached:
            raise ValueError(f"{where}: state {name} cannot be reached from {rest}")
        if rest not in _reached(name, moves):
            raise ValueError(f"{where}: there is no way from state {name} back to {rest}")


def _check_prices(where: str, moves: Moves) -> None:
    for name, row in moves.items():
        for to, cost in row.items():
            if cost is not None and not (isfinite(cost) and cost >= 0.0):
                raise ValueError(f"{where}: {name} to {to} costs {cost}; a price is 0 or more lifeforce")


def _reached(start: str, moves: Moves) -> set[str]:
    """Return `start` and every state that declared moves lead to from there."""
    found = {start}
    waiting = [start]
    while waiting:
        fresh = set(moves[waiting.pop()]) - found
        found |= fresh
        waiting += fresh
    return found


class Cell:
    """One living cell: where it is in its states, whether it works, what it has said and spent.

    `poll` is the whole closed walk of one reading at once, priced when the cell is made: nobody can see the
    states in between of a read that takes microseconds, and twenty polls a second have no time to play them.
    """

    __slots__ = (
        "_home",
        "code",
        "current",
        "error_count",
        "kind",
        "last_error",
        "operational",
        "poll_cost",
        "price_scale",
        "spent",
        "waves",
    )

    def __init__(
        self,
        kind: CellKind,
        walk: tuple[CellState, ...],
        price_scale: float = 1.0,
        prices: Pricing | None = None,
    ) -> None:
        """Make a cell of `kind` resting in the first state of `walk`, which is one whole poll.

        price_scale: factor on every printed price; `prices`, where given, says the price of a poll instead, and
        every move then costs its share of that. Raises ValueError when the walk is not closed or takes a move
        its states do not declare.
        """
        self.kind = kind
        self.code = kind.code
        self.price_scale = price_scale
        self._home = walk[0]
        self.current = walk[0]
        self.operational = True
        self.error_count = 0
        self.last_error = ""
        self.waves = 0
        self.spent = 0.0
        if walk[0] is not walk[-1]:
            raise ValueError(f"the walk of {kind.name} must end where it began, at {walk[0].name}")
        self.poll_cost = self._walked(walk)
        if prices is not None:
            self._reprice(walk, prices)

    def _walked(self, walk: tuple[CellState, ...]) -> float:
        """Return what the walk costs at the prices of now."""
        cost = 0.0
        for to in walk[1:]:
            cost += self.step(to)
        self.spent = 0.0
        return cost

    def _reprice(self, walk: tuple[CellState, ...], prices: Pricing) -> None:
        self.price_scale = 1.0
        printed = self._walked(walk)
        self.poll_cost = prices.cell(self.kind.name, printed)
        self.price_scale = self.poll_cost / printed if printed else 1.0

    def step(self, to: CellState) -> float:
        """Go to state `to` and return its price in lifeforce. Raises ValueError when it is not a successor."""
        allowed = self.current.successors
        if to not in allowed:
            names = ", ".join(state.name for state in allowed)
            raise ValueError(
                f"{self.kind.name} cannot go from {self.current.name} to {to.name}, only to {names}"
            )
        price = allowed[to]
        cost = (self.kind.cost if price is None else price) * self.price_scale
        self.current = to
        self.spent += cost
        return cost

    def emitted(self) -> float:
        """Count one poll that ended in a wave and return its cost in lifeforce."""
        self.waves += 1
        self.spent += self.poll_cost
        return self.poll_cost

    def fail(self, reason: str) -> None:
        """Go to ERROR, free of charge: the cell says nothing until `recover`."""
        self.current = type(self.current)["ERROR"]
        self.operational = False
        self.error_count += 1
        self.last_error = reason

    def recover(self) -> None:
        """Return to rest and work again; nothing happens to a cell that works."""
        if not self.operational:
            self.current = self._home
            self.operational = True

    def state(self) -> dict[str, object]:
        """Return what the cell must remember, as plain JSON values."""
        return {
            "current": self.current.value,
            "operational": self.operational,
            "error_count": self.error_count,
            "last_error": self.last_error,
            "waves": self.waves,
            "spent": self.spent,
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises KeyError, ValueError or TypeError when it is not a cell's."""
        self.current = type(self._home)(state["current"])
        self.operational = bool(state["operational"])
        self.error_count = int(str(state["error_count"]))
        self.last_error = str(state["last_error"])
        self.waves = int(str(state["waves"]))
        self.spent = float(str(state["spent"]))
