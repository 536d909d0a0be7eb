"""A brain that learns earns more, keeps its weights finite, and learns only from what it did itself."""

import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import ConfigError, WeightsError
from nimmer.life.action import FLAT_ACTIONS, LOOK, MOVES, STAY
from nimmer.life.percept import FEATURES, Percept
from nimmer.minds.learner import Learner, LearningRules
from nimmer.minds.learning_mlp import LearningMlp
from nimmer.minds.mlp import Mlp, initial_weights

KNOWN = np.zeros(25, np.uint8)
NOWHERE = (-1,) * 6
RULES = LearningRules(rate=3e-3)


def percept(tick: int, reward: float, level: int = 1, coverage: float = 0.0) -> Percept:
    """Return what is seen where east and west are open, at world `tick`."""
    return Percept(
        tick, level, 0, -1, 1.0, reward, coverage, 0, 0, 0, 0, 0, 4, (1, 2, *NOWHERE), (100.0,) * 8, (0,) * 8, (0,) * 8
    )  # fmt: skip


def mind(rules: LearningRules = RULES) -> LearningMlp:
    return LearningMlp(initial_weights("small", Chance(1).generator("w")), Chance(1).generator("a"), rules)


class Corridor:
    """Six places in a row; the last but one move east earns a house, and one begins again in the west."""

    def __init__(self) -> None:
        self.place = self.tick = 0
        self.reward = 0.0

    def see(self) -> tuple[Percept, np.ndarray[tuple[int], np.dtype[np.float32]]]:
        self.tick += 1
        features = np.zeros(FEATURES, np.float32)
        features[self.place] = 1.0
        return percept(self.tick, self.reward), features

    def act(self, flat: int) -> None:
        self.reward = -0.02
        self.place = min(max(self.place + {0: 1, 1: -1}.get(flat, 0), 0), 5)
        if self.place == 5:
            self.place, self.reward = 0, 1.0


def walk(one: LearningMlp, world: Corridor, ticks: int) -> float:
    """Live so long and return what was earned per tick."""
    earned = 0.0
    for _ in range(ticks):
        seen, features = world.see()
        deed = one.decide(seen, features, KNOWN)
        world.act(FLAT_ACTIONS.index(deed))
        one.lived(deed)
        one.study()
        earned += world.reward
    return earned / ticks


def test_who_learns_finds_the_end_of_the_corridor() -> None:
    one, world = mind(), Corridor()
    before = walk(one, world, 1000)
    walk(one, world, 18_000)
    after = walk(one, world, 1000)
    assert before < 0.08
    assert after > 0.15  # the shortest way earns 0.184
    assert one.learner.steps > 100
    assert one.learner.refused == 0


def test_one_piece_of_learning_is_done_in_a_tick() -> None:
    one, world = mind(), Corridor()
    walk(one, world, 127)
    assert one.learner.state() == {"batches": 0, "quiet": 0, "refused": 0}
    walk(one, world, 1)
    assert (one.learner.batches, one.learner.steps) == (1, 0)
    walk(one, world, 1)
    assert one.learner.steps == 1


def test_where_nothing_is_otherwise_than_expected_nothing_is_learned() -> None:
    one, tick = mind(), 0
    while one.learner.quiet < 20:  # first it learns that life here costs .02 a tick
        tick += 1
        assert tick < 30_000
        one.lived(one.decide(percept(tick, -0.02), np.zeros(FEATURES, np.float32), KNOWN))
        one.study()
        if one.learner.quiet == 10:
            before = one.flat.copy()
    assert (one.flat == before).all()


def test_what_a_nerve_did_teaches_the_critic_alone() -> None:
    one, world = mind(), Corridor()
    for tick in range(128):
        seen, features = world.see()
        wish = one.decide(seen, features, KNOWN)
        one.lived(LOOK if tick % 2 else wish)
        world.act(FLAT_ACTIONS.index(wish))
        if tick < 127:
            one.study()
    experience = one.learner.experience
    assert 0 < experience.own.sum() < 128
    wished_look = experience.action == FLAT_ACTIONS.index(LOOK)
    odd = np.arange(128) % 2 == 1
    assert (experience.own == (~odd | wished_look)).all()


def test_another_level_a_slumber_and_an_unturned_world_join_nothing() -> None:
    one, features = mind(), np.zeros(FEATURES, np.float32)

    def live(tick: int, reward: float, level: int = 1) -> None:
        one.lived(one.decide(percept(tick, reward, level), features, KNOWN))

    live(10, 0.0)
    live(11, 1.0)
    live(11, 1.0)  # the world has not turned: nothing has come of the last wish yet
    live(12, 2.0)
    live(1, 3.0, level=2)
    live(2, 4.0, level=2)
    one.lived(STAY)  # asleep: nothing was decided
    live(5, 5.0, level=2)
    experience = one.learner.experience
    assert experience.count == 6
    assert experience.follows[:6].tolist() == [True, True, False, True, False, False]
    assert experience.reward[[0, 1, 3]].tolist() == [1.0, 2.0, 4.0]


def test_who_knows_every_house_learns_nothing_until_there_are_houses_to_find_again() -> None:
    one, features = mind(), np.zeros(FEATURES, np.float32)
    for tick, coverage in enumerate((0.9, 0.96, 1.0, 1.0, 1.0, 0.1, 0.2)):
        one.lived(one.decide(percept(tick + 1, float(tick), coverage=coverage), features, KNOWN))
    experience = one.learner.experience
    assert (
        experience.count == 5
    )  # the tick with the last house says what it paid; of the next two nothing is kept
    assert experience.follows[:5].tolist() == [True, True, False, True, False]
    assert experience.over[:5].tolist() == [False, False, True, False, False]
    assert experience.reward[[0, 1, 3]].tolist() == [1.0, 2.0, 6.0]


def test_a_batch_that_is_not_finite_is_refused_and_the_good_weights_stay() -> None:
    one, world = mind(), Corridor()
    walk(one, world, 127)
    before = one.flat.copy()
    one.learner.experience.features[5, 3] = np.nan
    with np.errstate(invalid="ignore"):
        walk(one, world, 10)
    assert one.learner.steps == 0
    assert one.learner.quiet + one.learner.refused >= 1
    assert (one.flat == before).all()
    walk(one, world, 300)
    assert one.learner.steps > 0
    assert np.isfinite(one.flat).all()


def test_a_step_that_is_not_finite_is_counted() -> None:
    one, world = mind(), Corridor()
    walk(one, world, 128)
    before = one.flat.copy()
    one.learner._studied.features[5, 3] = np.nan
    with np.errstate(invalid="ignore"):
        one.study()
    assert (one.learner.refused, one.learner.steps) == (1, 0)
    assert (one.flat == before).all()


def test_its_state_comes_back_and_a_plain_net_takes_it_too() -> None:
    one, world = mind(), Corridor()
    walk(one, world, 500)
    state = one.state()
    other = mind()
    other.restore(state)
    assert other.state() == state
    plain = Mlp(one.weights, Chance(1).generator("a"))
    plain.restore(state)
    other.restore(plain.state())  # learning was off meanwhile
    with pytest.raises(WeightsError):
        one.restore({"brain": "explorer"})


def test_it_decides_as_a_net_that_does_not_learn() -> None:
    weights = initial_weights("small", Chance(1).generator("w"))
    learns = LearningMlp(weights, Chance(1).generator("a"), RULES)
    plain = Mlp(weights, Chance(1).generator("a"))
    world = Corridor()
    for _ in range(100):
        seen, features = world.see()
        assert learns.decide(seen, features, KNOWN) == plain.decide(seen, features, KNOWN)
    assert set(MOVES[2:]) & {plain.decide(seen, features, KNOWN) for _ in range(50)} == set()


def test_who_is_given_no_time_to_learn_lives_on() -> None:
    one, world = mind(), Corridor()
    for _ in range(300):
        seen, features = world.see()
        wish = one.decide(seen, features, KNOWN)
        world.act(FLAT_ACTIONS.index(wish))
        one.lived(wish)
    assert one.learner.experience.full
    one.study()
    one.study()
    assert one.learner.steps == 1


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.2, float("nan")])
def test_a_rate_out_of_bounds_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="learning rate"):
        LearningRules(rate=rate)


def test_learning_goes_on_in_the_weights_that_decide() -> None:
    one = mind()
    assert isinstance(one.learner, Learner)
    seen = np.ones(FEATURES, np.float32)
    before = one.forward(seen).copy()
    one.flat += 0.01
    assert not np.allclose(one.forward(seen), before)
