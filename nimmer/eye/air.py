"""What lies between the village and the eye: sky, ground, light, weather, and the grain of the picture."""

import numpy as np

from nimmer.eye.box import Box
from nimmer.eye.canvas import Canvas, Pixels
from nimmer.eye.paint import blend, fade, shade
from nimmer.eye.style import Style


def paint_backdrop(canvas: Canvas, horizon: float, style: Style, chance: np.random.Generator) -> None:
    """Paint sky, a few clouds, hills and the ground."""
    high, low = style.heavens
    sky, ground = Box(0, 0, 1, horizon), Box(0, horizon, 1, 1)
    canvas.rectangle(Box(-0.1, -0.1, 1.1, horizon), fade(high, low, sky))
    for _ in range(int(chance.integers(0, 5))):
        x, y = float(chance.uniform(0, 1)), float(chance.uniform(0.04, 0.3))
        for side in (-0.04, 0.0, 0.045):
            canvas.ellipse(x + side, y, 0.05, 0.018, shade(low, 1.08), 0.5)
    for _ in range(int(chance.integers(0, 3))):
        x, width = float(chance.uniform(0, 1)), float(chance.uniform(0.2, 0.5))
        canvas.ellipse(x, horizon, width, float(chance.uniform(0.04, 0.12)), blend(style.earth, low, 0.55))
    earth = style.earth
    canvas.rectangle(Box(-0.1, horizon, 1.1, 1.1), fade(blend(earth, low, 0.35), shade(earth, 0.92), ground))
    for _ in range(int(chance.integers(6, 26))):
        x, y = float(chance.uniform(0, 1)), float(chance.uniform(horizon + 0.02, 1))
        tone = shade(earth, float(chance.uniform(0.8, 1.2)))
        canvas.ellipse(x, y, float(chance.uniform(0.01, 0.06)), 0.008, tone, 0.55)


def breathe(pixels: Pixels, style: Style, chance: np.random.Generator) -> Pixels:
    """Return the pixels in the style's light and weather, blurred and grainy as its brush is; 0..1."""
    found = _weather(pixels, style, chance)
    size = found.shape[0]
    slant = 1 + style.slant * (np.linspace(-0.5, 0.5, size, dtype=np.float32)[None, :, None])
    found = found * slant * np.array(style.light, np.float32)
    if style.brush.blur:
        share = np.float32(style.brush.blur)
        padded = np.pad(found, ((1, 1), (1, 1), (0, 0)), mode="edge")
        cross = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        found = found * (1 - share) + (cross + found) * (share / 5)
    grain = chance.normal(0, style.brush.grain, (size, size, 1)) + chance.normal(0, 0.006, (size, size, 3))
    return np.clip(found + grain.astype(np.float32), 0, 1)


def _weather(pixels: Pixels, style: Style, chance: np.random.Generator) -> Pixels:
    size = pixels.shape[0]
    low = np.array(style.heavens[1], np.float32)
    match style.weather:
        case "rain" | "snowfall":
            sheet = Canvas(size)
            for _ in range(70):
                x, y = (float(one) for one in chance.uniform(0, 1, 2))
                if style.weather == "rain":
                    fall = ((x, y), (x + 0.004, y), (x - 0.008, y + 0.04), (x - 0.012, y + 0.04))
                    sheet.polygon(fall, (1, 1, 1), 0.35)
                else:
                    sheet.ellipse(x, y, 0.005, 0.005, (1, 1, 1), 0.8)
            return pixels + sheet.pixels * (1 - pixels)
        case "haze":
            return pixels + (low - pixels) * np.float32(chance.uniform(0.08, 0.25))
        case "dust":
            dust = np.array((0.75, 0.66, 0.5), np.float32)
            return pixels + (dust - pixels) * np.float32(chance.uniform(0.1, 0.25))
    return pixels
