import importlib
import inspect
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

import nimmer
from nimmer.cli.main import COMMANDS, app, load_command
from nimmer.errors import ArenaError, ConfigError, LevelError, NimmerError

RUNNER = CliRunner()


def test_help_lists_every_command() -> None:
    result = RUNNER.invoke(app, ["--help"])
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert name in result.output
        assert entry.help in " ".join(result.output.split()), name


def test_the_version_is_that_of_the_package() -> None:
    result = RUNNER.invoke(app, ["--version"])
    assert result.output == f"nimmer {nimmer.__version__}\n"


def test_a_misspelt_command_is_told_the_nearest() -> None:
    result = RUNNER.invoke(app, ["stauts"])
    assert result.exit_code == 2
    assert "Did you mean 'status'" in result.output


def written() -> list[str]:
    return [name for name, entry in COMMANDS.items() if importlib.util.find_spec(entry.module) is not None]


@pytest.mark.parametrize("name", written())
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    result = RUNNER.invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    command = load_command(name)
    assert command.name == name
    commands = getattr(command, "commands", None) or {name: command}
    for each in commands.values():
        assert f"nimmer {name}" in (each.help or ""), each.name


def test_help_imports_no_command() -> None:
    code = "import sys; from nimmer.cli.main import app; app(['--help'], standalone_mode=False);" + (
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in {'ray', 'nats', 'numpy', 'psycopg', 'pydantic'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("a b"), 2), (LevelError("a b"), 2), (ArenaError("a b"), 1), (NimmerError("a b"), 1)],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: NimmerError, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("nimmer.cli.main.load_command", lambda name: single(name, fail))
    result = RUNNER.invoke(app, ["doctor"])
    assert result.exit_code == code
    assert result.stderr == "error: a b\n"
    assert result.stdout == ""


def test_ctrl_c_ends_with_130_and_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nimmer.cli.main.load_command", lambda name: single(name, interrupted))
    result = RUNNER.invoke(app, ["watch"])
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def single(name: str, function: object) -> object:
    assert inspect.isfunction(function)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(function)
    return typer.main.get_command(alone)
