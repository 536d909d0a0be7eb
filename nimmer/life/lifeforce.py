"""The lifeforce of one body: an energy ledger that pays for sensing and acting, and is paid for what succeeds.

    L >= 0,  L' = L + dt * income - costs + rewards
    L = sum of all rewards - sum of all charges, to the last unit, at any moment

Inside are whole micro-lifeforce (1e-6 LF), so that sums are exact: an amount is rounded once, when it enters. What
cannot be paid is never booked as a charge; it is counted apart, as unpaid. Sums are kept per beat of 30 s of lived
time and per reason; the level at birth and the physical income are rewards like any other.
Lifeforce is not the world's energy: energy is regained at a well, lifeforce by being right.
Source: docs/domain.md section 6 (equations, rewards and penalties) and section 13 point 12 (the beat).
"""

from itertools import chain
from math import exp, inf
from typing import Any, NamedTuple

from nimmer.life import balance as equations
from nimmer.life.economy import BIRTH_LEVEL, INCOME_PER_MINUTE, PENALTIES, REWARDS

MICRO = 1_000_000
"""Micro-lifeforce in one lifeforce."""
MOST = 1e9
"""An amount above this, in lifeforce, is a mistake and changes nothing; sums of smaller ones fit a bigint."""
BEAT_S = 30.0
"""Length of a beat, s of lived time."""
SMOOTHING_S = 60.0
"""Time constant of the rates behind lambda."""
FOLD_S = 1.0
"""How often amounts are folded into the rates."""

NEW_FACT = REWARDS["dimension"]
NEW_AREA = REWARDS["area"]
INTERACTION = REWARDS["interaction"]
SURVIVED_MINUTE = REWARDS["survived"]
COLLISION = PENALTIES["collision"]
"""The printed price of one collision."""

CHARGE, REWARD = 0, 1
"""Kinds of an entry."""
KINDS = ("charge", "reward")

REASONS: tuple[str, ...] = (
    "other",
    "birth",
    "income",
    "sense",
    "gate",
    "nerve",
    "motor",
    "organ",
    "cortex",
    "garden",
    "fact",
    "grant",
    *REWARDS,
    *PENALTIES,
)
"""What can be paid for, and be paid for; a code in a record is the index here. Another name counts as "other"."""
OTHER, BIRTH, INCOME = 0, 1, 2
_CODES = {reason: code for code, reason in enumerate(REASONS)}


class Entry(NamedTuple):
    """One sum of one beat.

    kind: 0 charge, 1 reward; reason: index into `REASONS`; amount_micro: what was really paid; count: single
    amounts in it; unpaid_micro: what a charge asked for beyond what there was.
    """

    kind: int
    reason: int
    amount_micro: int
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody asks of a sum
    unpaid_micro: int


class Lifeforce:
    """One ledger. Amounts are lifeforce, 0 to 1e9; times are given, in s. Nothing here raises after birth."""

    __slots__ = (
        "_charges",
        "_fraction",
        "_in",
        "_in_per_s",
        "_micro_per_s",
        "_out",
        "_out_per_s",
        "_past",
        "_rewards",
        "_since_s",
        "_whole_until",
        "beat",
        "begun_s",
        "lived_s",
        "micro",
    )

    def __init__(self, level: float = BIRTH_LEVEL, income_per_minute: float = INCOME_PER_MINUTE) -> None:
        """Open a ledger at `level`. Raises ValueError when a number is negative, not finite or above 1e9."""
        if not 0.0 <= level <= MOST or not 0.0 <= income_per_minute <= MOST:
            raise ValueError(
                f"level {level} and income {income_per_minute} must be finite and 0 or more, at most {MOST:g}"
            )
        self._micro_per_s = income_per_minute / 60.0 * MICRO
        # per reason: amount, count, unpaid
        self._charges = [[0, 0, 0] for _ in REASONS]
        self._rewards = [[0, 0, 0] for _ in REASONS]
        self._past: dict[tuple[int, int], list[int]] = {}
        self.micro = int(level * MICRO + 0.5)
        if self.micro:
            self._rewards[BIRTH] = [self.micro, 1, 0]
        self.beat = 0
        self.begun_s = 0.0
        self.lived_s = 0.0
        self._whole_until = -1
        self._fraction = 0.0
        self._in = self._out = 0
        self._since_s = self._in_per_s = self._out_per_s = 0.0

    @property
    def level(self) -> float:
        """Return what there is, lifeforce."""
        return self.micro / MICRO

    def advance(self, elapsed_s: float) -> None:
        """Let `elapsed_s` pass: the physical income flows. Nothing happens when it is not within 0 to 1e9."""
        if not 0.0 < elapsed_s <= MOST:
            return
        owed = self._fraction + elapsed_s * self._micro_per_s
        income = int(owed)
        self._fraction = owed - income
        self.lived_s += elapsed_s
        self._since_s += elapsed_s
        if income:
            self.micro += income
            self._in += income
            row = self._rewards[INCOME]
            row[0] += income
            row[1] += 1
        if self._since_s >= FOLD_S:
            self._fold()

    def charge(self, reason: str, amount: float) -> float:
        """Pay `amount` for `reason` and return what was paid: never more than there is; the rest is `unpaid`."""
        if not 0.0 < amount <= MOST:
            return 0.0
        due = int(amount * MICRO + 0.5)
        row = self._charges[_CODES.get(reason, OTHER)]
        row[1] += 1
        self._out += due
        left = self.micro - due
        if left < 0:
            row[2] -= left
            due += left
            left = 0
        self.micro = left
        row[0] += due
        return due / MICRO

    def reward(self, reason: str, amount: float) -> float:
        """Receive `amount` for `reason` and return it, rounded to what was booked."""
        if not 0.0 < amount <= MOST:
            return 0.0
        paid = int(amount * MICRO + 0.5)
        row = self._rewards[_CODES.get(reason, OTHER)]
        row[0] += paid
        row[1] += 1
        self.micro += paid
        self._in += paid
        return paid / MICRO

    def _fold(self) -> None:
        keep = exp(-self._since_s / SMOOTHING_S)
        share = (1.0 - keep) / (self._since_s * MICRO)
        self._in_per_s = self._in_per_s * keep + self._in * share
        self._out_per_s = self._out_per_s * keep + self._out * share
        self._in = self._out = 0
        self._since_s = 0.0

    @property
    def balance(self) -> float:
        """Return lambda, income over expense of the last minute or so; inf while nothing is spent (dormant)."""
        return equations.balance(self._in_per_s, self._out_per_s)

    @property
    def reserve_s(self) -> float:
        """Return how long the level lasts at the present rates, s; inf when it does not shrink."""
        return equations.reserve_s(self.level, self._in_per_s, self._out_per_s)

    @property
    def beat_over(self) -> bool:
        """Return whether the open beat has lasted its 30 s, so that it is time to close it."""
        return self.lived_s >= self.begun_s + BEAT_S

    def entries(self) -> tuple[Entry, ...]:
        """Return the sums of the open beat so far, charges first, in the order of `REASONS`.

        A sum in which nothing was booked is left out, except in the first beats after `restore`: there every one
        is named, so that rows a killed predecessor wrote for the same beat are all replaced, be it by 0.
        """
        whole = self.beat <= self._whole_until
        return tuple(
            Entry(kind, reason, *row)
            for kind, rows in ((CHARGE, self._charges), (REWARD, self._rewards))
            for reason, row in enumerate(rows)
            if whole or row[1]
        )

    def close_beat(self) -> tuple[Entry, ...]:
        """Return the sums of the open beat and begin the next one.

        It begins where the 30 s of the last one ended, or now when that was closed early. After a long pause several
        beats are over; each is closed by a call of its own, so that no number is left out.
        """
        found = self.entries()
        for kind, reason, amount, count, unpaid in found:
            if count:
                past = self._past.setdefault((kind, reason), [0, 0, 0])
                past[0] += amount
                past[1] += count
                past[2] += unpaid
        self._charges = [[0, 0, 0] for _ in REASONS]
        self._rewards = [[0, 0, 0] for _ in REASONS]
        self.beat += 1
        self.begun_s = min(self.lived_s, self.begun_s + BEAT_S)
        return found

    def totals(self) -> tuple[Entry, ...]:
        """Return the sums of all beats, the open one included, in the order of kind and reason."""
        sums = {key: list(row) for key, row in self._past.items()}
        for kind, rows in ((CHARGE, self._charges), (REWARD, self._rewards)):
            for reason, row in enumerate(rows):
                if row[1]:
                    past = sums.get((kind, reason), (0, 0, 0))
                    sums[kind, reason] = [before + now for before, now in zip(past, row, strict=True)]
        return tuple(Entry(*key, *sums[key]) for key in sorted(sums))

    @property
    def charged(self) -> dict[str, float]:
        """Return what was asked for since birth, paid or not, by reason, lifeforce."""
        return {
            REASONS[one.reason]: (one.amount_micro + one.unpaid_micro) / MICRO
            for one in self.totals()
            if one.kind == CHARGE
        }

    @property
    def rewarded(self) -> dict[str, float]:
        """Return what success brought since birth, by reason, lifeforce; birth and income are not success."""
        return {
            REASONS[one.reason]: one.amount_micro / MICRO
            for one in self.totals()
            if one.kind == REWARD and one.reason not in (BIRTH, INCOME)
        }

    @property
    def unpaid(self) -> float:
        """Return what was asked for since birth and could not be paid, lifeforce."""
        return sum(one.unpaid_micro for one in self.totals()) / MICRO

    def state(self) -> dict[str, object]:
        """Return what the ledger must remember, as plain JSON values; reasons go by name, amounts in micro."""
        past = (Entry(*key, *row) for key, row in sorted(self._past.items()))
        now = (entry for entry in self.entries() if entry.count)
        return {
            "micro": self.micro,
            "beat": self.beat,
            "begun_s": self.begun_s,
            "lived_s": self.lived_s,
            "past": [_named(entry) for entry in past],
            "now": [_named(entry) for entry in now],
            "rates": [self._fraction, self._in, self._out, self._since_s, self._in_per_s, self._out_per_s],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned, which may be a second older than the rows a killed body wrote.

        Raises KeyError, TypeError or ValueError when it is not a ledger's, or one that does not balance.
        """
        past, now, micro = state["past"], state["now"], state["micro"]
        if not isinstance(past, list) or not isinstance(now, list) or not isinstance(micro, int):
            raise TypeError("a ledger's past and now are lists of sums and its micro a whole number")
        sums = [_entry(row) for row in past]
        still_open = [_entry(row) for row in now]
        booked = sum(_signed(entry) for entry in chain(sums, still_open))
        if booked != micro or micro < 0:
            raise ValueError(f"a ledger of {micro} micro-lifeforce whose entries sum to {booked} is broken")
        begun_s, lived_s = float(state["begun_s"]), float(state["lived_s"])
        fraction, gained, spent, since_s, in_per_s, out_per_s = map(float, state["rates"])
        if not all(0.0 <= one < inf for one in (fraction, gained, spent, since_s, in_per_s, out_per_s)):
            raise ValueError("the rates of a ledger are finite and 0 or more")
        if not 0.0 <= begun_s <= lived_s < inf:
            raise ValueError(f"a beat that began at {begun_s} s of {lived_s} s lived is none")
        self.micro = micro
        self.beat = self._whole_until = int(state["beat"])
        self._whole_until += 1  # the predecessor may have begun the next beat before it was killed
        self.begun_s, self.lived_s = begun_s, lived_s
        self._past = {(entry.kind, entry.reason): list(entry[2:]) for entry in sums}
        self._charges = [[0, 0, 0] for _ in REASONS]
        self._rewards = [[0, 0, 0] for _ in REASONS]
        for entry in still_open:
            (self._rewards if entry.kind else self._charges)[entry.reason] = list(entry[2:])
        self._fraction, self._in, self._out = fraction, int(gained), int(spent)
        self._since_s, self._in_per_s, self._out_per_s = since_s, in_per_s, out_per_s


def _named(entry: Entry) -> list[object]:
    return [KINDS[entry.kind], REASONS[entry.reason], *entry[2:]]


def _entry(row: list[Any]) -> Entry:
    kind, reason, amount, count, unpaid = row
    found = Entry(KINDS.index(kind), _CODES[reason], int(amount), int(count), int(unpaid))
    if min(found) < 0:
        raise ValueError(f"a sum of a ledger is never negative: {row}")
    return found


def _signed(entry: Entry) -> int:
    return entry.amount_micro if entry.kind == REWARD else -entry.amount_micro
