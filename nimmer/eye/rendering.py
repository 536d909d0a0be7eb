"""Renders a scene in a style to a frame, and says what is to be seen where.

Source: docs/eye.md, "Frames".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.eye.air import breathe, paint_backdrop
from nimmer.eye.box import FRAME, Box
from nimmer.eye.canvas import Canvas
from nimmer.eye.house import Plot, one_of, paint_house, paint_smoke
from nimmer.eye.labels import COLOURS, FAR_WELL, HOUSE, NPC, SMOKE, WELL
from nimmer.eye.paint import blend, fade, shade
from nimmer.eye.scene import Scene
from nimmer.eye.style import Style
from nimmer.eye.yard import paint_bush, paint_thing

_HIDDEN = 0.6
"""What is hidden by more than this is not to be seen."""
_LEAST = 0.021
"""What is narrower than this, 4 pixels of 192, is not to be seen."""
_TRIES = 14


@dataclass(frozen=True, slots=True)
class Truth:
    """One thing to be seen: its label and the box round it, in shares."""

    label: str
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture `(size, size, 3)` uint8 RGB, and everything that can be seen in it."""

    pixels: NDArray[np.uint8]
    truths: tuple[Truth, ...]


class _Stage:
    """A frame in the making: what was painted where, in the order it was painted."""

    def __init__(self, size: int, style: Style, chance: np.random.Generator) -> None:
        self.canvas = Canvas(size, style.brush.ink)
        self.style = style
        self.chance = chance
        self.found: list[tuple[int, str, Box]] = []

    def begin(self) -> None:
        self.canvas.thing += 1

    def note(self, label: str, box: Box) -> None:
        self.found.append((self.canvas.thing, label, box))

    def add(self, name: str, x: float, foot: float, size: float = 1.0) -> None:
        self.begin()
        self.note(name, paint_thing(self.canvas, name, x, foot, size, self.style, self.chance))

    def visible(self) -> tuple[Truth, ...]:
        """Return what is to be seen: at least in part inside, not too small, not behind something else."""
        found = []
        for thing, label, box in self.found:
            inside = box.within(FRAME)
            if min(inside.width, inside.height) < _LEAST or inside.area < 0.35 * box.area:
                continue
            if self.canvas.hidden(inside, thing) <= _HIDDEN:
                found.append(Truth(label, inside))
        return tuple(found)


def render(scene: Scene, style: Style, chance: np.random.Generator, size: int = 192) -> Frame:
    """Return the frame of a scene; the same scene, style and chance give the same frame.

    size: pixels along either side, 32 at least to show anything.
    """
    stage = _Stage(size, style, chance)
    horizon = float(chance.uniform(0.54, 0.6))
    paint_backdrop(stage.canvas, horizon, style, chance)
    _paint_neighbours(stage, scene.neighbours, horizon)
    left, right = _places(chance)
    plot = _plot(chance)
    outer = [left, right]
    chance.shuffle(outer)
    if FAR_WELL in scene.traits:
        stage.add(
            WELL,
            outer[0] + float(chance.uniform(-0.03, 0.03)),
            horizon + float(chance.uniform(0.075, 0.11)),
            0.55,
        )
    if "tree" in scene.traits:
        stage.add("tree", outer[1], plot.foot - float(chance.uniform(0.0, 0.04)))
    _paint_here(stage, scene, plot)
    _paint_yard(stage, scene, plot)
    _paint_people(stage, scene.occupants)
    pixels = breathe(stage.canvas.pixels, style, chance)
    return Frame((pixels * 255 + 0.5).astype(np.uint8), stage.visible())


def _plot(chance: np.random.Generator) -> Plot:
    """Draw where the house here stands and how it is built: the camera never stands twice at the same spot."""
    middle, half = float(chance.uniform(0.45, 0.55)), float(chance.uniform(0.22, 0.28))
    foot = float(chance.uniform(0.77, 0.83))
    eaves = foot - float(chance.uniform(0.31, 0.38))
    return Plot(middle - half, middle + half, foot, eaves, eaves - float(chance.uniform(0.13, 0.19)))


def _places(chance: np.random.Generator) -> tuple[float, float]:
    return float(chance.uniform(0.07, 0.13)), float(chance.uniform(0.87, 0.93))


def _paint_neighbours(stage: _Stage, neighbours: tuple[tuple[str, ...], ...], horizon: float) -> None:
    """Paint the houses next to this one, far away at the horizon, without their details."""
    chance, style = stage.chance, stage.style
    spots = chance.permutation([0.06, 0.18, 0.82, 0.94])
    for x, traits in zip(spots.tolist(), neighbours, strict=False):
        stage.begin()
        middle, half = x + float(chance.uniform(-0.015, 0.015)), float(chance.uniform(0.04, 0.052))
        foot = horizon + float(chance.uniform(0.005, 0.035))
        walls = Box(middle - half, foot - 1.3 * half, middle + half, foot)
        far = style.heavens[1]
        colour = blend(style.mix(one_of(COLOURS, traits) or "plaster", chance), far, 0.25)
        slate = blend(style.mix("slate", chance), far, 0.25)
        if SMOKE in traits:
            smoke = paint_smoke(stage.canvas, middle + 0.5 * half, walls.top - 0.6 * half, 0.018, chance)
            stage.note(*smoke[0])
        stage.canvas.rectangle(walls, fade(colour, shade(colour, 0.8), walls))
        top = walls.top - half
        corners = (
            (middle - 0.5 * half, top),
            (middle + 0.5 * half, top),
            (middle + 1.2 * half, walls.top),
            (middle - 1.2 * half, walls.top),
        )
        roof = stage.canvas.polygon(corners, slate)
        stage.note(HOUSE, roof.around(walls))
        if WELL in traits:
            stage.add(WELL, middle + float(chance.choice([-1.0, 1.0])) * half, foot + 0.012, 0.27)


def _paint_here(stage: _Stage, scene: Scene, plot: Plot) -> None:
    stage.begin()
    parts = paint_house(stage.canvas, plot, scene.traits, stage.style, stage.chance)
    roof = plot.eaves - 0.045 if "flat roof" in scene.traits else plot.ridge
    eave = 0.07 * plot.width * (0.6 if "flat roof" in scene.traits else 1.0)
    stage.note(HOUSE, Box(plot.left - eave, roof, plot.right + eave, plot.foot))
    for label, box in parts:
        stage.note(label, box)


def _paint_yard(stage: _Stage, scene: Scene, plot: Plot) -> None:
    """Paint what stands in the yard, each at a corner of its own, the garden in front of all."""
    chance = stage.chance
    corners = [
        (0.1, plot.foot + 0.05),
        (0.9, plot.foot + 0.05),
        (plot.across(0.09), plot.foot + 0.045),
        (plot.across(0.91), plot.foot + 0.045),
    ]
    for _ in range(int(chance.integers(0, 4))):
        paint_bush(
            stage.canvas,
            float(chance.uniform(0.03, 0.97)),
            float(chance.uniform(0.93, 1.02)),
            stage.style,
            chance,
        )
    places = chance.permutation(len(corners)).tolist()
    for name in (WELL, "bench", "barrel"):
        if name in scene.traits:
            x, foot = corners[places.pop()]
            stage.add(
                name, x + float(chance.uniform(-0.02, 0.02)), foot + float(chance.uniform(-0.015, 0.02))
            )
    if "garden" in scene.traits:
        x = float(chance.choice([0.2, 0.8])) + float(chance.uniform(-0.06, 0.06))
        stage.add("garden", x, float(chance.uniform(0.955, 0.985)))


def _paint_people(stage: _Stage, count: int) -> None:
    """Let people stand about where they hide least of what is there."""
    chance = stage.chance
    details = [box for _, label, box in stage.found if label not in (HOUSE, *COLOURS) and box.area < 0.09]
    for _ in range(count):
        best: tuple[float, float, float] | None = None
        for _ in range(_TRIES):
            x, foot = float(chance.uniform(0.05, 0.95)), float(chance.uniform(0.84, 0.98))
            here = Box(x - 0.045, foot - 0.2, x + 0.045, foot)
            hides = sum(here.within(box).area / box.area for box in details)
            if best is None or hides < best[0]:
                best = (hides, x, foot)
        assert best is not None
        _, x, foot = best
        stage.add(NPC, x, foot)
        details.append(Box(x - 0.045, foot - 0.2, x + 0.045, foot))
