"""The eye as a driver: an ONNX detector on one thread, from a picture to the things in it.

It reads our own file, which ships with nimmer, and any detector exported by ultralytics: an output
`(1, 4 + labels, places)` of middle, size (in input pixels) and scores, with the labels in the file's metadata.
Source: docs/eye.md; docs/decisions/0035-an-eye-of-our-own.md.
"""

import ast
import json
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nimmer.errors import OrganError, WeightsError
from nimmer.eye.box import Box
from nimmer.eye.seen import Seen, suppress, surest_first

SHIPPED = "eye.onnx"
MOST_SEEN = 300
"""Things in one answer, the surest ones."""
_LEAST_CONFIDENCE = 0.05
_MOST_OVERLAP = 0.6
_LONGEST = 16_384
"""Pixels of a side; a larger picture is refused."""
_PADDING = 114 / 255
Picture = NDArray[np.uint8]


class OnnxDetector:
    """A loaded detector; one call at a time.

    labels: the words it knows, in the order of its scores; size: pixels along either side of its input; card: what
    the file says of itself, empty for a foreign one; model: its name.
    """

    def __init__(self, weights: Path | None = None) -> None:
        """Load the detector in the file `weights`, or the one that ships with nimmer.

        Raises WeightsError naming the file and what is wrong with it.
        """
        if weights is None:
            with as_file(files("nimmer.engines") / "shipped" / SHIPPED) as packaged:
                self._session = _load(packaged)
            self.model = "eye"
        else:
            self._session = _load(weights)
            self.model = weights.stem
        where = str(weights or SHIPPED)
        kept = dict(self._session.get_modelmeta().custom_metadata_map)
        self.labels = _labels(kept, where)
        self.card: dict[str, object] = json.loads(kept.get("card", "{}"))
        self.size = _size(self._session, kept, where)
        self._input = self._session.get_inputs()[0].name
        outputs = self._session.get_outputs()
        self._boxes = outputs[0].name
        self._embedding = next((one.name for one in outputs if one.name == "embedding"), None)
        rows = outputs[0].shape[1] if len(outputs[0].shape) == 3 else None
        if rows != 4 + len(self.labels):
            raise WeightsError(
                f"{where}: its first output is {outputs[0].shape}, not (1, {4 + len(self.labels)}, places);"
                " export a detection head without its own suppression"
            )

    def detect(self, picture: Picture, least: float = _LEAST_CONFIDENCE) -> tuple[Seen, ...]:
        """Return what is in a picture `(h, w, 3)` uint8 RGB, the surest first; least: confidence that counts.

        Raises OrganError when it is no such picture.
        """
        fitted, scale, left, top = _letterbox(picture, self.size)
        raw = self._session.run([self._boxes], {self._input: fitted})[0][0]
        return decode(raw, self.labels, picture.shape[:2], scale, (left, top), least)

    def embed(self, picture: Picture) -> NDArray[np.float32]:
        """Return the feature vector of a picture, of length 1. Raises OrganError when the detector has none."""
        if self._embedding is None:
            raise OrganError(
                f"the detector {self.model} gives no feature vector; use the one that ships with nimmer"
            )
        fitted, *_ = _letterbox(picture, self.size)
        found = np.asarray(self._session.run([self._embedding], {self._input: fitted})[0][0], np.float32)
        return found / max(float(np.linalg.norm(found)), 1e-12)


def decode(
    raw: NDArray[np.float32],
    labels: tuple[str, ...],
    shape: tuple[int, ...],
    scale: float,
    offset: tuple[int, int],
    least: float = _LEAST_CONFIDENCE,
) -> tuple[Seen, ...]:
    """Return the things in a detector's output, surest first, none overlapping a surer one of its label too much.

    Args:
        raw: `(4 + labels, places)`, middle x, middle y, width, height in input pixels, then scores.
        labels: the words of the scores.
        shape: height and width of the picture.
        scale: input pixels per pixel of the picture.
        offset: input pixels left of and above the picture.
        least: confidence from which on something is seen.
    """
    label, place = np.nonzero(raw[4:] >= least)
    confidence = raw[4:][label, place]
    middle, size = raw[:2, place].T, raw[2:4, place].T
    height, width = shape[:2]
    room = np.array([width, height, width, height], np.float32) * np.float32(scale)
    shift = np.array([*offset, *offset], np.float32)
    boxes = np.clip((np.concatenate([middle - size / 2, middle + size / 2], 1) - shift) / room, 0, 1)
    found: list[Seen] = []
    for one in np.unique(label):
        mine = np.flatnonzero(label == one)
        mine = mine[np.argsort(-confidence[mine], kind="stable")][: 2 * MOST_SEEN]
        for row in suppress(boxes[mine].astype(np.float32), confidence[mine], _MOST_OVERLAP):
            index = mine[row]
            box = Box(*(float(part) for part in boxes[index]))
            if box.area > 0:
                found.append(Seen(labels[one], min(float(confidence[index]), 1.0), box))
    return surest_first(found)[:MOST_SEEN]


def _load(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions share no base class but Exception
        raise WeightsError(f"{path}: cannot be loaded as an ONNX detector ({str(error)[:200]})") from error


def _labels(kept: dict[str, str], where: str) -> tuple[str, ...]:
    try:
        names = ast.literal_eval(kept["names"])
        return tuple(str(names[index]) for index in range(len(names)))
    except (KeyError, ValueError, SyntaxError, TypeError) as error:
        raise WeightsError(
            f"{where}: its metadata holds no labels under `names`; export it with ultralytics or scripts/recipes/eye"
        ) from error


def _size(session: onnxruntime.InferenceSession, kept: dict[str, str], where: str) -> int:
    """Return the side of the input, from its shape or, where that is free, from the metadata."""
    shape = session.get_inputs()[0].shape
    try:
        sides = shape[2:] if isinstance(shape[2], int) else ast.literal_eval(kept["imgsz"])
        high, wide = (int(side) for side in sides)
    except (KeyError, ValueError, SyntaxError, TypeError, IndexError) as error:
        raise WeightsError(f"{where}: its input is {shape}; it must be (1, 3, size, size)") from error
    if high != wide:
        raise WeightsError(f"{where}: its input is {high} x {wide} pixels; it must be square")
    return high


def _letterbox(picture: Picture, size: int) -> tuple[NDArray[np.float32], float, int, int]:
    """Return the picture `(1, 3, size, size)` in 0..1, its sides in proportion, and scale, left and top margin.

    Raises OrganError when it is no picture `(h, w, 3)` of uint8.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise OrganError(
            f"a picture is (height, width, 3) bytes of RGB, not {picture.shape} of {picture.dtype}"
        )
    height, width = picture.shape[:2]
    if min(height, width) < 1 or max(height, width) > _LONGEST:
        raise OrganError(f"the picture has {width} x {height} pixels; give 1 to {_LONGEST} along each side")
    scale = size / max(height, width)
    high, wide = max(round(height * scale), 1), max(round(width * scale), 1)
    top, left = (size - high) // 2, (size - wide) // 2
    fitted = np.full((1, 3, size, size), _PADDING, np.float32)
    fitted[0, :, top : top + high, left : left + wide] = _resized(picture, high, wide).transpose(2, 0, 1)
    return fitted, scale, left, top


def _resized(picture: Picture, high: int, wide: int) -> NDArray[np.float32]:
    """Return `(high, wide, 3)` in 0..1: means of the pixels when it shrinks, bilinear when it grows.

    Of a picture more than four times as large only every so many pixels are read, so that its copy stays small.
    """
    skip = max(min(picture.shape[0] // (2 * high), picture.shape[1] // (2 * wide)) // 2, 1)
    picture = picture[::skip, ::skip]
    rows, columns = _shares(picture.shape[0], high), _shares(picture.shape[1], wide)
    found: NDArray[np.float32] = picture.astype(np.float32) / np.float32(255)
    if rows is not None:
        found = np.asarray(np.tensordot(rows, found, (1, 0)), np.float32)
    if columns is not None:
        found = np.asarray(np.tensordot(columns, found, (1, 1)).transpose(1, 0, 2), np.float32)
    return found


def _shares(before: int, after: int) -> NDArray[np.float32] | None:
    """Return `(after, before)`: what every old pixel gives to every new one, None when nothing changes."""
    if before == after:
        return None
    reach = max(before / after, 1.0)
    middle = (np.arange(after) + 0.5) * (before / after) - 0.5
    weight = np.clip(1 - np.abs(np.arange(before) - middle[:, None]) / reach, 0, None)
    return np.asarray(weight / weight.sum(1, keepdims=True), np.float32)
