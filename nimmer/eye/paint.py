"""The paints of the village: what planks, stones, straw and tiles look like, as functions of the place.

Every function returns a `Paint` that is laid relative to a box, so that a pattern grows with the thing it is on.
"""

import numpy as np

from nimmer.eye.box import Box
from nimmer.eye.canvas import Colour, Paint, Pixels


def shade(colour: Colour, by: float) -> Colour:
    """Return a colour made lighter (above 1) or darker."""
    red, green, blue = (min(max(part * by, 0.0), 1.0) for part in colour)
    return red, green, blue


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from one to the other."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _two(one: Colour, other: Colour, share: Pixels) -> Pixels:
    a, b = np.array(one, np.float32), np.array(other, np.float32)
    return a + (b - a) * share[..., None].astype(np.float32)


def _line(value: Pixels, width: float) -> Pixels:
    """Return 1 where the fractional part of `value` is below `width`, with a soft edge."""
    fraction = value - np.floor(value)
    return np.asarray(np.clip((width - np.minimum(fraction, 1 - fraction) * 2) * 6 + 0.5, 0, 1), np.float32)


def _dice(row: Pixels, column: Pixels) -> Pixels:
    """Return a number 0..1 for every cell of a pattern, always the same."""
    mixed = np.sin(np.floor(row) * 12.9898 + np.floor(column) * 78.233) * 43758.547
    return np.asarray(mixed - np.floor(mixed), np.float32)


def fade(top: Colour, bottom: Colour, box: Box) -> Paint:
    """Return a paint that goes from one colour to another down the box."""
    return lambda _, y: _two(top, bottom, np.clip((y - box.top) / max(box.height, 1e-6), 0, 1))


def planks(colour: Colour, box: Box, count: float, *, upright: bool) -> Paint:
    """Return boards with dark gaps between them."""

    def paint(x: Pixels, y: Pixels) -> Pixels:
        along = (x - box.left) / box.width if upright else (y - box.top) / box.height
        board = along * count
        tone = 0.35 * _dice(board, np.zeros_like(board)) + 0.65 * _line(board, 0.22)
        return _two(colour, shade(colour, 0.5), tone)

    return paint


def birch_logs(colour: Colour, box: Box, count: float) -> Paint:
    """Return pale logs with the dark dashes of birch bark."""

    def paint(x: Pixels, y: Pixels) -> Pixels:
        log, place = (y - box.top) / box.height * count, (x - box.left) / box.width * 11
        place = place + np.floor(log) * 0.37
        middle = np.abs(log - np.floor(log) - 0.5) < 0.27
        dash = (_dice(log, place) > 0.5) & (np.abs(place - np.floor(place) - 0.5) < 0.36) & middle
        return _two(colour, (0.12, 0.11, 0.1), np.maximum(dash * 0.95, _line(log, 0.12) * 0.4))

    return paint


def blocks(colour: Colour, joint: Colour, box: Box, rows: float, columns: float, spread: float) -> Paint:
    """Return courses of blocks, every second one set off by half a block; spread: how much their tones differ."""

    def paint(x: Pixels, y: Pixels) -> Pixels:
        row = (y - box.top) / box.height * rows
        column = (x - box.left) / box.width * columns + 0.5 * (np.floor(row) % 2)
        tone = 1 - spread / 2 + spread * _dice(row, column)
        face = np.array(colour, np.float32) * tone[..., None].astype(np.float32)
        mortar = np.maximum(_line(row, 0.2), _line(column, 0.12))[..., None].astype(np.float32)
        return face + (np.array(joint, np.float32) - face) * mortar

    return paint


def tiles(colour: Colour, box: Box, rows: float, columns: float) -> Paint:
    """Return rows of round-ended roof tiles."""

    def paint(x: Pixels, y: Pixels) -> Pixels:
        row = (y - box.top) / box.height * rows
        column = (x - box.left) / box.width * columns + 0.5 * (np.floor(row) % 2)
        across, down = column - np.floor(column) - 0.5, row - np.floor(row)
        return _two(
            shade(colour, 1.15), shade(colour, 0.42), np.clip(down - 0.55 + across**2 * 3, 0, 1) * 1.4
        )

    return paint


def straw(colour: Colour, box: Box, count: float) -> Paint:
    """Return thatch: fine uneven strokes down the roof, in two layers."""

    def paint(x: Pixels, y: Pixels) -> Pixels:
        stalk = (x - box.left) / box.width * count
        layer = (y - box.top) / box.height * 2
        bend = np.asarray(0.6 * np.sin(y * 90), np.float32)
        tone = 0.75 * _dice(stalk + bend, layer) + 0.35 * _line(layer, 0.1)
        return _two(shade(colour, 1.15), shade(colour, 0.45), np.clip(tone, 0, 1))

    return paint
