"""A table made ready to be walked: names looked up once, prices multiplied once, so that a tick looks up nothing."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nimmer.life.nerve_run import RunOutcome
from nimmer.life.nerve_spec import Edge, NerveSpec
from nimmer.life.senses import kind_named
from nimmer.life.vocabulary import Act, Vocabulary


class Way(NamedTuple):
    """An edge made ready.

    price: at this body's prices, before the mode's factor; reads: a bit per cell code; watch: lifeforce per second
    of being where it leads; number: of the edge in the table, from 0.
    """

    holds: Callable[[Any, Any], bool]
    act: Act | None
    to: int
    price: float
    outcome: RunOutcome | None
    reads: int
    watch: float
    number: int


class Map(NamedTuple):
    """A whole table made ready, by state: the ways out, what monitoring costs, what is claimed meanwhile, holds."""

    ways: tuple[tuple[Way, ...], ...]
    watch: tuple[float, ...]
    meanwhile: tuple[Act | None, ...]
    holds: tuple[bool, ...]


def make_map(spec: NerveSpec, vocabulary: Vocabulary, price: Callable[[float], float]) -> Map:
    """Return the table `spec` in the words of `vocabulary`; `price` turns a printed price into this body's."""
    states = spec.states
    monitoring, meanwhile = dict(spec.monitoring), dict(spec.meanwhile)
    watch = tuple(price(monitoring[state]) if state in monitoring else 0.0 for state in states)

    def way(edge: Edge, index: int) -> Way:
        guard = vocabulary.guards[edge.when]
        to = states.index(edge.to)
        reads = sum({1 << kind_named(cell).code for cell in guard.reads})
        act = vocabulary.acts[edge.does] if edge.does else None
        return Way(guard.holds, act, to, price(edge.cost), edge.outcome, reads, watch[to], index)

    return Map(
        tuple(
            tuple(way(edge, index) for index, edge in enumerate(spec.edges) if edge.origin == state)
            for state in states
        ),
        watch,
        tuple(vocabulary.acts[meanwhile[state]] if state in meanwhile else None for state in states),
        tuple(state in spec.holds for state in states),
    )
