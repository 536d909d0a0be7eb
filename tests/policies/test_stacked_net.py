import numpy as np
import pytest
import torch

from nimmer.chance import Chance
from nimmer.life.percept import FEATURES
from nimmer.minds.mlp import Mlp, initial_weights
from policies.acts import legal
from policies.stacked_net import StackedNet, possible

CHANCE = Chance(3)


def newborn(npcs: int) -> StackedNet:
    return StackedNet.newborn(npcs, "small", CHANCE.generator("net"))


def test_every_net_of_a_stack_thinks_as_the_numpy_brain_with_its_weights() -> None:
    net = newborn(4)
    features = CHANCE.generator("features").random((4, 3, FEATURES), np.float32)
    logits, _ = net(torch.from_numpy(features))
    for npc, weights in enumerate(net.brains()):
        brain = Mlp(weights, CHANCE.generator("brain"))
        for row in range(3):
            assert brain.forward(features[npc, row]) == pytest.approx(
                logits[npc, row].detach().numpy(), abs=1e-5
            )


def test_the_weights_of_a_stack_come_back_as_they_went_in() -> None:
    brains = [initial_weights("medium", CHANCE.generator("born", npc)) for npc in range(3)]
    for before, after in zip(brains, StackedNet(brains).brains(), strict=True):
        assert all(np.array_equal(before[name], after[name]) for name in before)


def test_individuals_begin_alike_and_are_separate() -> None:
    own = newborn(1).individuals(3)
    first, second, _ = own.brains()
    assert np.array_equal(first["w1"], second["w1"])
    with torch.no_grad():
        own.w1[0] += 1.0
    first, second, _ = own.brains()
    assert not np.array_equal(first["w1"], second["w1"])
    with pytest.raises(ValueError, match="individuals already"):
        own.individuals(3)


def test_a_gradient_of_one_net_touches_no_other() -> None:
    net = newborn(3)
    logits, values = net(torch.ones(3, 2, FEATURES))
    (logits[1].sum() + values[1].sum()).backward()
    assert net.w1.grad is not None
    assert net.w1.grad[1].abs().sum() > 0
    assert net.w1.grad[[0, 2]].abs().sum() == 0


def test_what_is_possible_is_the_same_for_both_trainers() -> None:
    features = (CHANCE.generator("mask").random((50, FEATURES)) > 0.5).astype(np.float32)
    assert np.array_equal(possible(torch.from_numpy(features)).numpy(), legal(features))
