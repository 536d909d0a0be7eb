"""The governor's weights on disk, with the card that says where they come from and what they are worth.

Source: docs/governor.md; format: safetensors, see `nimmer.minds.tensor_file`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nimmer.errors import WeightsError
from nimmer.minds.governor_net import WIDTHS, GovernorWeights, check_weights
from nimmer.minds.tensor_file import read_tensors, write_tensors

FORMAT = "nimmer-governor-1"
_SAVER = "nimmer.minds.governor_weights"


@dataclass(frozen=True, slots=True)
class GovernorCard:
    """What a file of weights says of itself.

    method: "es" or "ppo"; seed: of the training; generations: how long it went on; commit: of the code that trained;
    scores: named numbers of its evaluation, empty when it was never evaluated.
    """

    method: str
    seed: int
    generations: int
    commit: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


def save_governor(path: Path, weights: Mapping[str, NDArray[Any]], card: GovernorCard) -> None:
    """Write `weights` and `card` to `path`, whole or not at all.

    Raises WeightsError when they form no governor or the file cannot be written.
    """
    width = check_weights(weights)
    metadata = {"format": FORMAT, "width": str(width), "card": json.dumps(asdict(card), sort_keys=True)}
    write_tensors(path, weights, metadata)


def load_governor(path: Path, size: str | None = None) -> tuple[GovernorWeights, GovernorCard]:
    """Return the weights at `path` and their card.

    size: "small", "medium" or "large" when it must be that one. Raises WeightsError naming the file and the fix when it
    is missing, corrupt, a pickle, of another size or for other features.
    """
    tensors, metadata = read_tensors(path, FORMAT, "governor", _SAVER)
    weights: GovernorWeights = tensors
    try:
        width = check_weights(weights)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    if size is not None and width != WIDTHS.get(size):
        known = ", ".join(f"{name} = {wide}" for name, wide in WIDTHS.items())
        raise WeightsError(
            f"{path}: the layers are {width} wide, which is not {size!r} ({known}); ask for that size or train again"
        )
    return weights, _card(metadata, path)


def packaged_governor() -> Path:
    """Return where the weights that come with nimmer lie. Raises WeightsError when the package has none."""
    path = Path(__file__).parent / "shipped" / "governor.safetensors"
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file; train one with `nimmer train governor`")
    return path


def _card(metadata: Mapping[str, str], path: Path) -> GovernorCard:
    try:
        found = json.loads(metadata["card"])
        return GovernorCard(
            str(found["method"]),
            int(found["seed"]),
            int(found["generations"]),
            str(found["commit"]),
            {str(name): float(score) for name, score in found["scores"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: the metadata holds no card; save it with {_SAVER}") from error
