import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nimmer.clock import ManualClock
from nimmer.errors import ConfigError, HostError
from nimmer.eye.box import Box
from nimmer.eye.labels import LABELS
from nimmer.eye.rendering import Frame, Truth
from policies import eye_export, eye_training
from policies.eye_batches import targets, training_batch
from policies.eye_loss import focal, giou_loss
from policies.eye_net import CELLS, INPUT, LAYER_OF, LAYERS, EyeNet, corners, middles
from policies.eye_training import EyeSettings, EyeTrainer, begin, go_on

TINY = EyeSettings(seed=3, frames=16, batch=2)


def frame_of(*truths: Truth) -> Frame:
    return Frame(np.zeros((INPUT, INPUT, 3), np.uint8), truths)


def test_a_thing_is_a_peak_at_its_middle_and_its_box_around_it() -> None:
    box = Box(0.25, 0.5, 0.5, 0.75)
    heat, boxes, weight = targets(frame_of(Truth("house", box)))
    label, layer = LABELS.index("house"), LAYER_OF[LABELS.index("house")]
    row, column = int(0.625 * CELLS), int(0.375 * CELLS)
    assert heat[label, row, column] == 1
    assert heat[label].max() == 1
    assert np.count_nonzero(heat) == np.count_nonzero(heat[label])
    assert boxes[layer, :, row, column].tolist() == pytest.approx(list(box))
    assert weight[layer, row, column] == 1
    assert not np.delete(weight, layer, 0).any()


def test_of_two_things_in_one_layer_the_smaller_has_the_cell() -> None:
    large, small = Box(0.0, 0.0, 1.0, 1.0), Box(0.45, 0.45, 0.55, 0.55)
    _, boxes, _ = targets(frame_of(Truth("npc", small), Truth("house", large)))
    assert boxes[0, :, CELLS // 2, CELLS // 2].tolist() == pytest.approx(list(small))


def test_distances_to_the_edges_make_the_box() -> None:
    box = torch.tensor([0.2, 0.3, 0.7, 0.6])
    middle = middles()
    distances = torch.cat([middle - box[:2, None, None], box[2:, None, None] - middle])[None, None]
    assert torch.allclose(corners(distances, middle)[0, 0, :, 5, 9], box)


def test_the_loss_of_the_truth_is_nearly_nothing_and_that_of_a_shifted_box_is_not() -> None:
    batch = training_batch(1, 0, 2)
    sure = torch.where(batch.heat >= 1, 12.0, -12.0)
    assert float(focal(sure, batch.heat)) < 0.01 < float(focal(-sure, batch.heat))
    assert float(giou_loss(batch.boxes, batch)) == pytest.approx(0.0, abs=1e-5)
    assert float(giou_loss(batch.boxes + 0.05, batch)) > 0.05


def test_frames_are_the_same_whenever_they_are_drawn() -> None:
    once, again = training_batch(1, 6, 2), training_batch(1, 7, 1)
    assert torch.equal(once.pictures[1], again.pictures[0])
    assert torch.equal(once.heat[1], again.heat[0])


def test_a_resumed_training_learns_what_an_unbroken_one_learns(tmp_path: Path) -> None:
    whole, first, second = (EyeTrainer(TINY) for _ in range(3))
    for _ in range(3):
        whole.iterate()
    for _ in range(2):
        first.iterate()
    first.save(tmp_path / "checkpoint")
    second.restore(tmp_path / "checkpoint")
    second.iterate()
    assert second.step == whole.step == 3
    for name, value in whole.mean.items():
        assert torch.equal(second.mean[name], value), name


def test_training_lowers_the_loss() -> None:
    trainer = EyeTrainer(replace(TINY, frames=200, batch=2, learning_rate=0.01))
    losses = [trainer.iterate()["boxes"] for _ in range(20)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seed": 1_000_000_000}, "kept for evaluation"),
        ({"frames": 3}, "frames is 3"),
        ({"batch": 1}, "batch is 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        EyeSettings(**settings)


def test_a_training_without_onnx_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HostError, match="onnx"):
        begin(tmp_path / "run", TINY)
    assert not (tmp_path / "run").exists()


def test_a_training_writes_its_run_and_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the export, which has a test of its own where onnx is installed."""
    cards: list[dict[str, object]] = []
    monkeypatch.setattr(eye_training, "can_export", lambda: None)
    monkeypatch.setattr(eye_training, "export", lambda net, path, card: cards.append(card))
    told: list[dict[str, float]] = []
    summary = begin(tmp_path / "run", TINY).live(ManualClock(), told.append)
    assert (summary["finished"], summary["frames"], len(told)) == (True, 16, 8)
    assert cards[0]["frames_seen"] == 16
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["seed"] == 3
    assert (tmp_path / "run" / "progress.csv").read_text().count("\n") == 9
    assert go_on(tmp_path / "run").trainer.step == 8
    with pytest.raises(ConfigError, match="holds a training already"):
        begin(tmp_path / "run", TINY)
    with pytest.raises(ConfigError, match="no training to go on with"):
        go_on(tmp_path / "elsewhere")


def test_the_exported_file_says_what_the_net_says_and_carries_its_card(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the export needs onnx: scripts/setup training")
    from nimmer.engines.detector import OnnxDetector

    torch.manual_seed(0)
    path = tmp_path / "eye.onnx"
    eye_export.export(EyeNet(), path, {"seed": 9})
    eye_export.write_card(path, {"seed": 10})
    eye = OnnxDetector(path)
    assert (eye.labels, eye.size, eye.card) == (LABELS, INPUT, {"seed": 10})
    assert path.stat().st_size < 10e6


def test_every_label_has_a_layer_and_every_layer_a_label() -> None:
    assert len(LAYER_OF) == len(LABELS)
    assert set(LAYER_OF) == set(range(LAYERS))
