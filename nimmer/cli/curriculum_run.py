"""`nimmer curriculum run`: a village goes through its levels in this process, as fast as the machine can."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from nimmer.cli.console import emit_json, screen
from nimmer.cli.curriculum_levels import LevelsOption
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.cli.palette import BRIGHT, DIM, OK, WARNING
from nimmer.clock import SystemClock
from nimmer.config import Settings, load
from nimmer.errors import ConfigError, NimmerError

if TYPE_CHECKING:
    from nimmer.cli.coverage_file import CoverageFile
    from nimmer.minds.mlp import Size
    from nimmer.minds.schooling import MakeBrain, Schooling
    from nimmer.world.ascent import LevelChange
    from nimmer.world.levels import Levels

Brain = Literal["explorer", "mlp", "random"]
INTERRUPTED = 130
_SPAN = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")
_SHOWN = 50
"""Ticks between two movements of the progress bar."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run: levels `first` to `last`, who thinks, where the record goes, and when to give up.

    weights: directory of a brain per NPC, else `trained`: a file of brains they take theirs from, over again, else drawn by chance.
    """

    first: int
    last: int
    npcs: int
    seed: int
    brain: Brain
    weights: Path | None
    trained: Path | None
    network: "Size"
    out: Path
    max_ticks: int
    every: int


def run(
    levels: Annotated[
        str | None,
        typer.Option(metavar="1-3", help="Levels to go through; default: village.level up to the last."),
    ] = None,
    npcs: Annotated[int | None, typer.Option(help="NPCs in the village (village.npcs).")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the run; the same seed is the same run.")] = None,
    brain: Annotated[
        Brain | None, typer.Option(help="Who decides: explorer, mlp or random (village.brain).")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="npc-N.safetensors for brain mlp (village.weights_dir); unset: trained brains, as newborns take them.",
        ),
    ] = None,
    levels_file: LevelsOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where coverage.csv and coverage.png go; default: curriculum/ in the state directory.",
        ),
    ] = None,
    max_ticks: Annotated[int, typer.Option(min=1, help="World ticks after which it gives up.")] = 100_000,
    every: Annotated[int, typer.Option(min=1, help="World ticks between two rows of the record.")] = 10,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a village live through the levels without Ray and servers, and draw who knew how much, when.

    World, brains, quiz and rule are those of the live village; nobody has a body with gates and nerves, and
    everybody acts in every tick. Exits with 1 when the last level was not passed within --max-ticks.

    [dim]$[/dim] nimmer curriculum run --levels 1-3 --seed 7

    [dim]$[/dim] nimmer curriculum run --levels 1 --brain random --out random --json
    """
    from nimmer.chance import fresh_seed
    from nimmer.minds.village_weights import village_of
    from nimmer.world.levels import load_levels

    overrides = {
        "village.npcs": npcs,
        "village.levels_file": levels_file,
        "village.weights_dir": weights,
        "seed": seed,
    }
    settings = load(overrides, config).settings
    village = settings.village
    found = load_levels(village.levels_file)
    first, last = _span(levels, village.level, len(found))
    order = Order(
        first=found[first].number,
        last=found[last].number,
        npcs=village.npcs,
        seed=fresh_seed() if settings.seed is None else settings.seed,
        brain=brain or village.brain,
        weights=village.weights_dir,
        trained=village_of(village.network, village.brains_file),
        network=village.network,
        out=out or settings.state_path / "curriculum",
        max_ticks=max_ticks,
        every=every,
    )
    raise typer.Exit(_carry_out(order, settings, found, as_json=as_json))


def _carry_out(order: Order, settings: Settings, levels: "Levels", *, as_json: bool) -> int:
    """Run, draw and report; return the exit code."""
    from nimmer.cli.coverage_file import CoverageFile

    clock, console = SystemClock(), Console(stderr=True, highlight=False)
    school = _school(order, settings, levels)
    record, picture = order.out / "coverage.csv", order.out / "coverage.png"
    interrupted, began_s = False, clock.monotonic_s()
    with CoverageFile(record, order.npcs) as file, _progress(school, order, console, hidden=as_json) as moved:
        try:
            for change in _lived(school, order, file, moved, clock):
                if not as_json:
                    console.print(_told(change), style=DIM)
        except KeyboardInterrupt:
            interrupted = True
        _write(file, school)
    took_s = clock.monotonic_s() - began_s
    report = _report(school, order, took_s, interrupted=interrupted)
    drawn = _drawn(order, levels, record, picture, console)
    if as_json:
        emit_json({**report, "record": str(record), "picture": str(picture) if drawn else None})
    else:
        screen().print(_verdict(school, report), Text(f"{record}  {picture if drawn else ''}", DIM), sep="\n")
    return INTERRUPTED if interrupted else int(not school.finished)


def _drawn(order: Order, levels: "Levels", record: Path, picture: Path, console: Console) -> bool:
    """Draw the record and return whether that was possible; a run without a picture is still a run."""
    from policies.curriculum_plot import plot_coverage

    title = f"{order.npcs} NPCs, brain {order.brain}, seed {order.seed}"
    try:
        plot_coverage(record, picture, title, {level.number: level.name for level in levels})
    except NimmerError as error:
        console.print(f"no picture: {error}", style=WARNING, markup=False)
        return False
    return True


def _lived(
    school: "Schooling", order: Order, file: "CoverageFile", moved: Callable[[], None], clock: SystemClock
) -> "Iterator[LevelChange]":
    """Live tick by tick and yield every change of level, until the last one is passed or time is up."""
    _write(file, school)
    while not school.finished and school.garden.tick < order.max_ticks:
        level = school.garden.level.number
        if change := school.tick(clock.unix_s()):
            if change.kind == "promotion":
                file.write(change.tick, level, [1.0] * order.npcs)
            _write(file, school)
            yield change
        elif school.garden.tick % order.every == 0:
            _write(file, school)
        if school.garden.tick % _SHOWN == 0:
            moved()


def _write(file: "CoverageFile", school: "Schooling") -> None:
    file.write(school.garden.tick, school.garden.level.number, school.coverage.tolist())


def _school(order: Order, settings: Settings, levels: "Levels") -> "Schooling":
    """Return the village at its beginning. Raises LevelError when a level has no room, WeightsError for bad weights."""
    from nimmer.minds.schooling import Schooling
    from nimmer.world.ascent import QuizPace
    from nimmer.world.curriculum import check_room
    from nimmer.world.promotion import PromotionRule
    from nimmer.world.rules import Rules

    world = settings.world
    rules = Rules(node_capacity=world.node_capacity)
    for number in range(order.first, order.last + 1):
        check_room(levels[number], rules, order.npcs)
    rule = PromotionRule(order.last, order.first, world.demote_after_quizzes)
    pace = QuizPace(world.epoch_ticks * world.quiz_epochs, world.epoch_ticks)
    return Schooling(levels, rules, rule, pace, order.seed, order.npcs, _brains(order))


def _brains(order: Order) -> "MakeBrain":
    """Return what makes a brain of the wanted kind, with chance of its own per NPC and level."""
    from nimmer.chance import Chance
    from nimmer.minds.explorer import Explorer
    from nimmer.minds.mlp import Mlp
    from nimmer.minds.nursery import newborn_brains, weights_path
    from nimmer.minds.wanderer import Wanderer
    from nimmer.minds.weights import load_weights

    own, drawn = order.weights, []
    if order.brain == "mlp" and own is None:
        drawn = newborn_brains(order.npcs, order.network, order.seed, order.trained)

    def make(npc: int, level: Any) -> Any:  # noqa: ANN401  Brain and Level, whose modules are imported late
        generator = Chance(order.seed).generator("npc", npc, "brain", level.number)
        match order.brain:
            case "explorer":
                return Explorer(level.graph.neighbours.tolist(), generator)
            case "mlp":
                weights = load_weights(weights_path(own, npc))[0] if own else drawn[npc]
                return Mlp(weights, generator)
            case "random":
                return Wanderer(generator)

    return make


def _span(levels: str | None, first: int, last: int) -> tuple[int, int]:
    """Return the first and the last level of "1-3" or "2"; without any, `first` to `last`. Raises ConfigError."""
    if levels is None:
        return first, last
    found = _SPAN.fullmatch(levels.strip())
    if found is None:
        raise ConfigError(f"--levels is {levels!r}; give one level such as 2, or a span such as 1-3")
    low, high = int(found[1]), int(found[2] or found[1])
    if low > high:
        raise ConfigError(f"--levels is {levels!r}; a village begins on the lower one: {high}-{low}")
    return low, high


@contextmanager
def _progress(
    school: "Schooling", order: Order, console: Console, *, hidden: bool
) -> Iterator[Callable[[], None]]:
    """Show how many of all the houses are known by how many, on all levels together, with an estimate of the rest."""
    garden = school.garden
    houses = {
        level.number: level.nodes for level in garden.levels if order.first <= level.number <= order.last
    }
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=sum(houses.values()) * order.npcs)

        def moved() -> None:
            below = sum(nodes for number, nodes in houses.items() if number < garden.level.number)
            done = below * order.npcs + int(garden.village.facts.sum())
            progress.update(
                task, completed=done, description=f"level {garden.level.number}, tick {garden.tick}"
            )

        moved()
        yield moved


def _report(school: "Schooling", order: Order, took_s: float, *, interrupted: bool) -> dict[str, Any]:
    from dataclasses import asdict

    garden, coverage = school.garden, school.coverage
    return {
        "finished": school.finished,
        "interrupted": interrupted,
        "levels": [order.first, order.last],
        "level": garden.level.number,
        "ticks": garden.tick,
        "npcs": order.npcs,
        "seed": order.seed,
        "brain": order.brain,
        "digest": garden.digest.hex(),
        "coverage": {
            "mean": round(float(coverage.mean()), 6),
            "npcs": [round(share, 6) for share in coverage.tolist()],
        },
        "changes": [{"kind": one.kind, **asdict(one)} for one in school.ascent.changes],
        "lag": asdict(school.lag()),
        "seconds": round(took_s, 3),
        "ticks_per_second": round(garden.tick / took_s, 1) if took_s else None,
    }


def _told(change: "LevelChange") -> str:
    return f"tick {change.tick}: level {change.level_from} → {change.level_to}, {change.reason}"


def _verdict(school: "Schooling", report: dict[str, Any]) -> Text:
    if school.finished:
        text = Text(f"level {report['level']} passed", f"bold {OK}")
    else:
        text = Text(f"level {report['level']} not passed", f"bold {WARNING}")
    text.append(f" at world tick {report['ticks']}, {report['npcs']} NPCs, seed {report['seed']}", BRIGHT)
    text.append(f", {report['seconds']:.1f} s, {report['ticks_per_second']:,.0f} ticks a second", DIM)
    for one in school.lag().laggards:
        gaps = "; ".join(f"node {gap.node} ({', '.join(gap.traits)})" for gap in one.gaps[:3])
        text.append(f"\n  NPC {one.npc} knows {one.coverage:.1%}, misses {one.missing}: {gaps}", WARNING)
    return text
