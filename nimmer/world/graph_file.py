"""The file format of a world graph, and everything that can be wrong with one.

    {"nodes": [{"id": 0, "x": 0.0, "y": 0.0}, ...], "edges": [[0, 1], ...], "edge_cm": 100.0}

Ids are integers or text, x grows east, y south, both in cm; `edge_cm` may be left out (100). Kept apart from
the graph itself so that bad input dies here, naming its place.
Source: docs/domain.md section 8 (the brain must also accept irregular graphs).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from nimmer.errors import GraphError

_MAX_BYTES = 16 << 20
_EXAMPLE = '{"nodes": [{"id": 0, "x": 0, "y": 0}], "edges": [[0, 1]]}'


@dataclass(frozen=True, slots=True)
class GraphFile:
    """A checked graph file: ids in file order, positions in cm, neighbours by index, the edge length in cm."""

    ids: list[int | str]
    positions: list[tuple[float, float]]
    adjacent: list[list[int]]
    edge_cm: float


def read_graph_file(path: Path, max_nodes: int, max_neighbours: int) -> GraphFile:
    """Return the checked content of `path`; whether it is connected is left to the caller.

    Raises GraphError naming the file, the place in it and the reason.
    """
    data = _read(path)
    nodes = _list(data, "nodes", path)
    edges = _list(data, "edges", path)
    if len(nodes) < 2:
        raise GraphError(f'{path}: "nodes" has {len(nodes) or "no"} entries; a world has at least two nodes')
    if len(nodes) > max_nodes:
        raise GraphError(f"{path}: {len(nodes)} nodes; a world has at most {max_nodes}")
    ids, positions = _nodes(nodes, path)
    adjacent = _edges(edges, ids, max_neighbours, path)
    edge_cm = data.get("edge_cm", 100.0)
    if not _is_number(edge_cm):
        raise GraphError(f'{path}: "edge_cm" is {edge_cm!r}; it must be a number above 0')
    return GraphFile(ids, positions, adjacent, float(edge_cm))


def _read(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise GraphError(f"{path}: larger than {_MAX_BYTES >> 20} MiB, which no graph of a world needs")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GraphError(
            f"{path}: cannot be read ({error.strerror or error}); give an existing JSON file"
        ) from error
    except (ValueError, RecursionError) as error:
        raise GraphError(f"{path}: not JSON ({error}); it must look like {_EXAMPLE}") from error
    if not isinstance(data, dict):
        raise GraphError(
            f"{path}: a graph is one JSON object such as {_EXAMPLE}, not a {type(data).__name__}"
        )
    return data


def _list(data: dict[str, object], key: str, path: Path) -> list[object]:
    if key not in data:
        raise GraphError(f'{path}: key "{key}" is missing; a graph looks like {_EXAMPLE}')
    value = data[key]
    if not isinstance(value, list):
        raise GraphError(f'{path}: "{key}" must be a list, not {type(value).__name__}')
    return value


def _nodes(nodes: list[object], path: Path) -> tuple[list[int | str], list[tuple[float, float]]]:
    ids: dict[int | str, None] = {}
    positions: list[tuple[float, float]] = []
    for place, node in enumerate(nodes):
        if not isinstance(node, dict):
            raise GraphError(f'{path}: nodes[{place}] must be an object with "id", "x" and "y", not {node!r}')
        for key in ("id", "x", "y"):
            if key not in node:
                raise GraphError(f'{path}: nodes[{place}] lacks the key "{key}"')
        name = _id(node["id"], f"nodes[{place}].id", path)
        if name in ids:
            raise GraphError(f"{path}: nodes[{place}] repeats the id {name!r}; every node needs its own")
        if not (_is_number(node["x"]) and _is_number(node["y"])):
            raise GraphError(
                f"{path}: node {name!r} lies at ({node['x']!r}, {node['y']!r}); x and y are numbers, in cm"
            )
        ids[name] = None
        positions.append((float(node["x"]), float(node["y"])))
    return list(ids), positions


def _edges(edges: list[object], ids: list[int | str], most: int, path: Path) -> list[list[int]]:
    index = {name: place for place, name in enumerate(ids)}
    adjacent: list[list[int]] = [[] for _ in ids]
    for place, edge in enumerate(edges):
        a, b = _ends(edge, f"edges[{place}]", index, path)
        if a == b:
            raise GraphError(f"{path}: edges[{place}] joins node {ids[a]!r} to itself; remove it")
        if b in adjacent[a]:
            raise GraphError(
                f"{path}: edges[{place}] repeats the edge {ids[a]!r} - {ids[b]!r}; edges go both ways"
            )
        for here, there in ((a, b), (b, a)):
            if len(adjacent[here]) == most:
                raise GraphError(
                    f"{path}: node {ids[here]!r} has more than {most} neighbours; split it in two"
                )
            adjacent[here].append(there)
    return adjacent


def _ends(edge: object, place: str, index: dict[int | str, int], path: Path) -> tuple[int, int]:
    if not isinstance(edge, list) or len(edge) != 2:
        raise GraphError(f"{path}: {place} must be a pair of node ids such as [0, 1], not {edge!r}")
    ends = [_id(name, place, path) for name in edge]
    for name in ends:
        if name not in index:
            raise GraphError(f'{path}: {place} names node {name!r}, which "nodes" does not hold')
    return index[ends[0]], index[ends[1]]


def _id(value: object, place: str, path: Path) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise GraphError(f"{path}: {place} is {value!r}; an id is an integer or text")
    return value


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9
