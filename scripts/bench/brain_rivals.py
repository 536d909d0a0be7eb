"""The same brain in torch and in onnxruntime, one thread each, as somebody would write them who has the memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx_mlp import onnx_bytes

from nimmer.life.percept import FEATURES
from nimmer.minds.actor_critic import Lesson, Weighing
from nimmer.minds.learner import LearningRules
from nimmer.minds.mlp import Weights

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Forward = Callable[[Floats], Floats]


def torch_net(weights: Weights) -> Any:  # noqa: ANN401  torch is imported late
    """Return body and two heads as modules with those weights."""
    import torch

    torch.set_num_threads(1)
    hidden = weights["b1"].size

    def linear(name: str, wide: int, out: int) -> Any:  # noqa: ANN401
        layer = torch.nn.Linear(wide, out)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights["w" + name].T.copy()))
            layer.bias.copy_(torch.from_numpy(weights["b" + name].copy()))
        return layer

    body = torch.nn.Sequential(
        linear("1", FEATURES, hidden), torch.nn.Tanh(), linear("2", hidden, hidden), torch.nn.Tanh()
    )
    return torch.nn.ModuleList([body, linear("3", hidden, weights["b3"].size), linear("v", hidden, 1)])


def torch_forward(weights: Weights) -> Forward:
    """Return torch's forward pass, numpy in and numpy out."""
    import torch

    body, policy, _ = torch_net(weights)

    def forward(features: Floats) -> Floats:
        with torch.inference_mode():
            return policy(body(torch.from_numpy(features))).numpy()

    return forward


def onnx_forward(weights: Weights) -> Forward:
    """Return onnxruntime's forward pass, numpy in and numpy out."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_bytes(weights), options, providers=["CPUExecutionProvider"])

    def forward(features: Floats) -> Floats:
        return session.run(None, {"features": features[None]})[0][0]

    return forward


def torch_step(
    weights: Weights, features: Floats, lesson: Lesson, rules: LearningRules
) -> Callable[[], None]:
    """Return one learning step of torch on one batch: forward, the same loss, backward, clipping, fused Adam."""
    import torch

    net = torch_net(weights)
    body, policy, critic = net
    adam = torch.optim.Adam(net.parameters(), lr=rules.rate, eps=1e-5, fused=True)
    seen, possible = torch.from_numpy(features[:, :FEATURES].copy()), torch.from_numpy(lesson.possible)
    action = torch.from_numpy(lesson.action)[:, None]
    before, better, returns, own, lived = (
        torch.from_numpy(np.asarray(one, np.float32))
        for one in (lesson.log_probability, lesson.advantage, lesson.returns, lesson.own, lesson.lived)
    )
    weighing: Weighing = rules.weighing

    def step() -> None:
        hidden = body(seen)
        log = torch.log_softmax(policy(hidden).masked_fill(~possible, -1e9), 1)
        ratio = torch.exp(log.gather(1, action)[:, 0] - before)
        bounded = ratio.clamp(1 - weighing.clip, 1 + weighing.clip)
        loss = -(own * torch.minimum(ratio * better, bounded * better)).mean()
        loss = loss + weighing.value / 2 * (lived * (critic(hidden)[:, 0] - returns) ** 2).mean()
        loss = loss + weighing.entropy * (own * (log.exp() * log).sum(1)).mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), rules.norm)
        adam.step()

    return step
