"""What is refused in a table of nerves, before anything runs by it: unknown words, dead ends, walks without end.

Every refusal names the nerve, the key, the value, what is allowed and the nearest name.
"""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from nimmer.errors import NerveError
from nimmer.life.gates import BODY_GATES
from nimmer.life.nerve_spec import DISABLED, IDLE, Edge, NerveSpec
from nimmer.life.senses import CELLS
from nimmer.life.vocabulary import Vocabulary

MOST = 1e6
"""No price, priority or pay is more: a record of 32 bits holds it to the unit, and a life never sees it."""


def choose(name: str, known: Collection[str], what: str) -> str:
    """Return `name` if it is one of `known`. Raises NerveError naming the nearest, else all, when it is not."""
    if name in known:
        return name
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise NerveError(f"{what} {name!r} does not exist; {hint}")


def check(spec: NerveSpec, vocabulary: Vocabulary) -> NerveSpec:
    """Return `spec` if a nerve with this `vocabulary` can run by it. Raises NerveError with the reason."""
    where = f"nerve {spec.name}"
    if spec.states[:2] != ("IDLE", "DISABLED"):
        raise NerveError(f"{where}: the first two states must be IDLE and DISABLED, not {spec.states[:2]}")
    if len(set(spec.states)) != len(spec.states):
        raise NerveError(f"{where}: a state is named twice in {', '.join(spec.states)}")
    choose(spec.gate, [gate.name for gate in BODY_GATES], f"{where}: gate")
    for cell in (*spec.required, *spec.optional):
        choose(cell, [kind.name for kind in CELLS], f"{where}: cell")
    _number(spec.priority, f"{where}: priority")
    for number, edge in enumerate(spec.edges, start=1):
        _check_edge(edge, spec, vocabulary, f"{where}: edge {number} ({edge.origin} -> {edge.to})")
    _check_states(spec, vocabulary, where)
    _check_ways(spec, where)
    circle = _circle(spec)
    if circle:
        raise NerveError(
            f"{where}: the cycle {' -> '.join(circle)} neither acts nor passes IDLE, so it could turn for ever"
            " within one tick; let one of its edges do something or end the run"
        )
    return spec


def _number(value: float, what: str) -> None:
    if not 0.0 <= value <= MOST:  # false for NaN too
        raise NerveError(f"{what} is {value}; it is a number from 0 to {MOST:g}")


def _check_edge(edge: Edge, spec: NerveSpec, vocabulary: Vocabulary, where: str) -> None:
    choose(edge.origin, spec.states, f"{where}: state")
    choose(edge.to, spec.states, f"{where}: state")
    if "DISABLED" in (edge.origin, edge.to):
        raise NerveError(f"{where}: DISABLED is entered when a required cell fails, never by an edge")
    _number(edge.cost, f"{where}: cost")
    choose(edge.when, vocabulary.guards, f"{where}: guard")
    if edge.does:
        choose(edge.does, vocabulary.acts, f"{where}: act")


def _check_states(spec: NerveSpec, vocabulary: Vocabulary, where: str) -> None:
    resting = spec.states[: DISABLED + 1]
    named = {
        "meanwhile": [state for state, _ in spec.meanwhile],
        "monitoring": [state for state, _ in spec.monitoring],
        "holds": list(spec.holds),
    }
    for key, states in named.items():
        for state in states:
            choose(state, spec.states, f"{where}: {key}: state")
            if state in resting:
                raise NerveError(f"{where}: {key}: a nerve at rest ({state}) neither claims, holds nor costs")
    for _, act in spec.meanwhile:
        choose(act, vocabulary.acts, f"{where}: meanwhile: act")
    for state, cost in spec.monitoring:
        _number(cost, f"{where}: monitoring of {state}")
    for outcome, amount in spec.pays:
        _number(abs(amount), f"{where}: pays for {outcome.name.lower()}")


def _check_ways(spec: NerveSpec, where: str) -> None:
    """Refuse a state that no walk from IDLE reaches, and one that no edge leaves."""
    onward: dict[str, set[str]] = {state: set() for state in spec.states}
    for edge in spec.edges:
        onward[edge.origin].add(edge.to)
    reached, ahead = set(), ["IDLE"]
    while ahead:
        state = ahead.pop()
        if state not in reached:
            reached.add(state)
            ahead += onward[state]
    for state in spec.states:
        if state == "DISABLED":
            continue
        if state not in reached:
            raise NerveError(f"{where}: no way leads from IDLE to {state}; add an edge or remove the state")
        if not onward[state]:
            raise NerveError(f"{where}: {state} is a dead end; add an edge that leaves it")


def _circle(spec: NerveSpec) -> list[str]:
    """Return the states of a cycle that a walk could turn in for ever within one tick, [] when there is none."""
    idle = spec.states[IDLE]
    onward: dict[str, list[str]] = {state: [] for state in spec.states}
    for edge in spec.edges:
        if not edge.does and edge.outcome is None and idle not in (edge.origin, edge.to):
            onward[edge.origin].append(edge.to)
    done: set[str] = set()
    for start in spec.states:
        found = _turn(start, onward, done)
        if found:
            return found
    return []


def _turn(start: str, onward: dict[str, list[str]], done: set[str]) -> list[str]:
    """Search depth first from `start`; `done` are states known to lead into no cycle."""
    path: list[str] = []
    ways: list[Iterator[str]] = []

    def enter(state: str) -> None:
        path.append(state)
        ways.append(iter(onward[state]))

    if start not in done:
        enter(start)
    while path:
        state = next(ways[-1], None)
        if state is None:
            done.add(path.pop())
            ways.pop()
        elif state in path:
            return [*path[path.index(state) :], state]
        elif state not in done:
            enter(state)
    return []


def check_names(names: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise NerveError when a nerve is named twice or has no vocabulary."""
    seen: set[str] = set()
    for name in names:
        choose(name, known, f"{where}: nerve")
        if name in seen:
            raise NerveError(f"{where}: nerve {name} is there twice; name every nerve once")
        seen.add(name)
