import json
from pathlib import Path

import numpy as np
import pytest

from nimmer.errors import LevelError
from nimmer.world.levels import load_graphs, load_levels

HEAD = 'exclusive = [["red", "blue"]]\n[[level]]\nnumber = 1\ngrid = [1, 2]\nvocabulary = ["red", "blue", "well"]\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "levels.toml"
    file.write_text(text)
    return file


def test_node_7_of_level_1_is_a_red_house_with_a_well() -> None:
    level = load_levels()[1]
    assert level.nodes == 25
    assert level.house(7) == ("red", "well")
    assert level.wells.sum() >= 3


def test_the_levels_grow_in_nodes_and_traits() -> None:
    one, two, three = load_levels()
    assert [level.nodes for level in (one, two, three)] == [25, 100, 2500]
    count = [np.bitwise_count(level.traits) for level in (one, two, three)]
    assert (count[0].min(), count[0].max()) == (1, 2)
    assert (count[1].min(), count[1].max()) == (2, 3)
    assert count[2].min() >= 3


def test_no_house_is_empty_and_every_level_has_wells_where_it_says_so() -> None:
    for level in load_levels():
        assert (level.traits != 0).all()
        assert level.wells.tolist() == ["well" in level.house(node) for node in range(level.nodes)]


def test_drawn_houses_never_combine_what_excludes_each_other() -> None:
    level = load_levels()[3]
    colours = level.mask(["red", "blue", "green", "yellow", "white", "grey"])
    assert (np.bitwise_count(level.traits & np.uint64(colours)) <= 1).all()


def test_the_graphs_alone_are_those_of_the_levels(tmp_path: Path) -> None:
    for graph, level in zip(load_graphs(), load_levels(), strict=True):
        assert np.array_equal(graph.neighbours, level.graph.neighbours)
        assert (graph.slots, graph.edge_cm) == (level.graph.slots, level.graph.edge_cm)
    with pytest.raises(LevelError, match="level 1: grid is 'x'"):
        load_graphs(written(tmp_path, "[[level]]\nnumber = 1\ngrid = 'x'\n"))


def test_loading_twice_gives_the_same_world() -> None:
    assert load_levels().digest() == load_levels().digest()
    assert load_levels()[2].digest() != load_levels()[1].digest()


def test_masks_and_words_are_inverse() -> None:
    level = load_levels()[2]
    assert level.words(level.mask(["smoke", "red"])) == ("red", "smoke")
    with pytest.raises(LevelError, match="no trait 'purple'"):
        level.mask(["purple"])
    with pytest.raises(LevelError, match="no node 100"):
        level.house(100)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(LevelError, match=r"no level 9; choose 1\.\.3"):
        load_levels()[9]


def test_a_level_may_stand_on_a_graph_file(tmp_path: Path) -> None:
    graph = {"nodes": [{"id": "a", "x": 0, "y": 0}, {"id": "b", "x": 0, "y": 50}], "edges": [["a", "b"]]}
    (tmp_path / "map.json").write_text(json.dumps(graph))
    text = '[[level]]\nnumber = 1\ngraph = "map.json"\nvocabulary = ["well"]\n[level.houses]\n0 = ["well"]\n1 = ["well"]\n'
    assert load_levels(written(tmp_path, text))[1].graph.neighbours[0, 4] == 1


BROKEN = [
    ("nonsense", "not TOML"),
    ("", "no \\[\\[level\\]\\] table"),
    (HEAD + '[level.houses]\n0 = ["well"]\n1 = ["purple"]\n', "house 1 has the unknown trait 'purple'"),
    (HEAD + '[level.houses]\n0 = ["well"]\n2 = ["red"]\n', "house '2' is outside the graph"),
    (HEAD + '[level.houses]\n0 = ["well"]\n1 = ["red", "blue"]\n', "both 'red' and 'blue'"),
    (HEAD + '[level.houses]\n0 = ["well"]\n1 = []\n', "house 1 has no trait"),
    (HEAD + '[level.houses]\n0 = ["well"]\n', "house 1 has no traits"),
    (HEAD + '[level.houses]\n0 = ["red"]\n1 = ["blue"]\n', 'no house is a "well"'),
    (HEAD + '[level.houses]\n0 = ["red", "red"]\n1 = ["well"]\n', "repeats 'red'"),
    (HEAD + "colour = 3\n", "unknown key 'colour'"),
    (HEAD + "traits_per_house = [3, 1]\nseed = 1\n", "traits_per_house is"),
    (HEAD + "traits_per_house = [1, 1]\n", "seed is None"),
    (HEAD + 'graph = "x.json"\n', "and not both"),
    (HEAD.replace("[1, 2]", "[1]"), "grid is \\[1\\]"),
    (HEAD.replace("[1, 2]", "[0, 0]"), "a grid has"),
    (
        HEAD.replace("number = 1", "number = 2") + '[level.houses]\n0 = ["well"]\n1 = ["red"]\n',
        "numbered 1, 2, 3",
    ),
    (HEAD.replace("number = 1", "number = true"), "number is True"),
    (HEAD + 'edge_cm = "far"\n', "edge_cm is 'far'"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN)
def test_a_broken_levels_file_is_refused_with_its_file_and_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(LevelError, match=reason):
        load_levels(written(tmp_path, text))


def test_a_missing_levels_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LevelError, match="cannot be read"):
        load_levels(tmp_path / "none.toml")
