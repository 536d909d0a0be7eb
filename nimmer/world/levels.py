"""The curriculum as data: reads a levels file into levels, and says exactly what is wrong with a broken one.

A file holds `exclusive` (groups of traits no house may combine) and a `[[level]]` table per level. Houses are
written out under `[level.houses]`; the others draw `traits_per_house` traits by a hash of the level's `seed` and
their node, so the same file is the same world on every machine and library version.
Source: docs/domain.md section 8 (curriculum L1 one trait, L2 two to three, L3 materials).
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from nimmer.errors import GraphError, LevelError
from nimmer.world.graph import WorldGraph
from nimmer.world.level import MAX_TRAITS, WELL, Level

_KEYS = {
    "number", "name", "grid", "graph", "edge_cm", "vocabulary", "seed", "traits_per_house", "wells", "houses",
}  # fmt: skip
Table = Mapping[str, object]


class Levels:
    """All levels of a curriculum by number, numbered 1, 2, 3 ... without a gap."""

    def __init__(self, levels: list[Level]) -> None:
        """Keep `levels`. Raises LevelError when they are none or not numbered in order from 1."""
        numbers = [level.number for level in levels]
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            raise LevelError(f"levels are numbered 1, 2, 3 ... in order, not {numbers or 'none at all'}")
        self._levels = levels

    def __getitem__(self, number: int) -> Level:
        """Return level `number`. Raises LevelError when there is none."""
        if not 1 <= number <= len(self._levels):
            raise LevelError(f"there is no level {number}; choose 1..{len(self._levels)}")
        return self._levels[number - 1]

    def __iter__(self) -> Iterator[Level]:
        return iter(self._levels)

    def __len__(self) -> int:
        return len(self._levels)

    @property
    def most_nodes(self) -> int:
        """Return the node count of the largest level, which shared memory must have room for."""
        return max(level.nodes for level in self._levels)

    def digest(self) -> str:
        """Return 32 hex digits over all levels, for the header of an action log."""
        text = "/".join(level.digest() for level in self._levels)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def load_levels(path: Path | None = None) -> Levels:
    """Return the levels of the TOML file at `path`, or the built-in ones. Raises LevelError naming file and key."""
    if path is None:
        with as_file(files("nimmer.world") / "levels.toml") as packaged:
            return load_levels(packaged)
    data, tables = _read(path)
    exclusive = _word_groups(data.get("exclusive", []), f"{path}: exclusive")
    return Levels([_level(table, exclusive, path) for table in tables])


def load_graphs(path: Path | None = None) -> list[WorldGraph]:
    """Return the graph of each level of a levels file, without drawing its houses, which takes 0.1 s.

    For a process that lives in a level and need not know what is in its houses. Raises LevelError naming file and key.
    """
    if path is None:
        with as_file(files("nimmer.world") / "levels.toml") as packaged:
            return load_graphs(packaged)
    _, tables = _read(path)
    return [
        _graph(table, f"{path}: level {number}", path.parent) for number, table in enumerate(tables, start=1)
    ]


def _read(path: Path) -> tuple[Table, list[Table]]:
    """Return the file's content and its level tables."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LevelError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise LevelError(f"{path}: not TOML ({error})") from error
    tables = data.get("level")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LevelError(f"{path}: holds no [[level]] table")
    return data, tables


def _level(table: Table, exclusive: list[list[str]], path: Path) -> Level:
    number = _integer(table, "number", f"{path}: level", 1, 1000)
    where = f"{path}: level {number}"
    for key in table:
        if key not in _KEYS:
            raise LevelError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(_KEYS))}")
    vocabulary = _words(table.get("vocabulary"), f"{where}: vocabulary")
    if not 1 <= len(vocabulary) <= MAX_TRAITS:
        raise LevelError(f"{where}: vocabulary has {len(vocabulary)} words; it must have 1..{MAX_TRAITS}")
    graph = _graph(table, where, path.parent)
    houses = _houses(table, graph.nodes, where)
    groups = [set(group) for group in exclusive]
    _draw(houses, table, vocabulary, groups, graph.nodes, where)
    masks = []
    for node in range(graph.nodes):
        _check_house(houses[node], vocabulary, groups, f"{where}: house {node}")
        masks.append(sum(1 << vocabulary.index(trait) for trait in houses[node]))
    wells = np.array([WELL in houses[node] for node in range(graph.nodes)])
    if not wells.any():
        raise LevelError(
            f'{where}: no house is a "{WELL}", so nobody could regain energy; give one the trait'
        )
    name = table.get("name", f"level {number}")
    return Level(number, str(name), graph, tuple(vocabulary), np.array(masks, dtype=np.uint64), wells)


def _graph(table: Table, where: str, folder: Path) -> WorldGraph:
    grid, file = table.get("grid"), table.get("graph")
    if (grid is None) == (file is None):
        raise LevelError(f'{where}: give either grid = [rows, cols] or graph = "file.json", and not both')
    edge = table.get("edge_cm", None if file else 100.0)
    if edge is not None and (isinstance(edge, bool) or not isinstance(edge, int | float)):
        raise LevelError(f"{where}: edge_cm is {edge!r}; it must be a number of cm above 0")
    try:
        if file is not None:
            return WorldGraph.from_json(folder / str(file), None if edge is None else float(edge))
        match grid:
            case [int(rows), int(cols)]:
                return WorldGraph.grid(rows, cols, float(edge or 0.0))
    except GraphError as error:
        raise LevelError(f"{where}: {error}") from error
    raise LevelError(f"{where}: grid is {grid!r}; it must be [rows, cols], such as [5, 5]")


def _houses(table: Table, nodes: int, where: str) -> dict[int, list[str]]:
    written = table.get("houses", {})
    if not isinstance(written, dict):
        raise LevelError(f'{where}: houses must be a table such as 7 = ["red", "well"]')
    houses: dict[int, list[str]] = {}
    for key, traits in written.items():
        if not key.isdecimal() or not int(key) < nodes:
            raise LevelError(f"{where}: house {key!r} is outside the graph; its nodes are 0..{nodes - 1}")
        if int(key) in houses:
            raise LevelError(f"{where}: house {key!r} is written twice")
        houses[int(key)] = _words(traits, f"{where}: house {key}")
    return houses


def _draw(
    houses: dict[int, list[str]],
    table: Table,
    vocabulary: list[str],
    groups: list[set[str]],
    nodes: int,
    where: str,
) -> None:
    """Give every house not written out its traits, in place; `wells` of them also get the well."""
    missing = [node for node in range(nodes) if node not in houses]
    if not missing:
        return
    if "traits_per_house" not in table:
        raise LevelError(
            f"{where}: house {missing[0]} has no traits; write it out or give traits_per_house = [1, 2]"
        )
    match table["traits_per_house"]:
        case [int(low), int(high)] if 1 <= low <= high <= len(vocabulary):
            pass
        case other:
            raise LevelError(
                f"{where}: traits_per_house is {other!r}; it must be [least, most], from 1 upwards"
            )
    seed = _integer(table, "seed", where, 0, 2**63 - 1)
    wells = _integer(table, "wells", where, 0, len(missing)) if "wells" in table else 0
    if wells and WELL not in vocabulary:
        raise LevelError(f'{where}: wells is {wells} but the vocabulary lacks "{WELL}"')
    watered = set(sorted(missing, key=lambda node: _hash(seed, node, "watered"))[:wells])
    for node in missing:
        count = low + _hash(seed, node, "count") % (high - low + 1)
        start = [WELL] if node in watered else []
        houses[node] = _pick(start, count, sorted(vocabulary, key=lambda t: _hash(seed, node, t)), groups)


def _pick(chosen: list[str], count: int, candidates: list[str], groups: list[set[str]]) -> list[str]:
    for trait in candidates:
        if len(chosen) >= count:
            break
        clash = any(trait in group and group.intersection(chosen) for group in groups)
        if trait != WELL and not clash:
            chosen.append(trait)
    return chosen


def _hash(seed: int, node: int, word: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}/{node}/{word}".encode(), digest_size=8).digest(), "little")


def _check_house(traits: list[str], vocabulary: list[str], groups: list[set[str]], where: str) -> None:
    if not traits:
        raise LevelError(f"{where} has no trait; every house has at least one")
    for trait in traits:
        if trait not in vocabulary:
            raise LevelError(
                f"{where} has the unknown trait {trait!r}; the level knows {', '.join(vocabulary)}"
            )
    for group in groups:
        both = [trait for trait in traits if trait in group]
        if len(both) > 1:
            raise LevelError(
                f"{where} is both {both[0]!r} and {both[1]!r}, which exclude each other; leave one of them out"
            )


def _words(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise LevelError(f"{where} must be a list of words, not {value!r}")
    for word in value:
        if value.count(word) > 1:
            raise LevelError(f"{where} repeats {word!r}")
    return list(value)


def _word_groups(value: object, where: str) -> list[list[str]]:
    if not isinstance(value, list):
        raise LevelError(f"{where} must be a list of lists of words, not {value!r}")
    return [_words(group, where) for group in value]


def _integer(table: Table, key: str, where: str, low: int, high: int) -> int:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise LevelError(f"{where}: {key} is {value!r}; it must be a whole number from {low} to {high}")
    return value
