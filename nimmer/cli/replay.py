"""`nimmer replay`: runs a past run again from its seed and action log, and compares every tick's state.

Source: docs/design.md, "Truth, mirrors and copies": a run is its seed plus its action log.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import DIM, ERROR, OK, WARNING
from nimmer.config import Settings, load
from nimmer.errors import ConfigError, ReplayError
from nimmer.stores.action_log import ActionLog
from nimmer.world.journal import Frame
from nimmer.world.levels import load_levels
from nimmer.world.replay import ReplayReport
from nimmer.world.replay import replay as execute

_RUN = re.compile(r"[0-9a-f]{16}")
_STEP = 200
"""Frames between two movements of the progress bar."""


def replay(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="The run: 16 hex digits, or the path of a log.")
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The newest run of this environment.")] = False,
    levels: Annotated[
        Path | None, typer.Option("--levels", metavar="FILE", help="Levels file the run was started with.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Run a past run again and compare the state after every tick. Exits with 1 at the first difference.

    [dim]$[/dim] nimmer replay --last

    [dim]$[/dim] nimmer replay 0123456789abcdef --json
    """
    settings = load({"village.levels_file": levels}, config).settings
    log = ActionLog(_log_path(settings, run, last))
    total = sum(1 for _ in log.frames())
    report = _with_progress(log, total, settings.village.levels_file, hidden=as_json)
    if as_json:
        emit_json(
            {
                "run": log.header.run,
                "seed": log.header.seed,
                "ticks": report.ticks,
                "equal": report.first_divergence is None,
                "first_divergence": report.first_divergence,
                "digest": report.digest.hex(),
                "torn_tail": log.torn,
            }
        )
    else:
        screen().print(verdict(log, report))
    if report.first_divergence is not None:
        raise typer.Exit(1)


def _with_progress(log: ActionLog, total: int, levels: Path | None, *, hidden: bool) -> ReplayReport:
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task("replay", total=total)

        def counted(frames: Iterable[Frame]) -> Iterator[Frame]:
            for number, frame in enumerate(frames, start=1):
                yield frame
                if number % _STEP == 0:
                    progress.update(task, completed=number)

        return execute(log.header, counted(log.frames()), load_levels(levels))


def _log_path(settings: Settings, run: str | None, last: bool) -> Path:
    runs = settings.state_path / "runs"
    if last == (run is not None):
        raise ConfigError("name one run, or give --last: `nimmer replay RUN` or `nimmer replay --last`")
    if run is None:
        logs = sorted(runs.glob("*/actions.log"), key=lambda log: log.stat().st_mtime)
        if not logs:
            raise ReplayError(f"there is no run in {runs}: raise a village with `nimmer up` first")
        return logs[-1]
    if Path(run).is_file():
        return Path(run)
    if not _RUN.fullmatch(run):
        raise ConfigError(
            f"{run!r} is no run and no file: a run is 16 hex digits, as `nimmer status` shows them"
        )
    path = runs / run / "actions.log"
    if not path.is_file():
        raise ReplayError(f"run {run} has no action log in {runs}; another NIMMERVERSE_ENV may have it")
    return path


def verdict(log: ActionLog, report: ReplayReport) -> Text:
    """Return what people read."""
    header = log.header
    text = Text.assemble((f"run {header.run}  seed {header.seed}  {header.npcs} NPCs\n", DIM))
    if report.first_divergence is None:
        text.append(f"equal: all {report.ticks} ticks", f"bold {OK}")
    else:
        text.append(f"DIFFERENT at tick {report.first_divergence}", f"bold {ERROR}")
        text.append(f" (tick {report.ticks} of the replay)")
    text.append(f", digest {report.digest.hex()}")
    if log.torn:
        text.append("\nthe last frame is torn: the run was killed, or is still being written", WARNING)
    return text
