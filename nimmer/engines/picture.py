"""Picture files to arrays: PNG, JPEG and WebP. The one importer of pillow among the organs.

Size and dimensions are judged before anything is decoded, so neither a huge file nor a small one that unfolds into
gigabytes costs more than a look at its header.
"""

import io
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageOps

from nimmer.engines.organ_model import Picture
from nimmer.errors import OrganError

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 40_000_000
MOST_SIDE = 1280
"""A larger picture is made smaller, in proportion: no detector here looks closer."""
SIDEWAYS = (5, 6, 7, 8)
"""Orientations of EXIF whose width is the height of the upright picture."""


def check_size(size: int, most_mb: int) -> None:
    """Raise OrganError when a picture file of `size` bytes is too large."""
    if size > most_mb << 20:
        raise OrganError(
            f"the picture has {size / (1 << 20):.1f} MB; {most_mb} MB are allowed (organs.max_image_mb): make it smaller"
        )


def read_picture(data: bytes, most_mb: int) -> tuple[Picture, int, int]:
    """Return the picture as RGB with no side over 1280, upright, and its own width and height in pixels.

    Raises OrganError when it is no PNG, JPEG or WebP, is broken, or is larger than `most_mb` or 40 million pixels.
    """
    check_size(len(data), most_mb)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # judged below, and more strictly
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise OrganError(
                        f"the picture has {width} x {height} pixels; {MOST_PIXELS:,} in all are allowed"
                    )
                turned = image.getexif().get(ExifTags.Base.Orientation, 1) in SIDEWAYS
                picture = np.asarray(_small(image), dtype=np.uint8)
    except Image.DecompressionBombError:
        raise OrganError(f"the picture unfolds into far more than {MOST_PIXELS:,} pixels") from None
    except OrganError:
        raise
    except Exception as error:  # a broken file ends pillow in many ways: struct.error, TypeError, KeyError
        raise OrganError(
            f"the {len(data)} bytes are no picture ({error}); PNG, JPEG and WebP are read"
        ) from None
    return (picture, height, width) if turned else (picture, width, height)


def _small(image: Image.Image) -> Image.Image:
    """Return it as RGB, no side over 1280, upright; made small as early as can be, to hold it large only once."""
    image.draft("RGB", (MOST_SIDE, MOST_SIDE))  # a JPEG is decoded at a half, a quarter or an eighth
    small = image if image.mode == "RGB" else image.convert("RGB")
    small.thumbnail((MOST_SIDE, MOST_SIDE))
    return ImageOps.exif_transpose(small)
