"""What an evaluation of the governor came to, as rows: one per budget and rival, and one per budget for the goal.

Source: docs/governor.md, "Rivals".
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nimmer.errors import HostError
from policies.governor_evaluation import NET, RULES, STATIC, Evaluation, gain, interval, measures
from policies.governor_fit import Error

GOAL = 0.21
"""How much better than the best static rule the net is meant to be."""
MEASURES = ("score", "score_per_cpu_s", "score_per_call")
PARTS = (
    "coverage_gained",
    "triggers_met",
    "dangers_met",
    "questions_met",
    "lifeforce_earned",
    "cpu_s",
    "calls",
)
Rows = list[dict[str, object]]


def table(evaluation: Evaluation) -> Rows:
    """Return a row per budget and rival: means with 95 % intervals, and how much better the net is, paired by seed."""
    found: Rows = []
    compared = {name: measures(parts) for name, parts in evaluation.results.items()}
    for at, budget in enumerate(evaluation.scope.budgets):
        for name, values in compared.items():
            row: dict[str, object] = {"budget": budget, "rival": name, "seeds": len(evaluation.seeds)}
            for measure in MEASURES:
                low, high = interval(values[measure][at])
                row |= {measure: _round(values[measure][at].mean())}
                row |= {f"{measure}_low": _round(low), f"{measure}_high": _round(high)}
            row |= {part: _round(values[part][at].mean()) for part in PARTS}
            if NET in compared:
                better, low, high = gain(compared[NET]["score"][at], values["score"][at])
                row |= {
                    "net_better": _round(better),
                    "net_better_low": _round(low),
                    "net_better_high": _round(high),
                }
            found.append(row)
    return found


def goals(evaluation: Evaluation) -> Rows:
    """Return a row per budget, and one over all: how much better the net is than the best static and hand-written rule.

    Over all budgets every budget counts alike: scores are taken relative to the rule's mean at each, so that its is 1.
    """
    scores = {name: parts["score"] for name, parts in evaluation.results.items()}
    found: Rows = [{"budget": budget} for budget in (*evaluation.scope.budgets, "all")]
    for among, prefix in ((STATIC, "static"), (RULES, "rule")):
        best = [
            max(among, key=lambda name, at=at: float(scores[name][at].mean()))
            for at in range(len(evaluation.scope.budgets))
        ]
        theirs = np.stack([scores[name][at] for at, name in enumerate(best)])
        scale = theirs.mean(axis=1, keepdims=True)
        pairs = [
            *zip(scores[NET], theirs, strict=True),
            ((scores[NET] / scale).mean(axis=0), (theirs / scale).mean(axis=0)),
        ]
        for row, name, (ours, other) in zip(found, [*best, "best of each"], pairs, strict=True):
            better, low, high = gain(ours, other)
            row |= {
                f"best_{prefix}": name,
                f"better_than_{prefix}": _round(better),
                f"{prefix}_low": _round(low),
                f"{prefix}_high": _round(high),
            }
    return [{**row, "goal": GOAL, "reached": float(str(row["better_than_static"])) >= GOAL} for row in found]


def error_rows(errors: Sequence[Error]) -> Rows:
    """Return the model's errors as rows."""
    return [
        {
            "quantity": one.quantity,
            "run": one.run,
            "real": _round(one.real),
            "model": _round(one.model),
            "relative_error": _round(one.relative),
            "per_npc_error": _round(one.per_npc),
        }
        for one in errors
    ]


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write `rows`, which have the same columns, to `path`. Raises HostError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            out.writeheader()
            out.writerows(rows)
    except OSError as error:
        raise HostError(f"{path}: cannot be written ({error.strerror or error})") from error


def _round(value: float) -> float:
    return round(float(value), 4)
