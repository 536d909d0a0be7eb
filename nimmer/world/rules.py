"""The numbers the world runs on, each named, so that a run's log can carry them and a reader can change them.

Source: docs/domain.md section 8 (reward: new fact +, idle -, bump -) and section 13, points 14 and 17
(node capacity 4, world rate).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nimmer.errors import WorldError


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one run. Energy is in 0..1, a tick is one world tick (1/20 s in the real garden).

    node_capacity: NPCs a node has room for; energy_drain_*: lost per tick, per accepted move, and per look, talk
    or question; energy_gain_well: regained per tick of staying at a well; crawl_ticks: an NPC without energy may
    still move once in so many ticks, so it can always reach a well; stale_ticks: an action chosen on an older
    observation is refused; look_by_eye: 1 when a look teaches only what the eye saw, some ticks later; reward_*: the
    terms, per event or per tick.
    """

    node_capacity: int = 4
    energy_drain_tick: float = 0.0005
    energy_drain_move: float = 0.004
    energy_drain_act: float = 0.001
    energy_gain_well: float = 0.02
    crawl_ticks: int = 4
    stale_ticks: int = 40
    look_by_eye: int = 0
    reward_fact: float = 1.0
    reward_interaction: float = 0.3
    reward_idle: float = -0.02
    reward_bump: float = -0.1
    reward_hunger: float = -0.05

    def __post_init__(self) -> None:
        """Raise WorldError naming the key, its value and its range when a rule makes no sense."""
        for name, low, high in (
            ("node_capacity", 1, 64),
            ("crawl_ticks", 1, 255),
            ("stale_ticks", 1, 1_000_000),
            ("look_by_eye", 0, 1),
        ):
            _check(name, getattr(self, name), low, high, whole=True)
        for field in fields(self):
            if field.name.startswith("energy_"):
                _check(field.name, getattr(self, field.name), 0.0, 1.0, whole=False)
            elif field.name.startswith("reward_"):
                _check(field.name, getattr(self, field.name), -1000.0, 1000.0, whole=False)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], where: str = "rules") -> "Rules":
        """Return the rules with `values` in place of the defaults. Raises WorldError on an unknown key."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise WorldError(f"{where}: unknown rule {name!r}; known are {', '.join(known)}")
        return cls(**values)  # type: ignore[arg-type]  # __post_init__ checks every type and range

    @classmethod
    def from_toml(cls, path: Path) -> "Rules":
        """Return the rules of a TOML file (keys as the attributes). Raises WorldError naming file and reason."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise WorldError(f"{path}: cannot be read ({error.strerror or error})") from error
        except ValueError as error:
            raise WorldError(f"{path}: not TOML ({error})") from error
        return cls.from_mapping(values, str(path))

    def to_mapping(self) -> dict[str, float]:
        """Return every rule by name, for the header of an action log."""
        return asdict(self)


def _check(name: str, value: object, low: float, high: float, *, whole: bool) -> None:
    right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not right or not low <= value <= high:  # type: ignore[operator]  # guarded by `right`; NaN compares false
        kind = "a whole number" if whole else "a number"
        raise WorldError(f"rule {name} is {value!r}; it must be {kind} from {low} to {high}")
