"""A wave: what a cell says, how sure it is, what it cost; and the schema of what can be said.

Source: domain.md sections 1, 2 and 7 (WaveSignal). A wave's meaning is up to four numbers whose names and
kinds are the cell's schema, so that a wave is a small fixed record on the tick path and named JSON on the bus.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

MEANINGS = 4
"""Most semantic fields one wave can carry."""


@dataclass(frozen=True, slots=True)
class Field:
    """One semantic field: a number on a `scale`, a category out of `choices`, or an identity (never compared).

    `scope` marks the field inside whose equal values alone two waves can contradict each other.
    """

    name: str
    kind: Literal["number", "category", "identity"] = "number"
    scale: float = 1.0
    choices: tuple[str, ...] = ()
    scope: bool = False


@dataclass(frozen=True, slots=True)
class CellKind:
    """One row of the cell table. `code` is its index there and travels in every wave record.

    Two versions of a cell share their name and live side by side, each with a code of its own.
    """

    code: int
    name: str
    domain: str
    tier: int
    cost: float
    fields: tuple[Field, ...]
    version: int = 1

    @property
    def label(self) -> str:
        """Return name and version, such as `math/v1`: what tells every kind of the table from all others."""
        return f"{self.name}/v{self.version}"

    @property
    def entity(self) -> str:
        """Return what it is called where names must differ: the plain name, a later version with its version."""
        return self.name if self.version == 1 else self.label


class Wave(NamedTuple):
    """One signal.

    cell: code of the `CellKind`; time_s: monotonic seconds; confidence: 0..1; cost: lifeforce units;
    values: one float per field of the cell's kind (a category is the index of its choice).
    """

    cell: int
    time_s: float
    confidence: float
    cost: float
    values: tuple[float, ...]
