"""`nimmer trails`: what each NPC saw, what moved it and what it did, read from PostgreSQL.

Source: docs/domain.md section 11 (decision_trails); docs/stores.md.
"""

import asyncio
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from nimmer.cli.console import complain, emit_json, screen
from nimmer.cli.durations import duration_s
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, DIM, GATE_GLYPHS, WARNING
from nimmer.cli.why import RUN, database, nerves, why
from nimmer.clock import SystemClock
from nimmer.config import load
from nimmer.errors import ConfigError
from nimmer.life.action import Verb
from nimmer.life.gates import gate_states, named_gate_states
from nimmer.life.nerve_table import NERVE_NAMES
from nimmer.stores.postgres import PostgresTraces
from nimmer.stores.traces import Trail
from nimmer.world.rejection import Rejection

app = typer.Typer(
    rich_markup_mode="rich",
    invoke_without_command=True,
    help="List decision trails, and ask why a nerve did what it did.",
)
app.command()(why)
app.command()(nerves)


@app.callback()
def trails(
    context: typer.Context,
    npc: Annotated[int | None, typer.Option("--npc", min=0, help="Only this NPC.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="10m", help="Only of so long: 30s, 10m, 2h, 7d.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only of this run.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1_000_000, help="Most rows: the newest ones.")
    ] = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List decision trails, oldest first: where an NPC was, what it heard, which gate or nerve moved it, what it did.

    [dim]$[/dim] nimmer trails --npc 7 --last 10m

    [dim]$[/dim] nimmer trails --limit 1000 --json | jq '.[] | select(.rejection != "accepted")'

    [dim]$[/dim] nimmer trails nerves   [dim]# what the nerves did, and how their trails are called[/dim]

    [dim]$[/dim] nimmer trails why 7/41   [dim]# from an outcome back to the waves behind it[/dim]
    """
    if context.invoked_subcommand is not None:
        return
    if run is not None and not RUN.fullmatch(run):
        raise ConfigError(f"--run {run!r} is no run: 16 hex digits, as `nimmer status` shows them")
    since_s = SystemClock().unix_s() - duration_s(last) if last is not None else 0.0
    settings = load(config=config).settings
    rows = asyncio.run(_read(database(settings), run, npc, since_s, limit))
    if as_json:
        emit_json([_as_json(row) for row in rows])
    elif rows:
        screen().print(trails_table(rows))
    else:
        complain("no trail matches; without --last, --npc and --run all are shown")


async def _read(url: str, run: str | None, npc: int | None, since_s: float, limit: int) -> list[Trail]:
    traces = PostgresTraces(url)
    try:
        return (await traces.trails(run, npc, since_s, limit))[::-1]
    finally:
        await traces.close()


def moved_by(nerve: int) -> str:
    """Return who decided: "brain", or the name of the body's nerve."""
    if nerve == 0:
        return "brain"
    return NERVE_NAMES[nerve - 1] if nerve <= len(NERVE_NAMES) else f"nerve {nerve}"


def _verb(row: Trail) -> str:
    name = Verb(row.verb).name.lower() if row.verb < len(Verb) else f"verb {row.verb}"
    return f"{name} {row.slot}" if row.verb == Verb.MOVE else name


def _rejection(code: int) -> str:
    return Rejection(code).name.lower() if code < len(Rejection) else f"rejection {code}"


def _as_json(row: Trail) -> dict[str, object]:
    named = {
        "gates": named_gate_states(row.gates),
        "nerve": moved_by(row.nerve),
        "rejection": _rejection(row.rejection),
    }
    verb = Verb(row.verb).name.lower() if row.verb < len(Verb) else row.verb
    return {**row._asdict(), "at": row.at.isoformat(timespec="milliseconds"), "verb": verb, **named}


def trails_table(rows: list[Trail]) -> Table:
    """Return the table people read."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("at (UTC)", no_wrap=True, style=DIM)
    for title in (
        "npc",
        "tick",
        "world",
        "level",
        "node",
        "waves",
        "energy",
        "LF",
        "cost",
        "reward",
        "knows",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("gates", "moved by", "did", "world said"):
        table.add_column(title, no_wrap=True)
    for row in rows:
        gates = Text()
        for state in gate_states(row.gates):
            gates.append(*GATE_GLYPHS.get(state, ("?", WARNING)))
        numbers = (row.npc, row.tick, row.world_tick, row.level, row.node, row.waves)
        table.add_row(
            f"{row.at:%m-%d %H:%M:%S}.{row.at.microsecond // 1000:03d}",
            *map(str, numbers),
            f"{row.energy:.0%}",
            f"{row.lifeforce:.1f}",
            f"{row.cost:.3f}",
            f"{row.reward:+.2f}",
            f"{row.coverage:.0%}",
            gates,
            Text(moved_by(row.nerve), ACTIVE if row.nerve else DIM),
            _verb(row),
            Text(_rejection(row.rejection), WARNING if row.rejection else DIM),
        )
    return table
