"""The governor's net in numpy: a deep set, so the same few weights serve 3 NPCs or 200, in any order.

    every NPC's features -> encoder -> mean and max over all NPCs, joined by the world's features -> context
    every NPC's encoding + context -> its rate, its share of the CPU, cortex permission and priority, and its gates

It proposes within the budget: every NPC gets the floor of the quota, and what is left of the capacity is divided by a
softmax over the NPCs, in which a head of zeros shares by need (what an NPC does not know yet), as the static rule does. What it proposes is only a wish; the envelope (`nimmer.life.governor`) decides.
Source: docs/domain.md section 8, "Governor"; Zaheer et al. 2017, "Deep Sets".
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WeightsError
from nimmer.life.gates import BODY_GATES
from nimmer.life.governor import DEFAULT_LIMITS, GATES_MOST, Allocation, Limits
from nimmer.life.governor_observation import (
    NPC_FEATURE_NAMES,
    NPC_FEATURES,
    WORLD_FEATURES,
    GovernorObservation,
)

Floats = NDArray[np.float32]
GovernorWeights = dict[str, Floats]
WIDTHS: dict[str, int] = {"small": 16, "medium": 32, "large": 64}
"""Width of every hidden layer by size name."""
GOVERNED_GATES = len(BODY_GATES)
OUTPUTS = 4 + GOVERNED_GATES
"""Per NPC: rate, share of the CPU, cortex permission, cortex priority, and one for each gate of the body."""
RATE, SHARE, PERMISSION, PRIORITY, GATES = range(5)
"""Which output is which; `GATES` is the first gate's."""
LEAST_NEED = 0.02
"""What an NPC that knows everything counts as needing."""
_COVERAGE = NPC_FEATURE_NAMES.index("coverage")
FORCED = 1.0
"""A gate's output above this forces it open, below minus this forces it closed; between, the gate decides itself."""


class Proposal(NamedTuple):
    """What the net wishes, `(..., N)` each, gates `(..., N, GOVERNED_GATES)`; before the envelope.

    tick_hz: Hz; cpu_percent: of one core; gates: int8, 0 auto, 1 force open, -1 force close; permission: bool;
    priority: 0..10, whole.
    """

    tick_hz: NDArray[np.float64]
    cpu_percent: NDArray[np.float64]
    gates: NDArray[np.int8]
    permission: NDArray[np.bool_]
    priority: NDArray[np.float64]


def shapes(width: int) -> dict[str, tuple[int, ...]]:
    """Return every weight's shape by name for hidden layers of that width."""
    return {
        "encoder_w": (NPC_FEATURES, width),
        "encoder_b": (width,),
        "context_w": (2 * width + WORLD_FEATURES, width),
        "context_b": (width,),
        "joint_w": (2 * width, width),
        "joint_b": (width,),
        "head_w": (width, OUTPUTS),
        "head_b": (OUTPUTS,),
    }


def initial_weights(size: str, generator: np.random.Generator) -> GovernorWeights:
    """Return fresh weights: normal, scaled by the square root of the inputs; the head and all biases 0.

    A head of zeros shares by need and treats everybody alike in all else. Raises WeightsError for a size that is none.
    """
    if size not in WIDTHS:
        raise WeightsError(f"size {size!r} is none of {', '.join(WIDTHS)}")
    found: GovernorWeights = {}
    for name, shape in shapes(WIDTHS[size]).items():
        if len(shape) == 1 or name == "head_w":
            found[name] = np.zeros(shape, np.float32)
        else:
            found[name] = (generator.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
    return found


def check_weights(weights: Mapping[str, NDArray[Any]]) -> int:
    """Return the width of a complete, finite set of weights. Raises WeightsError naming what is wrong."""
    bias = weights.get("encoder_b")
    width = bias.shape[0] if bias is not None and bias.ndim == 1 else WIDTHS["small"]
    for name, shape in shapes(width).items():
        if name not in weights:
            raise WeightsError(f"weight {name!r} is missing; a governor has {', '.join(shapes(width))}")
        if weights[name].shape != shape:
            raise WeightsError(
                f"weight {name!r} has the shape {weights[name].shape}; this governor needs {shape}: it was made for"
                " other features or another size, train it again"
            )
        if weights[name].dtype != np.float32:
            raise WeightsError(f"weight {name!r} is {weights[name].dtype}; it must be float32")
        if not np.isfinite(weights[name]).all():
            raise WeightsError(
                f"weight {name!r} holds values that are not finite; train or initialise it again"
            )
    unknown = sorted(set(weights) - set(shapes(width)))
    if unknown:
        raise WeightsError(f"weights {', '.join(unknown)} are not part of this governor")
    return width


def forward(weights: Mapping[str, Floats], features: Floats, world: Floats) -> Floats:
    """Return the raw outputs `(..., N, OUTPUTS)`.

    Args:
        weights: by name, see `shapes`; they may have leading axes of their own (a population), which are broadcast
            against those of the features.
        features: `(..., N, NPC_FEATURES)` in 0..1.
        world: `(..., WORLD_FEATURES)` in 0..1.
    """
    encoded = np.tanh(features @ weights["encoder_w"] + _row(weights["encoder_b"]))
    pooled = np.concatenate([encoded.mean(axis=-2), encoded.max(axis=-2), world], axis=-1)[..., None, :]
    context = np.tanh(pooled @ weights["context_w"] + _row(weights["context_b"]))
    everywhere = np.broadcast_to(context, encoded.shape)
    joint = np.tanh(
        np.concatenate([encoded, everywhere], axis=-1) @ weights["joint_w"] + _row(weights["joint_b"])
    )
    outputs: Floats = joint @ weights["head_w"] + _row(weights["head_b"])
    # a fixed way past the net: what it says of a share corrects the need rule, instead of having to find it
    outputs[..., SHARE] += np.log(np.maximum(1.0 - features[..., _COVERAGE], LEAST_NEED))
    return outputs


def _row(bias: Floats) -> Floats:
    return bias[..., None, :]


def decode(
    outputs: NDArray[Any],
    capacity_percent: NDArray[np.float64] | float,
    limits: Limits = DEFAULT_LIMITS,
) -> Proposal:
    """Return what raw `outputs` `(..., N, OUTPUTS)` mean under a capacity `(...)` in percent of one core."""
    raw = np.clip(np.nan_to_num(np.asarray(outputs, np.float64)), -30.0, 30.0)
    npcs = raw.shape[-2]
    floor = limits.min_cpu_percent
    spare = np.maximum(np.asarray(capacity_percent, np.float64) - floor * npcs, 0.0)[..., None]
    height = np.exp(raw[..., SHARE] - raw[..., SHARE].max(axis=-1, keepdims=True, initial=-30.0))
    share = height / np.maximum(height.sum(axis=-1, keepdims=True), 1e-12)
    span_hz = limits.max_tick_hz - limits.min_tick_hz
    gates = raw[..., GATES:]
    return Proposal(
        limits.min_tick_hz + span_hz * _sigmoid(raw[..., RATE]),
        # a hair less, or rounding puts the sum above the capacity and the envelope has to correct everyone
        np.minimum(floor + spare * share * (1.0 - 1e-9), limits.max_cpu_percent),
        (gates > FORCED).astype(np.int8) - (gates < -FORCED).astype(np.int8),
        raw[..., PERMISSION] >= 0.0,
        np.rint(10.0 * _sigmoid(raw[..., PRIORITY])),
    )


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-values)), np.float64)


class GovernorNet:
    """The net of one governor: stateless, so that it begins again from its file where it was killed."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take `weights`. Raises WeightsError when they do not form a governor."""
        self.width = check_weights(weights)
        self.weights: GovernorWeights = {name: np.ascontiguousarray(array) for name, array in weights.items()}

    def forward(
        self, observation: GovernorObservation, capacity_percent: float, limits: Limits = DEFAULT_LIMITS
    ) -> Proposal:
        """Return the proposal for the N NPCs of `observation` as arrays, finite whatever the weights are."""
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = forward(self.weights, observation.features, observation.world)
        return decode(outputs, capacity_percent, limits)

    def propose(
        self, observation: GovernorObservation, capacity_percent: float, limits: Limits = DEFAULT_LIMITS
    ) -> list[Allocation]:
        """Return one allocation per NPC of `observation`, in its order, for the envelope to judge.

        capacity_percent: percent of one core for all NPCs together. nice follows the quota: 0 for the largest, 10 for
        one that gets nothing beyond the floor.
        """
        if not observation.npcs.size:
            return []
        wish = self.forward(observation, capacity_percent, limits)
        most = max(float(wish.cpu_percent.max()) - limits.min_cpu_percent, 1e-9)
        nice = np.rint(10.0 * (1.0 - (wish.cpu_percent - limits.min_cpu_percent) / most))
        unused = (0,) * (GATES_MOST - GOVERNED_GATES)
        return [
            Allocation(
                int(npc),
                float(wish.tick_hz[at]),
                float(wish.cpu_percent[at]),
                tuple(map(int, wish.gates[at])) + unused,
                bool(wish.permission[at]),
                int(wish.priority[at]),
                int(nice[at]),
            )
            for at, npc in enumerate(observation.npcs)
        ]
