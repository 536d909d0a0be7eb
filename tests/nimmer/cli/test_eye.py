import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from nimmer.cli.main import app

RUNNER = CliRunner()


def run(*words: str) -> Result:
    result = RUNNER.invoke(app, ["eye", *words])
    assert result.exit_code == 0, result.output
    return result


def test_a_look_shows_what_was_seen_beside_the_truth_and_keeps_the_frame(place: Path) -> None:
    shown = run("look", "--node", "7", "--level", "2", "--occupants", "2", "--out", "frames/house.png").output
    assert "level 2, node 7: read right" in shown
    for word in ("red", "well", "wooden door", "npc"):
        assert word in shown
    with Image.open(place / "frames" / "house.png") as picture:
        assert picture.size == (768, 768)


def test_a_look_as_json_says_the_same_whenever_it_is_asked(place: Path) -> None:
    words = ("look", "--node", "12", "--level", "2", "--seed", "4", "--json")
    told = json.loads(run(*words).stdout)
    assert told["truth"] == ["blue", "wooden door", "smoke"]
    assert told["right"] is (set(told["truth"]) == set(told["traits"]))
    assert all(0 <= part <= 1 for one in told["seen"] for part in one["box"])
    assert json.loads(run(*words).stdout) == told


def test_what_nobody_can_see_is_said_to_be_so(place: Path) -> None:
    levels = '[[level]]\nnumber = 1\ngrid = [1, 2]\nvocabulary = ["red", "haunted", "well"]\n'
    levels += '[level.houses]\n0 = ["red", "haunted"]\n1 = ["well"]\n'
    (place / "odd.toml").write_text(levels)
    assert "cannot be seen" in run("look", "--node", "0", "--levels-file", "odd.toml").output


def test_an_evaluation_names_map_and_traits_read(place: Path) -> None:
    told = json.loads(run("evaluate", "--frames", "20", "--looks", "6", "--json").stdout)
    assert told["map50"] > 0.85
    assert [one["looks"] for one in told["levels"]] == [6, 6, 6]
    assert told["card"]["recipe"] == "scripts/recipes/eye"
    assert "mAP50" in run("evaluate", "--frames", "5", "--looks", "2").output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("look", "--node", "25"), "level 1 has no node 25"),
        (("look", "--node", "0", "--level", "9"), "there is no level 9"),
        (("evaluate", "--frames", "0"), "--frames is 0"),
        (("look", "--node", "0", "--weights", "gone.onnx"), "gone.onnx"),
    ],
)
def test_what_is_not_there_is_named(place: Path, words: tuple[str, ...], reason: str) -> None:
    result = RUNNER.invoke(app, ["eye", *words])
    assert result.exit_code == 2
    assert reason in " ".join(result.output.split())
