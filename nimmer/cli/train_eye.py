"""`nimmer train eye`: teach the village's eye on frames rendered as it learns.

Source: docs/eye.md, "Training".
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import JsonOption
from nimmer.clock import SystemClock
from nimmer.errors import NimmerError


def eye(
    frames: Annotated[int, typer.Option("--frames", metavar="N", help="Frames to learn from.")] = 40_000,
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Frames of one step.")] = 16,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the training; evaluation seeds are refused.")
    ] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write; default: training/eye-SEED.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", help="Go on with the training in DIR, as it was begun."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the eye on the training styles and write it, with a card, to DIR/eye.onnx.

    Ctrl-C stops after the step and keeps a checkpoint; --resume goes on from it, also after a kill -9.

    [dim]$[/dim] nimmer train eye --frames 40000 --out eye

    [dim]$[/dim] nimmer train eye --resume eye
    """
    try:
        from policies.eye_training import EyeSettings, begin, go_on
    except ModuleNotFoundError as error:
        raise NimmerError(
            f"training needs {error.name}, which is not installed; run scripts/setup training"
        ) from error
    if resume is not None:
        run = go_on(resume)
    else:
        settings = EyeSettings(seed=seed, frames=frames, batch=batch)
        run = begin(out or Path("training") / f"eye-{seed}", settings)
    trainer = run.trainer
    columns = (
        TextColumn("steps"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("", total=trainer.settings.steps, completed=trainer.step)

        def tell(numbers: dict[str, float]) -> None:
            losses = f"scores {numbers['scores']:.3f}  boxes {numbers['boxes']:.3f}"
            progress.update(task, completed=trainer.step, description=losses)

        summary = run.live(SystemClock(), tell)
    if as_json:
        emit_json(summary)
    else:
        ended = "done" if summary["finished"] else f"stopped; go on with --resume {summary['directory']}"
        screen().print(f"{ended}: {summary['frames']} frames, {summary['cpu_s']} CPU s; {summary['weights']}")
