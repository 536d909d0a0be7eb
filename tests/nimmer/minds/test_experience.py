"""What is kept of a life: every tick with what came of it, nothing joined that does not follow."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nimmer.life.percept import FEATURES
from nimmer.minds.experience import Experience

SEEN = np.zeros(FEATURES, np.float32)


def note(experience: Experience, reward: float, action: int = 8) -> None:
    experience.note(SEEN + action, [action, 9], action, -0.5, reward)


def test_what_came_of_a_tick_is_known_with_the_next() -> None:
    experience = Experience(4)
    for reward in (99.0, 1.0, 2.0):
        note(experience, reward)
    assert experience.reward[:2].tolist() == [1.0, 2.0]
    assert experience.follows.tolist() == [True, True, False, False]


def test_a_tick_after_a_cut_does_not_pay_the_one_before() -> None:
    experience = Experience(4)
    note(experience, 0.0)
    experience.cut()
    note(experience, 7.0)
    note(experience, 1.0)
    assert experience.follows.tolist() == [False, True, False, False]
    assert experience.reward[:2].tolist() == [0.0, 1.0]


def test_a_tick_taken_back_is_as_if_it_had_not_been() -> None:
    experience = Experience(4)
    note(experience, 0.0)
    note(experience, 1.0)
    experience.retract()
    note(experience, 3.0, action=10)
    assert experience.count == 2
    assert experience.reward[0] == 3.0
    assert experience.action[1] == 10
    assert experience.follows[0]


def test_a_tick_after_a_cut_is_taken_back_and_the_cut_stays() -> None:
    experience = Experience(4)
    note(experience, 0.0)
    experience.cut()
    note(experience, 1.0)
    experience.retract()
    note(experience, 3.0)
    assert not experience.follows[0]


def test_the_next_batch_begins_with_where_the_last_had_got_to() -> None:
    full, after = Experience(3), Experience(3)
    for action in (0, 1, 2):
        note(full, 0.0, action)
        full.done(own=True)
    after.begin_after(full)
    assert (after.count, after.action[0], after.own[0]) == (1, 2, 1.0)
    assert after.possible[0].nonzero()[0].tolist() == [2, 9]
    note(after, 5.0)
    assert after.reward[0] == 5.0
    full.cut()
    after.begin_after(full)
    assert after.count == 0


@given(st.lists(st.sampled_from(["note", "cut", "retract"]), max_size=60))
def test_nothing_ever_follows_what_was_cut_off(words: list[str]) -> None:
    experience = Experience(64)
    joined: list[bool] = []  # per row: whether it follows the one before
    fresh = True
    for word in words:
        if word == "note":
            joined.append(not fresh)
            note(experience, float(len(joined)))
            fresh = False
        elif word == "cut":
            experience.cut()
            fresh = True
        elif joined:
            fresh = not joined.pop()
            experience.retract()
    assert experience.count == len(joined)
    follows = experience.follows[: experience.count].tolist()
    assert follows == [*joined[1:], False] if joined else follows == []


def test_after_an_end_nothing_is_expected_and_the_next_tick_begins_anew() -> None:
    experience = Experience(3)
    note(experience, 0.0)
    note(experience, 5.0)
    experience.end()
    note(experience, 1.0)
    assert experience.over.tolist() == [False, True, False]
    assert experience.follows.tolist() == [True, False, False]
    after = Experience(3)
    experience.end()
    after.begin_after(experience)
    assert after.count == 0
