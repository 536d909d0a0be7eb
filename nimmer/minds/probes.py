"""The same 64 moments for everybody: what every brain is asked when brains are compared.

They are moments of villages on levels 1 and 2 in which everybody acts at random, drawn once by a named generator and
kept beside this file, so that a comparison of today and one of next year ask the same.
Source: docs/brains.md, "Personality".
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from nimmer.chance import Chance
from nimmer.life.action import ASK_CORTEX, FLAT_ACTIONS, SLOTS
from nimmer.life.percept import FEATURES
from nimmer.minds.mlp import ACTIONS
from nimmer.minds.personality import Probes
from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe
from nimmer.world.rules import Rules
from nimmer.world.step import step

PROBES_FILE = Path(__file__).with_name("probes.safetensors")
SEED = 0
NPCS = 25
LEVELS = (1, 2)
PER_LEVEL = 32
TICKS_APART = 7
"""World ticks between two moments."""
_ASK = FLAT_ACTIONS.index(ASK_CORTEX)


def load_probes() -> Probes:
    """Return the moments kept beside this file."""
    kept = load_file(PROBES_FILE)
    return Probes(kept["features"], kept["possible"].astype(np.bool_))


def draw_probes() -> Probes:
    """Return the moments as they are drawn, to compare with those kept or to keep them anew."""
    levels = load_levels()
    drawn = [_of_level(levels[number]) for number in LEVELS]
    return Probes(
        np.concatenate([one.features for one in drawn]), np.concatenate([one.possible for one in drawn])
    )


def keep_probes() -> None:
    """Draw the moments and keep them; to be done when features or actions have changed their meaning."""
    drawn = draw_probes()
    save_file({"features": drawn.features, "possible": drawn.possible.astype(np.uint8)}, PROBES_FILE)


def _of_level(level: Level) -> Probes:
    """Let a village act at random and take one NPC's moment every few ticks."""
    chance = Chance(SEED).generator("personality", "probes", level.number)
    rules, everyone = Rules(), np.ones((1, NPCS), np.bool_)
    village = birth(level, rules, NPCS, 1, chance)
    seen = np.zeros((PER_LEVEL, FEATURES), np.float32)
    possible = np.zeros((PER_LEVEL, ACTIONS), np.bool_)
    for moment in range(PER_LEVEL):
        for _ in range(TICKS_APART):
            acts = _possible(observe(level, rules, village)[0]["neighbour"][0])
            wished = (chance.random(acts.shape) * acts).argmax(axis=1)
            verbs = np.array([FLAT_ACTIONS[one].verb for one in wished], np.uint8)
            slots = np.array([FLAT_ACTIONS[one].slot for one in wished], np.int8)
            village, _ = step(level, rules, village, verbs[None], slots[None], everyone)
        records = observe(level, rules, village)[0][0]
        npc = int(chance.integers(NPCS))
        seen[moment] = records["features"][npc]
        possible[moment] = _possible(records["neighbour"])[npc]
    return Probes(seen, possible)


def _possible(neighbour: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return what can be done `(npcs, ACTIONS)` beside `neighbour` `(npcs, SLOTS)`; nobody asks the cortex."""
    acts = np.ones((neighbour.shape[0], ACTIONS), np.bool_)
    acts[:, :SLOTS] = neighbour >= 0
    acts[:, _ASK] = False
    return acts
