"""`nimmer curriculum`: runs, levels files good and bad, and the page about a running village."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from nimmer.bus.message import CurriculumStatus, HouseGap, HouseMissed, Lag, Laggard, LevelChange
from nimmer.cli.curriculum_status import curriculum_page
from nimmer.cli.laggards import lag_lines
from nimmer.cli.main import app
from nimmer.cli.quiz import quiz_page
from nimmer.cli.status import status_page
from nimmer.minds.nursery import prepare_brains
from nimmer.minds.schooling import Schooling
from tests.nimmer.cli.village_talk import RUN, quiz_report, status

RUNNER = CliRunner()
STREETS = Path(__file__).parents[3] / "docs" / "examples" / "streets.toml"
CONTRADICTORY = """
exclusive = [["red", "blue"]]
[[level]]
number = 1
grid = [1, 2]
vocabulary = ["red", "blue", "well"]
[level.houses]
0 = ["red", "blue"]
1 = ["well"]
"""


def nimmer(*words: str, code: int = 0) -> Any:  # noqa: ANN401  click's own result
    result = RUNNER.invoke(app, ["curriculum", *words])
    assert result.exit_code == code, result.output
    return result


def explorers(*words: str, code: int = 0) -> Any:  # noqa: ANN401  click's own result
    return nimmer("run", "--brain", "explorer", *words, code=code)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_through_two_levels_leaves_a_record_and_a_picture(home: Path) -> None:
    said = explorers("--levels", "1-2", "--npcs", "9", "--seed", "7")
    assert "level 2 passed" in said.stdout
    assert "level 1 → 2" in said.stderr
    folder = home / ".nimmer" / "dev" / "curriculum"
    head, *rows = (folder / "coverage.csv").read_text().splitlines()
    assert head == "tick,level," + ",".join(f"npc_{npc}" for npc in range(9))
    assert rows[0] == "0,1," + ",".join("0" * 9)
    assert rows[-1].endswith("2," + ",".join("1" * 9))
    assert {row.split(",")[1] for row in rows} == {"1", "2"}
    assert (folder / "coverage.png").read_bytes()[:4] == b"\x89PNG"


def test_a_program_reads_the_same_as_json(home: Path) -> None:
    report = json.loads(explorers("--npcs", "9", "--seed", "7", "--levels", "1", "--json").stdout)
    assert (report["finished"], report["level"], report["brain"]) == (True, 1, "explorer")
    assert report["coverage"]["npcs"] == [1.0] * 9
    assert report["lag"]["lagging"] == 0
    again = json.loads(explorers("--npcs", "9", "--seed", "7", "--levels", "1", "--json").stdout)
    assert again["digest"] == report["digest"]


def test_who_does_not_get_through_in_time_is_told_who_lagged(home: Path) -> None:
    said = nimmer("run", "--brain", "random", "--seed", "3", "--max-ticks", "20", code=1)
    assert "level 1 not passed" in said.stdout
    assert "misses" in said.stdout
    report = json.loads(explorers("--seed", "3", "--max-ticks", "20", "--json", code=1).stdout)
    assert report["lag"]["laggards"][0]["gaps"][0]["traits"]


def test_an_interrupted_run_keeps_what_it_had(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = Schooling.tick

    def interrupted(self: Schooling, unix_s: float = 0.0) -> object:
        if self.garden.tick == 30:
            raise KeyboardInterrupt
        return tick(self, unix_s)

    monkeypatch.setattr(Schooling, "tick", interrupted)
    report = json.loads(explorers("--seed", "3", "--json", code=130).stdout)
    assert (report["interrupted"], report["ticks"]) == (True, 30)
    assert Path(report["record"]).read_text().splitlines()[-1].startswith("30,1,")


def test_without_matplotlib_there_is_a_record_and_word_of_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = explorers("--levels", "1", "--npcs", "9", "--seed", "7", "--json")
    assert "pip install 'nimmer[training]'" in " ".join(said.stderr.split())
    assert json.loads(said.stdout)["picture"] is None


def test_without_weights_the_brains_are_those_newborns_have(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", "--npcs", "3", "--seed", "7", "--levels", "1", "--json")
    assert json.loads(nimmer(*words).stdout)["finished"] is True  # the ones that ship pass level 1
    monkeypatch.setenv("NIMMER_VILLAGE__NETWORK", "small")
    drawn = json.loads(nimmer(*words, "--max-ticks", "20", code=1).stdout)
    assert drawn["brain"] == "mlp"


def test_mlp_brains_live_by_their_own_weights(home: Path) -> None:
    prepare_brains(home / "brains", 3, "small", 7)
    words = ("run", "--npcs", "3", "--seed", "7", "--max-ticks", "30", "--brain", "mlp", "--json")
    report = json.loads(nimmer(*words, "--weights", "brains", code=1).stdout)
    assert (report["brain"], report["ticks"]) == ("mlp", 30)
    assert "no such file" in nimmer(*words, "--weights", "elsewhere", code=2).stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--levels", "9"), "there is no level 9; choose 1..3"),
        (("--levels", "2-9"), "there is no level 9; choose 1..3"),
        (("--levels", "3-1"), "begins on the lower one: 1-3"),
        (("--levels", "first"), "give one level such as 2, or a span such as 1-3"),
        (("--npcs", "99"), "take fewer NPCs, a larger level, or node_capacity = 5"),
        (("--levels-file", "none.toml"), "does not exist"),
    ],
)
def test_bad_input_is_refused_with_the_fix(words: tuple[str, ...], reason: str) -> None:
    assert reason in explorers("--max-ticks", "5", *words, code=2).stderr


def test_a_levels_file_is_listed_with_its_graph() -> None:
    rows = json.loads(nimmer("levels", "--levels-file", str(STREETS), "--json").stdout)
    assert [(row["name"], row["houses"], row["slots"]) for row in rows] == [
        ("the green", 16, 4),
        ("the streets", 60, 8),
    ]
    said = nimmer("levels").stdout
    assert "boxy houses" in said
    assert "2500" in said


def test_a_house_that_contradicts_itself_is_refused_with_the_fix(home: Path) -> None:
    (home / "levels.toml").write_text(CONTRADICTORY)
    said = nimmer("levels", "--levels-file", "levels.toml", code=2).stderr
    assert "house 0 is both 'red' and 'blue', which exclude each other; leave one of them out" in said
    assert "level 1" in explorers("--levels-file", "levels.toml", code=2).stderr


def test_a_missing_graph_is_refused_naming_the_file(home: Path) -> None:
    (home / "levels.toml").write_text('[[level]]\nnumber = 1\ngraph = "no.json"\nvocabulary = ["well"]\n')
    said = nimmer("levels", "--levels-file", "levels.toml", code=2).stderr
    assert "no.json: cannot be read" in said
    assert "give an existing JSON file" in said


def test_without_a_village_the_status_says_how_to_start_one() -> None:
    assert "start one with `nimmer up`" in nimmer("status", code=1).stderr


LAG = Lag(
    23,
    1,
    [Laggard(7, 0.92, 2, [HouseGap(3, ["yellow", "well"], ["red"]), HouseGap(24, ["red", "tree"])], 1000)],
    [HouseMissed(24, ["red", "tree"], 2)],
)


def shown(renderable: object) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def curriculum(lag: Lag = LAG, passed: bool = False, stalled: int = 0) -> CurriculumStatus:
    change = LevelChange(RUN, 820, "promotion", 1, 2, "all 25 NPCs know every location")
    return CurriculumStatus(
        tick=1234,
        level=2,
        name="doors and smoke",
        levels=3,
        first=1,
        locations=100,
        coverage=0.97,
        passed=passed,
        arrived_tick=820,
        quizzes=1,
        stalled=stalled,
        demote_after=3,
        next_tick=6000,
        lag=lag,
        changes=[change],
    )


def test_the_page_says_who_holds_the_village_back_on_what_and_since_when() -> None:
    text = shown(curriculum_page(curriculum(stalled=2), 25))
    assert "level 2 of 3  doors and smoke" in text
    assert "next at tick 6000" in text
    assert "23 of 25 NPCs know every house; held back by NPC 7" in text
    assert "misses 2: node 3 (yellow, well), believed red; node 24 (red, tree)" in text
    assert "last learned 234 world ticks ago" in text
    assert "3 send the village down" in text
    assert "tick     820  level 1 → 2  all 25 NPCs know every location" in text


def test_status_and_quiz_name_the_laggard_too() -> None:
    for renderable in (
        status_page(msgspec.structs.replace(status(), curriculum=curriculum()), None, 160),
        quiz_page(msgspec.structs.replace(quiz_report(), lag=LAG)),
    ):
        assert "held back by NPC 7" in shown(renderable)
    assert "held back" not in shown(status_page(status(), None, 160))


def test_the_page_of_a_passed_curriculum_names_nobody() -> None:
    text = shown(curriculum_page(curriculum(Lag(25, 0, [], []), passed=True), 25))
    assert "passed; there is no level above" in text
    assert "all 25 NPCs know every house" in text


def test_where_all_are_alike_some_are_named_and_the_hardest_house() -> None:
    laggards = [Laggard(npc, 0.0, 25, [HouseGap(0, ["blue"])], 0) for npc in range(2)]
    lines = [line.plain for line in lag_lines(Lag(0, 9, laggards, [HouseMissed(0, ["blue"], 9)]), 9, 10)]
    assert lines[0] == "0 of 9 NPCs know every house; held back by 9 alike, such as NPC 0, NPC 1"
    assert lines[1:] == ["  most miss node 0 (blue): 9 NPCs"]
    few = [line.plain for line in lag_lines(Lag(7, 2, laggards, [HouseMissed(0, ["blue"], 2)]), 9, 10)]
    assert (
        few[1] == "  NPC 0 knows 0.0%, misses 25: node 0 (blue) and 24 more; last learned 10 world ticks ago"
    )
    assert len(few) == 4
