"""Pictures in files, by pillow: a frame as PNG, with a box round everything that was seen in it."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nimmer.errors import OrganError
from nimmer.eye.seen import Seen

_LARGER = 4
"""Pixels of the drawing for one of the frame, so that the words beside the boxes can be read."""
_LINES = ((0, 212, 212), (255, 127, 107), (201, 162, 39), (180, 140, 255))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture `(h, w, 3)` RGB as the bytes of a PNG file."""
    kept = BytesIO()
    Image.fromarray(pixels).save(kept, "PNG")
    return kept.getvalue()


def drawn(pixels: NDArray[np.uint8], seen: Sequence[Seen]) -> NDArray[np.uint8]:
    """Return a frame four times as large, with a box and a word for everything seen."""
    height, width = pixels.shape[:2]
    picture = Image.fromarray(pixels).resize((width * _LARGER, height * _LARGER), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(picture)
    for number, one in enumerate(seen):
        colour = _LINES[number % len(_LINES)]
        left, right = one.box.left * picture.width, one.box.right * picture.width
        top, bottom = one.box.top * picture.height, one.box.bottom * picture.height
        pen.rectangle((left, top, right, bottom), outline=colour, width=2)
        words = f"{one.label} {one.confidence:.2f}"
        room = pen.textbbox((left + 3, top + 1), words)
        pen.rectangle((room[0] - 2, room[1] - 1, room[2] + 2, room[3] + 1), fill=(10, 10, 26))
        pen.text((left + 3, top + 1), words, fill=colour)
    return np.asarray(picture)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture. Raises OrganError naming the file when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(pixels))
    except OSError as error:
        raise OrganError(f"{path}: cannot be written ({error.strerror or error})") from error
