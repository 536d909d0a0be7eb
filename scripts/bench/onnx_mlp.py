"""An NPC's net as an ONNX file, written by hand: the protocol buffer is a dozen fields, and no writer is installed.

Source: ONNX, onnx.proto (ir_version 8, opset 17): ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto.
"""

import numpy as np

from nimmer.life.percept import FEATURES
from nimmer.minds.mlp import ACTIONS, Weights

_FLOAT = 1


def onnx_bytes(weights: Weights) -> bytes:
    """Return the model features `(1, FEATURES)` -> logits `(1, ACTIONS)`."""
    nodes = [
        _node("Gemm", ("features", "w1", "b1"), "first"),
        _node("Tanh", ("first",), "hidden1"),
        _node("Gemm", ("hidden1", "w2", "b2"), "second"),
        _node("Tanh", ("second",), "hidden2"),
        _node("Gemm", ("hidden2", "w3", "b3"), "logits"),
    ]
    tensors = [_tensor(name, weights[name]) for name in ("w1", "b1", "w2", "b2", "w3", "b3")]
    graph = b"".join(
        [
            *(_field(1, node) for node in nodes),
            _field(2, b"mlp"),
            *(_field(5, tensor) for tensor in tensors),
            _field(11, _value("features", (1, FEATURES))),
            _field(12, _value("logits", (1, ACTIONS))),
        ]
    )
    return _number(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _number(2, 17))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _node(kind: str, inputs: tuple[str, ...], output: str) -> bytes:
    return (
        b"".join(_field(1, name.encode()) for name in inputs)
        + _field(2, output.encode())
        + _field(4, kind.encode())
    )


def _tensor(name: str, array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, _FLOAT) + _field(8, name.encode()) + _field(9, array.tobytes())


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _number(1, size)) for size in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, dims)))
