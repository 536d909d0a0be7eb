"""`nimmer trails why` and `nimmer trails nerves`: from what a nerve did back to the waves that woke it.

Source: docs/domain.md sections 5 and 11 (decision trails).
"""

import re
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, NamedTuple

import typer
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from nimmer.cli.console import complain, emit_json, screen
from nimmer.cli.durations import duration_s
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, BRIGHT, DIM, ERROR, LIFEFORCE, OK, WARNING
from nimmer.cli.village import find_village
from nimmer.clock import SystemClock
from nimmer.config import Settings, load
from nimmer.errors import ConfigError
from nimmer.life.action import Verb
from nimmer.life.gate import Cause
from nimmer.life.senses import CELLS, said
from nimmer.stores.inquiry import Explanation, Inquiry
from nimmer.world.rejection import Rejection

RUN = re.compile(r"[0-9a-f]{16}")
_TRAIL = re.compile(r"(?:(?P<run>[0-9a-f]{16})/)?(?P<npc>[0-9]{1,5})(?P<kind>[/@])(?P<number>[0-9]{1,18})")
OUTCOMES = {"success": OK, "failure": ERROR, "timeout": WARNING, "abandoned": DIM}
EVENTS = {1: "compiled to a reflex", 2: "demoted from a reflex"}


class TrailName(NamedTuple):
    """What a person calls a trail: NPC/SERIAL of a nerve's run, or NPC@TICK of an NPC's own tick."""

    run: str | None
    npc: int
    is_tick: bool
    number: int


def trail_name(text: str) -> TrailName:
    """Return what `text` names. Raises ConfigError saying how trails are named."""
    found = _TRAIL.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"{text!r} names no trail: write NPC/SERIAL (7/41, as `nimmer trails nerves` lists them), NPC@TICK "
            "(7@1203), or either behind RUN/"
        )
    return TrailName(found["run"], int(found["npc"]), found["kind"] == "@", int(found["number"]))


def database(settings: Settings) -> str:
    """Return where the trails are: a database of one's own is there even when no village runs."""
    return settings.stores.postgres_url or find_village(settings).reader_url()


def why(
    trail: Annotated[str, typer.Argument(metavar="TRAIL", help="7/41, 7@1203, or RUN/7/41.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Walk back from what a nerve did: its outcome, its acts, its gate's opening, and the waves behind it.

    [dim]$[/dim] nimmer trails why 7/41   [dim]# the 41st nerve trail of NPC 7[/dim]

    [dim]$[/dim] nimmer trails why 7@1203   [dim]# the nerve at work in NPC 7's tick 1203[/dim]
    """
    named = trail_name(trail)
    inquiry = Inquiry(database(load(config=config).settings))
    run = named.run or inquiry.last_run_of(named.npc)
    serial = inquiry.serial_at(run, named.npc, named.number) if named.is_tick else named.number
    found = inquiry.explain(run, named.npc, serial)
    if as_json:
        emit_json(as_plain(found))
    else:
        screen().print(why_tree(found))


def nerves(
    npc: Annotated[int | None, typer.Option("--npc", min=0, help="Only this NPC.")] = None,
    last: Annotated[str | None, typer.Option("--last", metavar="10m", help="Only of so long.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only of this run.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Most rows: the newest.")] = 30,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the runs of nerves, oldest first, with the name that `nimmer trails why` takes.

    [dim]$[/dim] nimmer trails nerves --npc 7 --last 5m
    """
    if run is not None and not RUN.fullmatch(run):
        raise ConfigError(f"--run {run!r} is no run: 16 hex digits, as `nimmer status` shows them")
    since_s = SystemClock().unix_s() - duration_s(last) if last is not None else 0.0
    rows = Inquiry(database(load(config=config).settings)).newest(run, npc, since_s, limit)[::-1]
    if as_json:
        emit_json([{**row, "trail": f"{row['run']}/{row['npc']}/{row['serial']}"} for row in rows])
    elif rows:
        screen().print(nerves_table(rows))
    else:
        complain("no nerve trail matches; without --last, --npc and --run all are shown")


def nerves_table(rows: list[dict[str, Any]]) -> Table:
    """Return the table people read."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    for title in ("ended (UTC)", "trail", "nerve", "mode", "outcome"):
        table.add_column(title, no_wrap=True)
    for title in ("ms", "cost", "reward", "w"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        latency = "" if row["latency_ms"] is None else f"{float(row['latency_ms']):.0f}"
        table.add_row(
            Text(moment(row["ended_at"]), DIM),
            f"{row['npc']}/{row['serial']}",
            row["nerve_name"],
            row["mode"],
            Text(row["outcome"], OUTCOMES[row["outcome"]]),
            latency,
            f"{row['cost']:.3f}",
            f"{row['reward']:+.2f}",
            f"{row['weight']:.2f}",
        )
    return table


def why_tree(found: Explanation) -> Tree:
    """Return the tree people read, outcome first."""
    trail = found.trail
    head = Text.assemble(
        (f"npc {trail['npc']}  trail {trail['serial']}  ", f"bold {BRIGHT}"),
        (f"{trail['nerve_name']} ", f"bold {ACTIVE}"),
        (f"({trail['mode']}) ", DIM),
        (trail["outcome"], f"bold {OUTCOMES[trail['outcome']]}"),
        (f"  run {trail['run']}", DIM),
    )
    tree = Tree(head, guide_style=DIM)
    tree.add(_result(trail))
    tree.add(Text(" → ".join(trail["states_visited"] or ["-"])))
    did = tree.add(Text(f"did, {moment(trail['started_at'])} to {moment(trail['ended_at'])}", DIM))
    for words, alike in groupby(found.steps, deed):
        ticks = [step["tick"] for step in alike]
        when = f"tick {ticks[0]}" if len(ticks) == 1 else f"ticks {ticks[0]} to {ticks[-1]}"
        did.add(f"{when}: {words}" + (f", {len(ticks)} times" if len(ticks) > 1 else ""))
    if not found.steps:
        did.add(Text("nothing: it never claimed the motor", DIM))
    read = ", ".join(CELLS[code].label for code in trail["reads"] if code < len(CELLS))
    if read:
        tree.add(f"read {read}")
    woken = tree.add(_opening(trail, found.openings))
    for wave in found.waves:
        woken.add(_wave(wave, trail["started_at"]))
    if not found.waves:
        woken.add(Text("its waves are not in the database (yet)", WARNING))
    return tree


def _result(trail: dict[str, Any]) -> Text:
    text = Text.assemble(
        ("cost ", DIM),
        (f"{trail['cost']:.3f}", LIFEFORCE),
        ("  reward ", DIM),
        (f"{trail['reward']:+.3f}", LIFEFORCE),
    )
    text.append(f"  rubric {trail['rubric']:+.1f}", DIM)
    text.append(f"  weight {trail['weight']:.2f} → {trail['weight'] + trail['weight_delta']:.2f}")
    if trail["latency_ms"] is not None:
        text.append(f"  first act after {trail['latency_ms']:.1f} ms, tier {trail['tier']}", DIM)
    if trail["matched"]:
        text.append("  by a stored pattern", ACTIVE)
    if trail["event"]:
        text.append(f"  {EVENTS.get(trail['event'], trail['event'])}", f"bold {ACTIVE}")
    return text


def _opening(trail: dict[str, Any], openings: list[dict[str, Any]]) -> Text:
    cause = Cause(trail["cause"]).name.lower() if trail["cause"] < len(Cause) else str(trail["cause"])
    text = Text.assemble(
        ("woken by ", DIM), (f"{trail['gate_name']}", f"bold {ACTIVE}"), f", opened by {cause}"
    )
    if openings:
        last = openings[-1]
        text.append(f" in tick {last['tick']} at {moment(last['at'])}")
        text.append(
            f": A {last['state_value']:.2f}, correlation {last['correlation_score']:+.2f}, w {last['weight']:.2f}, "
            f"{last['lifeforce_cost']:.3f} LF",
            DIM,
        )
    return text


def _wave(wave: dict[str, Any], started: datetime) -> Text:
    before_ms = (started - wave["emitted_at"]).total_seconds() * 1000
    meaning = ", ".join(f"{name} {value}" for name, value in _words(wave).items())
    return Text.assemble(
        (f"{wave['cell_name']} ", ACTIVE),
        f"sure {wave['confidence']:.2g}",
        (f"  {before_ms:.0f} ms before  ", DIM),
        meaning,
    )


def _words(wave: dict[str, Any]) -> dict[str, object]:
    """Return what a wave said, its categories as words, its numbers in four digits."""
    content: dict[str, float] = wave["semantic_content"] or {}
    kind = next((kind for kind in CELLS if kind.entity == wave["cell_name"]), None)
    spoken: dict[str, object] = dict(content)
    if kind is not None and {field.name for field in kind.fields} <= content.keys():
        spoken = said(kind, [content[field.name] for field in kind.fields])
    return {
        name: f"{value:.4g}" if isinstance(value, float | int) else value for name, value in spoken.items()
    }


def command(verb: int, slot: int) -> str:
    """Return an action in words."""
    name = Verb(verb).name.lower() if verb < len(Verb) else str(verb)
    return f"{name} {slot}" if verb == Verb.MOVE else name


def deed(step: dict[str, Any]) -> str:
    """Return in words what was done in a tick, and where."""
    return f"{command(step['verb'], step['slot'])} at node {step['node']}{answered(step)}"


def answered(step: dict[str, Any]) -> str:
    """Return what the world had answered to the act before, empty when it agreed."""
    return f" (refused before: {Rejection(step['rejection']).reason})" if step["rejection"] else ""


def moment(at: datetime) -> str:
    """Return a time of day with milliseconds."""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def as_plain(found: Explanation) -> dict[str, object]:
    """Return an explanation as JSON values, times in ISO-8601."""
    return {
        "trail": _plain(found.trail),
        "openings": [_plain(row) for row in found.openings],
        "waves": [_plain(row) for row in found.waves],
        "steps": [_plain(row) for row in found.steps],
    }


def _plain(row: dict[str, Any]) -> dict[str, object]:
    return {
        name: value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
        for name, value in row.items()
    }
