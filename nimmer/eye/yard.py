"""Paints what stands about the house: well, bench, tree, barrel, garden and people; each returns the box round it."""

import colorsys

import numpy as np

from nimmer.eye.box import Box
from nimmer.eye.canvas import Canvas, Colour
from nimmer.eye.paint import blocks, fade, planks, shade
from nimmer.eye.style import Style


def paint_thing(
    canvas: Canvas, name: str, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    """Paint the thing called `name` standing at (x, foot); size: 1 is a thing at the house, 0.5 one far away."""
    match name:
        case "well":
            return _paint_well(canvas, x, foot, size, style, chance)
        case "bench":
            return _paint_bench(canvas, x, foot, size, style, chance)
        case "tree":
            return _paint_tree(canvas, x, foot, size, style, chance)
        case "barrel":
            return _paint_barrel(canvas, x, foot, size, style, chance)
        case "garden":
            return _paint_garden(canvas, x, foot, size, style, chance)
        case _:
            return _paint_npc(canvas, x, foot, size, style, chance)


def paint_bush(canvas: Canvas, x: float, foot: float, style: Style, chance: np.random.Generator) -> None:
    """Paint a bush or a boulder, which is nothing the eye has a word for."""
    size = float(chance.uniform(0.02, 0.045))
    colour = style.mix("leaves" if chance.random() < 0.6 else "stone", chance)
    for side in (-0.6, 0.6, 0.0):
        canvas.ellipse(
            x + side * size, foot - size * 0.5, size * 0.7, size * 0.6, shade(colour, 1 - side * 0.2)
        )


def _paint_well(
    canvas: Canvas, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    half, high = 0.065 * size, 0.2 * size
    stone, timber = style.mix("stone", chance), style.mix("timber", chance)
    rim = foot - 0.42 * high
    for side in (-0.75, 0.75):
        post = x + side * half
        canvas.rectangle(
            Box(post - 0.1 * half, foot - 0.85 * high, post + 0.1 * half, rim), shade(timber, 0.8)
        )
    canvas.rectangle(Box(x - 0.7 * half, foot - 0.68 * high, x + 0.7 * half, foot - 0.64 * high), timber)
    ring = Box(x - half, rim, x + half, foot)
    canvas.rectangle(ring, blocks(shade(stone, 1.15), shade(stone, 0.55), ring, 3, 4, 0.4))
    canvas.ellipse(x, rim, half, 0.07 * high, shade(stone, 1.4))
    canvas.ellipse(x, rim, 0.75 * half, 0.045 * high, style.mix("water", chance))
    roof = ((x, foot - high), (x + 1.15 * half, foot - 0.76 * high), (x - 1.15 * half, foot - 0.76 * high))
    box = canvas.polygon(roof, shade(style.mix("slate", chance), 0.9))
    return box.around(ring)


def _paint_bench(
    canvas: Canvas, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    half, high = 0.085 * size, 0.085 * size
    timber = style.mix("timber", chance)
    for side in (-0.8, 0.8):
        leg = x + side * half
        canvas.rectangle(Box(leg - 0.009 * size, foot - high, leg + 0.009 * size, foot), shade(timber, 0.55))
    back = Box(x - half, foot - high, x + half, foot - 0.62 * high)
    canvas.rectangle(back, planks(timber, back, 2, upright=False))
    canvas.rectangle(Box(x - half, foot - 0.5 * high, x + half, foot - 0.32 * high), shade(timber, 1.2))
    return Box(x - half, foot - high, x + half, foot)


def _paint_tree(
    canvas: Canvas, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    high = 0.38 * size * float(chance.uniform(0.88, 1.1))
    leaves, bark = style.mix("leaves", chance), style.mix("timber", chance)
    trunk = Box(x - 0.016 * size, foot - 0.5 * high, x + 0.016 * size, foot)
    box = canvas.rectangle(trunk, fade(bark, shade(bark, 0.6), trunk))
    if chance.random() < 0.35:
        for tier in range(3):
            half, low = (0.095 - 0.02 * tier) * size, foot - (0.25 + 0.22 * tier) * high
            corners = ((x, low - 0.36 * high), (x + half, low), (x - half, low))
            box = box.around(canvas.polygon(corners, shade(leaves, 0.8 + 0.12 * tier)))
        return box
    for _ in range(7):
        dx, dy = chance.uniform(-0.05, 0.05, 2) * size
        tone = shade(leaves, float(chance.uniform(0.8, 1.25)))
        radius = 0.055 * size
        box = box.around(canvas.ellipse(x + dx, foot - 0.72 * high + dy * 1.4, radius, radius, tone))
    return box


def _paint_barrel(
    canvas: Canvas, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    half, high = 0.045 * size, 0.11 * size
    body = Box(x - half, foot - high, x + half, foot)
    middle = foot - high / 2
    canvas.ellipse(x, middle, half * 1.12, high * 0.52, style.mix("timber", chance))
    canvas.rectangle(
        Box(x - half * 0.86, body.top, x + half * 0.86, foot),
        planks(style.mix("timber", chance), body, 5, upright=True),
    )
    hoop = style.mix("hoop", chance)
    for share in (0.22, 0.74):
        y = body.top + share * high
        canvas.rectangle(Box(x - half, y, x + half, y + 0.1 * high), hoop)
    canvas.ellipse(x, body.top, half * 0.86, 0.09 * high, shade(style.mix("timber", chance), 1.25))
    return Box(x - half * 1.12, body.top - 0.09 * high, x + half * 1.12, foot)


def _paint_garden(
    canvas: Canvas, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    half, deep = 0.12 * size, 0.075 * size
    bed = Box(x - half, foot - deep, x + half, foot)
    canvas.rectangle(bed, planks((0.33, 0.23, 0.16), bed, 3, upright=False))
    for row in range(3):
        for column in range(7):
            px = bed.left + bed.width * (column + 0.5) / 7
            py = bed.top + deep * (row + 0.35) / 3
            canvas.ellipse(px, py, 0.011 * size, 0.011 * size, style.mix("leaves", chance))
            bloom = colorsys.hsv_to_rgb(float(chance.choice([0.0, 0.13, 0.8, 0.92])), 0.75, 0.95)
            canvas.ellipse(px, py - 0.008 * size, 0.006 * size, 0.006 * size, bloom)
    return Box(bed.left, bed.top - 0.01 * size, bed.right, bed.bottom)


def _paint_npc(
    canvas: Canvas, x: float, foot: float, size: float, style: Style, chance: np.random.Generator
) -> Box:
    """Paint somebody: legs, a coat of any colour, a head, now and then a hat."""
    high = 0.19 * size * float(chance.uniform(0.9, 1.12))
    half = 0.2 * high
    coat: Colour = colorsys.hsv_to_rgb(
        *(float(one) for one in chance.uniform((0, 0.25, 0.3), (1, 0.85, 0.9)))
    )
    for side in (-0.45, 0.45):
        leg = x + side * half
        canvas.rectangle(
            Box(leg - 0.28 * half, foot - 0.35 * high, leg + 0.28 * half, foot), shade(coat, 0.4)
        )
    shoulders, hem = foot - 0.76 * high, foot - 0.28 * high
    corners = ((x - 0.75 * half, shoulders), (x + 0.75 * half, shoulders), (x + half, hem), (x - half, hem))
    canvas.polygon(corners, coat)
    canvas.ellipse(x, foot - 0.88 * high, 0.12 * high, 0.12 * high, style.mix("skin", chance))
    top = foot - high
    if chance.random() < 0.4:
        brim = Box(x - 0.17 * high, foot - 0.97 * high, x + 0.17 * high, foot - 0.93 * high)
        canvas.rectangle(brim, shade(coat, 0.6))
        crown = Box(x - 0.1 * high, foot - 1.06 * high, x + 0.1 * high, foot - 0.95 * high)
        canvas.rectangle(crown, shade(coat, 0.6))
        top = crown.top
    return Box(x - half, top, x + half, foot)
