"""The walker of the training world: it learns a level, and wishes only what is possible."""

import numpy as np

from nimmer.chance import Chance
from nimmer.life.action import Verb
from nimmer.world.curriculum import birth
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe_features
from nimmer.world.rejection import Rejection
from nimmer.world.rules import Rules
from nimmer.world.step import step
from nimmer.world.walker import Walker

LEVEL = load_levels()[1]
RULES = Rules()


def test_walkers_learn_a_whole_level_and_are_hardly_ever_refused() -> None:
    chance = Chance(5).generator("walk")
    village = birth(LEVEL, RULES, 8, 3, chance)
    walker = Walker(LEVEL, (3, 8))
    everybody = np.ones((3, 8), np.bool_)
    refused = 0
    for _ in range(400):
        features = observe_features(LEVEL, RULES, village)
        verbs, slots = walker.decide(village, features, everybody, chance.random((3, 8, 2)))
        village, outcome = step(LEVEL, RULES, village, verbs, slots, everybody)
        refused += int((outcome.rejection == Rejection.NO_EDGE).sum())
    assert (village.facts == LEVEL.nodes).all()
    assert refused == 0
    assert (village.energy > 0).all()


def test_who_does_not_act_stays() -> None:
    chance = Chance(5).generator("walk")
    village = birth(LEVEL, RULES, 4, 1, chance)
    acts = np.array([[True, False, True, False]])
    verbs, slots = Walker(LEVEL, (1, 4)).decide(
        village, observe_features(LEVEL, RULES, village), acts, chance.random((1, 4, 2))
    )
    assert (verbs[~acts] == Verb.STAY).all()
    assert (slots[~acts] == -1).all()
    assert (verbs[acts] == Verb.LOOK).all()
