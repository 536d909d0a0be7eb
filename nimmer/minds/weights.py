"""A brain's weights on disk, as safetensors: data only, so that a file from elsewhere can run nothing.

Source: docs/domain.md section 8 (private weights per NPC); format: safetensors.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nimmer.errors import WeightsError
from nimmer.minds.mlp import HIDDEN, Weights, check_weights

_MAX_BYTES = 64 << 20
_FORMAT = "nimmer-mlp-2"


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose weights they are: the NPC's number, the seed they began from, and the steps it has learned since."""

    npc: int
    seed: int
    steps: int = 0


def save_weights(path: Path, weights: Weights, origin: Origin) -> None:
    """Write `weights` to `path`, whole or not at all. Raises WeightsError when they form no brain or cannot be kept."""
    hidden = check_weights(weights)
    metadata = {"format": _FORMAT, "hidden": str(hidden), "npc": str(origin.npc), "seed": str(origin.seed)}
    metadata["steps"] = str(origin.steps)
    data = save({name: np.ascontiguousarray(array) for name, array in weights.items()}, metadata)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise WeightsError(f"{path}: cannot be written ({error.strerror or error})") from error


def load_weights(path: Path, hidden: int | None = None) -> tuple[Weights, Origin]:
    """Return the weights at `path` and whose they are.

    hidden: width the brain must have, any when not given. Raises WeightsError naming the file and the fix when it is
    missing, corrupt, a pickle or of another shape.
    """
    data = _read(path)
    metadata = _metadata(data, path)
    try:
        weights: Weights = dict(load(data))
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path}: corrupt safetensors ({error}); restore a copy or delete it to start anew"
        ) from error
    try:
        width = check_weights(weights)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    if hidden is not None and width != hidden:
        known = ", ".join(f"{name} = {size}" for name, size in HIDDEN.items())
        raise WeightsError(
            f"{path}: the hidden layers are {width} wide, not {hidden} ({known}); set the brain's size to match"
        )
    try:
        return weights, Origin(int(metadata["npc"]), int(metadata["seed"]), int(metadata.get("steps", 0)))
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"{path}: the metadata lacks npc and seed; save it with nimmer.minds.weights"
        ) from error


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise WeightsError(f"{path}: larger than {_MAX_BYTES >> 20} MiB, so it is no NPC's brain")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise WeightsError(
            f"{path}: there is no such file; train a brain or start without weights"
        ) from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from error


def _metadata(data: bytes, path: Path) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    if data[8:9] != b"{" or length > len(data) - 8:
        if data[:1] == b"\x80" or data[:2] == b"PK":
            raise WeightsError(
                f"{path}: is a pickle, which could run code; nimmer reads safetensors only, convert it"
            )
        raise WeightsError(f"{path}: corrupt or not safetensors; restore a copy or delete it to start anew")
    try:
        header = json.loads(data[8 : 8 + length])
    except ValueError as error:
        raise WeightsError(
            f"{path}: corrupt safetensors header; restore a copy or delete it to start anew"
        ) from error
    metadata = header.get("__metadata__", {}) if isinstance(header, dict) else {}
    if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
        raise WeightsError(
            f"{path}: safetensors, but not a brain of format {_FORMAT}; save it with nimmer.minds.weights"
        )
    return metadata
