"""Puts an eye to the test on frames it cannot have learned from: other seeds and other styles.

Two questions: how well does it find things (mAP on scenes of all kinds), and how often does it read all the traits of
a house of a level right. Source: docs/eye.md, "What it reaches".
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nimmer.eye.precision import Precision, precision
from nimmer.eye.rendering import Frame, render
from nimmer.eye.scene import MOST_OCCUPANTS, Scene, draw_scene, scene_at
from nimmer.eye.seen import Seen
from nimmer.eye.style import Split, draw_style, generator
from nimmer.eye.traits import traits_seen
from nimmer.world.level import Level
from nimmer.world.seeds import FIRST_EVALUATION_SEED

HELD_OUT_SEED = FIRST_EVALUATION_SEED
"""The seed of the held-out set; no training may use it."""


class Eye(Protocol):
    """Whoever can say what is in a picture."""

    def detect(self, picture: NDArray[np.uint8]) -> tuple[Seen, ...]:
        """Return what is in a picture `(h, w, 3)` RGB, the surest first."""
        ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """How well the traits of a level's houses are read.

    looks: how many there were; exact: after how many all traits were right and none too many; missed and made_up: how
    often each trait was overlooked, or seen where it is not; traits: how many there were to be seen in all.
    """

    level: int
    looks: int
    exact: int
    traits: int
    missed: dict[str, int]
    made_up: dict[str, int]

    @property
    def share(self) -> float:
        """Return the share of looks after which a house was known wholly right."""
        return self.exact / self.looks if self.looks else 0.0


def held_out_frames(count: int, seed: int = HELD_OUT_SEED, size: int = 192) -> Iterator[Frame]:
    """Yield the first `count` frames of the held-out set of a seed."""
    for index in range(count):
        chance = generator(seed, Split.HELD_OUT, index)
        style = draw_style(Split.HELD_OUT, chance)
        yield render(draw_scene(chance), style, chance, size)


def house_frame(scene: Scene, index: int, seed: int = HELD_OUT_SEED, size: int = 192) -> Frame:
    """Return the frame of a house in a held-out style; seed and index: of style, weather and where the camera stands."""
    chance = generator(seed, Split.HELD_OUT, index)
    return render(scene, draw_style(Split.HELD_OUT, chance), chance, size)


def judge_precision(eye: Eye, frames: int, seed: int, tell: Callable[[], None]) -> Precision:
    """Return mAP on the held-out set; tell: called after every frame."""
    judged = []
    for frame in held_out_frames(frames, seed):
        judged.append((frame.truths, eye.detect(frame.pixels)))
        tell()
    return precision(judged)


def judge_recovery(eye: Eye, level: Level, looks: int, seed: int, tell: Callable[[], None]) -> Recovery:
    """Return how well the houses of a level are read in so many looks, evenly spread over it, nobody to four there."""
    missed: Counter[str] = Counter()
    made_up: Counter[str] = Counter()
    exact = traits = 0
    for index in range(looks):
        node = index * level.nodes // looks
        frame = house_frame(scene_at(level, node, index % (MOST_OCCUPANTS + 1)), index, seed)
        found, there = set(traits_seen(eye.detect(frame.pixels), level.vocabulary)), set(level.house(node))
        missed.update(there - found)
        made_up.update(found - there)
        exact += found == there
        traits += len(there)
        tell()
    return Recovery(level.number, looks, exact, traits, dict(missed), dict(made_up))
