"""`nimmer evaluate governor`: the governor's net against its rivals, and the training world against a real village.

Source: docs/governor.md.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from nimmer.cli.console import emit_json, screen
from nimmer.cli.drawing import can_draw
from nimmer.cli.durations import spoken
from nimmer.cli.options import JsonOption
from nimmer.cli.palette import DIM
from nimmer.clock import SystemClock
from nimmer.errors import ConfigError

if TYPE_CHECKING:
    from policies.governor_evaluation import Evaluation

_SHOWN = ("score", "score_per_cpu_s", "score_per_call")


def governor(
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="The net; default: the one that comes with nimmer."),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=2, max=1000, help="Evaluation seeds, from the first on.")
    ] = 24,
    npcs: Annotated[int, typer.Option("--npcs", min=1, max=200, help="NPCs of every village.")] = 12,
    budgets: Annotated[
        str | None, typer.Option("--budgets", metavar="0.2,0.4", help="CPU budgets, shares of full demand.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write governor.csv and governor_goal.csv there."),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option("--plots", metavar="DIR", help="Draw governor-*.png there; needs the training extra."),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            "--trace", metavar="CSV", help="Only measure the training world against this recording."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the governor's net with its rivals: same villages, same budgets, seeds that no training may use.

    [dim]$[/dim] nimmer evaluate governor   [dim]# about five minutes[/dim]

    [dim]$[/dim] nimmer evaluate governor --seeds 8 --budgets 0.2,0.4

    [dim]$[/dim] nimmer evaluate governor --trace docs/bench/governor_trace.csv   [dim]# the model's error[/dim]
    """
    if plots is not None:
        can_draw("--plots")
    if trace is not None:
        _against_reality(trace, out, plots, as_json)
        return
    from policies.governor_report import goals, table, write_csv

    evaluation = _evaluate(weights, seeds, npcs, _budgets(budgets))
    rows, reached = table(evaluation), goals(evaluation)
    if out is not None:
        write_csv(out / "governor.csv", rows)
        write_csv(out / "governor_goal.csv", reached)
    if plots is not None:
        from policies.governor_plots import ablations, curves

        curves(rows, plots / "governor-curves.png")
        ablations(rows, plots / "governor-ablations.png")
    if as_json:
        emit_json({"rivals": rows, "goal": reached})
        return
    for budget in evaluation.scope.budgets:
        screen().print(_rivals_table(budget, [row for row in rows if row["budget"] == budget]))
    screen().print(_rows_table("the net against the best static rule", reached))


def _budgets(text: str | None) -> tuple[float, ...]:
    from policies.governor_evaluation import BUDGETS

    if text is None:
        return BUDGETS
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(0.0 < one <= 2.0 for one in found):
        raise ConfigError(
            f"--budgets {text!r}: give numbers above 0 and up to 2 with commas between, such as 0.2,0.4"
        )
    return found


def _evaluate(weights: Path | None, seeds: int, npcs: int, budgets: tuple[float, ...]) -> "Evaluation":
    from nimmer.minds.governor_net import GovernorNet
    from nimmer.minds.governor_weights import load_governor, packaged_governor
    from nimmer.world.levels import load_levels
    from policies.governor_evaluation import RIVALS, Evaluation, Scope
    from policies.governor_training import LEVEL

    net = GovernorNet(load_governor(weights or packaged_governor())[0])
    scope = Scope(seeds=seeds, npcs=npcs, budgets=budgets)
    evaluation = Evaluation(load_levels()[LEVEL], scope)
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    # rivals, the net with what is compared to it, and the rounds of the search, each of which takes as long as about two
    steps = len(RIVALS) + 5 + 2 * scope.search_rounds
    done = 0

    def tell(what: str, weight: int) -> None:
        nonlocal done
        done += weight
        passed_s = clock.monotonic_s() - begun_s
        left = spoken(passed_s / done * (steps - done))
        typer.echo(f"{what}  {spoken(passed_s)} passed, about {left} left", err=True)

    evaluation.net(net)
    tell("the net and its ablations", 5)
    for name, rival in RIVALS.items():
        evaluation.run(name, rival())
        tell(name, 1)
    evaluation.search_static(lambda number: tell(f"best static: round {number} of {scope.search_rounds}", 2))
    return evaluation


def _against_reality(trace: Path, out: Path | None, plots: Path | None, as_json: bool) -> None:
    from nimmer.world.levels import load_levels
    from nimmer.world.scarcity import ScarcityModel
    from policies.governor_fit import coverage_error, errors, fit, read_traces
    from policies.governor_report import error_rows, write_csv

    levels = load_levels()
    first, *others = read_traces(trace)
    if not others:
        raise ConfigError(f"{trace}: only one run; a second one is needed to judge by")
    model = fit(ScarcityModel(), first, levels)
    runs = {"fitted": first, "held out": others[0]}
    rows = error_rows(errors(model, runs.items(), levels))
    compared = {name: coverage_error(model, run, levels) for name, run in runs.items()}
    for name, (real, modelled) in compared.items():
        rows.append(
            {
                "quantity": "coverage after each epoch",
                "run": name,
                "real": round(float(real.mean()), 4),
                "model": round(float(modelled.mean()), 4),
                "relative_error": round(float(modelled.mean() / real.mean() - 1.0), 4),
                "per_npc_error": round(float(abs(modelled - real).mean()), 4),
            }
        )
    if out is not None:
        write_csv(out / "governor_model_error.csv", rows)
    if plots is not None:
        from policies.governor_plots import coverage

        coverage(compared, plots / "governor-model.png")
    fitted = {
        "tick_cost_ms": model.tick_cost_ms, "fact_pays": model.fact_pays, "succeeds": model.succeeds,
        "quiet_per_s": model.quiet_per_s,
    }  # fmt: skip
    if as_json:
        emit_json({"fitted": fitted, "errors": rows})
    else:
        screen().print(_rows_table("the training world against a real village, per NPC and epoch", rows))
        screen().print("fitted: " + "  ".join(f"{name} {value}" for name, value in fitted.items()))


def _rivals_table(budget: float, rows: Sequence[dict[str, Any]]) -> Table:
    table = _table(f"CPU budget {budget:g} of full demand")
    table.add_column("rival", no_wrap=True)
    for title in (
        *_SHOWN,
        "coverage",
        "triggers",
        "dangers",
        "questions",
        "LF",
        "CPU s",
        "calls",
        "net better",
    ):
        table.add_column(title.replace("_", " "), justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda row: -row["score"]):
        scores = [f"{row[name]:.3g} [{row[f'{name}_low']:.3g}, {row[f'{name}_high']:.3g}]" for name in _SHOWN]
        shares = [f"{row[name]:.0%}" for name in ("triggers_met", "dangers_met", "questions_met")]
        better = f"{row['net_better']:+.0%} [{row['net_better_low']:+.0%}, {row['net_better_high']:+.0%}]"
        table.add_row(
            row["rival"], *scores, f"{row['coverage_gained']:.2f}", *shares,
            f"{row['lifeforce_earned']:.0f}", f"{row['cpu_s']:.0f}", f"{row['calls']:.0f}", better,
        )  # fmt: skip
    return table


def _rows_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    table = _table(title)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*map(str, row.values()))
    return table


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), header_style=DIM, pad_edge=False
    )
