"""Many small brains as one: the weights of N nets in stacked tensors, so that one batched product serves all of them.

The same net as `nimmer.minds.mlp`, for training: 25 nets cost hardly more than one, where 25 modules in a loop cost
25 times as much. A stack of one is a shared brain; `individuals` makes N equal ones of it, which then grow apart.
Source: docs/domain.md section 8 (private weights); docs/training.md (what it was measured against).
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nimmer.minds.mlp import Size, Weights, check_weights, initial_weights, shapes
from policies.acts import legal

NEVER = -1e9
"""The logit of an action that is not possible."""


class StackedNet(nn.Module):
    """N brains. Parameters have the names and shapes of `nimmer.minds.mlp.shapes`, N in front; biases `(N, 1, ...)`."""

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    wv: Tensor
    bv: Tensor

    def __init__(self, brains: list[Weights]) -> None:
        """Stack `brains`, one set of weights per NPC. Raises WeightsError when one is no brain or of another size."""
        super().__init__()
        hidden = check_weights(brains[0])
        for name, shape in shapes(hidden).items():
            stacked = np.stack([weights[name] for weights in brains])
            lifted = stacked if len(shape) == 2 else stacked[:, None, :]
            self.register_parameter(name, nn.Parameter(torch.from_numpy(lifted.copy())))

    @classmethod
    def newborn(cls, npcs: int, size: Size, generator: np.random.Generator) -> "StackedNet":
        """Return `npcs` fresh nets, all different."""
        return cls([initial_weights(size, generator) for _ in range(npcs)])

    @property
    def npcs(self) -> int:
        """Return how many nets there are."""
        return int(self.w1.shape[0])

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits `(N, B, ACTIONS)` and values `(N, B)` for `features` `(N, B, FEATURES)`."""
        hidden = torch.tanh(torch.baddbmm(self.b1, features, self.w1))
        hidden = torch.tanh(torch.baddbmm(self.b2, hidden, self.w2))
        values = torch.baddbmm(self.bv, hidden, self.wv)
        return torch.baddbmm(self.b3, hidden, self.w3), values[..., 0]

    def individuals(self, npcs: int) -> "StackedNet":
        """Return `npcs` copies of a shared net. Raises ValueError when this is no single net."""
        if self.npcs != 1:
            raise ValueError(f"{self.npcs} nets are individuals already")
        return StackedNet(self.brains() * npcs)

    def brains(self) -> list[Weights]:
        """Return one set of weights per net, as `nimmer.minds.mlp` takes them."""
        return unstacked({name: parameter.detach().numpy() for name, parameter in self.named_parameters()})


def unstacked(arrays: Mapping[str, NDArray[np.float32]]) -> list[Weights]:
    """Return one set of weights per net, copies, of stacked arrays `(N, ...)` whose biases are `(N, 1, ...)`."""
    return [
        {
            name: (array[npc] if name.startswith("w") else array[npc, 0]).copy()
            for name, array in arrays.items()
        }
        for npc in range(len(arrays["w1"]))
    ]


def possible(features: Tensor) -> Tensor:
    """Return `policies.acts.legal` of `features` `(..., FEATURES)`, as a tensor."""
    return torch.from_numpy(legal(features.numpy()))
