"""A governor's training on disk: everything it takes to go on bit for bit, and to say what it was.

Source: docs/governor.md, "Training"; format: safetensors, see `nimmer.minds.tensor_file`.
"""

import json
from dataclasses import asdict
from pathlib import Path

from nimmer.errors import WeightsError
from nimmer.minds.tensor_file import read_tensors, write_tensors
from policies.governor_training import Course, GovernorTraining

FORMAT = "nimmer-governor-training-1"
_SAVER = "policies.governor_checkpoint"


def save_checkpoint(path: Path, training: GovernorTraining) -> None:
    """Write where `training` stands, whole or not at all. Raises WeightsError when it cannot be written."""
    metadata = {"format": FORMAT, "seed": str(training.seed), "course": _course(training.course)}
    write_tensors(path, training.state(), metadata)


def load_checkpoint(path: Path, training: GovernorTraining) -> None:
    """Let `training` go on from the checkpoint at `path`.

    Raises WeightsError, naming what differs and the fix, when it is none, or of another seed, course or network size.
    """
    state, metadata = read_tensors(path, FORMAT, "governor's training", _SAVER)
    training.restore(state)
    for name, mine in (("seed", str(training.seed)), ("course", _course(training.course))):
        if metadata.get(name) != mine:
            raise WeightsError(
                f"{path}: its {name} is {metadata.get(name)}, not {mine}; resume with the same options, or begin anew"
                " in another directory"
            )


def _course(course: Course) -> str:
    return json.dumps(asdict(course), sort_keys=True)
