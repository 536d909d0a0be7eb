"""`nimmer train governor`: teach the governor's net in villages under scarcity.

Source: docs/governor.md, "Training".
"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nimmer.cli.console import emit_json, screen
from nimmer.cli.durations import spoken
from nimmer.cli.options import JsonOption
from nimmer.clock import SystemClock
from nimmer.errors import ConfigError

if TYPE_CHECKING:
    from policies.governor_training import GovernorTraining, Progress

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "governor.safetensors"
_SAVE_S = 20.0
_TELL_S = 5.0


class Method(StrEnum):
    """How to train."""

    ES = "es"
    PPO = "ppo"


def governor(
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.01, max=10_000, help="Train so long at most.")
    ] = 12.0,
    generations: Annotated[
        int, typer.Option("--generations", min=1, max=1_000_000, help="At most so many generations.")
    ] = 1_000_000,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the training; evaluation seeds are refused.")
    ] = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where weights, checkpoint and journal go.")
    ] = Path(".nimmer/training/governor"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out, bit for bit.")
    ] = False,
    method: Annotated[
        Method,
        typer.Option(
            "--method", help="es: evolution strategy, numpy only; ppo: RLlib, needs the training extra."
        ),
    ] = Method.ES,
    size: Annotated[str, typer.Option("--size", help="Of the net: small, medium or large.")] = "small",
    as_json: JsonOption = False,
) -> None:
    """Train the governor's net in villages under scarcity, and write its weights to DIR/governor.safetensors.

    Ctrl-C ends it early; what was learned is kept, and --resume goes on from there.

    [dim]$[/dim] nimmer train governor --minutes 12 --seed 1

    [dim]$[/dim] nimmer train governor --minutes 5 --resume   [dim]# go on[/dim]
    """
    _check(out, resume)
    if method is Method.PPO:
        if resume:
            raise ConfigError(
                "--resume goes on with an evolution strategy; a training by ppo begins anew each time"
            )
        from policies.governor_ppo import train_by_ppo

        report = train_by_ppo(out, seed, size, minutes * 60.0, generations, _say)
    else:
        report = _evolve(out, seed, size, minutes * 60.0, generations, resume)
    if as_json:
        emit_json(report)
    else:
        screen().print(
            f"validation {report['best']:.2f} after {report['generations']} generations; weights in {report['weights']}"
        )


def _check(out: Path, resume: bool) -> None:
    checkpoint = out / CHECKPOINT
    if resume and not checkpoint.is_file():
        raise ConfigError(f"--resume: there is no {checkpoint}; leave it out to begin anew")
    if checkpoint.is_file() and not resume:
        raise ConfigError(f"{checkpoint} is there already; give --resume to go on, or another --out")


def _evolve(
    out: Path, seed: int, size: str, limit_s: float, generations: int, resume: bool
) -> dict[str, object]:
    from nimmer.world.levels import load_levels
    from policies.governor_checkpoint import load_checkpoint
    from policies.governor_journal import Journal
    from policies.governor_training import LEVEL, Course, GovernorTraining, Progress
    from policies.revision import revision

    commit = revision()
    training = GovernorTraining(load_levels()[LEVEL], seed, Course(size=size))
    if resume:
        load_checkpoint(out / CHECKPOINT, training)
    journal = Journal(out, Progress._fields, training.strategy.generation)
    clock = SystemClock()
    begun_s = saved_s = told_s = clock.monotonic_s()
    first = training.strategy.generation
    interrupted = False
    try:
        while training.strategy.generation < generations and clock.monotonic_s() - begun_s < limit_s:
            progress = _whole_generation(training)
            journal.note(progress._asdict())
            now_s = clock.monotonic_s()
            if now_s - told_s >= _TELL_S:
                told_s = now_s
                _say(_line(progress, first, generations, now_s - begun_s, limit_s))
            if now_s - saved_s >= _SAVE_S:
                saved_s = now_s
                _save(out, training, commit)
    except KeyboardInterrupt:
        interrupted = True
        _say("interrupted: keeping what was learned")
    finally:
        journal.close()
    _save(out, training, commit)
    if training.best == float("-inf"):
        training.validate()  # after the checkpoint: a resumed training validates when an unbroken one would
        _save_weights(out, training, commit)
    return {
        "method": "es", "seed": seed, "size": size, "generations": training.strategy.generation,
        "best": training.best, "seconds": round(clock.monotonic_s() - begun_s, 1), "interrupted": interrupted,
        "weights": str(out / WEIGHTS), "checkpoint": str(out / CHECKPOINT), "journal": str(out / "training.csv"),
    }  # fmt: skip


def _whole_generation(training: "GovernorTraining") -> "Progress":
    """Return how one more generation went; one that Ctrl-C cuts short has never been."""
    before = training.state()
    try:
        return training.generation()
    except KeyboardInterrupt:
        training.restore(before)
        raise


def _save(out: Path, training: "GovernorTraining", commit: str) -> None:
    from policies.governor_checkpoint import save_checkpoint

    save_checkpoint(out / CHECKPOINT, training)
    _save_weights(out, training, commit)


def _save_weights(out: Path, training: "GovernorTraining", commit: str) -> None:
    from nimmer.minds.governor_weights import GovernorCard, save_governor

    generations = training.strategy.generation
    card = GovernorCard("es", training.seed, generations, commit, _scores(training.best))
    save_governor(out / WEIGHTS, training.best_weights, card)


def _scores(best: float) -> dict[str, float]:
    return {"validation": best} if best > float("-inf") else {}


def _line(progress: "Progress", first: int, generations: int, passed_s: float, limit_s: float) -> str:
    done = progress.generation - first
    left_s = min(limit_s - passed_s, (generations - progress.generation) * passed_s / max(done, 1))
    best = f"best validation {progress.best:.2f}" if progress.best > float("-inf") else "not validated yet"
    return f"generation {progress.generation}  score {progress.score:.2f}  {best}  {spoken(max(left_s, 0.0))} left"


def _say(line: str) -> None:
    typer.echo(line, err=True)
