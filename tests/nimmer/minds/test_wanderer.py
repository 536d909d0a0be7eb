"""A brain that does anything at all, as far as the map allows."""

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.life.action import LOOK, MOVES, STAY, TALK
from nimmer.life.percept import FEATURES, Percept
from nimmer.minds.wanderer import Wanderer

HERE = Percept(
    tick=1,
    level=1,
    node=0,
    heading=-1,
    energy=1.0,
    reward=0.0,
    coverage=0.0,
    occupants=0,
    news=0,
    here_known=0,
    at_well=0,
    rejection=0,
    slots=4,
    neighbour=(-1, 1, 5, -1, -1, -1, -1, -1),
    distance_cm=(15.0,) * 8,
    neighbour_occupants=(0,) * 8,
    neighbour_known=(0,) * 8,
)


def test_it_draws_every_possible_action_and_no_other() -> None:
    brain = Wanderer(Chance(3).generator("w"))
    done = {brain.decide(HERE, np.zeros(FEATURES, np.float32), np.zeros(25, np.uint8)) for _ in range(200)}
    assert done == {MOVES[1], MOVES[2], STAY, LOOK, TALK}


def test_it_takes_back_its_own_state_only() -> None:
    brain = Wanderer(Chance(3).generator("w"))
    brain.restore(brain.state())
    with pytest.raises(WeightsError, match="explorer"):
        brain.restore({"brain": "explorer"})
