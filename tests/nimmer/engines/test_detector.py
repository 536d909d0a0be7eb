from pathlib import Path

import numpy as np
import pytest

from nimmer.engines.detector import MOST_SEEN, OnnxDetector, decode
from nimmer.errors import OrganError, WeightsError
from nimmer.eye.box import Box
from nimmer.eye.judging import HELD_OUT_SEED, held_out_frames, judge_precision, judge_recovery
from nimmer.eye.labels import LABELS
from nimmer.world.levels import load_levels
from tests.nimmer.engines.onnx_by_hand import write_detector

CATS = {"names": "{0: 'cat', 1: 'dog'}", "imgsz": "[64, 64]", "task": "detect"}
RAW = np.array(
    [
        # middle x, middle y, width, height, cat, dog
        [16, 16, 16, 16, 0.90, 0.00],
        [17, 16, 16, 16, 0.80, 0.00],  # the same cat again
        [17, 16, 16, 16, 0.00, 0.70],  # a dog in the same place
        [48, 48, 8, 8, 0.02, 0.03],  # nothing
    ],
    np.float32,
).T
"""What a detector with an input of 64 x 64 pixels says."""


def seen(
    raw: np.ndarray, shape: tuple[int, int], scale: float, offset: tuple[int, int]
) -> list[tuple[str, Box]]:
    return [(one.label, one.box) for one in decode(raw, ("cat", "dog"), shape, scale, offset)]


def test_of_two_boxes_on_one_thing_the_surer_stays_and_labels_do_not_disturb_each_other() -> None:
    assert seen(RAW, (64, 64), 1.0, (0, 0)) == [
        ("cat", Box(0.125, 0.125, 0.375, 0.375)),
        ("dog", Box(9 / 64, 0.125, 25 / 64, 0.375)),
    ]


def test_boxes_are_shares_of_the_picture_whatever_was_laid_round_it() -> None:
    """A picture of 128 x 64 fills 64 x 32 of the input, 16 pixels below its top: y 8..24 is -8..8 of 32."""
    assert seen(RAW[:, :1], (64, 128), 0.5, (0, 16)) == [("cat", Box(8 / 64, 0.0, 24 / 64, 8 / 32))]


def test_a_box_outside_the_picture_is_nothing() -> None:
    assert seen(RAW[:, :1], (8, 64), 1.0, (0, 28)) == []


def test_no_more_than_three_hundred_things_are_named() -> None:
    many = np.zeros((6, 900), np.float32)
    many[0] = np.arange(900)
    many[1], many[2:4], many[4] = 5, 1, 0.5
    assert len(decode(many, ("cat", "dog"), (10, 900), 1.0, (0, 0))) == MOST_SEEN


def test_a_foreign_detector_is_read_by_the_names_in_its_file(tmp_path: Path) -> None:
    eye = OnnxDetector(write_detector(tmp_path / "yolo11n.onnx", RAW, 64, CATS))
    assert (eye.labels, eye.size, eye.model, eye.card) == (("cat", "dog"), 64, "yolo11n", {})
    found = eye.detect(np.zeros((32, 64, 3), np.uint8))
    assert [(one.label, round(one.confidence, 2)) for one in found] == [("cat", 0.9), ("dog", 0.7)]
    assert found[0].box == pytest.approx((0.125, 0.0, 0.375, 0.25))
    with pytest.raises(OrganError, match="no feature vector"):
        eye.embed(np.zeros((32, 64, 3), np.uint8))


@pytest.mark.parametrize(
    ("metadata", "rows", "words"),
    [
        ({}, 6, "no labels under `names`"),
        ({"names": "{0: 'cat'}"}, 6, r"not \(1, 5, places\)"),
        ({"names": "import os"}, 6, "no labels"),
    ],
)
def test_a_file_that_is_no_detector_says_what_is_missing(
    tmp_path: Path, metadata: dict[str, str], rows: int, words: str
) -> None:
    with pytest.raises(WeightsError, match=words):
        OnnxDetector(write_detector(tmp_path / "odd.onnx", RAW[:rows], 64, metadata))


def test_a_file_that_is_missing_or_no_onnx_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.onnx"):
        OnnxDetector(tmp_path / "gone.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(WeightsError, match=r"text\.onnx: cannot be loaded"):
        OnnxDetector(tmp_path / "text.onnx")


@pytest.fixture(scope="module")
def eye() -> OnnxDetector:
    return OnnxDetector()


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(eye: OnnxDetector, picture: np.ndarray) -> None:
    with pytest.raises(OrganError, match="picture"):
        eye.detect(picture)


def test_a_picture_of_any_size_can_be_looked_at(eye: OnnxDetector) -> None:
    for height, width in ((1, 1), (7, 500), (500, 7), (1100, 900)):
        for one in eye.detect(np.full((height, width, 3), 90, np.uint8)):
            assert 0 <= one.box.left < one.box.right <= 1
            assert 0 <= one.box.top < one.box.bottom <= 1


def test_the_shipped_eye_says_what_it_is(eye: OnnxDetector) -> None:
    assert eye.labels == LABELS
    assert eye.model == "eye"
    assert eye.card["recipe"] == "scripts/recipes/eye"
    assert {"seed", "frames_seen", "revision", "map50", "map50_95"} <= set(eye.card)


def test_the_shipped_eye_finds_things_in_frames_it_never_learned_from(eye: OnnxDetector) -> None:
    found = judge_precision(eye, 60, HELD_OUT_SEED, lambda: None)
    assert found.map50 > 0.9
    assert found.map50_95 > 0.6


def test_the_shipped_eye_reads_most_houses_right(eye: OnnxDetector) -> None:
    for level in load_levels():
        read = judge_recovery(eye, level, 25, HELD_OUT_SEED, lambda: None)
        assert read.share > 0.7


def test_a_picture_twice_as_large_shows_the_same(eye: OnnxDetector) -> None:
    frame = next(held_out_frames(1))
    small = {one.label for one in eye.detect(frame.pixels, 0.6)}
    large = {one.label for one in eye.detect(frame.pixels.repeat(2, 0).repeat(2, 1), 0.3)}
    assert small
    assert small <= large


def test_a_feature_vector_has_length_one_and_is_nearer_to_its_own_picture(eye: OnnxDetector) -> None:
    one, other = (frame.pixels for frame in held_out_frames(2))
    vector = eye.embed(one)
    assert vector.dtype == np.float32
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-5)
    darker = (one * 0.9).astype(np.uint8)
    assert float(vector @ eye.embed(darker)) > float(vector @ eye.embed(other))
