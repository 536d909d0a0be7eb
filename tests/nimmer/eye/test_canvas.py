import numpy as np
import pytest

from nimmer.eye.box import Box
from nimmer.eye.canvas import Canvas


def test_a_rectangle_covers_its_pixels_and_no_others() -> None:
    canvas = Canvas(8)
    canvas.rectangle(Box(0.25, 0.5, 0.75, 1.0), (1.0, 0.5, 0.0))
    expected = np.zeros((8, 8, 3), np.float32)
    expected[4:8, 2:6] = (1.0, 0.5, 0.0)
    assert np.allclose(canvas.pixels, expected)


def test_half_a_pixel_is_half_painted() -> None:
    canvas = Canvas(4)
    canvas.rectangle(Box(0.0, 0.0, 0.375, 1.0), (1.0, 1.0, 1.0))
    assert canvas.pixels[1, :, 0].tolist() == pytest.approx([1.0, 0.5, 0.0, 0.0])


def test_an_ellipse_lies_in_its_box() -> None:
    canvas = Canvas(32)
    box = canvas.ellipse(0.5, 0.5, 0.25, 0.125, (1.0, 1.0, 1.0))
    rows, columns = np.nonzero(canvas.pixels[..., 0] > 0.5)
    assert box == Box(0.25, 0.375, 0.75, 0.625)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 19, 8, 23)


def test_what_lies_outside_the_frame_is_left_out() -> None:
    canvas = Canvas(8)
    canvas.rectangle(Box(1.5, 1.5, 2.0, 2.0), (1.0, 1.0, 1.0))
    canvas.ellipse(-1.0, 0.5, 0.2, 0.2, (1.0, 1.0, 1.0))
    assert not canvas.pixels.any()


def test_a_thing_is_hidden_by_the_share_that_later_things_cover() -> None:
    canvas = Canvas(16)
    behind = Box(0.0, 0.0, 0.5, 1.0)
    canvas.thing = 1
    canvas.rectangle(behind, (1.0, 1.0, 1.0))
    assert canvas.hidden(behind, 1) == 0
    canvas.thing = 2
    canvas.rectangle(Box(0.0, 0.0, 0.5, 0.25), (0.0, 0.0, 0.0))
    canvas.rectangle(Box(0.0, 0.25, 0.5, 1.0), (0.0, 0.0, 0.0), opacity=0.3)
    assert canvas.hidden(behind, 1) == pytest.approx(0.25)
    assert canvas.hidden(Box(1.2, 1.2, 1.4, 1.4), 1) == 1
