"""The governor's file: whole, with its card, and nothing else is taken for one."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.minds.governor_net import GovernorWeights, initial_weights
from nimmer.minds.governor_weights import FORMAT, GovernorCard, load_governor, save_governor

CARD = GovernorCard("es", 7, 120, "abc", {"score": 1.5})


@pytest.fixture
def weights() -> GovernorWeights:
    return initial_weights("small", Chance(3).generator("net"))


def test_weights_and_card_survive_the_way_through_a_file(tmp_path: Path, weights: GovernorWeights) -> None:
    path = tmp_path / "governor.safetensors"
    save_governor(path, weights, CARD)
    found, card = load_governor(path, "small")
    assert card == CARD
    assert all(np.array_equal(found[name], weights[name]) for name in weights)


def test_another_size_is_refused_with_the_sizes_there_are(tmp_path: Path, weights: GovernorWeights) -> None:
    path = tmp_path / "governor.safetensors"
    save_governor(path, weights, CARD)
    with pytest.raises(WeightsError, match=r"governor\.safetensors: the layers are 16 wide.*medium = 32"):
        load_governor(path, "medium")


def test_a_pickle_another_format_and_a_missing_card_are_refused(
    tmp_path: Path, weights: GovernorWeights
) -> None:
    path = tmp_path / "governor.safetensors"
    path.write_bytes(pickle.dumps({"encoder_w": [1.0] * 50}))
    with pytest.raises(WeightsError, match="is a pickle"):
        load_governor(path)
    path.write_bytes(save(dict(weights), {"format": "nimmer-mlp-1"}))
    with pytest.raises(WeightsError, match="not a governor of format nimmer-governor-1"):
        load_governor(path)
    path.write_bytes(save(dict(weights), {"format": FORMAT}))
    with pytest.raises(WeightsError, match="holds no card"):
        load_governor(path)


def test_weights_of_other_features_are_refused_with_the_file_and_the_fix(
    tmp_path: Path, weights: GovernorWeights
) -> None:
    path = tmp_path / "governor.safetensors"
    path.write_bytes(save({**weights, "encoder_w": np.zeros((3, 16), np.float32)}, {"format": FORMAT}))
    with pytest.raises(WeightsError, match=r"governor\.safetensors: weight 'encoder_w'.*train it again"):
        load_governor(path)
    with pytest.raises(WeightsError, match="weight 'encoder_w' is missing"):
        save_governor(path, {}, CARD)
