"""A profile: what each operation of a life really takes on one machine, as `nimmer calibrate` measured it.

    {"machine": "...", "date": "2026-11-24T12:30:00Z", "samples": 25,
     "operations": {"cell.distance_front": {"cpu_s": 3e-6, "joules": null, "mb": 0.001, "elapsed_s": 3e-6}, ...}}

Reading one is strict: a key too many, a number that is negative or not finite, an operation nobody knows stop it
with one line that names the key, the value and the fix. An operation that is left out keeps its printed price.
Source: docs/domain.md section 6 (costs are to be measured).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from nimmer.errors import ConfigError
from nimmer.life.senses import CELLS

LEAVE_STABLE = "gate.leave_stable"
NERVE_EDGE = "nerve.edge"
OPERATIONS: tuple[str, ...] = (
    *dict.fromkeys(f"cell.{kind.name}" for kind in CELLS),
    "gate.hear",
    LEAVE_STABLE,
    NERVE_EDGE,
    "brain.explorer",
    "brain.mlp_small",
    "brain.mlp_medium",
    "brain.mlp_large",
    "body.tick",
)
"""Everything that can be measured. A cell's is one poll or answer, a brain's one decision, a body's one tick."""
MOST = 1e9
"""No operation takes more of anything."""
_AGAIN = "measure again with `nimmer calibrate`"


class Sample(NamedTuple):
    """What one operation takes once.

    cpu_s: processor time, s; joules: energy, None where the machine cannot tell; mb: most memory it held on top,
    MB of 10^6 bytes; elapsed_s: wall time, s.
    """

    cpu_s: float
    joules: float | None
    mb: float
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Profile:
    """What the operations take on one machine. samples: measurements behind each median."""

    machine: str
    date: str
    samples: int
    operations: Mapping[str, Sample]

    def to_mapping(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        operations = {name: sample._asdict() for name, sample in self.operations.items()}
        return {"machine": self.machine, "date": self.date, "samples": self.samples, "operations": operations}


def load_profile(path: Path) -> Profile:
    """Return the profile in the file `path`. Raises ConfigError naming the file, the key, the value and the fix."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"the profile {path} cannot be read: {reason}; {_AGAIN}") from error
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the profile {path} is no JSON: {error}; {_AGAIN}") from error
    try:
        return profile_of(found)
    except ConfigError as error:
        raise ConfigError(f"the profile {path}: {error}") from None


def profile_of(found: object) -> Profile:
    """Return the profile in a JSON value. Raises ConfigError naming the key, the value and the fix."""
    whole = _table(found, "the file", ("machine", "date", "samples", "operations"))
    samples, operations = whole["samples"], whole["operations"]
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise _wrong("samples", samples, "it is a whole number of 1 or more")
    if not isinstance(operations, dict):
        raise _wrong("operations", operations, "it is an object of operations by name")
    return Profile(
        _text(whole, "machine"),
        _text(whole, "date"),
        samples,
        {name: _sample(name, sample) for name, sample in operations.items()},
    )


def _sample(name: str, found: object) -> Sample:
    if name not in OPERATIONS:
        near = get_close_matches(name, OPERATIONS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"operations.{name} is no operation; {hint}There are {', '.join(OPERATIONS)}")
    key = f"operations.{name}"
    table = _table(found, key, Sample._fields)
    joules = table["joules"]
    return Sample(
        _number(f"{key}.cpu_s", table["cpu_s"]),
        None if joules is None else _number(f"{key}.joules", joules),
        _number(f"{key}.mb", table["mb"]),
        _number(f"{key}.elapsed_s", table["elapsed_s"]),
    )


def _table(found: object, key: str, names: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(found, dict):
        raise _wrong(key, found, f"it is an object of {', '.join(names)}")
    for name in found:
        if name not in names:
            raise ConfigError(f"{key} has {str(name)[:40]!r}; its keys are {', '.join(names)}: {_AGAIN}")
    for name in names:
        if name not in found:
            raise ConfigError(f"{key} lacks {name!r}; its keys are {', '.join(names)}: {_AGAIN}")
    return found


def _number(key: str, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0.0 <= found <= MOST:
        raise _wrong(key, found, f"it is a finite number from 0 to {MOST:g}")
    return float(found)


def _text(whole: dict[str, object], key: str) -> str:
    found = whole[key]
    if not isinstance(found, str):
        raise _wrong(key, found, "it is text")
    return found


def _wrong(key: str, found: object, allowed: str) -> ConfigError:
    return ConfigError(f"{key} is {str(found)[:40]}; {allowed}: {_AGAIN}")
