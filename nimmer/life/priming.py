"""Priming: a gate that has learned what its confirmed openings look like expects the next one.

    corr = max(corr, w * s)       at w >= .3, for a salient wave with s >= .8
    s    = likeness to the mean confirmed opening, -1..1: the weighted mean over fields of
           1 - 2|x - mean| / scale, at least -1, for a number (weight 1), and
           2 * (share of openings that said the same) - 1 for a category (weight 2)

Scope and identity fields are not compared, as in correlation. Means are kept per cell, because each kind of cell
has its own fields. Source: docs/domain.md section 3.2 f.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from nimmer.life.transition import Trigger
from nimmer.life.wave import CellKind, Field

PRIMED_WEIGHT = 0.3
ALIKE_ENOUGH = 0.8
LONGEST_MEMORY = 100
"""Openings the mean is taken over; later ones count as the hundredth, so that it can follow a change."""

Means = list[list[float]]
"""Per compared field of a cell: one mean for a number, the share of each choice for a category."""


class Prior:
    """The mean confirmed opening of one gate."""

    __slots__ = ("_fields", "counts", "means")

    def __init__(self, kinds: Iterable[CellKind]) -> None:
        """Expect nothing yet of the cells in `kinds`."""
        self._fields: dict[int, tuple[tuple[int, Field], ...]] = {
            kind.code: tuple(
                (index, field)
                for index, field in enumerate(kind.fields)
                if not field.scope and field.kind != "identity"
            )
            for kind in kinds
        }
        self.counts: dict[int, int] = {}
        self.means: dict[int, Means] = {}

    def learn(self, triggers: Sequence[Trigger]) -> None:
        """Take one confirmed opening into the mean."""
        for cell, _, _, values in triggers:
            fields = self._fields.get(cell)
            if not fields:
                continue  # an order, not a wave; or a cell that says nothing that can be compared
            count = self.counts[cell] = min(self.counts.get(cell, 0) + 1, LONGEST_MEMORY)
            said = [_spread(field, values[index]) for index, field in fields]
            means = self.means.setdefault(cell, [[0.0] * len(one) for one in said])
            for mean, one in zip(means, said, strict=True):
                for place, value in enumerate(one):
                    mean[place] += (value - mean[place]) / count

    def likeness(self, cell: int, values: tuple[float, ...]) -> float:
        """Return how like the mean confirmed opening a wave is, -1..1; -1 where nothing is expected."""
        means = self.means.get(cell)
        if means is None:
            return -1.0
        total = weight = 0.0
        for (index, field), mean in zip(self._fields[cell], means, strict=True):
            if field.kind == "number":
                total += max(-1.0, 1.0 - 2.0 * abs(values[index] - mean[0]) / field.scale)
                weight += 1.0
            else:
                place = int(values[index])
                share = mean[place] if 0 <= place < len(mean) else 0.0
                total += 2.0 * (2.0 * share - 1.0)
                weight += 2.0
        return total / weight

    def expects(self, cell: int, values: tuple[float, ...], weight: float) -> float:
        """Return the correlation that expectation alone gives a wave: w * s, or -1 where it is not alike."""
        alike = self.likeness(cell, values)
        return weight * alike if alike >= ALIKE_ENOUGH else -1.0

    def state(self) -> list[list[object]]:
        """Return the means as plain JSON values, one list per cell."""
        return [[cell, self.counts[cell], means] for cell, means in self.means.items()]

    def restore(self, state: Sequence[Any]) -> None:
        """Take back what `state` returned.

        Raises KeyError for a cell this gate does not hear, ValueError or TypeError when it is no prior of it.
        """
        counts: dict[int, int] = {}
        found: dict[int, Means] = {}
        for cell, count, means in state:
            fields = self._fields[int(cell)]
            if [len(mean) for mean in means] != [len(_spread(field, 0.0)) for _, field in fields]:
                raise ValueError(f"the prior of cell {cell} is not of its fields")
            counts[int(cell)] = int(count)
            found[int(cell)] = [[float(value) for value in mean] for mean in means]
        self.counts, self.means = counts, found


def _spread(field: Field, value: float) -> list[float]:
    """Return a number as it is, a category as one share per choice."""
    if field.kind == "number":
        return [min(max(value, -_BEYOND), _BEYOND)]
    return [1.0 if place == int(value) else 0.0 for place in range(len(field.choices))]


_BEYOND = 1e12
"""Numbers further out count as this, so that a mean never overflows."""
