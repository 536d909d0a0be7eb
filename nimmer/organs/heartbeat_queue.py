"""The queue the heart serves: what waits, in which order it goes to the cards, and what a beat cannot pay.

On each beat (1 Hz) the waiting operations are ordered by priority, which falls by one a minute as they age, then by
age. Each is let through while the budget of the beat lasts; once over half of it is spent, what has fallen below
priority 1 is passed over. What is not let through is deferred, counted, and tried again on the next beat; after
`longest_s` it is given up with the reason. Priority 10 is a reflex: it does not wait for the beat and is paid like
the others, as far as there is something to pay with.
Source: docs/domain.md sections 6 (priorities, minus one per minute) and 9.
"""

from dataclasses import dataclass

from nimmer.organs import ladder
from nimmer.organs.ladder import Rung

REFLEX = 10
AGEING_PER_S = 1.0 / 60.0
BACKGROUND = 1.0
"""Below this priority nothing is let through once half of the budget is spent."""


@dataclass(frozen=True, slots=True)
class Item:
    """One operation that waits: which organ it needs, how urgent it was, and since when."""

    operation: str
    organ: str
    priority: float
    since_s: float

    def urgency(self, now_s: float) -> float:
        """Return the priority that is left after its age."""
        return max(0.0, self.priority - (now_s - self.since_s) * AGEING_PER_S)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An operation whose turn it is, at which quality, and what it costs in lifeforce."""

    operation: str
    organ: str
    priority: float
    full: bool
    cost: float


@dataclass(frozen=True, slots=True)
class Beat:
    """What one beat did. given_up: operation and reason."""

    rung: Rung
    admitted: tuple[Admitted, ...] = ()
    given_up: tuple[tuple[str, str], ...] = ()


class HeartbeatQueue:
    """The operations of one host that wait for the heart. Never holds more than `most`."""

    def __init__(self, most: int, price_scale: float, longest_s: float, second_s: float = 1.0) -> None:
        """Begin empty.

        Args:
            most: operations that may wait.
            price_scale: factor on every printed price.
            longest_s: an operation that waits longer is given up.
            second_s: the time a budget is for; beats that follow faster share one.
        """
        self._most = most
        self._price_scale = price_scale
        self._longest_s = longest_s
        self._second_s = second_s
        self._items: list[Item] = []
        self._opened_s = float("-inf")
        self._spent = 0.0
        self.deferred = 0
        self.refused = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._items)

    def put(self, item: Item) -> str:
        """Take `item` into the queue and return "", or return why not."""
        if len(self._items) >= self._most:
            self.refused += 1
            return f"{self._most} operations wait already (organs.queue); try again later"
        self._items.append(item)
        return ""

    def drop(self, operation: str) -> None:
        """Forget an operation nobody waits for any more."""
        self._items = [item for item in self._items if item.operation != operation]

    def reflex(self, item: Item, level: float, now_s: float) -> Admitted | None:
        """Let an operation through at once: full when the beat can pay it, else for what its cheapest form costs.

        Returns None when the lifeforce `level` does not reach even for that: it has to wait like the others.
        """
        spendable = self._budget(level, now_s)
        on = ladder.rung(spendable, self._price_scale)
        cost = ladder.price(item.organ, on, self._price_scale)
        if cost is None:
            cost = ladder.price(item.organ, Rung.BASE, self._price_scale) or 0.0
        if cost > level:
            return None
        self._spent += cost
        return Admitted(item.operation, item.organ, item.priority, on is Rung.FULL, cost)

    def beat(self, level: float, now_s: float) -> Beat:
        """Serve the queue once, with the lifeforce `level`."""
        given_up = self._give_up(now_s)
        whole = self._budget(level, now_s)
        on = ladder.rung(whole, self._price_scale)
        admitted: list[Admitted] = []
        waiting: list[Item] = []
        for item in sorted(self._items, key=lambda one: (-one.urgency(now_s), one.since_s)):
            cost = ladder.price(item.organ, on, self._price_scale)
            background = self._spent > whole / 2 and item.urgency(now_s) < BACKGROUND
            if cost is None or background or self._spent + cost > whole:
                waiting.append(item)
                continue
            self._spent += cost
            admitted.append(Admitted(item.operation, item.organ, item.priority, on is Rung.FULL, cost))
        self.deferred += len(waiting)
        self._items = waiting
        return Beat(on, tuple(admitted), given_up)

    def _budget(self, level: float, now_s: float) -> float:
        """Return the budget of the second that `now_s` lies in; a new second has spent nothing."""
        if now_s - self._opened_s >= self._second_s:
            self._opened_s = now_s
            self._spent = 0.0
        return ladder.budget(level + self._spent)

    def _give_up(self, now_s: float) -> tuple[tuple[str, str], ...]:
        late = [item for item in self._items if now_s - item.since_s >= self._longest_s]
        self._items = [item for item in self._items if now_s - item.since_s < self._longest_s]
        return tuple(
            (
                item.operation,
                f"it waited {self._longest_s:g} s: the organs' lifeforce does not reach or they are too busy; "
                "ask with a higher priority or later",
            )
            for item in late
        )
