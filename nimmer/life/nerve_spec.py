"""What makes one nerve itself, as data: states, priced edges, who wakes it, what it needs.

Rows come from a file (`nimmer.life.nerve_table`); the machine that runs one is `nimmer.life.nerve`.
Source: docs/domain.md section 5.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from nimmer.life.nerve_run import RunOutcome

IDLE = 0
DISABLED = 1
"""Every nerve's first two states: at rest, and at rest for want of a cell."""


class Edge(NamedTuple):
    """One declared step.

    cost: printed price, lifeforce; when: the guard that must hold; does: the act that is claimed ("" none), after
    which the world must answer before the walk goes on; outcome: how a run ends here, None when it goes on.
    """

    origin: str
    to: str
    cost: float
    when: str
    does: str = ""
    outcome: RunOutcome | None = None


@dataclass(frozen=True, slots=True)
class NerveSpec:
    """What makes one nerve itself.

    gate: name of the gate that wakes it; required: cells without which it is DISABLED; optional: cells it can
    lose; priority: who moves when several want to; edges: in the order they are tried; meanwhile: what a state
    claims while no edge acts; monitoring: lifeforce per second of being in a state; holds: states it may finish
    in after its gate let go; pays: lifeforce an outcome earns (negative: costs); pays_often: that happens so
    often that the body's price scale holds for it.
    """

    name: str
    gate: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    priority: float
    states: tuple[str, ...]
    edges: tuple[Edge, ...]
    meanwhile: tuple[tuple[str, str], ...] = ()
    monitoring: tuple[tuple[str, float], ...] = ()
    holds: tuple[str, ...] = ()
    pays: tuple[tuple[RunOutcome, float], ...] = ()
    pays_often: bool = False

    def digest(self) -> str:
        """Return 16 hex digits over states and edges: what a remembered path or pattern refers to."""
        text = repr((self.name, self.states, self.edges))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
