import numpy as np
import torch

from nimmer.life.percept import FEATURES
from nimmer.world.levels import load_levels
from policies.acts import legal
from policies.slot_turns import SlotTurns
from policies.village_vector import VillageVector


def turns(turned: int) -> SlotTurns:
    return SlotTurns(4, turned, torch.Generator().manual_seed(2))


def test_a_world_that_is_not_turned_is_shown_as_it_is() -> None:
    features = np.random.default_rng(1).random((4, 3, FEATURES), np.float32)  # noqa: TID251  any numbers will do
    actions = np.array([[0, 7, 8]] * 4)
    assert turns(0).show(features) is features
    assert (turns(0).real(actions) == actions).all()
    assert (turns(2).show(features)[2:] == features[2:]).all()
    assert (turns(2).real(actions)[2:] == actions[2:]).all()


def test_a_move_through_a_shown_slot_goes_where_the_slot_said() -> None:
    env = VillageVector(load_levels()[1], worlds=4, npcs=3)
    features = env.reset(seed=3)[0].reshape(4, 3, FEATURES)
    turned = turns(4)
    shown = turned.show(features)
    possible = legal(shown)
    assert (possible[..., :8].sum(-1) == legal(features)[..., :8].sum(-1)).all()
    assert possible[..., 4:8].any()  # a grid uses slots 0 to 3 only
    actions = possible[..., :8].argmax(-1)
    real = turned.real(actions)
    assert np.take_along_axis(legal(features), real[..., None], -1).all()
    assert (turned.real(np.full((4, 3), 9)) == 9).all()
