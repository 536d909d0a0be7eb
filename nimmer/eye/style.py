"""How a frame looks: palette, ground, sky, weather, brush and light, in two families that share nothing.

The detector is trained on frames of one family and judged on frames of the other, so what is measured includes the
step to a look it never saw. Source: docs/eye.md, "Styles".
"""

import colorsys
from dataclasses import dataclass
from enum import Enum

import numpy as np

from nimmer.chance import Chance
from nimmer.eye.canvas import Colour


class Split(Enum):
    """What frames are for; the two never share a style nor a seed."""

    TRAINING = "training"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Palette:
    """How a painter mixes: hue shift in degrees, and what saturation and value are multiplied by."""

    name: str
    hue: float
    saturation: float
    value: float


@dataclass(frozen=True, slots=True)
class Brush:
    """How a painter paints: width of the ink line and grain of the canvas (shares), and blur (0..1)."""

    name: str
    ink: float
    grain: float
    blur: float


@dataclass(frozen=True, slots=True)
class Family:
    """The styles of one split: palettes, grounds and skies (far and near colour), weathers and brushes."""

    palettes: tuple[Palette, ...]
    grounds: dict[str, Colour]
    skies: dict[str, tuple[Colour, Colour]]
    weathers: tuple[str, ...]
    brushes: tuple[Brush, ...]


FAMILIES = {
    Split.TRAINING: Family(
        (
            Palette("plain", 0, 1.0, 1.0),
            Palette("pastel", 0, 0.72, 1.06),
            Palette("faded", 5, 0.8, 0.9),
            Palette("vivid", -5, 1.2, 1.03),
            Palette("earthy", 8, 0.9, 0.84),
            Palette("nordic", -9, 0.88, 0.95),
        ),
        {
            "meadow": (0.38, 0.55, 0.27),
            "sand": (0.78, 0.68, 0.47),
            "cobble": (0.52, 0.51, 0.5),
            "soil": (0.44, 0.34, 0.25),
            "straw field": (0.72, 0.62, 0.3),
        },
        {
            "noon": ((0.42, 0.62, 0.9), (0.8, 0.88, 0.95)),
            "overcast": ((0.62, 0.65, 0.7), (0.78, 0.79, 0.8)),
            "dawn": ((0.55, 0.55, 0.78), (0.96, 0.76, 0.62)),
            "evening": ((0.25, 0.27, 0.5), (0.85, 0.52, 0.4)),
        },
        ("none", "rain", "haze"),
        (
            Brush("flat", 0.0, 0.01, 0.0),
            Brush("inked", 0.004, 0.015, 0.0),
            Brush("soft", 0.0, 0.02, 0.7),
            Brush("grainy", 0.002, 0.05, 0.2),
        ),
    ),
    Split.HELD_OUT: Family(
        (
            Palette("harbour", -6, 0.92, 0.88),
            Palette("orchard", 6, 1.1, 1.0),
            Palette("chalk", 2, 0.78, 0.98),
        ),
        {
            "snow": (0.87, 0.89, 0.93),
            "heath": (0.5, 0.42, 0.47),
            "moss": (0.3, 0.42, 0.33),
        },
        {
            "storm": ((0.33, 0.36, 0.43), (0.6, 0.63, 0.66)),
            "mint": ((0.5, 0.76, 0.74), (0.88, 0.93, 0.84)),
            "rose": ((0.72, 0.52, 0.62), (0.93, 0.85, 0.8)),
        },
        ("snowfall", "dust"),
        (
            Brush("sketched", 0.003, 0.03, 0.0),
            Brush("printed", 0.001, 0.035, 0.4),
        ),
    ),
}
_HUES: dict[str, tuple[float, float, float]] = {
    "red": (2, 0.78, 0.75), "blue": (218, 0.72, 0.78), "green": (128, 0.6, 0.6), "yellow": (51, 0.78, 0.93),
    "white": (210, 0.02, 0.98), "grey": (215, 0.05, 0.5), "oak": (28, 0.52, 0.5), "birch": (50, 0.06, 0.9),
    "pine": (36, 0.5, 0.82), "stone": (215, 0.08, 0.58), "clay": (16, 0.6, 0.68), "plaster": (33, 0.26, 0.78),
    "tiles": (12, 0.72, 0.68), "thatch": (43, 0.5, 0.74), "slate": (225, 0.14, 0.4), "timber": (27, 0.55, 0.42),
    "iron": (220, 0.1, 0.34), "water": (205, 0.6, 0.75), "leaves": (112, 0.55, 0.45), "glass": (200, 0.35, 0.85),
    "brick": (10, 0.4, 0.48), "skin": (24, 0.42, 0.88), "hoop": (220, 0.12, 0.3), "concrete": (50, 0.06, 0.7),
}  # fmt: skip
"""Hue in degrees, saturation and value of what things are made of."""


@dataclass(frozen=True, slots=True)
class Style:
    """One look. light: gain of each channel; slant: how much lighter the right edge is than the left, as a share."""

    split: Split
    palette: Palette
    ground: str
    sky: str
    weather: str
    brush: Brush
    light: Colour
    slant: float

    def mix(self, name: str, chance: np.random.Generator, spread: float = 1.0) -> Colour:
        """Return the colour of `name` in this palette, varied a little as no two pots of paint are alike.

        spread: how much, 0 for not at all.
        """
        hue, saturation, value = _HUES[name]
        wobble = chance.uniform(-1, 1, 3) * spread
        hue = (hue + (self.palette.hue if saturation > 0.15 else 0) + 5 * wobble[0]) % 360
        saturation = min(max(saturation * self.palette.saturation * (1 + 0.12 * wobble[1]), 0.0), 1.0)
        value = min(max(value * self.palette.value * (1 + 0.07 * wobble[2]), 0.0), 1.0)
        return colorsys.hsv_to_rgb(hue / 360, saturation, value)

    @property
    def earth(self) -> Colour:
        """Return the colour of the ground."""
        return FAMILIES[self.split].grounds[self.ground]

    @property
    def heavens(self) -> tuple[Colour, Colour]:
        """Return the colours of the sky, at the top and at the horizon."""
        return FAMILIES[self.split].skies[self.sky]


def draw_style(split: Split, chance: np.random.Generator) -> Style:
    """Return a style of one family."""
    family = FAMILIES[split]
    palette = family.palettes[int(chance.integers(len(family.palettes)))]
    brush = family.brushes[int(chance.integers(len(family.brushes)))]
    gain = float(chance.uniform(0.78, 1.1))
    red, green, blue = (gain * float(one) for one in chance.uniform(0.94, 1.06, 3))
    return Style(
        split,
        palette,
        str(chance.choice(list(family.grounds))),
        str(chance.choice(list(family.skies))),
        str(chance.choice(family.weathers)),
        brush,
        (red, green, blue),
        float(chance.uniform(-0.2, 0.2)),
    )


def generator(seed: int, split: Split, index: int) -> np.random.Generator:
    """Return the chance of frame `index` of a split: no frame of the one shares its stream with one of the other."""
    return Chance(seed).generator("eye", split.value, index)
