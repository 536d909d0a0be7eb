"""Our gradients are torch's, and what cannot be done is never probable."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.life.percept import FEATURES
from nimmer.minds.actor_critic import ActorCritic, Lesson, Weighing
from nimmer.minds.adam import BETA_1, BETA_2, EPS, Adam
from nimmer.minds.mlp import ACTIONS, HIDDEN, Size, initial_weights, shapes, stacked, views

ROWS = 128
Numbers = NDArray[np.floating[Any]]


def lived(dtype: type[np.floating[Any]], seed: int = 1, rows: int = ROWS) -> tuple[Numbers, Lesson]:
    """Return features `(rows, FEATURES + 1)` and a lesson with everything in it: nerves' ticks, cuts, old policies."""
    chance = Chance(seed).generator("lesson")
    features = np.ones((rows, FEATURES + 1), dtype)
    features[:, :FEATURES] = chance.random((rows, FEATURES))
    possible = chance.random((rows, ACTIONS)) < 0.6
    action = chance.integers(0, ACTIONS, rows)
    possible[np.arange(rows), action] = True
    return features, Lesson(
        possible=possible,
        action=action,
        log_probability=np.log(chance.uniform(0.05, 0.9, rows)).astype(dtype),
        advantage=chance.standard_normal(rows).astype(dtype),
        returns=chance.standard_normal(rows).astype(dtype),
        own=(chance.random(rows) < 0.7).astype(dtype),
        lived=(chance.random(rows) < 0.9).astype(dtype),
    )


def flat_weights(size: Size, dtype: type[np.floating[Any]]) -> Numbers:
    weights = initial_weights(size, Chance(2).generator("w"))
    weights["w3"] *= 100  # a policy that has opinions
    return np.concatenate([weights[name].ravel() for name in shapes(HIDDEN[size])]).astype(dtype)


def torch_gradient(
    flat: Numbers, size: Size, features: Numbers, lesson: Lesson, weighing: Weighing
) -> dict[str, Numbers]:
    """Return the gradient of the same loss by autograd, as it reads in the papers."""
    net: dict[str, Any] = {
        name: torch.tensor(array.copy(), requires_grad=True)
        for name, array in views(flat, HIDDEN[size]).items()
    }
    seen = torch.tensor(features[:, :FEATURES])
    hidden = torch.tanh(torch.tanh(seen @ net["w1"] + net["b1"]) @ net["w2"] + net["b2"])
    logits = (hidden @ net["w3"] + net["b3"]).masked_fill(~torch.tensor(lesson.possible), -1e9)
    policy: Any = torch.distributions.Categorical(logits=logits)
    value = (hidden @ net["wv"] + net["bv"])[:, 0]
    own, better = torch.tensor(lesson.own), torch.tensor(lesson.advantage)
    ratio = torch.exp(policy.log_prob(torch.tensor(lesson.action)) - torch.tensor(lesson.log_probability))
    bounded = ratio.clamp(1 - weighing.clip, 1 + weighing.clip)
    loss = -(own * torch.minimum(ratio * better, bounded * better)).mean()
    loss += (
        0.5
        * weighing.value
        * (torch.tensor(lesson.lived) * (value - torch.tensor(lesson.returns)) ** 2).mean()
    )
    loss -= weighing.entropy * (own * policy.entropy()).mean()
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own
    return {name: tensor.grad.numpy() for name, tensor in net.items()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_gradients_equal_those_of_torch_to_1e_5(size: Size, dtype: type[np.floating[Any]]) -> None:
    flat = flat_weights(size, dtype)
    features, lesson = lived(dtype)
    weighing = Weighing(clip=0.2, value=0.5, entropy=0.05)
    passes = ActorCritic(ROWS, HIDDEN[size], dtype)
    layers = stacked(flat, HIDDEN[size])
    passes.forward(layers, features)
    passes.learn(layers, features, lesson, weighing)
    ours = views(passes.gradient, HIDDEN[size])
    theirs = torch_gradient(flat, size, features, lesson, weighing)
    assert set(ours) == set(theirs)
    for name, gradient in theirs.items():
        assert np.abs(gradient).max() > 1e-4, name  # there is something to compare
        np.testing.assert_allclose(ours[name], gradient, rtol=0, atol=1e-5, err_msg=name)
        if dtype is np.float64:
            np.testing.assert_allclose(ours[name], gradient, rtol=1e-9, atol=1e-13, err_msg=name)


def test_adams_steps_equal_those_of_torch_to_1e_5() -> None:
    chance = Chance(3).generator("adam")
    ours = chance.standard_normal(500).astype(np.float32)
    theirs = torch.tensor(ours.copy(), requires_grad=True)
    adam = Adam(500)
    rival = torch.optim.Adam([theirs], lr=3e-4, betas=(BETA_1, BETA_2), eps=EPS)
    for _ in range(50):
        gradient = chance.standard_normal(500).astype(np.float32)
        theirs.grad = torch.tensor(gradient.copy())
        torch.nn.utils.clip_grad_norm_([theirs], 0.5)
        rival.step()
        assert adam.step(ours, gradient, 3e-4, 0.5)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-5)


@given(st.integers(0, 10_000), st.integers(2, 40))
@settings(max_examples=50, deadline=None)
def test_what_cannot_be_done_gets_no_gradient_in_its_bias(seed: int, rows: int) -> None:
    features, lesson = lived(np.float32, seed, rows)
    lesson.possible[:, 3] = lesson.action == 3  # possible only where it was done
    never = np.flatnonzero(~lesson.possible.any(axis=0))
    passes = ActorCritic(rows, 32)
    flat = flat_weights("small", np.float32)
    layers = stacked(flat, 32)
    passes.forward(layers, features)
    passes.learn(layers, features, lesson, Weighing())
    gradient = views(passes.gradient, 32)
    assert (gradient["b3"][never] == 0.0).all()
    assert (gradient["w3"][:, never] == 0.0).all()


def test_the_distance_is_none_from_the_policy_that_wished() -> None:
    features, lesson = lived(np.float64)
    flat = flat_weights("small", np.float64)
    layers, passes = stacked(flat, 32), ActorCritic(ROWS, 32, np.float64)
    passes.forward(layers, features)
    masked = np.where(lesson.possible, passes.logits, -1e9)
    log = masked - np.log(np.exp(masked).sum(axis=1, keepdims=True))
    lesson.log_probability[:] = log[np.arange(ROWS), lesson.action]
    assert passes.learn(layers, features, lesson, Weighing()) == pytest.approx(0.0, abs=1e-12)
    lesson.log_probability[:] += 0.3
    assert passes.learn(layers, features, lesson, Weighing()) > 0.01


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_refused_and_changes_nothing(bad: float) -> None:
    weights = np.ones(10, np.float32)
    adam = Adam(10)
    gradient = np.full(10, 0.1, np.float32)
    gradient[4] = bad
    assert not adam.step(weights, gradient, 0.1, 0.5)
    assert (weights == 1.0).all()
    assert adam.steps == 0
    assert (adam.first == 0.0).all()


def test_weights_a_step_would_make_infinite_stay() -> None:
    weights = np.full(10, 3e38, np.float32)
    with np.errstate(over="ignore"):
        assert not Adam(10).step(weights, np.full(10, -0.1, np.float32), 0.1, 0.5)
    assert (weights == np.float32(3e38)).all()
