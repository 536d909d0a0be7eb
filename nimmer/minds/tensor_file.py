"""Arrays on disk as safetensors: data only, so that a file from elsewhere can run nothing.

What a file is meant for stands in its metadata under `format`; whoever reads one says which format it expects, and gets
a WeightsError that names the file and the fix for anything else. Format: safetensors.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nimmer.errors import WeightsError

_MAX_BYTES = 64 << 20


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write `tensors` and `metadata` to `path`, whole or not at all. Raises WeightsError when it cannot be written."""
    data = save({name: np.ascontiguousarray(array) for name, array in tensors.items()}, dict(metadata))
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


def read_tensors(
    path: Path, form: str, what: str, saver: str
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the arrays at `path` and their metadata.

    Args:
        path: the file.
        form: the format its metadata must name.
        what: what it should hold, for messages: "brain", "governor".
        saver: the module that writes such files, for messages.

    Raises:
        WeightsError: naming the file and the fix when it is missing, corrupt, a pickle or of another format.
    """
    data = _read(path, what)
    metadata = _metadata(data, path)
    if metadata.get("format") != form:
        raise WeightsError(f"{path}: safetensors, but not a {what} of format {form}; save it with {saver}")
    try:
        return dict(load(data)), metadata
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path}: corrupt safetensors ({error}); restore a copy or delete it to start anew"
        ) from error


def _read(path: Path, what: str) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise WeightsError(f"{path}: larger than {_MAX_BYTES >> 20} MiB, so it is no {what}'s weights")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise WeightsError(
            f"{path}: there is no such file; train a {what} or start without weights"
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
    return metadata if isinstance(metadata, dict) else {}
