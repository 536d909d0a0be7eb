"""Virtual bodies think with what their NPCs have saved last."""

import os
from dataclasses import replace
from pathlib import Path

from actors.charter import Charter
from actors.virtual_bodies import Brains
from nimmer.chance import Chance
from nimmer.minds.mlp import Mlp
from nimmer.minds.nursery import prepare_brains, weights_path
from nimmer.minds.weights import load_weights, save_weights
from nimmer.world.levels import Levels
from tests.actors.conftest import NPCS


def test_weights_that_were_saved_again_are_read_again(charter: Charter, levels: Levels) -> None:
    directory = Path(charter.weights_dir)
    prepare_brains(directory, NPCS, "small", 7)
    brains = Brains(replace(charter, brain="mlp"), levels)
    generator = Chance(1).generator("virtual")

    def thought() -> float:
        brain = brains.make(2, 1, generator)
        assert isinstance(brain, Mlp)
        return float(brain.weights["b3"][4])

    assert thought() == 0.0
    path = weights_path(directory, 2)
    before = path.stat().st_mtime_ns
    weights, origin = load_weights(path)
    weights["b3"][4] = 0.5
    save_weights(path, weights, origin)
    os.utime(path, ns=(before + 1, before + 1))  # whatever the clock of the file system can tell apart
    assert thought() == 0.5
