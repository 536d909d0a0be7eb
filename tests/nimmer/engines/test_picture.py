import contextlib
import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

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


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_lies_on_its_side_is_put_upright(kind: str) -> None:
    kept, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image = Image.new("RGB", (4000, 1000))
    image.paste((255, 255, 255), (0, 0, 2000, 1000))
    image.save(kept, kind, exif=exif)
    picture, width, height = read_picture(kept.getvalue(), 1)
    assert picture.shape == (MOST_SIDE, MOST_SIDE // 4, 3)
    assert (width, height) == (1000, 4000)
    assert picture[10].mean() > 250
    assert picture[-10].mean() < 5


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0MM\0*\0\0\0\x08\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x02\0\x04", b"Exif\0\0"],
)
def test_broken_exif_is_a_reason_or_no_matter(exif: bytes) -> None:
    kept = io.BytesIO()
    Image.new("RGB", (8, 8)).save(kept, "JPEG", exif=exif)
    with contextlib.suppress(OrganError):
        assert read_picture(kept.getvalue(), 1)[0].shape == (8, 8, 3)


@pytest.mark.parametrize("fault", [struct.error("unpack"), TypeError("not an int")])
def test_however_pillow_ends_it_is_a_reason(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: Image.Image) -> None:
        raise fault

    monkeypatch.setattr(Image.Image, "getexif", broken)
    with pytest.raises(OrganError, match="PNG, JPEG and WebP are read"):
        read_picture(file(8, 8), 1)


def test_a_large_jpeg_is_never_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, int]] = []
    upright = ImageOps.exif_transpose

    def seen(image: Image.Image) -> Image.Image:
        shown.append(image.size)
        return upright(image)

    loaded = Image.Image.thumbnail

    def thumb(image: Image.Image, size: tuple[float, float]) -> None:
        shown.append(image.size)
        loaded(image, size)

    monkeypatch.setattr(Image.Image, "thumbnail", thumb)
    monkeypatch.setattr(ImageOps, "exif_transpose", seen)
    _, width, height = read_picture(file(6000, 6000, "JPEG"), 5)
    assert (width, height) == (6000, 6000)
    assert shown == [(1500, 1500), (MOST_SIDE, MOST_SIDE)]
