"""What a bench hands back, and how two sides are measured fairly: in interleaved pairs, by their medians.

A machine's speed drifts with its load, so ours and the rival take turns within one run, the order swapped
from pair to pair, and the ratio is the median of the pairs' ratios. Source: docs/design.md, "What is
measured, always as a ratio in one run".
"""

import re
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Measurement:
    """One metric beside its rival's, from the same run.

    ratio: as the bench's docstring defines it; goal: a comparison with the ratio such as ">= 0.4".
    """

    metric: str
    value: float
    unit: str
    rival: str
    rival_value: float
    ratio: float
    goal: str
    met: bool
    note: str = ""


@dataclass(frozen=True)
class Pairs:
    """Medians over interleaved pairs: of our values, of the rival's, of the ratios ours / rival."""

    value: float
    rival_value: float
    ratio: float
    spread: tuple[float, float]
    """The smallest and the largest ratio of a pair."""
    count: int

    def measurement(self, metric: str, unit: str, rival: str, goal: str, note: str = "") -> Measurement:
        """Return the medians as a `Measurement`; the spread of the pairs joins the note."""
        pairs = f"{self.count} pairs, ratio {self.spread[0]:.3g} to {self.spread[1]:.3g}"
        return Measurement(
            metric, self.value, unit, rival, self.rival_value, self.ratio, goal, meets(self.ratio, goal),
            f"{note}; {pairs}" if note else pairs,
        )  # fmt: skip


def median_of_pairs(ours: Callable[[], float], rival: Callable[[], float], pairs: int = 5) -> Pairs:
    """Call `ours` and `rival` in turn, `pairs` times each, and return the medians of what they return.

    Both return one positive value in the same unit. Call each once before, when a first call is special.
    Raises ValueError when a value is not positive.
    """
    taken: list[tuple[float, float]] = []
    for index in range(pairs):
        if index % 2 == 0:
            value, rival_value = ours(), rival()
        else:
            rival_value, value = rival(), ours()
        if value <= 0 or rival_value <= 0:
            raise ValueError(f"pair {index} is not measurable: ours {value}, rival {rival_value}")
        taken.append((value, rival_value))
    ratios = [value / rival_value for value, rival_value in taken]
    return Pairs(
        statistics.median(value for value, _ in taken),
        statistics.median(rival_value for _, rival_value in taken),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
        pairs,
    )


def meets(ratio: float, goal: str) -> bool:
    """Return whether `ratio` satisfies a goal such as ">= 0.4" or "<= 1.2". Raises ValueError on another form."""
    found = re.fullmatch(r"(>=|<=)\s*([0-9][0-9_.,]*)", goal.strip())
    if found is None:
        raise ValueError(f'a goal is ">= number" or "<= number", not {goal!r}')
    limit = float(found[2].replace(",", ""))
    return ratio >= limit if found[1] == ">=" else ratio <= limit


def cpu_seconds(*, children: bool = False) -> float:
    """Return the CPU seconds this process has used, user and system.

    Args:
        children: add what its ended (and waited for) and its living descendants have used.
    """
    own = time.process_time()
    if not children:
        return own
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        living += used.user + used.system
    return own + ended.ru_utime + ended.ru_stime + living
