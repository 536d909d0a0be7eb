"""NPCs that learn as they live: what one has learned and saved survives kill -9, and how they differ is measured."""

import signal

import pytest

from nimmer.minds.nursery import weights_path
from nimmer.minds.weights import load_weights
from tests.village.raised import Raised, identity_of, until

pytestmark = [pytest.mark.village, pytest.mark.timeout(900)]
MEMORY_MB = 256


@pytest.fixture
def learning(alone: Raised) -> Raised:
    """A village of four that learn, on level 3, where there is always something left to find."""
    alone.settings |= {"NIMMER_VILLAGE__BRAIN": "mlp", "NIMMER_VILLAGE__LEARNS": "true"}
    alone.settings["NIMMER_VILLAGE__LEARNING_SAVE_S"] = "5"
    alone.start("--npcs", "4", "--seed", "7", "--level", "3")
    alone.await_life()
    return alone


def test_what_a_killed_npc_has_learned_comes_back(learning: Raised) -> None:
    path = weights_path(learning.state / "brains", 2)
    saved = until(lambda: load_weights(path)[1].steps, 180.0, "the NPC has saved what it learned")
    before = learning.status().npcs[2]
    learning.kill(identity_of(before.pid))

    def lives() -> bool:
        one = learning.status().npcs[2]
        return one.alive and one.generation == 2

    until(lives, 120.0, "the NPC lives again")
    until(lambda: load_weights(path)[1].steps > saved, 300.0, "it has learned more, and saved it")
    status = learning.status()
    assert all(0.0 < npc.memory_mb < MEMORY_MB for npc in status.npcs)
    assert learning.json("status")["personality"]["mean"] > 0.0
    picture = learning.home / "personality.png"
    assert "most alike npc" in learning.nimmer("personality", "--plot", str(picture)).stdout
    assert picture.stat().st_size > 10_000
    assert learning.launcher is not None
    learning.launcher.send_signal(signal.SIGINT)
    learning.ended()
    origin = load_weights(path)[1]
    assert origin.steps > saved  # generation 2 went on from what generation 1 had saved
    history = learning.json("personality")["history"]
    assert history[-1]["steps"] >= origin.steps
    assert history[-1]["mean"] != history[0]["mean"]
