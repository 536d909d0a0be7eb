"""Writes the eye's net as an ONNX file in the layout ultralytics made common, so that one decoder reads both.

Outputs: `boxes (1, 4 + labels, places)`: middle x, middle y, width and height in input pixels, then every label's
score 0..1; `embedding (1, 192)`: features of the whole picture, of length 1. The labels, the input size and the card
are in the file's metadata.
Source: ONNX opset 17; docs/decisions/0035-an-eye-of-our-own.md.
"""

import importlib.util
import json
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from nimmer.errors import HostError, WeightsError
from nimmer.eye.labels import LABELS
from policies.eye_net import INPUT, LAYER_OF, LAYERS, EyeNet, corners, middles

OPSET = 17
MOST_DIFFERENCE = 1e-3
"""Most that a score (0..1), a box (shares of the frame) or a feature of the file may differ from the net's."""
_TIES = 1e-3
"""Share of numbers that may differ by more: of two cells equally sure, rounding decides which is the peak."""


class _Exported(nn.Module):
    """The net with its peaks picked and its boxes laid out."""

    middle: Tensor
    belongs: Tensor

    def __init__(self, net: EyeNet) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("middle", middles())
        layers = torch.tensor(LAYER_OF)
        self.register_buffer("belongs", torch.stack([(layers == one).float() for one in range(LAYERS)]))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        logits, distances, features = self.net(pictures)
        scores = logits.sigmoid()
        peaks = scores * (scores >= functional.max_pool2d(scores, 3, 1, 1)).float()
        boxes = corners(distances, self.middle) * INPUT
        low, high = boxes[:, :, :2], boxes[:, :, 2:]
        places = torch.cat([(low + high) / 2, high - low], 2)
        parts = [
            torch.cat([places[:, one], peaks * self.belongs[one][None, :, None, None]], 1).flatten(2)
            for one in range(LAYERS)
        ]
        return torch.cat(parts, 2), functional.normalize(features, dim=1)


def can_export() -> None:
    """Raise HostError where the onnx package is missing: better before a training than after it."""
    if importlib.util.find_spec("onnx") is None:
        raise HostError("the eye is exported with onnx, which is not installed; run scripts/setup training")


def export(net: EyeNet, path: Path, card: dict[str, object]) -> None:
    """Write the net, and check that the file says what the net says.

    Raises HostError where the onnx package is missing, WeightsError when the file differs from the net.
    """
    can_export()
    model = _Exported(net.eval()).eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter itself, see below
        torch.onnx.export(
            model,
            (torch.zeros(1, 3, INPUT, INPUT),),
            str(path),
            opset_version=OPSET,
            dynamo=False,  # the other exporter gave wrong numbers for another model
            input_names=["images"],
            output_names=["boxes", "embedding"],
        )
    write_card(path, card)
    _compare(model, path)


def write_card(path: Path, card: dict[str, object]) -> None:
    """Append labels, input size and card to the metadata of the file at `path`; the last of one name counts."""
    entries = {
        "names": str(dict(enumerate(LABELS))),
        "imgsz": str([INPUT, INPUT]),
        "task": "detect",
        "card": json.dumps(card, sort_keys=True),
    }
    with path.open("ab") as file:
        for name, value in entries.items():
            entry = _field(1, name.encode()) + _field(2, value.encode())
            file.write(_field(14, entry))  # ModelProto.metadata_props; a message may be written in pieces


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _compare(model: nn.Module, path: Path) -> None:
    pictures = torch.rand(1, 3, INPUT, INPUT, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, {"images": pictures.numpy()})
    with torch.no_grad():
        wanted = model(pictures)
    for name, one, other in zip(("boxes", "embedding"), found, wanted, strict=True):
        difference = np.abs(one - other.numpy())
        if name == "boxes":
            difference[:, :4] /= INPUT
        if not float((difference > MOST_DIFFERENCE).mean()) <= _TIES:
            raise WeightsError(
                f"{path}: {name} differs from the net's by up to {difference.max():.2g}; do not use the file"
            )
