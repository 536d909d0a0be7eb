import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.minds.mlp import Weights, initial_weights
from nimmer.minds.village_weights import SHIPPED_SIZE, Card, load_village, save_village, shipped_village

CARD = Card(7, "abc", {"levels": [1, 2]}, {"ticks": 44.5})


def brains(count: int) -> list[Weights]:
    return [initial_weights("small", Chance(1).generator("village", npc)) for npc in range(count)]


def test_brains_and_card_come_back(tmp_path: Path) -> None:
    save_village(tmp_path / "npcs.safetensors", brains(3), CARD)
    found, card = load_village(tmp_path / "npcs.safetensors", hidden=32)
    assert card == CARD
    for before, after in zip(brains(3), found, strict=True):
        assert all(np.array_equal(before[name], after[name]) for name in before)


def test_brains_of_different_sizes_are_no_village(tmp_path: Path) -> None:
    other = initial_weights("medium", Chance(1).generator("other"))
    with pytest.raises(WeightsError, match=r"of one size, not of \[32, 64\]"):
        save_village(tmp_path / "npcs.safetensors", [*brains(1), other], CARD)


def test_another_width_says_which_size_to_set(tmp_path: Path) -> None:
    save_village(tmp_path / "npcs.safetensors", brains(2), CARD)
    with pytest.raises(WeightsError, match=r"32 wide, not 64 .* set the network's size to match"):
        load_village(tmp_path / "npcs.safetensors", hidden=64)


def test_a_pickle_a_missing_file_and_a_single_brain_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "npcs.safetensors"
    with pytest.raises(WeightsError, match="there is no such file"):
        load_village(path)
    path.write_bytes(pickle.dumps(brains(1)))
    with pytest.raises(WeightsError, match="is a pickle, which could run code"):
        load_village(path)
    save_file(brains(1)[0], path, {"format": "nimmer-mlp-2"})
    with pytest.raises(WeightsError, match="not a village of format nimmer-village-1"):
        load_village(path)


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("w1", np.zeros((2, 5, 32), np.float32), r"'w1' has the shape \(5, 32\); this brain needs"),
        ("b3", np.zeros((3, 12), np.float32), "the card names 2 brains"),
        ("b3", np.full((2, 12), np.nan, np.float32), "not finite"),
    ],
)
def test_a_file_with_other_arrays_than_its_card_says_is_refused(
    tmp_path: Path, name: str, array: np.ndarray, says: str
) -> None:
    path = tmp_path / "npcs.safetensors"
    save_village(path, brains(2), CARD)
    metadata = {
        "format": "nimmer-village-1", "npcs": "2", "hidden": "32", "seed": "1", "revision": "x",
        "configuration": "{}", "scores": "{}",
    }  # fmt: skip
    save_file({**load_file(path), name: array}, path, metadata)
    with pytest.raises(WeightsError, match=says):
        load_village(path)


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "npcs.safetensors"
    stacked = {name: np.stack([array]) for name, array in brains(1)[0].items()}
    save_file(stacked, path, {"format": "nimmer-village-1", "npcs": "many"})
    with pytest.raises(WeightsError, match="the card is damaged"):
        load_village(path)


def test_the_brains_that_ship_can_be_read_and_say_where_they_are_from() -> None:
    found, card = load_village(shipped_village())
    assert len(found) == 25
    assert card.configuration["size"] == SHIPPED_SIZE
    assert card.configuration["levels"] == [1, 2]
    assert not np.array_equal(found[0]["w1"], found[1]["w1"])
