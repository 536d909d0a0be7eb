"""A detector's ONNX file by hand, as ultralytics lays one out, that always sees the same: no writer is installed.

Source: ONNX, onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FLOAT = 1


def write_detector(path: Path, raw: NDArray[np.float32], size: int, metadata: dict[str, str]) -> Path:
    """Write a model `images (1, 3, size, size)` -> `output0 (1, 4 + labels, places)`, which is `raw` for any picture."""
    batch = raw[None].astype(np.float32)
    tensor = b"".join(_number(1, side) for side in batch.shape) + _number(2, _FLOAT)
    tensor += _field(8, b"always") + _field(9, batch.tobytes())
    node = _field(1, b"always") + _field(2, b"output0") + _field(4, b"Identity")
    graph = _field(1, node) + _field(2, b"detector") + _field(5, tensor)
    graph += _field(11, _value("images", (1, 3, size, size))) + _field(12, _value("output0", batch.shape))
    model = _number(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _number(2, 17))
    for name, value in metadata.items():
        model += _field(14, _field(1, name.encode()) + _field(2, value.encode()))
    path.write_bytes(model)
    return path


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sides = b"".join(_field(1, _number(1, side)) for side in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, sides)))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
