"""The stacked brains as an RLlib module: one RLModule that holds N nets and picks by the number in each row.

Source: RLlib's new API stack (TorchRLModule, ValueFunctionAPI); docs/training.md.
"""

from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from torch import Tensor

from nimmer.chance import Chance
from policies.stacked_net import NEVER, StackedNet, possible


class StackedModule(TorchRLModule, ValueFunctionAPI):
    """N nets for N NPCs, or one for all. model_config: `nets`, `size`, `seed`."""

    def setup(self) -> None:
        """Make newborn nets."""
        config: Any = self.model_config
        generator = Chance(config["seed"]).generator("training", "weights")
        self.net = StackedNet.newborn(config["nets"], config["size"], generator)

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: ANN401  RLlib's signature
        return {Columns.ACTION_DIST_INPUTS: self._think(batch[Columns.OBS])[0]}

    def _forward_train(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: ANN401  RLlib's signature
        logits, values = self._think(batch[Columns.OBS])
        return {Columns.ACTION_DIST_INPUTS: logits, Columns.EMBEDDINGS: values}

    def compute_values(self, batch: dict[str, Any], embeddings: Tensor | None = None) -> Tensor:
        """Return `(B,)` values; those of the forward pass where it was made already."""
        return self._think(batch[Columns.OBS])[1] if embeddings is None else embeddings

    def _think(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits `(B, ACTIONS)`, impossible actions at NEVER, and values `(B,)` for `rows` `(B, FEATURES + 1)`."""
        features = rows[:, :-1]
        if self.net.npcs == 1:
            logits, values = self.net(features[None])
            logits, values = logits[0], values[0]
        else:
            net, place, room = _places(rows[:, -1].long(), self.net.npcs)
            laid = features.new_zeros(self.net.npcs, room, features.shape[1])
            laid[net, place] = features
            all_logits, all_values = self.net(laid)
            logits, values = all_logits[net, place], all_values[net, place]
        return logits.masked_fill(~possible(features), NEVER), values


def _places(net: Tensor, nets: int) -> tuple[Tensor, Tensor, int]:
    """Return per row its net and its place among that net's rows, and how many places a net needs."""
    order = torch.argsort(net, stable=True)
    counts = torch.bincount(net, minlength=nets)
    first = counts.cumsum(0) - counts
    place = torch.empty_like(net)
    place[order] = torch.arange(len(net)) - first[net[order]]
    return net, place, int(counts.max())
