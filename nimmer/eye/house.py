"""Paints the house here: walls, roof, door and fittings, every trait at its place, and says where each is.

The upper wall carries the colour, the lower one the material; a house without the one or the other has bare plaster
there, one without a roof trait has dark boards, one without a door trait shows none.
Source: nimmer/world/levels.toml.
"""

from dataclasses import dataclass

import numpy as np

from nimmer.eye.box import Box
from nimmer.eye.canvas import Canvas, Colour
from nimmer.eye.labels import COLOURS, DOORS, HANDLE, MATERIALS, ROOFS, SMOKE
from nimmer.eye.paint import birch_logs, blend, blocks, fade, planks, shade, straw, tiles
from nimmer.eye.style import Style

Parts = list[tuple[str, Box]]


@dataclass(frozen=True, slots=True)
class Plot:
    """Where a house stands: its walls' left and right edge, the line it stands on, and where wall and roof end."""

    left: float
    right: float
    foot: float
    eaves: float
    ridge: float

    @property
    def width(self) -> float:
        """Return how wide it is."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return how high its wall is."""
        return self.foot - self.eaves

    def across(self, share: float) -> float:
        """Return the x at a share of its width."""
        return self.left + share * self.width


def one_of(group: tuple[str, ...], traits: tuple[str, ...]) -> str | None:
    """Return the trait a house has of a group, or None."""
    return next((trait for trait in traits if trait in group), None)


def paint_house(
    canvas: Canvas, plot: Plot, traits: tuple[str, ...], style: Style, chance: np.random.Generator
) -> Parts:
    """Paint the house; return what is to be seen of it, its own walls and roof not among them."""
    parts = _paint_roof(canvas, plot, traits, style, chance)
    parts += _paint_walls(canvas, plot, traits, style, chance)
    parts += _paint_windows(canvas, plot, traits, style, chance)
    parts += _paint_door(canvas, plot, traits, style, chance)
    return parts


def paint_smoke(canvas: Canvas, x: float, y: float, size: float, chance: np.random.Generator) -> Parts:
    """Let smoke rise from (x, y), drifting; size: of a puff."""
    drift, tone = float(chance.uniform(-0.6, 0.6)), float(chance.uniform(0.55, 0.92))
    box: Box | None = None
    for puff in range(6):
        growth = 0.55 + 0.17 * puff
        middle = x + drift * size * puff + float(chance.uniform(-0.25, 0.25)) * size
        radius = size * growth
        part = canvas.ellipse(
            middle,
            y - size * (0.4 + 1.15 * puff),
            radius,
            radius * 0.85,
            (tone, tone, tone),
            0.82 - 0.07 * puff,
        )
        box = part if box is None else box.around(part)
    assert box is not None
    return [(SMOKE, box)]


def _paint_roof(
    canvas: Canvas, plot: Plot, traits: tuple[str, ...], style: Style, chance: np.random.Generator
) -> Parts:
    kind = one_of(ROOFS, traits)
    eave = 0.07 * plot.width
    slope = float(chance.uniform(0.12, 0.3)) * plot.width
    box = Box(plot.left - eave, plot.ridge, plot.right + eave, plot.eaves + 0.015)
    found: Parts = []
    x = plot.across(float(chance.choice([0.22, 0.78])))
    top = plot.ridge - (0.03 if kind != "flat roof" else -0.02)
    brick = style.mix("brick", chance)
    chimney = Box(x - 0.022, top, x + 0.022, plot.eaves)
    canvas.rectangle(chimney, blocks(brick, shade(brick, 1.5), chimney, 7, 2, 0.3))
    if SMOKE in traits:
        found = paint_smoke(canvas, x, top, 0.032 + 0.012 * float(chance.random()), chance)
    if kind == "flat roof":
        colour = style.mix("concrete", chance)
        box = Box(plot.left - eave * 0.6, plot.eaves - 0.045, plot.right + eave * 0.6, plot.eaves + 0.012)
        canvas.rectangle(box, fade(shade(colour, 1.1), shade(colour, 0.75), box))
        canvas.rectangle(Box(box.left, box.top, box.right, box.top + 0.012), shade(colour, 0.6))
        return [*found, (kind, box)]
    corners = (
        (plot.left - eave + slope, box.top),
        (plot.right + eave - slope, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    )
    if kind == "tiled roof":
        canvas.polygon(corners, tiles(style.mix("tiles", chance), box, int(chance.integers(5, 8)), 11))
    elif kind == "thatched roof":
        canvas.polygon(corners, straw(style.mix("thatch", chance), box, 34))
    else:
        slate = style.mix("slate", chance)
        canvas.polygon(corners, fade(shade(slate, 1.15), shade(slate, 0.8), box))
        return found
    return [*found, (kind, box)]


def _paint_walls(
    canvas: Canvas, plot: Plot, traits: tuple[str, ...], style: Style, chance: np.random.Generator
) -> Parts:
    colour, material = one_of(COLOURS, traits), one_of(MATERIALS, traits)
    plaster = style.mix("plaster", chance)
    split = plot.eaves + float(chance.uniform(0.46, 0.54)) * plot.height
    upper = Box(plot.left, plot.eaves, plot.right, split)
    lower = Box(plot.left, split, plot.right, plot.foot)
    painted = plaster if colour is None else style.mix(colour, chance)
    canvas.rectangle(upper, fade(shade(painted, 0.93), painted, upper))
    if material is None:
        canvas.rectangle(lower, fade(plaster, shade(plaster, 0.85), lower))
    else:
        _paint_material(canvas, lower, material, style, chance)
    timber = style.mix("timber", chance)
    canvas.rectangle(Box(plot.left, split - 0.006, plot.right, split + 0.006), shade(timber, 0.7))
    found: Parts = [] if colour is None else [(colour, upper)]
    return found if material is None else [*found, (material, lower)]


def _paint_material(
    canvas: Canvas, wall: Box, material: str, style: Style, chance: np.random.Generator
) -> None:
    colour = style.mix(material, chance)
    pale = blend(colour, (0.9, 0.88, 0.84), 0.6)
    match material:
        case "oak":
            canvas.rectangle(wall, planks(colour, wall, 5, upright=False))
        case "pine":
            canvas.rectangle(wall, planks(colour, wall, 13, upright=True))
        case "birch":
            canvas.rectangle(wall, birch_logs(colour, wall, 5))
        case "stone":
            canvas.rectangle(wall, blocks(colour, shade(colour, 0.5), wall, 4, 6, 0.45))
        case _:
            canvas.rectangle(wall, blocks(colour, pale, wall, 6, 8, 0.2))


def _paint_windows(
    canvas: Canvas, plot: Plot, traits: tuple[str, ...], style: Style, chance: np.random.Generator
) -> Parts:
    if "window" not in traits:
        return []
    places = (0.25, 0.75) if chance.random() < 0.6 else (float(chance.choice([0.28, 0.5, 0.72])),)
    glass, frame = style.mix("glass", chance), style.mix("timber", chance)
    half, top = 0.09 * plot.width, plot.eaves + 0.1 * plot.height
    found: Parts = []
    for place in places:
        x = plot.across(place)
        box = Box(x - half, top, x + half, top + 0.29 * plot.height)
        canvas.rectangle(box, shade(frame, 0.8))
        pane = Box(box.left + 0.01, box.top + 0.01, box.right - 0.01, box.bottom - 0.01)
        canvas.rectangle(pane, fade(shade(glass, 1.15), shade(glass, 0.7), pane))
        canvas.rectangle(Box(x - 0.004, box.top, x + 0.004, box.bottom), shade(frame, 0.8))
        middle = (box.top + box.bottom) / 2
        canvas.rectangle(Box(box.left, middle - 0.004, box.right, middle + 0.004), shade(frame, 0.8))
        found.append(("window", box))
    return found


def _paint_door(
    canvas: Canvas, plot: Plot, traits: tuple[str, ...], style: Style, chance: np.random.Generator
) -> Parts:
    x, half = plot.across(float(chance.uniform(0.38, 0.62))), 0.1 * plot.width
    box = Box(x - half, plot.foot - 0.56 * plot.height, x + half, plot.foot)
    found: Parts = []
    kind = one_of(DOORS, traits)
    if kind is not None:
        post = shade(style.mix("timber", chance), 0.6)
        canvas.rectangle(Box(box.left - 0.01, box.top - 0.012, box.right + 0.01, box.bottom), post)
        _paint_leaf(canvas, box, kind, style, chance)
        found.append((kind, Box(box.left - 0.01, box.top - 0.012, box.right + 0.01, box.bottom)))
    if HANDLE in traits:
        found.append((HANDLE, _paint_handle(canvas, box)))
    if "stairs" in traits:
        found.append(("stairs", _paint_stairs(canvas, plot, x, style, chance)))
    return found


def _paint_leaf(canvas: Canvas, box: Box, kind: str, style: Style, chance: np.random.Generator) -> None:
    iron = style.mix("iron", chance)
    if kind == "wooden door":
        canvas.rectangle(box, planks(style.mix("timber", chance), box, 4, upright=True))
        return
    if kind == "iron door":
        canvas.rectangle(box, fade(shade(iron, 1.25), iron, box))
        for row in range(4):
            for place in (0.15, 0.5, 0.85):
                y = box.top + box.height * (0.12 + 0.25 * row)
                canvas.ellipse(box.left + place * box.width, y, 0.006, 0.006, shade(iron, 1.9))
        return
    dark: Colour = (0.07, 0.055, 0.06)
    canvas.rectangle(box, fade(dark, (0.2, 0.15, 0.11), box))
    side = 0.34 * box.width
    leaf = (
        (box.right - side, box.top + 0.02),
        (box.right + 0.01, box.top),
        (box.right + 0.01, box.bottom),
        (box.right - side, box.bottom - 0.005),
    )
    canvas.polygon(leaf, shade(style.mix("timber", chance), 1.15))


def _paint_handle(canvas: Canvas, door: Box) -> Box:
    """Paint a ring on a pale plate at the right of the door, where there is one or would be one."""
    x, y = door.right - 0.018, door.top + 0.48 * door.height
    plate = canvas.rectangle(Box(x - 0.021, y - 0.028, x + 0.021, y + 0.034), (0.8, 0.79, 0.74))
    canvas.ellipse(x, y + 0.006, 0.016, 0.021, (0.06, 0.06, 0.08))
    canvas.ellipse(x, y + 0.006, 0.008, 0.012, (0.8, 0.79, 0.74))
    return plate


def _paint_stairs(canvas: Canvas, plot: Plot, x: float, style: Style, chance: np.random.Generator) -> Box:
    stone = style.mix("stone", chance)
    box = Box(x - 0.1, plot.foot, x + 0.1, plot.foot + 0.075)
    for number in range(3):
        half, top = 0.066 + 0.017 * number, plot.foot + 0.025 * number
        step = Box(x - half, top, x + half, top + 0.025)
        canvas.rectangle(step, fade(shade(stone, 1.45), shade(stone, 0.75), step))
    return box
