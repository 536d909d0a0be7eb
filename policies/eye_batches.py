"""What the eye's net learns from: frames rendered on the fly, and what it should say about them.

Frame `index` of a seed is always the same frame, so a training is its seed and a resumed one goes on with the next.
Source: docs/eye.md, "Training".
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nimmer.eye.labels import LABELS
from nimmer.eye.rendering import Frame, render
from nimmer.eye.scene import draw_scene
from nimmer.eye.style import Split, draw_style, generator
from policies.eye_net import CELLS, INPUT, LAYER_OF, LAYERS

_CORE = 0.5
"""From this height of its peak on a cell also learns the box."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """pictures `(B, 3, INPUT, INPUT)`; heat `(B, labels, C, C)`; boxes `(B, LAYERS, 4, C, C)`; weight `(B, LAYERS, C, C)`."""

    pictures: Tensor
    heat: Tensor
    boxes: Tensor
    weight: Tensor


def training_batch(seed: int, first: int, count: int) -> Batch:
    """Return frames `first` to `first + count - 1` of a seed, in the styles of the training split."""
    pictures, heats, boxes, weights = [], [], [], []
    for index in range(first, first + count):
        chance = generator(seed, Split.TRAINING, index)
        style = draw_style(Split.TRAINING, chance)
        frame = render(draw_scene(chance), style, chance, INPUT)
        heat, box, weight = targets(frame)
        pictures.append(_jitter(frame.pixels, chance))
        heats.append(heat)
        boxes.append(box)
        weights.append(weight)
    return Batch(*(torch.from_numpy(np.stack(part)) for part in (pictures, heats, boxes, weights)))


def targets(frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return heat, boxes and weight for one frame, as in `Batch` without B.

    Every thing is a peak of height 1 at the cell of its middle, falling off with its own size. Of two things in one
    layer the smaller one has the cell.
    """
    heat = np.zeros((len(LABELS), CELLS, CELLS), np.float32)
    boxes = np.zeros((LAYERS, 4, CELLS, CELLS), np.float32)
    weight = np.zeros((LAYERS, CELLS, CELLS), np.float32)
    cell = np.arange(CELLS)
    for truth in sorted(frame.truths, key=lambda one: -one.box.area):
        label = LABELS.index(truth.label)
        layer = LAYER_OF[label]
        x, y = (min(int(part * CELLS), CELLS - 1) for part in truth.box.centre)
        across = max(0.1 * truth.box.width * CELLS, 0.6)
        down = max(0.1 * truth.box.height * CELLS, 0.6)
        peak = np.exp(-(((cell - x) / across) ** 2) / 2) * np.exp(-(((cell[:, None] - y) / down) ** 2) / 2)
        np.maximum(heat[label], peak, out=heat[label])
        core = peak >= _CORE
        boxes[layer][:, core] = np.array(truth.box, np.float32)[:, None]
        weight[layer][core] = peak[core]
    return heat, boxes, weight


def _jitter(pixels: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.float32]:
    """Return `(3, H, W)` in 0..1, with contrast, brightness and gamma of another camera."""
    found = pixels.astype(np.float32) / 255
    gamma, contrast, shift = chance.uniform(0.8, 1.25), chance.uniform(0.8, 1.2), chance.uniform(-0.07, 0.07)
    found = (found ** np.float32(gamma) - 0.5) * np.float32(contrast) + np.float32(0.5 + shift)
    return np.ascontiguousarray(np.clip(found, 0, 1).transpose(2, 0, 1))
