import pickle
import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.minds.mlp import Weights, initial_weights
from nimmer.minds.weights import Origin, load_weights, save_weights


@pytest.fixture
def weights() -> Weights:
    return initial_weights("small", Chance(3).generator("w"))


def test_weights_survive_the_way_through_a_file(tmp_path: Path, weights: Weights) -> None:
    path = tmp_path / "brains" / "npc-7.safetensors"
    save_weights(path, weights, Origin(7, 3))
    found, origin = load_weights(path, hidden=32)
    assert origin == Origin(7, 3)
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], weights[name]) for name in weights)
    assert [file.name for file in path.parent.iterdir()] == ["npc-7.safetensors"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nobody\.safetensors: there is no such file"):
        load_weights(tmp_path / "nobody.safetensors")


def test_a_cut_or_flipped_file_is_corrupt(tmp_path: Path, weights: Weights) -> None:
    path = tmp_path / "a.safetensors"
    save_weights(path, weights, Origin(0, 0))
    data = path.read_bytes()
    for broken in (data[:-10], data[:40], b"", b"\0" * 100, data[:12] + b"\xff" + data[13:]):
        path.write_bytes(broken)
        with pytest.raises(WeightsError, match="corrupt"):
            load_weights(path)


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_is_refused_without_being_opened(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(pickle.dumps({"w1": [1.0] * 50}, protocol))
    with pytest.raises(WeightsError, match="is a pickle"):
        load_weights(path)
    path.write_bytes(b"PK\x03\x04 and a torch archive")
    with pytest.raises(WeightsError, match="is a pickle"):
        load_weights(path)


def test_another_shape_or_another_model_is_refused(tmp_path: Path, weights: Weights) -> None:
    path = tmp_path / "a.safetensors"
    save_weights(path, weights, Origin(0, 0))
    with pytest.raises(WeightsError, match="32 wide, not 64"):
        load_weights(path, hidden=64)
    path.write_bytes(save(weights))
    with pytest.raises(WeightsError, match="not a brain of format"):
        load_weights(path)
    path.write_bytes(save(weights, {"format": "nimmer-mlp-2"}))
    with pytest.raises(WeightsError, match="lacks npc and seed"):
        load_weights(path)
    path.write_bytes(save({"w1": weights["w1"]}, {"format": "nimmer-mlp-2"}))
    with pytest.raises(
        WeightsError, match=r"a\.safetensors: weight 'b1' is missing|a\.safetensors: weight 'w1'"
    ):
        load_weights(path)


def test_an_unwritable_place_leaves_nothing_behind(tmp_path: Path, weights: Weights) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match="cannot be written"):
        save_weights(tmp_path / "file" / "a.safetensors", weights, Origin(0, 0))
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)
