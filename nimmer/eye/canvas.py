"""A square of pixels to paint convex shapes on, smooth at their edges; numpy alone.

Coordinates are shares of the frame, x to the right and y down. The canvas remembers which thing each pixel shows, so
that afterwards it can be said how much of a thing is hidden behind later ones.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nimmer.eye.box import FRAME, Box

Pixels = NDArray[np.float32]
Colour = tuple[float, float, float]
Paint = Callable[[Pixels, Pixels], Pixels]
"""A paint that is not one colour: x and y `(h, w)` in shares -> `(h, w, 3)`."""
_SOLID = 0.6
"""From this opacity on a shape hides what is behind it."""


class Canvas:
    """Pixels `(size, size, 3)` float32, 0..1."""

    def __init__(self, size: int, ink: float = 0.0) -> None:
        """Begin black. ink: width of the dark line round every shape, in shares of the frame."""
        self.size = size
        self.pixels: Pixels = np.zeros((size, size, 3), np.float32)
        self.thing = 0
        """What is being painted: a number that grows from thing to thing."""
        self._shows = np.zeros((size, size), np.int32)
        self._ink = ink * size
        self._axis = ((np.arange(size) + 0.5) / size).astype(np.float32)

    def polygon(
        self, corners: Sequence[tuple[float, float]], paint: Colour | Paint, opacity: float = 1.0
    ) -> Box:
        """Paint a convex polygon, its corners in clockwise order; return the box round it."""
        xs, ys = zip(*corners, strict=True)
        box = Box(min(xs), min(ys), max(xs), max(ys))
        x, y, rows, columns = self._window(box)
        if not x.size or not y.size:
            return box
        depth = np.full((y.size, x.size), np.inf, np.float32)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
            length = float(np.hypot(bx - ax, by - ay))
            if length:
                across = (bx - ax) * (y[:, None] - ay) - (by - ay) * (x - ax)
                np.minimum(depth, (across / length).astype(np.float32), out=depth)
        self._lay(rows, columns, depth * self.size, paint, opacity)
        return box

    def rectangle(self, box: Box, paint: Colour | Paint, opacity: float = 1.0) -> Box:
        """Paint a rectangle; return it."""
        left, top, right, bottom = box
        return self.polygon(((left, top), (right, top), (right, bottom), (left, bottom)), paint, opacity)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, paint: Colour | Paint, opacity: float = 1.0
    ) -> Box:
        """Paint an ellipse about (x, y); return the box round it."""
        box = Box(x - rx, y - ry, x + rx, y + ry)
        across, down, rows, columns = self._window(box)
        if across.size and down.size:
            from_middle = np.hypot((across - x) / rx, (down[:, None] - y) / ry).astype(np.float32)
            self._lay(rows, columns, (1 - from_middle) * min(rx, ry) * self.size, paint, opacity)
        return box

    def hidden(self, box: Box, thing: int) -> float:
        """Return which share of the pixels in `box` shows something painted after `thing`."""
        seen = box.within(FRAME)
        rows = slice(round(seen.top * self.size), max(round(seen.bottom * self.size), 0))
        columns = slice(round(seen.left * self.size), max(round(seen.right * self.size), 0))
        shown = self._shows[rows, columns]
        return float((shown > thing).mean()) if shown.size else 1.0

    def _window(self, box: Box) -> tuple[Pixels, Pixels, slice, slice]:
        """Return x and y of the pixels the box touches, and their rows and columns."""
        low = np.floor(np.array(box[:2]) * self.size - 1).clip(0, self.size).astype(int)
        high = np.ceil(np.array(box[2:]) * self.size + 1).clip(0, self.size).astype(int)
        columns, rows = slice(low[0], high[0]), slice(low[1], high[1])
        return self._axis[columns], self._axis[rows], rows, columns

    def _lay(self, rows: slice, columns: slice, depth: Pixels, paint: Colour | Paint, opacity: float) -> None:
        """Lay paint where `depth`, in pixels from the edge inwards, is above 0."""
        cover = np.clip(depth + 0.5, 0, 1)
        if callable(paint):
            x, y = np.meshgrid(self._axis[columns], self._axis[rows])
            colour = paint(x, y)
        else:
            colour = np.broadcast_to(np.array(paint, np.float32), (*depth.shape, 3))
        if self._ink and opacity > _SOLID:
            colour = colour * (1 - 0.7 * np.clip(self._ink + 0.5 - depth, 0, 1))[..., None]
        part = self.pixels[rows, columns]
        part += (cover * np.float32(opacity))[..., None] * (colour - part)
        if opacity > _SOLID:
            self._shows[rows, columns][cover > 0.5] = self.thing
