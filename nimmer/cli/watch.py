"""`nimmer watch`: a live picture of the village, fed by the bus alone. Source: docs/domain.md section 12."""

import asyncio
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.terminal_theme import TerminalTheme

from nimmer.bus.bus import Bus, Delivery
from nimmer.bus.identities import WATCH
from nimmer.cli.console import screen
from nimmer.cli.options import ConfigOption
from nimmer.cli.picture import picture
from nimmer.cli.view import View
from nimmer.cli.village import RunningVillage, find_village
from nimmer.clock import Clock, SystemClock
from nimmer.config import load
from nimmer.errors import HostError

HEARD = ("npc.*.state", "thalamus.gate.*", "world.arena.aggregate", "nervous.cells.*.wave")
"""What is listened to, without the environment."""
ONCE_S = 1.5
"""How long `--once` listens; the aggregate comes once a second."""
_WIDTH, _HEIGHT = 100, 30
_SVG_THEME = TerminalTheme((10, 10, 26), (232, 232, 240), [(0, 0, 0)] * 8, [(184, 184, 200)] * 8)


def watch(
    once: Annotated[
        bool, typer.Option("--once", help=f"Listen for {ONCE_S:g} s, print one picture and end.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save one picture as SVG and end.")
    ] = None,
    hz: Annotated[float, typer.Option("--hz", min=0.5, max=10, help="Pictures per second.")] = 4.0,
    waves: Annotated[
        bool, typer.Option("--waves/--no-waves", help="Count waves too; they are most of the traffic.")
    ] = True,
    config: ConfigOption = None,
) -> None:
    """Watch the running village live in the terminal: map, NPCs, gates, waves. Ctrl-C ends the watching only.

    [dim]$[/dim] nimmer watch

    [dim]$[/dim] nimmer watch --once

    [dim]$[/dim] nimmer watch --svg village.svg
    """
    village = find_village(load(config=config).settings)
    heard = HEARD if waves else HEARD[:-1]
    clock = SystemClock()
    if once or svg:
        view = asyncio.run(_once(village, heard, clock))
        if svg:
            _save(view, clock.monotonic_s(), svg)
        if once:
            _print(view, clock.monotonic_s())
    else:
        _refuse_no_terminal()
        asyncio.run(_live(village, heard, hz, clock))


def _refuse_no_terminal() -> None:
    if not Console().is_terminal:
        raise HostError(
            "nimmer watch needs a terminal; use `nimmer watch --once` or `--svg FILE` without one"
        )


def _listener(view: View, clock: Clock) -> Callable[[Delivery], Awaitable[None]]:
    async def hear(delivery: Delivery) -> None:
        view.hear(delivery.subject, delivery.payload, clock.monotonic_s())

    return hear


async def _listen(bus: Bus, village: RunningVillage, heard: tuple[str, ...], clock: Clock) -> View:
    view = View(village.environment, village.estate.run)
    for pattern in heard:
        await bus.subscribe(f"{village.environment}.{pattern}", _listener(view, clock))
    return view


async def _once(village: RunningVillage, heard: tuple[str, ...], clock: Clock) -> View:
    async with village.connect(WATCH) as bus:
        view = await _listen(bus, village, heard, clock)
        await clock.sleep_s(ONCE_S)
    return view


def _print(view: View, now_s: float) -> None:
    console = screen()
    room = (console.width, console.height - 1) if console.is_terminal else (_WIDTH, _HEIGHT)
    console.print(picture(view, *room, now_s))


def _save(view: View, now_s: float, file: Path) -> None:
    try:
        file.write_text(as_svg(view, now_s), "utf-8")
    except OSError as error:
        raise HostError(f"{file} cannot be written: {error.strerror}") from error


async def _live(village: RunningVillage, heard: tuple[str, ...], hz: float, clock: Clock) -> None:
    async with village.connect(WATCH) as bus:
        view = await _listen(bus, village, heard, clock)
        console = screen()
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(picture(view, console.width, console.height, clock.monotonic_s()), refresh=True)
                await clock.sleep_s(1 / hz)


def as_svg(view: View, now_s: float) -> str:
    """Return one picture as an SVG document that needs nothing from elsewhere."""
    console = Console(
        record=True,
        width=_WIDTH,
        height=_HEIGHT,
        file=StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(picture(view, _WIDTH, _HEIGHT, now_s))
    document = console.export_svg(title=f"nimmer watch · {view.environment}", theme=_SVG_THEME)
    # rich names web fonts in @font-face; a picture in the documentation loads nothing
    while "@font-face" in document:
        start = document.index("@font-face")
        document = document[:start] + document[document.index("}", start) + 1 :]
    return document.replace("Fira Code, monospace", "monospace")
