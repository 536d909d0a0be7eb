"""`nimmer personality` and its line in the status: by the files alone, whether a village lives or not."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from nimmer.cli.census import CENSUS_S, CensusTaker
from nimmer.cli.main import app
from nimmer.cli.status import status_page
from nimmer.clock import ManualClock
from nimmer.config import Settings
from nimmer.config.village import VillageSettings
from nimmer.minds.nursery import prepare_brains, weights_path
from nimmer.stores.personality_log import PersonalityLog
from tests.nimmer.cli.village_talk import status

RUN = "0123456789abcdef"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NIMMER_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = Settings(
        state_dir=tmp_path, village=VillageSettings(brain="mlp", network="small", npcs=4, learns=True)
    )
    prepare_brains(found.brains_path, 4, "small", 7)
    return found


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["personality", *words], env={"COLUMNS": "160"})
    return found.exit_code, found.output


def test_a_census_is_taken_at_once_and_once_a_minute(settings: Settings) -> None:
    clock = ManualClock(100.0)
    taker = CensusTaker(settings, RUN, clock)
    assert taker.tend() is None
    assert taker.tend() is None
    clock.advance(CENSUS_S)
    taker.tend()
    rows = PersonalityLog(settings.state_path).read()
    assert [row.npcs for row in rows] == [4, 4]
    assert rows[1].unix_s - rows[0].unix_s == pytest.approx(CENSUS_S)


def test_brains_that_do_not_learn_are_counted_once(settings: Settings) -> None:
    fixed = settings.model_copy(update={"village": settings.village.model_copy(update={"learns": False})})
    clock = ManualClock(100.0)
    taker = CensusTaker(fixed, RUN, clock)
    for _ in range(3):
        assert taker.tend() is None
        clock.advance(CENSUS_S)
    assert len(PersonalityLog(settings.state_path).read()) == 1


def test_what_hinders_a_census_is_said_once(settings: Settings) -> None:
    weights_path(settings.brains_path, 2).write_bytes(b"garbage" * 9)
    clock = ManualClock(100.0)
    taker = CensusTaker(settings, RUN, clock)
    assert "npc-2.safetensors" in (taker.tend() or "")
    clock.advance(CENSUS_S)
    assert taker.tend() is None


def test_explorers_have_no_census(settings: Settings) -> None:
    explorers = settings.model_copy(
        update={"village": settings.village.model_copy(update={"brain": "explorer"})}
    )
    assert CensusTaker(explorers, RUN, ManualClock(100.0)).tend() is None
    assert PersonalityLog(settings.state_path).read() == []


def test_the_page_names_every_npc_and_the_plot_is_drawn(settings: Settings, tmp_path: Path) -> None:
    clock = ManualClock(100.0)
    taker = CensusTaker(settings, RUN, clock)
    for _ in range(3):
        taker.tend()
        clock.advance(CENSUS_S)
    code, page = run("--plot", str(tmp_path / "personality.png"))
    assert code == 0, page
    assert "mean distance" in page
    assert "most alike npc" in page
    first_words = [line.split()[:2] for line in page.splitlines()]
    assert [words for words in first_words if words[1:] == ["0"]] == [[str(npc), "0"] for npc in range(4)]
    assert (tmp_path / "personality.png").read_bytes().startswith(b"\x89PNG")


def test_the_json_has_matrix_and_history(settings: Settings) -> None:
    CensusTaker(settings, RUN, ManualClock(100.0)).tend()
    code, text = run("--json")
    assert code == 0, text
    document = json.loads(text)
    assert len(document["matrix"]) == 4
    assert document["now"]["mean"] == document["history"][0]["mean"]
    assert document["steps"] == [0, 0, 0, 0]


def test_without_nets_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_STATE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    code, text = run()
    assert code == 1
    assert "village.brain = mlp" in " ".join(text.split())


def test_a_picture_of_another_format_is_refused(settings: Settings, tmp_path: Path) -> None:
    code, text = run("--plot", str(tmp_path / "personality.bmp"))
    assert code == 2
    assert ".png" in text


def test_the_status_has_a_line_of_it(settings: Settings) -> None:
    CensusTaker(settings, RUN, ManualClock(100.0)).tend()
    row = PersonalityLog(settings.state_path).read()[-1]
    console = Console(width=160, file=StringIO(), record=True, color_system=None)
    console.print(status_page(status(), None, 160, row))
    line = next(line for line in console.export_text().splitlines() if "personality" in line)
    assert f"mean distance {row.village.mean:.3f}" in line
