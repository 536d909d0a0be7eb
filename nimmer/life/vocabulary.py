"""The words a nerve's table may use: its guards, its acts, and what it remembers between ticks.

A table (nimmer/life/nerves.toml) says where a nerve goes; a vocabulary, one Python file per nerve, says what
the words in it mean. Guards are pure questions to the scene and the memory; acts answer with the action they
claim and may note it in the memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from nimmer.life.action import Action
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.scene import Scene

Signature = tuple[int, ...]
"""A situation in few whole numbers: equal ones call for the same commands."""


class Memory(Protocol):
    """What one nerve of one body remembers. Guards read it; `notice` and acts write it."""

    def begin(self, scene: Scene) -> None:
        """A run begins."""
        ...

    def notice(self, scene: Scene) -> None:
        """A tick with an open gate begins."""
        ...

    def pause(self) -> None:
        """The gate let go, or a cell is missing."""
        ...

    def verdict(self, scene: Scene) -> RunOutcome:
        """Return how a run ended that no edge of the table has judged."""
        ...

    def state(self) -> dict[str, object]:
        """Return what must survive a restart, as plain JSON values."""
        ...

    def restore(self, state: dict[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times moved by `shift_s`. Raises KeyError, TypeError or ValueError."""
        ...


class Guard(NamedTuple):
    """One condition. reads: names of the cells whose readings it looks at."""

    holds: Callable[[Scene, Any], bool]
    reads: tuple[str, ...] = ()


Act = Callable[[Scene, Any], Action | None]
"""One deed: the action claimed, None to leave the motor alone."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What one nerve's table may say.

    number: the nerve's own in every record, from 1, whatever the table; guards, acts: by name; memory: makes
    one; signature: the situation a pattern is stored for; follows: its acts are the brain's own wishes, so
    there is nothing to recall and a wish of this tick goes before one of an earlier one; turns: its commands
    turn with the body (go left) when they are recalled, else they are slots of the map.
    """

    name: str
    number: int
    guards: Mapping[str, Guard]
    acts: Mapping[str, Act]
    memory: Callable[[], Memory]
    signature: Callable[[Scene, Any], Signature]
    follows: bool = False
    turns: bool = True


def always(scene: Scene, memory: Memory) -> bool:
    """Hold in every situation."""
    return True


def follow(scene: Scene, memory: Memory) -> Action:
    """Claim what the brain wants."""
    return scene.wish


def shifted(value: object, shift_s: float) -> float:
    """Return a remembered time, s, moved by `shift_s`. Raises ValueError when it is none."""
    return float(str(value)) + shift_s
