"""The eye's net: a small one-stage detector without anchors, in plain torch.

A residual backbone down to stride 16, two steps up again to stride 4, where every cell says for each label how sure it
is that something has its middle here, and for each layer of the picture how far the edges of its box are. Layers are
what may lie on top of each other with one middle: things, surfaces, fittings.
Source: CenterNet (arXiv 1904.07850: middles as peaks), FCOS (arXiv 1904.01355: distances to the four edges).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nimmer.eye.labels import COLOURS, DOORS, FITTINGS, LABELS, MATERIALS, ROOFS

INPUT = 192
"""Pixels along either side of the net's input."""
STRIDE = 4
CELLS = INPUT // STRIDE
LAYERS = 3
_SURFACES, _FITTINGS = (*COLOURS, *MATERIALS, *ROOFS), (*DOORS, *FITTINGS)
LAYER_OF = tuple(1 if label in _SURFACES else 2 if label in _FITTINGS else 0 for label in LABELS)
"""The layer of every label."""
_REACH = 0.1
"""Share of the frame that a raw distance of 0 stands for."""


def _conv(inside: int, outside: int, width: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, width, stride, width // 2, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class _Block(nn.Module):
    """Two convolutions and a way past them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class EyeNet(nn.Module):
    """Pictures `(B, 3, INPUT, INPUT)` float32 in 0..1 -> raw scores, raw distances and features."""

    def __init__(self) -> None:
        """Begin untrained; nearly nothing is believed to be anywhere."""
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 16, stride=2), _conv(16, 32, stride=2), _Block(32))
        self.middle = nn.Sequential(_conv(32, 64, stride=2), _Block(64), _Block(64))
        self.deep = nn.Sequential(_conv(64, 128, stride=2), _Block(128), _Block(128))
        self.narrow = _conv(128, 64, 1)
        self.join = _conv(64, 64)
        self.narrower = _conv(64, 32, 1)
        self.last = nn.Sequential(_conv(32, 48), _conv(48, 48))
        self.scores = nn.Conv2d(48, len(LABELS), 1)
        self.edges = nn.Conv2d(48, 4 * LAYERS, 1)
        nn.init.constant_(self._bias(), -math.log(99))
        nn.init.normal_(self.scores.weight, std=0.01)
        nn.init.normal_(self.edges.weight, std=0.01)

    def _bias(self) -> Tensor:
        """Return the bias of the scores, which `nn.Conv2d` types as one that may be missing."""
        assert self.scores.bias is not None
        return self.scores.bias

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits `(B, labels, CELLS, CELLS)`, distances `(B, LAYERS, 4, CELLS, CELLS)` and features `(B, 192)`.

        Distances are left, top, right, bottom of the cell's middle, in shares of the frame.
        """
        fine = self.stem(pictures - 0.5)
        coarse = self.middle(fine)
        deep = self.deep(coarse)
        up = self.join(functional.interpolate(self.narrow(deep), scale_factor=2.0) + coarse)
        wide = self.last(functional.interpolate(self.narrower(up), scale_factor=2.0) + fine)
        raw = self.edges(wide).reshape(-1, LAYERS, 4, CELLS, CELLS)
        features = torch.cat([deep.mean((2, 3)), up.mean((2, 3))], 1)
        return self.scores(wide), torch.exp(raw.clamp(-4, 4)) * _REACH, features


def middles() -> Tensor:
    """Return `(2, CELLS, CELLS)`: x and y of the middle of every cell, in shares."""
    axis = (torch.arange(CELLS) + 0.5) / CELLS
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y])


def corners(distances: Tensor, middle: Tensor) -> Tensor:
    """Return boxes `(..., 4, CELLS, CELLS)` left, top, right, bottom for distances of the same shape."""
    return torch.cat([middle - distances[..., :2, :, :], middle + distances[..., 2:, :, :]], dim=-3)
