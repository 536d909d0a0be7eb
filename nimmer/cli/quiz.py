"""`nimmer quiz`: the oracle questions every NPC on every location, now. Source: docs/domain.md section 8, quiz."""

import asyncio

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nimmer.bus.identities import GUEST
from nimmer.bus.message import QuizReport, QuizRequest
from nimmer.cli.console import emit_json, screen
from nimmer.cli.laggards import lag_lines
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import BRIGHT, DIM, OK, WARNING, shade
from nimmer.cli.picture import bar
from nimmer.cli.village import find_village
from nimmer.config import load

_NAMED = 20
"""Missing nodes named per NPC in the table; --json names more."""


def quiz(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Ask every NPC about every location and show what it misses; asking changes nothing and is free.

    [dim]$[/dim] nimmer quiz

    [dim]$[/dim] nimmer quiz --json | jq .passed
    """
    village = find_village(load(config=config).settings)
    report = asyncio.run(village.ask(GUEST, "world.quiz.request", QuizRequest(), QuizReport))
    if as_json:
        emit_json(msgspec.to_builtins(report))
    else:
        screen().print(quiz_page(report))


def quiz_page(report: QuizReport) -> RenderableType:
    """Return the page people read."""
    verdict = ("passed", f"bold {OK}") if report.passed else ("not passed yet", f"bold {WARNING}")
    head = Text.assemble(
        (f"level {report.level} ", f"bold {BRIGHT}"), verdict, (f"  tick {report.tick}", DIM)
    )
    head.append(f"  {report.coverage:.1%} of {report.locations} locations by {len(report.npcs)} NPCs", DIM)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False)
    table.add_column("npc", justify="right")
    table.add_column("knows", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("misses")
    for sheet in report.npcs:
        missing = ", ".join(map(str, sheet.missing[:_NAMED]))
        more = sheet.missed - _NAMED
        table.add_row(
            str(sheet.npc_id),
            f"{sheet.coverage:.0%}",
            bar(sheet.coverage, 12, shade(sheet.coverage)),
            missing + (f" and {more} more" if more > 0 else ""),
        )
    lagging = [] if report.lag is None else lag_lines(report.lag, len(report.npcs), report.tick)
    return Group(head, *lagging, table)
