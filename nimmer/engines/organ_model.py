"""The port of an organ's model: what a card loads, runs and unloads.

A model is a plain synchronous object in the card's process; the card calls it from one thread at a time.
Source: docs/domain.md section 9; docs/style.md rule 9.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Mono sound, -1..1, shape `(n,)`."""
Picture = npt.NDArray[np.uint8]
"""RGB, shape `(height, width, 3)`."""
HEARING_HZ = 16_000
"""Sample rate of what is heard."""


@dataclass(frozen=True, slots=True)
class LookJob:
    """A picture to look at; embed: also for its feature vector."""

    picture: Picture
    embed: bool = False

    def cheaper(self) -> "LookJob":
        """Return it as it is: there is one way to look."""
        return self


@dataclass(frozen=True, slots=True)
class HearJob:
    """Sound of 16 kHz to write down; language: "" to find out; full: the better and slower way."""

    samples: Samples
    language: str = ""
    full: bool = True

    def cheaper(self) -> "HearJob":
        """Return it to be done the fast way."""
        return replace(self, full=False)


@dataclass(frozen=True, slots=True)
class SpeakJob:
    """A text to speak; voice: "" for the model's own; speed: 1 is the voice's own."""

    text: str
    voice: str = ""
    speed: float = 1.0

    def cheaper(self) -> "SpeakJob":
        """Return it as it is: the voices here have one quality."""
        return self


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing seen: box is left, top, right, bottom as shares 0..1."""

    label: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a picture, the surest first; embedding: empty when it was not asked for."""

    things: tuple[Thing, ...]
    embedding: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said; no_speech: mean probability 0..1 that it was no speech."""

    text: str
    language: str
    no_speech: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound of a text."""

    samples: Samples
    sample_rate: int


Job = LookJob | HearJob | SpeakJob
Result = Seen | Heard | Spoken


class OrganModel(Protocol):
    """One model of one organ."""

    @property
    def name(self) -> str:
        """Return what it is called in answers, such as `hibari heart`."""
        ...

    @property
    def memory_mb(self) -> int:
        """Return how much memory it needs when loaded, MB; known before it is loaded.

        Raises CardError when its weights are missing.
        """
        ...

    @property
    def loaded(self) -> bool:
        """Whether it can run."""
        ...

    def load(self) -> None:
        """Load it; nothing when it is loaded. Raises CardError saying why it cannot be."""
        ...

    def run(self, job: Job) -> Result:
        """Do one job of its kind.

        Raises OrganError for a job of another kind or one it cannot do, CardError when it is not loaded.
        """
        ...

    def unload(self) -> None:
        """Give its memory back; nothing when it is not loaded."""
        ...
