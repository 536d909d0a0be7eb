"""`nimmer virtual`: how the virtual garden fares, and orders to it. Source: docs/domain.md section 4; docs/gardens.md."""

import asyncio
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nimmer.bus.identities import OPERATOR
from nimmer.bus.life_messages import Scalar
from nimmer.bus.message import Command, Reply
from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import BRIGHT, DIM, WARNING
from nimmer.cli.village import find_village
from nimmer.config import load
from nimmer.errors import ConfigError, WorldError
from nimmer.world.virtual_time import PAUSE_PER_MINUTE, REWIND, checked_speed, price_per_minute

SUBJECT = "world.virtual.command"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Watch the virtual garden, and let a future of it run free: faster, paused, back again.",
)


@app.command()
def status(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show where the virtual garden is, how fast it runs, what it has foreseen and what that was worth.

    [dim]$[/dim] nimmer virtual status

    [dim]$[/dim] nimmer virtual status --json | jq .speed
    """
    _order(Command("status"), as_json, config)


@app.command()
def speed(
    times: Annotated[float, typer.Argument(help="Times real time, 1 to 1000.", metavar="N")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a future run free from a snapshot of now, at N times real time; or change the speed of the one that runs.

    A minute costs 0 lifeforce at 1, 5 at 10, 20 at 100 and 50 at 1000; what is not reached is not paid for.

    [dim]$[/dim] nimmer virtual speed 10

    [dim]$[/dim] nimmer virtual speed 1000 --json | jq .speed
    """
    try:
        wanted = checked_speed(times)
    except WorldError as error:
        raise ConfigError(str(error)) from error
    _order(Command("speed", {"x": wanted}), as_json, config)


@app.command()
def pause(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Hold the virtual garden where it is, forecasts included; 1 lifeforce a minute.

    [dim]$[/dim] nimmer virtual pause
    """
    _order(Command("pause"), as_json, config)


@app.command()
def resume(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Let a paused garden go on.

    [dim]$[/dim] nimmer virtual resume
    """
    _order(Command("resume"), as_json, config)


@app.command()
def rewind(
    checkpoint: Annotated[
        int | None,
        typer.Argument(min=0, help="Number of a checkpoint; unset: the newest before now.", metavar="K"),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Go back to checkpoint K of the free future, world and bodies; 50 lifeforce at once. 0 is where it began.

    [dim]$[/dim] nimmer virtual rewind

    [dim]$[/dim] nimmer virtual rewind 0
    """
    chosen: dict[str, Scalar] = {} if checkpoint is None else {"checkpoint": checkpoint}
    _order(Command("rewind", chosen), as_json, config)


@app.command()
def snapshot(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Begin the free future anew from the real garden as it is now.

    [dim]$[/dim] nimmer virtual snapshot
    """
    _order(Command("snapshot"), as_json, config)


@app.command()
def follow(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """End the free future; the virtual garden follows the real one alone, as it does by itself.

    [dim]$[/dim] nimmer virtual follow
    """
    _order(Command("follow"), as_json, config)


def _order(command: Command, as_json: bool, config: ConfigOption) -> None:
    village = find_village(load(config=config).settings)
    reply = asyncio.run(village.ask(OPERATOR, SUBJECT, command, Reply))
    if as_json:
        emit_json({"said": reply.reason, **reply.detail})
    else:
        screen().print(virtual_page(reply))


def virtual_page(reply: Reply) -> RenderableType:
    """Return the page people read."""
    found = reply.detail
    head = Text.assemble((str(found.get("mode", "unknown")), f"bold {BRIGHT}"), (f"  {reply.reason}", DIM))
    table = Table.grid(padding=(0, 2))
    table.add_column(style=DIM, no_wrap=True)
    table.add_column(overflow="fold")
    reached, asked = float(found.get("speed", 0.0)), float(found.get("asked", 1.0))
    slowed = ("; the purse cannot pay for more", WARNING) if found.get("slowed") else ("", "")
    table.add_row("speed", Text.assemble(f"{reached:.1f}x of {asked:g}x asked for", slowed))
    table.add_row(
        "time", f"tick {found.get('tick', 0)}, from the snapshot at tick {found.get('snapshot_tick', 0)}"
    )
    table.add_row(
        "bodies", f"{found.get('bodies', 0)}, {float(found.get('cpu_percent', 0.0)):.1f} % of a core"
    )
    table.add_row("checkpoints", str(found.get("checkpoints") or "none: only a free future keeps them"))
    table.add_row(
        "purse",
        f"{float(found.get('lifeforce', 0.0)):.1f} lifeforce; this speed costs {price_per_minute(reached):.1f} a minute,"
        f" a pause {PAUSE_PER_MINUTE:g}, a rewind {REWIND:g}",
    )
    table.add_row(
        "forecasts",
        f"{found.get('forecasts', 0)} in {found.get('rehearsals', 0)} rehearsals, {found.get('verified', 0)} verified;"
        f" {found.get('borne_out', 0)} borne out, {found.get('missed', 0)} not, {found.get('surprises', 0)} surprises",
    )
    return Group(head, table)
