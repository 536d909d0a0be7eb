import json
from pathlib import Path

import numpy as np
import pytest

from nimmer.errors import GraphError
from nimmer.world.graph import WorldGraph


def written(path: Path, nodes: object, edges: object, **more: object) -> Path:
    file = path / "graph.json"
    file.write_text(json.dumps({"nodes": nodes, "edges": edges, **more}))
    return file


def spots(*places: tuple[float, float]) -> list[dict[str, object]]:
    return [{"id": number, "x": x, "y": y} for number, (x, y) in enumerate(places)]


def test_node_7_of_the_five_by_five_grid_neighbours_2_8_12_and_6() -> None:
    assert WorldGraph.grid(5, 5).neighbours[7].tolist() == [2, 8, 12, 6]


def test_corners_have_two_neighbours_edges_three_and_inner_nodes_four() -> None:
    degree = (WorldGraph.grid(5, 5).neighbours >= 0).sum(axis=1)
    assert [degree[node] for node in (0, 4, 20, 24)] == [2, 2, 2, 2]
    assert degree[2] == 3
    assert degree[12] == 4


def test_reach_counts_the_edges_straight_ahead() -> None:
    assert WorldGraph.grid(5, 5).reach[7].tolist() == [1, 2, 3, 2]


def test_distances_are_those_of_the_grid() -> None:
    graph = WorldGraph.grid(5, 5)
    assert graph.distances_from(0).reshape(5, 5)[4].tolist() == [4, 5, 6, 7, 8]
    with pytest.raises(GraphError, match="node 25 is not in this graph"):
        graph.distances_from(25)


@pytest.mark.parametrize(("rows", "cols"), [(0, 5), (1, 1), (100, 100), (-1, -2)])
def test_a_grid_without_room_or_too_large_is_refused(rows: int, cols: int) -> None:
    with pytest.raises(GraphError, match="a grid has"):
        WorldGraph.grid(rows, cols)


def test_a_grid_written_as_a_file_has_its_edges_in_the_four_main_directions(tmp_path: Path) -> None:
    grid = WorldGraph.grid(3, 3, 100.0)
    edges = [[node, int(there)] for node in range(9) for there in grid.neighbours[node] if there > node]
    file = written(tmp_path, spots(*(tuple(place) for place in grid.positions.tolist())), edges)
    graph = WorldGraph.from_json(file)
    assert graph.slots == 8
    assert np.array_equal(graph.neighbours[:, ::2], grid.neighbours)
    assert np.array_equal(graph.reach[:, ::2], grid.reach)
    assert (graph.neighbours[:, 1::2] == -1).all()


def test_edges_of_like_bearing_take_neighbouring_slots_in_compass_order(tmp_path: Path) -> None:
    file = written(tmp_path, spots((0, 0), (-1, -100), (1, -100), (3, -100)), [[0, 2], [0, 1], [0, 3]])
    row = WorldGraph.from_json(file).neighbours[0].tolist()
    assert sorted(node for node in row if node >= 0) == [1, 2, 3]
    assert [row[slot] for slot in (7, 0, 1)] == [1, 2, 3]


def test_the_edge_length_comes_from_the_file_unless_overruled(tmp_path: Path) -> None:
    file = written(tmp_path, spots((0, 0), (9, 0)), [[0, 1]], edge_cm=40)
    assert WorldGraph.from_json(file).edge_cm == 40.0
    assert WorldGraph.from_json(file, 7.0).edge_cm == 7.0


star = spots(*((float(x), 1.0) for x in range(10)))
BROKEN: list[tuple[object, object, str]] = [
    ([], [], "at least two nodes"),
    (spots((0, 0)), [], "at least two nodes"),
    ([{"id": 0, "x": 0}, {"id": 1, "x": 0, "y": 1}], [], 'nodes\\[0\\] lacks the key "y"'),
    ([*spots((0, 0)), *spots((1, 1))], [], "repeats the id 0"),
    (spots((0, 0), (1, 0)), [[0, 1], [1, 0]], "repeats the edge 1 - 0"),
    (spots((0, 0), (1, 0)), [[0, 0]], "joins node 0 to itself"),
    (spots((0, 0), (1, 0)), [[0, 7]], "names node 7"),
    (star, [[0, other] for other in range(1, 10)], "more than 8 neighbours"),
    (spots((0, 0), (1, 0), (2, 0)), [[0, 1]], "node 2 cannot be reached from node 0"),
    (spots(*((0.0, 0.0),) * 4097), [], "4097 nodes; a world has at most 4096"),
    ("no list", [], '"nodes" must be a list'),
    ([1, 2], [], "must be an object"),
    (spots((0, 0), (1, 0)), [[0, 1, 2]], "must be a pair"),
    ([{"id": 0, "x": "west", "y": 1}, {"id": 1, "x": 1, "y": 1}], [], "x and y are numbers"),
    ([{"id": 0.5, "x": 1, "y": 1}, {"id": 1, "x": 1, "y": 1}], [], "an id is an integer or text"),
]


@pytest.mark.parametrize(("nodes", "edges", "reason"), BROKEN)
def test_a_broken_graph_is_refused_with_its_file_and_reason(
    tmp_path: Path, nodes: object, edges: object, reason: str
) -> None:
    with pytest.raises(GraphError, match=reason) as caught:
        WorldGraph.from_json(written(tmp_path, nodes, edges))
    assert "graph.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        ('{"nodes": []}', 'key "edges" is missing'),
        ("[" * 9999, "not JSON"),
    ],
)
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "graph.json"
    file.write_text(text)
    with pytest.raises(GraphError, match=reason):
        WorldGraph.from_json(file)


def test_a_missing_graph_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="cannot be read"):
        WorldGraph.from_json(tmp_path / "nowhere.json")
