"""The nerves of a body from a file, with every mistake in it named: file, nerve, key, value and what is allowed.

The built-in table is nimmer/life/nerves.toml. A table of one's own may leave nerves out, order them anew and give
them other states, edges, prices and priorities, in the words their vocabularies know; docs/nerves.md shows how.
Source: docs/domain.md section 5.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from nimmer.errors import NerveError
from nimmer.life.charging import CHARGING
from nimmer.life.collision_avoidance import COLLISION_AVOIDANCE
from nimmer.life.conversation import CONVERSATION
from nimmer.life.evolution import EvolutionRules
from nimmer.life.exploration import EXPLORATION
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_checks import check, check_names, choose
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.nerve_spec import Edge, NerveSpec
from nimmer.life.pricing import Pricing
from nimmer.life.vocabulary import Memory, Vocabulary

VOCABULARIES: tuple[Vocabulary, ...] = (COLLISION_AVOIDANCE, EXPLORATION, CHARGING, CONVERSATION)
"""Index + 1 = the nerve's number in every record of an NPC, whatever its table; 0 is the brain itself."""
NERVE_NAMES: tuple[str, ...] = tuple(vocabulary.name for vocabulary in VOCABULARIES)

_WORDS = {vocabulary.name: vocabulary for vocabulary in VOCABULARIES}
_NEEDED = {"name": str, "gate": str, "priority": float, "states": list, "edges": list}
_SPARE = {
    "required": list, "optional": list, "meanwhile": dict, "monitoring": dict, "holds": list, "pays": dict,
    "pays_often": bool,
}  # fmt: skip
_EDGE_NEEDED = {"from": str, "to": str, "cost": float, "when": str}
_EDGE_SPARE = {"does": str, "outcome": str}
_OUTCOMES = {outcome.name.lower(): outcome for outcome in RunOutcome}
_KINDS = {str: "a text", float: "a number", list: "a list", dict: "a table", bool: "true or false"}


def load_nerves(path: Path | None = None) -> tuple[NerveSpec, ...]:
    """Return the nerves of the TOML file at `path`, or the built-in ones, in its order, checked.

    Raises NerveError naming file, nerve, key and what is allowed when the file cannot be read or makes no nerves.
    """
    if path is None:
        return built_in_nerves()
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise NerveError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or nested without end
        raise NerveError(f"{path}: is no TOML: {error}") from error
    return nerves_of(data, str(path))


@cache
def built_in_nerves() -> tuple[NerveSpec, ...]:
    """Return the nerves of nimmer/life/nerves.toml."""
    with as_file(files("nimmer.life") / "nerves.toml") as packaged:
        return load_nerves(packaged)


def nerves_of(data: Mapping[str, Any], where: str) -> tuple[NerveSpec, ...]:
    """Return the nerves of a parsed table, checked; `where` names it in a refusal. Raises NerveError."""
    tables = data.get("nerve")
    if set(data) != {"nerve"} or not isinstance(tables, list) or not tables:
        raise NerveError(f"{where}: a table of nerves has one [[nerve]] per nerve and nothing else")
    for number, table in enumerate(tables, start=1):
        if not isinstance(table, dict):
            raise NerveError(f"{where}: nerve {number} is {table!r}; write it as [[nerve]]")
        _keys(table, _NEEDED, _SPARE, f"{where}: nerve {table.get('name', number)}")
    check_names([table["name"] for table in tables], NERVE_NAMES, where)
    found = []
    for table in tables:
        try:
            found.append(check(_nerve(table), _WORDS[table["name"]]))
        except NerveError as error:
            raise NerveError(f"{where}: {error}") from None
        except OverflowError:
            raise NerveError(f"{where}: nerve {table['name']}: a number in it has too many digits") from None
    return tuple(found)


def vocabulary_of(name: str) -> Vocabulary:
    """Return the words of the nerve called `name`. Raises NerveError naming the nearest when there is none."""
    return _WORDS[choose(name, NERVE_NAMES, "nerve")]


def make_nerves(
    specs: tuple[NerveSpec, ...],
    price_scale: float = 1.0,
    prices: Pricing | None = None,
    rules: EvolutionRules | None = None,
    memories: Mapping[str, Memory] | None = None,
) -> tuple[Nerve, ...]:
    """Return one resting nerve per row of `specs`, in their order.

    memories: by nerve name, for those that have ports or settings of their own; see `nimmer.life.nerve.Nerve`
    for the rest.
    """
    given = memories or {}
    return tuple(
        Nerve(spec, vocabulary_of(spec.name), price_scale, prices, rules, given.get(spec.name))
        for spec in specs
    )


def _keys(
    table: Mapping[str, Any], needed: Mapping[str, type], spare: Mapping[str, type], where: str
) -> None:
    """Refuse unknown and missing keys and values of another kind."""
    known = {**needed, **spare}
    for key, value in table.items():
        kind = known[choose(key, known, f"{where}: key")]
        fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise NerveError(f"{where}: {key} is {value!r}; it is {_KINDS[kind]}")
    for key in needed:
        if key not in table:
            raise NerveError(f"{where}: {key} is missing; it is {_KINDS[needed[key]]}")


def _nerve(table: Mapping[str, Any]) -> NerveSpec:
    where = f"nerve {table['name']}"
    return NerveSpec(
        name=table["name"],
        gate=table["gate"],
        required=_texts(table.get("required", []), f"{where}: required"),
        optional=_texts(table.get("optional", []), f"{where}: optional"),
        priority=float(table["priority"]),
        states=_texts(table["states"], f"{where}: states"),
        edges=tuple(
            _edge(edge, f"{where}: edge {number}") for number, edge in enumerate(table["edges"], start=1)
        ),
        meanwhile=tuple(
            zip(
                table.get("meanwhile", {}),
                _texts(list(table.get("meanwhile", {}).values()), f"{where}: meanwhile"),
                strict=True,
            )
        ),
        monitoring=tuple(_numbers(table.get("monitoring", {}), f"{where}: monitoring").items()),
        holds=_texts(table.get("holds", []), f"{where}: holds"),
        pays=tuple(
            (_outcome(name, f"{where}: pays"), amount)
            for name, amount in _numbers(table.get("pays", {}), f"{where}: pays").items()
        ),
        pays_often=table.get("pays_often", False),
    )


def _edge(edge: object, where: str) -> Edge:
    if not isinstance(edge, dict):
        raise NerveError(f"{where} is {edge!r}; write {{ from = ..., to = ..., cost = ..., when = ... }}")
    _keys(edge, _EDGE_NEEDED, _EDGE_SPARE, where)
    outcome = edge.get("outcome")
    return Edge(
        edge["from"],
        edge["to"],
        float(edge["cost"]),
        edge["when"],
        edge.get("does", ""),
        None if outcome is None else _outcome(outcome, where),
    )


def _outcome(name: str, where: str) -> RunOutcome:
    return _OUTCOMES[choose(name, _OUTCOMES, f"{where}: outcome")]


def _texts(values: list[object], where: str) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str):
            raise NerveError(f"{where}: {value!r} is no text")
    return tuple(str(value) for value in values)


def _numbers(table: Mapping[str, Any], where: str) -> dict[str, float]:
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NerveError(f"{where}: {key} is {value!r}; it is a number")
    return {key: float(value) for key, value in table.items()}
