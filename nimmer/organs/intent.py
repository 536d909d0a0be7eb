"""What the residency wants done. The shell does it and tells the residency what came of it.

Source: docs/style.md, rule 4 (decide, then act).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """Load `model` on `card`, which is empty."""

    card: int
    model: str


@dataclass(frozen=True, slots=True)
class Unload:
    """Free `card` of `model`; nothing runs on it."""

    card: int
    model: str


@dataclass(frozen=True, slots=True)
class Run:
    """Run `operation` on `card`, which holds `model`."""

    card: int
    model: str
    operation: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing yet for `operation`; it stays in line."""

    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell whoever asked for `operation` that it will not be done, and why."""

    operation: str
    reason: str


Intent = Load | Unload | Run | Wait | Refuse
