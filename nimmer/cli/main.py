"""The `nimmer` command: a table of subcommands, each imported only when it is run, and what an error looks like.

Exit codes: 0 done, 1 it failed, 2 the input was wrong, 130 interrupted. Source: docs/configuration.md.
"""

import importlib
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import nimmer
from nimmer.cli.console import complain
from nimmer.errors import ConfigError, GraphError, LevelError, NerveError, NimmerError, WeightsError

BAD_INPUT: tuple[type[NimmerError], ...] = (ConfigError, GraphError, LevelError, NerveError, WeightsError)
"""Errors that something the user wrote or named is wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One subcommand: its module, the function or Typer app of the same purpose in it, and one line of help."""

    module: str
    attribute: str
    help: str


COMMANDS: dict[str, Entry] = {
    "up": Entry("nimmer.cli.up", "up", "Raise a village: servers, Ray, the world and its NPCs."),
    "down": Entry("nimmer.cli.down", "down", "Stop the running village and clean up after it."),
    "status": Entry("nimmer.cli.status", "status", "Show how the running village fares."),
    "watch": Entry("nimmer.cli.watch", "watch", "Watch the running village live in the terminal."),
    "quiz": Entry("nimmer.cli.quiz", "quiz", "Ask every NPC about every location and show what it misses."),
    "trails": Entry(
        "nimmer.cli.trails", "app", "List decision trails; `trails why` walks back from a deed to its waves."
    ),
    "replay": Entry(
        "nimmer.cli.replay", "replay", "Run a past run again from its action log and compare every tick."
    ),
    "personality": Entry(
        "nimmer.cli.personality", "personality", "Show how differently NPCs act, and how that came to be."
    ),
    "virtual": Entry(
        "nimmer.cli.virtual",
        "app",
        "Watch the virtual garden, and let a future of it run free: faster, paused, back.",
    ),
    "train": Entry("nimmer.cli.train", "app", "Train the brains of NPCs, the governor's net, or the eye."),
    "evaluate": Entry(
        "nimmer.cli.evaluate",
        "app",
        "Compare trained brains or the governor with their rivals on fixed seeds.",
    ),
    "curriculum": Entry(
        "nimmer.cli.curriculum", "app", "Run a village through the levels; say who holds it back."
    ),
    "governor": Entry("nimmer.cli.governor", "app", "Explain who got how much and why; steer the governor."),
    "eye": Entry("nimmer.cli.eye", "app", "Look at a house of the village; say how well the eye sees."),
    "doctor": Entry(
        "nimmer.cli.doctor", "doctor", "Examine this machine: what nimmer will use, and what is missing."
    ),
    "calibrate": Entry(
        "nimmer.cli.calibrate", "calibrate", "Measure what life takes on this machine, and price it by that."
    ),
    "config": Entry(
        "nimmer.cli.config", "app", "Show the configuration, where it comes from and what can be set."
    ),
    "bus": Entry("nimmer.cli.bus", "app", "Describe the bus, log in to it, ask it and listen to it."),
}


def load_command(name: str) -> Any:  # noqa: ANN401  # a command or a group of typer's vendored click, which has no public name
    """Import and return the subcommand called `name`, a key of COMMANDS."""
    entry = COMMANDS[name]
    found = getattr(importlib.import_module(entry.module), entry.attribute)
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
    else:
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        single.command(name)(found)
        command = typer.main.get_command(single)
    command.name = name
    return command


class LazyGroup(TyperGroup):
    """A command group that knows every subcommand by name and imports only the one that is run."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401  # typer passes click's own attributes through
        """Take what typer passes, and put a stub for every command in the group."""
        super().__init__(**attributes)
        stubs: MutableMapping[str, Any] = {
            name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()
        }
        self.commands = stubs

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  # as in load_command
        """Return name, real command and remaining arguments."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if stub is not None and name else stub, rest

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # click's own signature, passed through
        """Run, and end every NimmerError as one line and an exit code instead of a traceback."""
        try:
            return super().main(*args, **kwargs)
        except NimmerError as error:
            complain(str(error))
            raise SystemExit(2 if isinstance(error, BAD_INPUT) else 1) from None


app = typer.Typer(
    name="nimmer",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nimmer {nimmer.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The runtime of a research organism: cells, resonant gates, nerves and a village of NPCs on Ray.

    [bold]First steps[/bold]

    [dim]$[/dim] nimmer doctor   [dim]# is this machine fit?[/dim]

    [dim]$[/dim] nimmer up   [dim]# raise a village of 25; Ctrl-C ends it[/dim]

    [dim]$[/dim] nimmer watch   [dim]# in another terminal[/dim]
    """


def main() -> None:
    """Run the command line."""
    app()
