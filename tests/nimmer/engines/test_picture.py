import io

import numpy as np
import pytest
from PIL import Image

from nimmer.engines.picture import MOST_SIDE, read_picture
from nimmer.errors import OrganError


def file(width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    kept = io.BytesIO()
    Image.new(mode, (width, height)).save(kept, kind)
    return kept.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_kind_is_read_as_rgb(kind: str) -> None:
    picture, width, height = read_picture(file(40, 30, kind), 1)
    assert picture.shape == (30, 40, 3)
    assert picture.dtype == np.uint8
    assert (width, height) == (40, 30)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA", "I;16"])
def test_other_colours_become_rgb(mode: str) -> None:
    assert read_picture(file(8, 8, "PNG", mode), 1)[0].shape == (8, 8, 3)


def test_a_large_picture_is_made_smaller_in_proportion() -> None:
    picture, width, height = read_picture(file(4000, 1000), 1)
    assert picture.shape == (MOST_SIDE // 4, MOST_SIDE, 3)
    assert (width, height) == (4000, 1000)


def test_fifty_megabytes_are_refused_before_anything_is_decoded() -> None:
    with pytest.raises(OrganError, match=r"50\.0 MB; 20 MB are allowed \(organs.max_image_mb\)"):
        read_picture(bytes(50 << 20), 20)


def test_a_small_file_that_unfolds_into_gigabytes_is_refused_by_its_header() -> None:
    for side, reason in (
        (8_000, "8000 x 8000 pixels; 40,000,000 in all"),
        (30_000, "far more than 40,000,000"),
    ):
        bomb = file(side, side, mode="1")
        assert len(bomb) < 1 << 18
        with pytest.raises(OrganError, match=reason):
            read_picture(bomb, 20)


@pytest.mark.parametrize("data", [b"", b"text", file(50, 50)[:60], file(4, 4, "GIF"), file(4, 4, "BMP")])
def test_what_is_no_whole_picture_is_refused_with_what_is_read(data: bytes) -> None:
    with pytest.raises(OrganError, match="PNG, JPEG and WebP are read"):
        read_picture(data, 20)
