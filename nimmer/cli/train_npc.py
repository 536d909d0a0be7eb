"""`nimmer train npc`: brains for a village, by our own PPO on stacked nets or by RLlib; progress, checkpoints, resume.

Source: docs/training.md.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from nimmer.cli.console import emit_json, screen
from nimmer.cli.durations import duration_s, spoken
from nimmer.cli.options import JsonOption
from nimmer.clock import SystemClock
from nimmer.errors import ConfigError, NimmerError

if TYPE_CHECKING:
    from policies.npc_training import TrainingSettings
    from policies.training_run import TrainingRun

TrainerName = Literal["stacked", "rllib", "cleanrl"]


def npc(
    npcs: Annotated[int, typer.Option("--npcs", metavar="N", help="NPCs in every village.")] = 25,
    level: Annotated[
        list[int] | None,
        typer.Option(
            "--level", metavar="L", help="Level of the curriculum; several share the villages out. [1]"
        ),
    ] = None,
    levels_file: Annotated[
        Path | None, typer.Option("--levels-file", metavar="FILE", help="Levels of your own.")
    ] = None,
    network: Annotated[
        str, typer.Option("--network", metavar="SIZE", help="small, medium or large nets.")
    ] = "medium",
    trainer: Annotated[
        TrainerName,
        typer.Option("--trainer", help="stacked: our PPO; rllib: RLlib's; cleanrl: the plain rival."),
    ] = "stacked",
    agent_steps: Annotated[
        int, typer.Option("--agent-steps", metavar="N", help="Budget; the learning rate falls along it.")
    ] = 60_000_000,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Stop after this long, such as 10m, if not done."),
    ] = None,
    shared: Annotated[
        float, typer.Option("--shared", metavar="SHARE", help="Share of the budget with one net for all.")
    ] = 0.75,
    worlds: Annotated[int, typer.Option("--worlds", metavar="W", help="Villages lived at once.")] = 64,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same curve.")] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write; default: training/npc-SEED.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", help="Go on with the training in DIR, as it was begun."),
    ] = None,
    tune: Annotated[
        int,
        typer.Option("--tune", metavar="TRIALS", help="Search the committed space with Ray Tune instead."),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Train the brains of a village and write them, with a card, to DIR/npcs.safetensors.

    Ctrl-C stops after the iteration and keeps a checkpoint; --resume goes on from it, also after a kill -9.

    [dim]$[/dim] nimmer train npc --npcs 25 --level 1

    [dim]$[/dim] nimmer train npc --level 1 --level 2 --for 10m --out brains

    [dim]$[/dim] nimmer train npc --resume brains

    [dim]$[/dim] nimmer train npc --trainer rllib --agent-steps 2000000

    [dim]$[/dim] nimmer train npc --tune 8 --agent-steps 1000000

    [dim]$[/dim] ray job submit -- nimmer train npc --trainer rllib --out /tmp/brains
    """
    within_s = duration_s(for_) if for_ else None
    try:
        from policies.npc_training import TrainingSettings
        from policies.training_run import begin, go_on
    except ModuleNotFoundError as error:
        raise NimmerError(
            f"training needs {error.name}, which is not installed; run scripts/setup training"
        ) from error
    if resume is not None:
        run = go_on(resume)
    else:
        settings = TrainingSettings(
            levels=tuple(level or [1]),
            levels_file=str(levels_file.absolute()) if levels_file else None,
            npcs=npcs,
            size=network,  # type: ignore[arg-type]  # checked by the settings, which name the sizes
            seed=seed,
            agent_steps=agent_steps,
            worlds=worlds,
            shared=shared,
        )
        if tune or trainer == "cleanrl":
            if for_ is not None:
                raise ConfigError(
                    "--for stops our trainer or RLlib's; a search or the rival ends with --agent-steps"
                )
            _other(settings, trainer, tune, out, as_json=as_json)
            return
        run = begin(out or Path("training") / f"npc-{seed}", trainer, settings)
    _train(run, within_s, as_json=as_json)


def _other(
    settings: "TrainingSettings", trainer: str, trials: int, out: Path | None, *, as_json: bool
) -> None:
    """Do what is no training of its own kind: a search, or the plain rival, each in a directory of its own."""
    from policies.training_run import RUN

    directory = out or Path("training") / f"{'tune' if trials else 'cleanrl'}-{settings.seed}"
    if (directory / RUN).exists():
        raise ConfigError(f"{directory}: holds a training; choose another --out")
    if trials and trainer != "stacked":
        raise ConfigError(f"--tune searches for our own trainer, not for {trainer}; leave --trainer out")
    if trials:
        _tune(settings, trials, directory, as_json=as_json)
    else:
        _rival(settings, directory, as_json=as_json)


def _rival(settings: "TrainingSettings", directory: Path, *, as_json: bool) -> None:
    """Train the plain PPO the others are compared with; it neither saves nor resumes."""
    from nimmer.minds.village_weights import SHIPPED, Card, save_village
    from policies.npc_training import TrainingSettings
    from policies.revision import revision
    from policies.rival_ppo import Args, train

    plain = TrainingSettings()
    for option, given, own in (
        ("--level", settings.levels[1:], ()),
        ("--network", settings.size, plain.size),
        ("--worlds", settings.worlds, plain.worlds),
        ("--shared", settings.shared, plain.shared),
    ):
        if given != own:
            raise ConfigError(
                f"{option} says nothing to the rival, which has one level and numbers of its own; leave it out"
            )
    args = Args()
    with Progress(*_columns(), console=screen(), disable=as_json, transient=True) as bar:
        task = bar.add_task("training", total=settings.agent_steps)
        weights = train(
            settings.village_levels()[0],
            settings.npcs,
            settings.agent_steps,
            settings.seed,
            args,
            progress=lambda steps, coverage: bar.update(
                task, completed=steps, description=f"{coverage:.0%} of the houses known"
            ),
        )
    path = directory / SHIPPED
    configuration = {
        "trainer": "cleanrl",
        "levels": list(settings.levels),
        "npcs": settings.npcs,
        "agent_steps": settings.agent_steps,
        **asdict(args),
    }
    save_village(path, [weights], Card(settings.seed, revision(), configuration))
    if as_json:
        emit_json({"brains": str(path), "agent_steps": settings.agent_steps, "trainer": "cleanrl"})
    else:
        screen().print(f"brains: {path}\nnext: nimmer evaluate npc --cleanrl {path} --rivals cleanrl")


def _columns() -> tuple[ProgressColumn, ...]:
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )


def _train(run: "TrainingRun", within_s: float | None, *, as_json: bool) -> None:
    """Iterate with a bar until the budget, the time or the user's patience is over."""
    clock, console = SystemClock(), screen()
    with Progress(*_columns(), console=console, disable=as_json, transient=True) as bar:
        task = bar.add_task("training", total=run.settings.agent_steps, completed=run.trainer.agent_steps)

        def told(numbers: dict[str, float]) -> None:
            ticks = numbers["episode_ticks"]
            if ticks == ticks:  # NaN while no episode has ended
                bar.update(task, description=f"a village passes in {ticks:.1f} ticks")
            bar.update(task, completed=numbers["agent_steps"])

        summary = run.live(clock, within_s, told)
    if as_json:
        emit_json(summary)
        return
    done = "done" if summary["finished"] else "stopped; go on with --resume " + str(run.directory)
    console.print(
        f"{done}: {summary['agent_steps']:,} agent-steps in {spoken(float(str(summary['wall_s'])))},"
        f" {summary['agent_steps_per_cpu_s']:,} per CPU-second\n"
        f"a village passed in {summary['episode_ticks']} ticks in the last iterations\n"
        f"brains: {summary['brains']}\ncurve: {run.directory / 'progress.csv'};"
        f" tensorboard --logdir {run.directory / 'tensorboard'}\n"
        f"next: nimmer evaluate npc --weights {summary['brains']}"
    )


def _tune(settings: "TrainingSettings", trials: int, directory: Path, *, as_json: bool) -> None:
    """Search, and show which trial was best."""
    from policies.search import search

    if trials < 1:
        raise ConfigError(f"--tune is {trials}; give the number of trials, 1 or more")
    found = search(settings, trials, directory)
    if as_json:
        emit_json(found)
        return
    screen().print(
        f"best of {trials}: a village passes in {found['episode_ticks']:.1f} ticks with {found['config']}\n"
        f"trials: {directory}"
    )
