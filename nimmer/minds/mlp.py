"""A small neural brain in numpy alone: features in, one of twelve actions out, weights of its own per NPC.

Numpy keeps an NPC's process at a few dozen megabytes and a forward pass at microseconds. The net is
features -> hidden -> hidden -> actions with tanh between.
Source: docs/domain.md section 8 (private weights, network size small, medium or large).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WeightsError
from nimmer.life.action import ASK_CORTEX, FLAT_ACTIONS, SLOTS, Action
from nimmer.life.percept import FEATURES, Percept
from nimmer.minds.brain import Flags, Floats

Size = Literal["small", "medium", "large"]
HIDDEN: dict[str, int] = {"small": 32, "medium": 64, "large": 128}
"""Width of both hidden layers by size name."""
ACTIONS = len(FLAT_ACTIONS)
Weights = dict[str, NDArray[np.float32]]
_ASK = FLAT_ACTIONS.index(ASK_CORTEX)
_IMPOSSIBLE = np.float32(-1e9)


def shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    """Return every weight's shape by name for hidden layers of that width."""
    return {
        "w1": (FEATURES, hidden),
        "b1": (hidden,),
        "w2": (hidden, hidden),
        "b2": (hidden,),
        "w3": (hidden, ACTIONS),
        "b3": (ACTIONS,),
    }


def initial_weights(size: Size, generator: np.random.Generator) -> Weights:
    """Return fresh weights: normal, scaled by the square root of the inputs; a small last layer; biases 0."""
    found: Weights = {}
    for name, shape in shapes(HIDDEN[size]).items():
        if len(shape) == 1:
            found[name] = np.zeros(shape, np.float32)
        else:
            gain = 0.01 if name == "w3" else 1.0
            found[name] = (generator.standard_normal(shape) * gain / np.sqrt(shape[0])).astype(np.float32)
    return found


def check_weights(weights: Weights) -> int:
    """Return the hidden width of a complete, finite set of weights. Raises WeightsError naming what is wrong."""
    hidden = weights["b1"].shape[0] if "b1" in weights and weights["b1"].ndim == 1 else HIDDEN["medium"]
    for name, shape in shapes(hidden).items():
        if name not in weights:
            raise WeightsError(f"weight {name!r} is missing; a brain has {', '.join(shapes(hidden))}")
        if weights[name].shape != shape:
            raise WeightsError(
                f"weight {name!r} has the shape {weights[name].shape}; this brain needs {shape}"
            )
        if weights[name].dtype != np.float32:
            raise WeightsError(f"weight {name!r} is {weights[name].dtype}; it must be float32")
        if not np.isfinite(weights[name]).all():
            raise WeightsError(
                f"weight {name!r} holds values that are not finite; train or initialise it again"
            )
    unknown = sorted(set(weights) - set(shapes(hidden)))
    if unknown:
        raise WeightsError(f"weights {', '.join(unknown)} are not part of this brain")
    return hidden


class Mlp:
    """One NPC's neural brain.

    weights: by name, see `shapes`; generator: draws the actions; greedy: take the likeliest action instead;
    may_ask: whether ASK_CORTEX may be chosen (the world still refuses it without permission).
    """

    name = "mlp"

    def __init__(
        self, weights: Weights, generator: np.random.Generator, *, greedy: bool = False, may_ask: bool = False
    ) -> None:
        """Take `weights` over. Raises WeightsError when they do not form a brain."""
        hidden = check_weights(weights)
        self.weights = {name: np.ascontiguousarray(array) for name, array in weights.items()}
        self._generator = generator
        self._greedy = greedy
        self._layers = tuple(self.weights[name] for name in ("w1", "b1", "w2", "b2", "w3", "b3"))
        self._first = np.empty(hidden, np.float32)
        self._second = np.empty(hidden, np.float32)
        self._logits = np.empty(ACTIONS, np.float32)
        self._mask = np.zeros(ACTIONS, np.float32)
        if not may_ask:
            self._mask[_ASK] = _IMPOSSIBLE
        self._ways: dict[tuple[int, ...], NDArray[np.float32]] = {}

    def forward(self, features: Floats) -> NDArray[np.float32]:
        """Return the logits `(ACTIONS,)` for `features` `(FEATURES,)`; the array is reused by the next call."""
        w1, b1, w2, b2, w3, b3 = self._layers
        first, second, logits = self._first, self._second, self._logits
        np.dot(features, w1, out=first)
        np.add(first, b1, out=first)
        np.tanh(first, out=first)
        np.dot(first, w2, out=second)
        np.add(second, b2, out=second)
        np.tanh(second, out=second)
        np.dot(second, w3, out=logits)
        np.add(logits, b3, out=logits)
        return logits

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        """Return an action drawn from the net's distribution over possible ones; `known` is not used."""
        logits = self.forward(features)
        np.add(logits, self._possible(percept), out=logits)
        if self._greedy:
            return FLAT_ACTIONS[int(logits.argmax())]
        np.subtract(logits, logits.max(), out=logits)
        np.exp(logits, out=logits)
        total = logits.cumsum()
        # The last bin is open to the right, so rounding can never choose behind it.
        drawn = int(total[:-1].searchsorted(self._generator.random() * float(total[-1]), side="right"))
        return FLAT_ACTIONS[drawn]

    def state(self) -> dict[str, object]:
        """Return nothing but its name: the weights are kept in a file, see `nimmer.minds.weights`."""
        return {"brain": self.name}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is another brain's."""
        if state.get("brain") != self.name:
            raise WeightsError(
                f"this is no {self.name}'s state but {state.get('brain')!r}'s; start it without a state"
            )

    def _possible(self, percept: Percept) -> NDArray[np.float32]:
        """Return what to add to the logits so that moves without an edge are never drawn."""
        edges = tuple([there >= 0 for there in percept.neighbour])
        mask = self._ways.get(edges)
        if mask is None:
            mask = self._mask.copy()
            mask[:SLOTS][~np.array(edges)] = _IMPOSSIBLE
            self._ways[edges] = mask
        return mask
