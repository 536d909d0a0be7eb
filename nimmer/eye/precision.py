"""Mean average precision: how much of what is there a detector finds, and how little it makes up.

A thing seen is right when it overlaps a thing of its label, not yet found, by at least the threshold; the surest go
first. The average precision of a label is the area under its precision over recall, precision made monotone and read
at 101 recalls. Source: Pascal VOC development kit 2010; COCO's evaluation, cocodataset.org.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nimmer.eye.box import Box
from nimmer.eye.rendering import Truth
from nimmer.eye.seen import Seen, overlaps

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The overlaps of mAP50-95."""
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class Precision:
    """ap50 and ap50_95 of every label that occurs; their means are mAP50 and mAP50-95; things: how often it occurs."""

    ap50: dict[str, float]
    ap50_95: dict[str, float]
    things: dict[str, int]

    @property
    def map50(self) -> float:
        """Return mAP50; 0 where nothing occurs."""
        return float(np.mean(list(self.ap50.values()))) if self.ap50 else 0.0

    @property
    def map50_95(self) -> float:
        """Return mAP50-95; 0 where nothing occurs."""
        return float(np.mean(list(self.ap50_95.values()))) if self.ap50_95 else 0.0


def precision(frames: Sequence[tuple[Sequence[Truth], Sequence[Seen]]]) -> Precision:
    """Return how well what was seen in every frame agrees with what is there."""
    labels = sorted({truth.label for truths, _ in frames for truth in truths})
    ap50, ap50_95, things = {}, {}, {}
    for label in labels:
        confidence, right, count = _judge(label, frames)
        order = np.argsort(-confidence, kind="stable")
        areas = [average_precision(right[order, step], count) for step in range(len(THRESHOLDS))]
        ap50[label], ap50_95[label], things[label] = areas[0], float(np.mean(areas)), count
    return Precision(ap50, ap50_95, things)


def average_precision(right: NDArray[np.bool_], count: int) -> float:
    """Return the area under precision over recall.

    right: `(n,)`, whether each thing seen is right, surest first; count: how many things there are.
    """
    if not right.size or not count:
        return 0.0
    hits = np.cumsum(right)
    recall, exact = hits / count, hits / np.arange(1, right.size + 1)
    exact = np.maximum.accumulate(exact[::-1])[::-1]
    place = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.where(place < right.size, exact[np.minimum(place, right.size - 1)], 0.0).mean())


def _judge(
    label: str, frames: Sequence[tuple[Sequence[Truth], Sequence[Seen]]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Return `(n,)` confidences, `(n, thresholds)` whether right, and how many things of the label there are."""
    confidence, right, count = [0.0][:0], [np.zeros((0, len(THRESHOLDS)), np.bool_)], 0
    for truths, seen in frames:
        there = [truth.box for truth in truths if truth.label == label]
        mine = sorted((one for one in seen if one.label == label), key=lambda one: -one.confidence)
        count += len(there)
        if mine:
            confidence += [one.confidence for one in mine]
            right.append(_matched(np.array([one.box for one in mine], np.float32), there))
    return np.array(confidence), np.concatenate(right), count


def _matched(mine: NDArray[np.float32], there: Sequence[Box]) -> NDArray[np.bool_]:
    """Return `(n, thresholds)`: whether each box, surest first, finds a thing that none before it found."""
    right = np.zeros((len(mine), len(THRESHOLDS)), np.bool_)
    if not there:
        return right
    overlap = overlaps(mine, np.array(there, np.float32))
    for step, threshold in enumerate(THRESHOLDS):
        left = overlap.copy()
        for row in range(len(mine)):
            best = int(left[row].argmax())
            if left[row, best] >= threshold:
                right[row, step] = True
                left[:, best] = -1
    return right
