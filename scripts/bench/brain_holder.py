"""A process that holds one brain, uses it, and says what memory it has: started by `brain`, once per kind.

python scripts/bench/brain_holder.py ours|torch|onnxruntime
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from nimmer.chance import Chance
from nimmer.life.percept import FEATURES
from nimmer.minds.mlp import Mlp, Weights, initial_weights


def deciding(kind: str, weights: Weights) -> Callable[[np.ndarray[Any, Any]], object]:
    """Return a forward pass, ours or onnxruntime's, with no more imported than it needs."""
    if kind == "deciding":
        return Mlp(weights, Chance(7).generator("a")).forward
    from brain_rivals import onnx_forward

    return onnx_forward(weights)


def hold(kind: str) -> None:
    """Make a brain of `kind` and use it; ours and torch's learn as well, `deciding` is ours that does not."""
    weights = initial_weights("medium", Chance(7).generator("bench", "brain"))
    if kind == "ours":
        from brain_batch import our_step

        step = our_step(weights)
    elif kind == "torch":
        from brain_batch import batch
        from brain_rivals import torch_step

        from nimmer.minds.learner import LearningRules

        step = torch_step(weights, *batch(), LearningRules())
    else:
        forward = deciding(kind, weights)

        def step() -> None:
            forward(np.zeros((FEATURES,), np.float32))

    for _ in range(20):
        step()


if __name__ == "__main__":
    hold(sys.argv[1])
    import psutil

    used = psutil.Process().memory_full_info()
    print(json.dumps({"uss": used.uss / 1e6, "rss": used.rss / 1e6}))
