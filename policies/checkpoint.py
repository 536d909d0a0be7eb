"""Where a training stands, on disk: tensors as safetensors, numbers as JSON, replaced as a whole or not at all.

A killed training leaves the last whole checkpoint; nothing in one can run code.
Source: docs/training.md.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from nimmer.errors import WeightsError

TENSORS = "tensors.safetensors"
NUMBERS = "state.json"
Numbers = dict[str, object]


class Checkpoint(NamedTuple):
    """A checkpoint as it was read, and the directory it was found in."""

    directory: Path
    tensors: dict[str, Tensor]
    numbers: Numbers


def save_checkpoint(
    directory: Path,
    tensors: dict[str, Tensor],
    numbers: Numbers,
    besides: Callable[[Path], None] = lambda _: None,
) -> None:
    """Put a checkpoint in the place of the one in `directory`.

    besides: writes what else belongs to it into the directory it is given, before the checkpoint counts as whole.
    Raises WeightsError when it cannot be written.
    """
    fresh, old = (directory.with_name(f"{directory.name}.{word}") for word in ("new", "old"))
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, fresh / TENSORS)
        (fresh / NUMBERS).write_text(json.dumps(numbers), encoding="utf-8")
        for path in (fresh / TENSORS, fresh / NUMBERS):
            with path.open("rb") as file:
                os.fsync(file.fileno())
        besides(fresh)
        if directory.exists():
            shutil.rmtree(old, ignore_errors=True)
            directory.replace(old)
        fresh.replace(directory)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise WeightsError(f"{directory}: cannot be written ({error.strerror or error})") from error


def load_checkpoint(directory: Path) -> Checkpoint:
    """Return the checkpoint in `directory`, or the one before it where a kill came between the two.

    Raises WeightsError naming the file and the fix when there is none or it is corrupt.
    """
    old = directory.with_name(f"{directory.name}.old")
    found = directory if directory.exists() or not old.exists() else old
    try:
        numbers = json.loads((found / NUMBERS).read_text(encoding="utf-8"))
        return Checkpoint(found, load_file(found / TENSORS), numbers)
    except FileNotFoundError as error:
        raise WeightsError(
            f"{directory}: there is no checkpoint; give the directory a training was written to"
        ) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsError(
            f"{found}: the checkpoint is corrupt ({error}); begin the training anew"
        ) from error
