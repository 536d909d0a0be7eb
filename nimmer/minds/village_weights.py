"""The brains of a whole village in one file, with a card that says where they are from.

One safetensors file holds N nets as stacked arrays, `(N, ...)` of `nimmer.minds.mlp.shapes`; the card in its metadata
names seed, source revision, configuration and scores. What training exports, what the package ships, what newborns
begin with: once born, each NPC has a file of its own (`nimmer.minds.weights`).
Source: docs/domain.md section 8 (private weights); format: safetensors.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nimmer.errors import WeightsError
from nimmer.minds.mlp import HIDDEN, Size, Weights, check_weights
from nimmer.minds.tensor_file import read_tensors, write_tensors

FORMAT = "nimmer-village-1"
SHIPPED = "npcs.safetensors"
SHIPPED_SIZE: Size = "medium"
"""Of the brains that ship with nimmer."""


@dataclass(frozen=True, slots=True)
class Card:
    """Where brains are from.

    seed: of their training; revision: of the source that trained them; configuration: of the training; scores: what
    the training measured at its end, by name.
    """

    seed: int = 0
    revision: str = "unknown"
    configuration: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


def save_village(path: Path, brains: Sequence[Weights], card: Card) -> None:
    """Write `brains`, NPC 0 first, to `path`, whole or not at all.

    Raises WeightsError when one is no brain, they differ in size, or the file cannot be kept.
    """
    hidden = {check_weights(weights) for weights in brains}
    if len(hidden) != 1:
        raise WeightsError(f"{path}: the brains of a village are of one size, not of {sorted(hidden)}")
    stacked = {
        name: np.ascontiguousarray(np.stack([weights[name] for weights in brains])) for name in brains[0]
    }
    metadata = {
        "format": FORMAT,
        "hidden": str(hidden.pop()),
        "npcs": str(len(brains)),
        "seed": str(card.seed),
        "revision": card.revision,
        "configuration": json.dumps(card.configuration, sort_keys=True),
        "scores": json.dumps(card.scores, sort_keys=True),
    }
    write_tensors(path, stacked, metadata)


def load_village(path: Path, hidden: int | None = None) -> tuple[list[Weights], Card]:
    """Return the brains in `path`, NPC 0 first, and their card.

    hidden: width they must have, any when not given. Raises WeightsError naming the file and the fix when it is missing,
    corrupt, a pickle or of another shape.
    """
    stacked, metadata = read_tensors(path, FORMAT, "village", "nimmer.minds.village_weights")
    try:
        npcs, seed = int(metadata["npcs"]), int(metadata["seed"])
        configuration, scores = json.loads(metadata["configuration"]), json.loads(metadata["scores"])
        card = Card(seed, metadata["revision"], configuration, scores)
    except (ValueError, KeyError) as error:
        raise WeightsError(f"{path}: the card is damaged ({error}); train the brains again") from error
    for name, array in stacked.items():
        if array.ndim < 1 or array.shape[0] != npcs:
            raise WeightsError(f"{path}: {name!r} has the shape {array.shape}; the card names {npcs} brains")
    brains: list[Weights] = [
        {name: np.ascontiguousarray(array[npc]) for name, array in stacked.items()} for npc in range(npcs)
    ]
    try:
        width = check_weights(brains[0]) if brains else 0
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    if not brains or not all(np.isfinite(array).all() for array in stacked.values()):
        raise WeightsError(f"{path}: holds no brains, or values that are not finite; train it again")
    if hidden is not None and width != hidden:
        known = ", ".join(f"{name} = {size}" for name, size in HIDDEN.items())
        raise WeightsError(
            f"{path}: the hidden layers are {width} wide, not {hidden} ({known}); set the network's size to match"
        )
    return brains, card


def village_of(size: Size, chosen: Path | None) -> Path | None:
    """Return the file newborns of networks of `size` take their brains from: the chosen one, else the one that ships.

    None where nothing ships for that size: such brains are drawn by chance.
    """
    return chosen or (shipped_village() if size == SHIPPED_SIZE else None)


def shipped_village() -> Path:
    """Return where the brains that ship with nimmer lie."""
    return Path(__file__).parent / "shipped" / SHIPPED
