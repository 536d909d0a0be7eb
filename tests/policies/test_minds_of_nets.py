from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.life.action import FLAT_ACTIONS
from nimmer.life.percept import features, unpack
from nimmer.minds.mlp import Mlp, Size, Weights, initial_weights
from nimmer.minds.nursery import prepare_brains
from nimmer.minds.village_weights import Card, save_village
from nimmer.minds.weights import Origin, save_weights
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.seeds import evaluation_seeds
from policies.acts import legal
from policies.evaluation import born, evaluate
from policies.minds import View
from policies.minds_by_hand import likeliest_or_drawn
from policies.minds_of_nets import NetMinds, load_brains
from tests.policies.irregular import hamlet

LEVEL = load_levels()[1]
RULES = Rules()
SEEDS = evaluation_seeds(3)


def stacked(brains: int, size: Size = "small", gain: float = 40.0) -> Weights:
    """Return the weights of `brains` nets that have opinions of their own."""
    found = [initial_weights(size, Chance(1).generator("test", brain)) for brain in range(brains)]
    for weights in found:
        weights["w3"] *= np.float32(gain)
    return {name: np.stack([weights[name] for weights in found]) for name in found[0]}


def view(level: Level, npcs: int) -> View:
    return View(level, RULES, born(level, RULES, npcs, SEEDS), np.ones(len(SEEDS), np.bool_))


def test_every_npc_thinks_with_its_own_weights_as_its_brain_in_a_village_does() -> None:
    weights, seen = stacked(5), view(LEVEL, 5)
    minds = NetMinds("trained", weights, greedy=True)
    minds.begin(LEVEL, SEEDS, 5)
    actions = minds.decide(seen)
    for npc in range(5):
        own = {name: array[npc] for name, array in weights.items()}
        mind = Mlp(own, Chance(0).generator("unused"), greedy=True)
        for world in range(len(SEEDS)):
            record = seen.records[world, npc].tobytes()
            action = mind.decide(unpack(record), features(record), seen.known[world, npc])
            assert FLAT_ACTIONS[actions[world, npc]] == action


def test_drawn_actions_follow_the_distribution_over_what_is_possible() -> None:
    logits = np.log(np.array([1.0, 2.0, 4.0, 3.0], np.float32))
    possible = np.array([True, False, True, True])
    draws = np.linspace(0, 1, 8000, endpoint=False)[None]
    chosen = likeliest_or_drawn(np.tile(logits, (1, 8000, 1)), np.tile(possible, (1, 8000, 1)), draws)
    shares = np.bincount(chosen[0], minlength=4) / 8000
    assert shares == pytest.approx([1 / 8, 0, 4 / 8, 3 / 8], abs=1e-3)


@pytest.mark.parametrize("draw", [0.0, 1.0 - 2.0**-53])
def test_what_is_impossible_is_not_even_drawn_at_the_edges(draw: float) -> None:
    possible = np.array([[[False, True, True, False]]])
    chosen = likeliest_or_drawn(np.zeros((1, 1, 4), np.float32), possible, np.array([[draw]]))
    assert possible[0, 0, chosen[0, 0]]


def test_where_there_are_fewer_brains_than_npcs_they_are_taken_over_again() -> None:
    seen, weights = view(LEVEL, 5), stacked(2)
    minds = NetMinds("pair", weights)
    minds.begin(LEVEL, SEEDS, 5)
    whole = NetMinds("whole", {name: array[[0, 1, 0, 1, 0]] for name, array in weights.items()})
    whole.begin(LEVEL, SEEDS, 5)
    assert (minds.logits(seen.features) == whole.logits(seen.features)).all()


def test_brains_of_the_grid_walk_an_irregular_map(tmp_path: Path) -> None:
    level = hamlet(tmp_path)
    prepare_brains(tmp_path / "brains", 6, "small", seed=1)
    minds = NetMinds("trained", load_brains(tmp_path / "brains"))
    assert evaluate(minds, LEVEL, RULES, 6, SEEDS, 4000).passed.all()
    seen = view(level, 6)
    minds.begin(level, SEEDS, 6)
    chosen: NDArray[np.bool_] = np.take_along_axis(
        legal(seen.features), minds.decide(seen)[..., None], axis=2
    )
    assert chosen.all()
    assert evaluate(minds, level, RULES, 6, SEEDS, 4000).passed.all()


def test_a_directory_of_brains_is_loaded_in_order(tmp_path: Path) -> None:
    weights = stacked(3)
    for npc in range(3):
        path = tmp_path / f"npc-{npc}.safetensors"
        save_weights(path, {name: array[npc] for name, array in weights.items()}, Origin(npc, 1))
    loaded = load_brains(tmp_path)
    for name, array in weights.items():
        assert (loaded[name] == array).all()


def test_the_file_of_a_village_is_loaded_alone_and_in_its_directory(tmp_path: Path) -> None:
    weights = stacked(3)
    brains = [{name: array[npc] for name, array in weights.items()} for npc in range(3)]
    save_village(tmp_path / "npcs.safetensors", brains, Card())
    for path in (tmp_path, tmp_path / "npcs.safetensors"):
        loaded = load_brains(path)
        for name, array in weights.items():
            assert (loaded[name] == array).all()


def test_an_empty_directory_a_pickle_and_brains_of_two_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"neither npcs\.safetensors nor npc-0\.safetensors"):
        load_brains(tmp_path)
    save_weights(
        tmp_path / "npc-0.safetensors", initial_weights("small", Chance(1).generator("a")), Origin(0, 1)
    )
    save_weights(
        tmp_path / "npc-1.safetensors", initial_weights("large", Chance(1).generator("b")), Origin(1, 1)
    )
    with pytest.raises(WeightsError, match="128 wide, those of npc-0 32"):
        load_brains(tmp_path)
    (tmp_path / "npc-0.safetensors").write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(WeightsError, match="pickle"):
        load_brains(tmp_path)
