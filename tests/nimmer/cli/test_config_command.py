import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nimmer.cli.main import app
from nimmer.config.reference import example, reference

RUNNER = CliRunner()


def test_show_tells_each_value_and_its_source(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "nimmer.toml").write_text("[village]\nnpcs = 3\n")
    monkeypatch.setenv("NIMMERVERSE_ENV", "staging")
    shown = json.loads(RUNNER.invoke(app, ["config", "show", "--json"]).stdout)
    assert shown["village.npcs"] == {"value": 3, "origin": str(place / "nimmer.toml")}
    assert shown["environment"] == {"value": "staging", "origin": "NIMMERVERSE_ENV"}
    assert shown["world.hz"] == {"value": 20.0, "origin": "default"}
    assert shown["seed"]["value"] is None


def test_show_changed_lists_only_what_somebody_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "3")
    lines = RUNNER.invoke(app, ["config", "show", "--changed"]).stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [["village.npcs", "3", "NIMMER_VILLAGE__NPCS"]]


def test_show_hides_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_STORES__POSTGRES_URL", "postgresql://me:hunter2@host/db")
    for arguments in (["--json"], []):
        output = RUNNER.invoke(app, ["config", "show", *arguments]).output
        assert "hunter2" not in output
        assert "postgresql://me:***@host/db" in output


def test_a_bad_configuration_is_one_red_line_and_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMMER_VILLAGE__NPCS", "900")
    result = RUNNER.invoke(app, ["config", "show"])
    assert result.exit_code == 2
    assert result.stderr == (
        "error: village.npcs = '900' (from NIMMER_VILLAGE__NPCS) is not an integer from 1 to 500\n"
    )


def test_the_schema_is_json_with_every_section() -> None:
    schema = json.loads(RUNNER.invoke(app, ["config", "schema"]).stdout)
    assert {"village", "world", "bus"} <= set(schema["properties"])


def test_reference_and_example_are_printed_as_they_are() -> None:
    assert RUNNER.invoke(app, ["config", "reference"]).stdout == reference()
    assert RUNNER.invoke(app, ["config", "example"]).stdout == example()
