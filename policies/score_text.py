"""An evaluation for people and programs: the cells of its table, the same as Markdown, and one JSON document."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from policies.scorecard import Estimate, Score

HINT = (
    "brackets: 95 % by bootstrap over seeds; x: ticks divided by those of the same seeds; "
    "bound: what no brain can beat"
)
_FIRST = ("brain", "life", "seeds", "passed", "ticks", "median", "bumps", "lifeforce", "nerves")


@dataclass(frozen=True, slots=True)
class Setting:
    """What all rows of one evaluation share: the level, the NPCs in a village, the seeds, the most ticks."""

    level: int
    nodes: int
    npcs: int
    seeds: int
    most_ticks: int


def columns(scores: Sequence[Score]) -> list[str]:
    """Return the head of the table."""
    return [*_FIRST, *(f"x {name}" for name in compared(scores))]


def cells(score: Score, scores: Sequence[Score]) -> list[str]:
    """Return the row of `score` in the table of `scores`."""
    row = [
        score.name,
        life(score.embodied),
        str(score.seeds),
        f"{score.passed:.0%}",
        _interval(score.ticks, 1),
    ]
    row += [f"{score.median:.0f}", _plain(score.bumps, 2), _plain(score.lifeforce, 0)]
    row.append("-" if isnan(score.nerves.value) else f"{score.nerves.value:.0%}")
    return row + [_interval(score.against.get(name), 2) for name in compared(scores)]


def markdown(scores: Sequence[Score]) -> str:
    """Return the table for a page."""
    head = columns(scores)
    lines = [head, ["---"] * len(head), *(cells(score, scores) for score in scores)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def document(setting: Setting, scores: Sequence[Score]) -> dict[str, Any]:
    """Return setting and rows as plain JSON values; what was not measured is null."""
    found: dict[str, Any] = _plain_values({**asdict(setting), "scores": [asdict(score) for score in scores]})
    return found


def compared(scores: Sequence[Score]) -> list[str]:
    """Return with whom any of `scores` is compared, in the order of the table."""
    return list(dict.fromkeys(name for score in scores for name in score.against))


def life(embodied: bool) -> str:
    """Return how the minds lived: "body" with gates and nerves around them, or "brain" alone."""
    return "body" if embodied else "brain"


def _interval(estimate: Estimate | None, digits: int) -> str:
    """Return an estimate such as `44.2 (43.5-45.1)`, or a dash where nothing was measured."""
    if estimate is None or isnan(estimate.value):
        return "-"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f}-{estimate.high:.{digits}f})"


def _plain(estimate: Estimate, digits: int) -> str:
    return "-" if isnan(estimate.value) else f"{estimate.value:.{digits}f}"


def _plain_values(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Return `value` with null for NaN, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain_values(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain_values(one) for one in value]
    return None if isinstance(value, float) and isnan(value) else value
