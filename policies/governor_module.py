"""The governor's net as an RLlib module: the numpy net's arithmetic in torch, a spread per output, and a critic.

The mean of each output is `nimmer.minds.governor_net.forward` (a test compares the two); actions are drawn around it.
"""

from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from torch import Tensor, nn

from nimmer.life.governor_observation import NPC_FEATURE_NAMES, NPC_FEATURES
from nimmer.minds.governor_net import LEAST_NEED, OUTPUTS, SHARE

_COVERAGE = NPC_FEATURE_NAMES.index("coverage")


class GovernorModule(TorchRLModule, ValueFunctionAPI):
    """model_config: weights by name as numpy arrays, npcs N, spread the logarithm of the first standard deviation."""

    def setup(self) -> None:
        """Take the weights over as parameters."""
        config: Any = self.model_config
        self._npcs: int = config["npcs"]
        self.net = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(array)) for name, array in config["weights"].items()}
        )
        width = self.net["joint_b"].shape[0]
        self.spread = nn.Parameter(torch.full((OUTPUTS,), float(config["spread"])))
        self.critic = nn.Sequential(nn.Linear(2 * width, 64), nn.Tanh(), nn.Linear(64, 1))

    def _forward(self, batch: dict[str, Any], **_: object) -> dict[str, Tensor]:
        mean, pooled = self._mean(batch[Columns.OBS])
        spread = self.spread.repeat(self._npcs).expand_as(mean)
        return {
            Columns.ACTION_DIST_INPUTS: torch.cat([mean, spread], dim=-1),
            Columns.EMBEDDINGS: pooled,
        }

    def compute_values(self, batch: dict[str, Any], embeddings: Tensor | None = None) -> Tensor:
        """Return the critic's estimate of each village's return."""
        pooled = self._mean(batch[Columns.OBS])[1] if embeddings is None else embeddings
        value: Tensor = self.critic(pooled).squeeze(-1)
        return value

    def _mean(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs `(B, N * OUTPUTS)`, and what the critic sees `(B, 2 * width)`."""
        net = self.net
        split = self._npcs * NPC_FEATURES
        features = observations[:, :split].reshape(-1, self._npcs, NPC_FEATURES)
        encoded = torch.tanh(features @ net["encoder_w"] + net["encoder_b"])
        pooled = torch.cat([encoded.mean(dim=1), encoded.amax(dim=1), observations[:, split:]], dim=-1)
        context = torch.tanh(pooled @ net["context_w"] + net["context_b"])
        everywhere = context[:, None].expand_as(encoded)
        joint = torch.tanh(torch.cat([encoded, everywhere], dim=-1) @ net["joint_w"] + net["joint_b"])
        outputs = joint @ net["head_w"] + net["head_b"]
        need = torch.log(torch.clamp(1.0 - features[..., _COVERAGE], min=LEAST_NEED))
        past = torch.zeros_like(outputs)
        past[..., SHARE] = need
        outputs = outputs + past
        return outputs.flatten(1), torch.cat([joint.mean(dim=1), context], dim=-1)
