"""A small neural brain in numpy alone: features in, one of twelve actions out, weights of its own per NPC.

Numpy keeps an NPC's process at a few dozen megabytes and a forward pass at microseconds. The net is
features -> hidden -> hidden -> actions with tanh between; a second head on the same hidden layers says what the NPC
expects of its future, which only learning asks for.
Source: docs/domain.md section 8 (private weights, network size small, medium or large).
"""

from math import exp, prod
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WeightsError
from nimmer.life.action import ASK_CORTEX, FLAT_ACTIONS, SLOTS, Action
from nimmer.life.percept import FEATURES, Percept
from nimmer.minds.brain import Flags, Floats

Size = Literal["small", "medium", "large"]
SIZES: tuple[Size, ...] = ("small", "medium", "large")
HIDDEN: dict[str, int] = {"small": 32, "medium": 64, "large": 128}
"""Width of both hidden layers by size name."""
ACTIONS = len(FLAT_ACTIONS)
Weights = dict[str, NDArray[np.float32]]
ALWAYS = tuple(range(SLOTS, ACTIONS))
"""Flat actions that need no edge."""
DRAWS = 64
"""Random numbers drawn at once."""
_ASK = FLAT_ACTIONS.index(ASK_CORTEX)


def shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    """Return every weight's shape by name for hidden layers of that width, in the order of `Mlp.flat`."""
    return {
        "w1": (FEATURES, hidden),
        "b1": (hidden,),
        "w2": (hidden, hidden),
        "b2": (hidden,),
        "w3": (hidden, ACTIONS),
        "b3": (ACTIONS,),
        "wv": (hidden, 1),
        "bv": (1,),
    }


class Layers(NamedTuple):
    """A brain's layers, each with its bias as its last row.

    first: `(FEATURES + 1, hidden)`; second: `(hidden + 1, hidden)`; third: `(hidden + 1, ACTIONS)`; value:
    `(hidden + 1, 1)`.
    """

    first: Floats
    second: Floats
    third: Floats
    value: Floats


def views(flat: Floats, hidden: int) -> Weights:
    """Return every weight by name, as views of `flat`, all of them in a row."""
    found: Weights = {}
    begin = 0
    for name, shape in shapes(hidden).items():
        found[name] = flat[begin : begin + prod(shape)].reshape(shape)
        begin += prod(shape)
    return found


def stacked(flat: Floats, hidden: int) -> Layers:
    """Return the layers as views of `flat`: a bias lies right behind its weights, so it is their last row."""
    found: list[Floats] = []
    begin = 0
    for rows, columns in (
        (FEATURES + 1, hidden),
        (hidden + 1, hidden),
        (hidden + 1, ACTIONS),
        (hidden + 1, 1),
    ):
        found.append(flat[begin : begin + rows * columns].reshape(rows, columns))
        begin += rows * columns
    return Layers(*found)


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
        """Take a copy of `weights`. Raises WeightsError when they do not form a brain."""
        hidden = check_weights(weights)
        self.flat: NDArray[np.float32] = np.concatenate([weights[name].ravel() for name in shapes(hidden)])
        """Every weight in one row, which `weights` and the passes are views of: who writes here has changed them."""
        self.weights = views(self.flat, hidden)
        self._generator = generator
        self._greedy = greedy
        self._always = ALWAYS if may_ask else tuple(action for action in ALWAYS if action != _ASK)
        self._draws: list[float] = []
        # behind each hidden layer a constant 1, below each later weight its bias as one more row: one call less
        self._first, self._second = np.ones(hidden + 1, np.float32), np.ones(hidden + 1, np.float32)
        self._first_out, self._second_out = self._first[:-1], self._second[:-1]
        layers = stacked(self.flat, hidden)
        self._w2, self._w3 = layers.second, layers.third
        self._w1, self._b1 = self.weights["w1"], self.weights["b1"]
        self._logits = np.empty(ACTIONS, np.float32)

    def forward(self, features: Floats) -> NDArray[np.float32]:
        """Return the logits `(ACTIONS,)` for `features` `(FEATURES,)`; the array is reused by the next call."""
        first, second, logits = self._first_out, self._second_out, self._logits
        features.dot(self._w1, first)
        np.add(first, self._b1, first)
        np.tanh(first, first)
        self._first.dot(self._w2, second)
        np.tanh(second, second)
        self._second.dot(self._w3, logits)
        return logits

    def decide(self, percept: Percept, features: Floats, known: Flags) -> Action:
        """Return an action drawn from the net's distribution over possible ones; `known` is not used."""
        return FLAT_ACTIONS[self._choose(self.forward(features).tolist(), self.possible(percept))[0]]

    def _choose(self, logits: list[float], possible: list[int]) -> tuple[int, float]:
        """Return one of the `possible` flat actions and how probable it was.

        The choice among twelve is plain Python: after 50 ms of sleep every numpy function is cold and costs 10 us.
        """
        if self._greedy:
            return max(possible, key=logits.__getitem__), 1.0
        best = max([logits[action] for action in possible])
        heights = [exp(logits[action] - best) for action in possible]
        total = sum(heights)
        left = self._draw() * total
        for action, height in zip(possible, heights, strict=True):
            left -= height
            if left < 0.0:
                return action, height / total
        return possible[-1], heights[-1] / total

    def possible(self, percept: Percept) -> list[int]:
        """Return the flat actions there are: moves that have an edge, and those that need none."""
        found = [slot for slot, there in enumerate(percept.neighbour) if there >= 0]
        found += self._always
        return found

    def _draw(self) -> float:
        """Return the generator's next number; they are drawn in bulk, which gives the same ones."""
        draws = self._draws
        if not draws:
            draws += self._generator.random(DRAWS)[::-1].tolist()
        return draws.pop()

    def state(self) -> dict[str, object]:
        """Return nothing but its name: the weights are kept in a file, see `nimmer.minds.weights`."""
        return {"brain": self.name}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state` returned. Raises WeightsError when it is another brain's."""
        if state.get("brain") != self.name:
            raise WeightsError(
                f"this is no {self.name}'s state but {state.get('brain')!r}'s; start it without a state"
            )
