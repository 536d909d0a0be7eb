"""`nimmer up`: raises a village, shows how it fares, and takes it down again on Ctrl-C, `nimmer down` or after --for."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from nimmer.cli.console import emit_json
from nimmer.cli.durations import duration_s
from nimmer.cli.faculties import NAMES as FACULTIES
from nimmer.cli.launch import Launch
from nimmer.cli.options import ConfigOption
from nimmer.clock import SystemClock
from nimmer.config import load
from nimmer.errors import ConfigError

LOOK_S = 0.2
INTERRUPTED = 130


def up(
    npcs: Annotated[int | None, typer.Option(help="NPCs in the village (village.npcs).")] = None,
    level: Annotated[int | None, typer.Option(help="Level to begin on (village.level).")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the run; the same seed is the same world.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="20s", help="Stop after so long: 20s, 10m, 2h.")
    ] = None,
    without: Annotated[
        str | None,
        typer.Option(help="Faculties to leave out, separated by commas: cortex, organs."),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="End by printing one JSON object about the run.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Raise a village: servers, Ray, the world and its NPCs.

    Ctrl-C ends it and leaves nothing behind but its state directory.

    [bold]Examples[/bold]

    [dim]$[/dim] nimmer up   [dim]# 25 NPCs on level 1[/dim]

    [dim]$[/dim] nimmer up --npcs 9 --seed 7 --for 60s --json

    [dim]$[/dim] nimmer up --without cortex,organs   [dim]# the village alone: less memory, a quicker start[/dim]

    [dim]$[/dim] NIMMERVERSE_ENV=staging nimmer up   [dim]# another environment, another state directory[/dim]
    """
    seconds = duration_s(duration) if duration else None
    loaded = load({"village.npcs": npcs, "village.level": level, "seed": seed, **_left_out(without)}, config)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with _asked_to_stop() as stop, _ray_talks_to(loaded.settings.state_path / "logs" / "launcher.log"):
        launch = Launch(loaded.settings, SystemClock(), lambda line: console.print(line, style="dim"))
        interrupted = _drive(launch, stop, seconds, console)
    if json_output:
        emit_json(launch.summary)
    elif launch.summary:
        _conclude(launch, console)
    if interrupted and seconds is not None:
        raise typer.Exit(INTERRUPTED)


def _left_out(without: str | None) -> dict[str, object]:
    """Return the settings that switch off what `--without` names. Raises ConfigError for a name there is not."""
    names = [name.strip() for name in without.split(",")] if without else []
    for name in names:
        if name not in FACULTIES:
            raise ConfigError(f"--without {name}: there is no such faculty; there are {', '.join(FACULTIES)}")
    return {f"{name}.enabled": False for name in names}


def _drive(launch: Launch, stop: threading.Event, seconds: float | None, console: Console) -> bool:
    """Raise, watch and take down; return whether somebody asked to stop before the time was over."""
    try:
        with console.status("raising the village"):
            launch.raise_village()
        _greet(launch, console)
        end_s = None if seconds is None else launch.clock.monotonic_s() + seconds
        while not stop.is_set() and (end_s is None or launch.clock.monotonic_s() < end_s):
            for line in launch.alive():
                console.print(line, style="yellow")
            left_s = LOOK_S if end_s is None else min(LOOK_S, end_s - launch.clock.monotonic_s())
            stop.wait(max(left_s, 0.0))
        return stop.is_set()
    except KeyboardInterrupt:
        return True
    finally:
        stop.set()  # from here on a signal is heard and changes nothing: the end must be whole
        with console.status("taking the village down"):
            launch.take_down()


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event; while the village is being raised, into KeyboardInterrupt as well."""
    stop = threading.Event()

    def heard(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            return  # once is enough: taking down is under way
        stop.set()
        raise KeyboardInterrupt

    before = {one: signal.signal(one, heard) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _ray_talks_to(log: Path) -> Iterator[None]:
    """Send what Ray prints on this process's stdout into `log`: stdout belongs to the summary."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file, redirect_stdout(file):
        yield


def _greet(launch: Launch, console: Console) -> None:
    assert launch.household is not None
    estate, settings = launch.household.estate, launch.settings
    console.print(
        f"[bold {settings.colour}]{settings.environment}[/]: {settings.village.npcs} NPCs live on level "
        f"{settings.village.level} after {launch.first_tick_s - launch.began_s:.1f} s, "
        f"and answer after {launch.ready_s - launch.began_s:.1f} s "
        f"(run {launch.run}, seed {launch.seed})"
    )
    own = launch.cluster is not None and launch.cluster.own
    token = f"   token {settings.state_path / 'ray.token'}" if own else ""
    console.print(f"dashboard {estate.dashboard_url}   bus {estate.nats_url}{token}")
    console.print("look:  nimmer watch   nimmer status   nimmer quiz      end:  Ctrl-C or nimmer down")


def _conclude(launch: Launch, console: Console) -> None:
    one = launch.summary
    console.print(
        f"run {one['run']} ended: {one['world_ticks']} of {one['world_ticks_due']} world ticks, "
        f"{one['npc_ticks']} of {one['npc_ticks_due']} NPC ticks, {one['trail_rows']} trail rows "
        f"({one['trail_rows_lost']} lost), {one['waves']} waves, coverage {one['coverage']:.0%} of level {one['level']}"
    )
