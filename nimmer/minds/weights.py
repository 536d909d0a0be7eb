"""A brain's weights on disk: whose they are stands beside them.

Source: docs/domain.md section 8 (private weights per NPC); format: safetensors, see `nimmer.minds.tensor_file`.
"""

from dataclasses import dataclass
from pathlib import Path

from nimmer.errors import WeightsError
from nimmer.minds.mlp import HIDDEN, Weights, check_weights
from nimmer.minds.tensor_file import read_tensors, write_tensors

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
    write_tensors(path, weights, metadata)


def load_weights(path: Path, hidden: int | None = None) -> tuple[Weights, Origin]:
    """Return the weights at `path` and whose they are.

    hidden: width the brain must have, any when not given. Raises WeightsError naming the file and the fix when it is
    missing, corrupt, a pickle or of another shape.
    """
    tensors, metadata = read_tensors(path, _FORMAT, "brain", "nimmer.minds.weights")
    weights: Weights = tensors
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
