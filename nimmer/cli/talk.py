"""`nimmer talk`: a conversation with an NPC by keyboard, line by line, until the input ends.

Source: docs/domain.md section 5 (conversation); docs/conversation.md.
"""

import asyncio
import sys
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from nimmer.bus.organ_messages import Said, SayRequest
from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import ACTIVE, DIM, ERROR
from nimmer.cli.say import NpcOption, converse
from nimmer.cli.village import RunningVillage, find_village
from nimmer.config import load
from nimmer.errors import NimmerError

MOST = 2000
"""Characters of one line."""


def talk(
    words: Annotated[
        list[str] | None, typer.Argument(help="What to say; without it you are asked, line by line.")
    ] = None,
    npc: NpcOption = 0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Talk with an NPC by keyboard. Ctrl-D or an empty line ends it.

    [bold]Examples[/bold]

    [dim]$[/dim] nimmer talk --npc 7

    [dim]$[/dim] nimmer talk "where is the well?" --json
    """
    village = find_village(load(config=config).settings)
    console = screen()
    answered = True
    for line in [" ".join(words)] if words else _lines(console):
        said = _ask(village, npc, line[:MOST])
        answered = said.outcome == "success"
        if as_json:
            emit_json(msgspec.to_builtins(said))
        else:
            _show(console, said)
    if not answered:
        raise typer.Exit(1)


def _ask(village: RunningVillage, npc: int, line: str) -> Said:
    try:
        return asyncio.run(converse(village, SayRequest(npc, text=line, speak=False)))
    except KeyboardInterrupt:
        raise NimmerError("interrupted; the question may still be answered to nobody") from None


def _lines(console: Console) -> Iterator[str]:
    """Yield what is typed until it is an empty line, the end of the input, or Ctrl-C."""
    asked = sys.stdin.isatty()
    while True:
        try:
            line = console.input("[dim]you[/] ") if asked else sys.stdin.readline().rstrip("\n")
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if not line.strip():
            return
        yield line


def _show(console: Console, said: Said) -> None:
    if said.outcome == "success":
        console.print(f"npc {said.npc_id}  {said.answer}", style=ACTIVE, markup=False)
    else:
        console.print(f"{said.outcome}: {said.reason}", style=ERROR, markup=False)
    console.print(f"thought for {said.think_ms:.0f} ms", style=DIM)
