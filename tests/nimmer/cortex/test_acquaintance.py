"""What an NPC tells of the houses it knows: only those, the likest first, then the nearest."""

import numpy as np

from nimmer.cortex.acquaintance import MOST_FACTS, draft, facts_about, steps_from, traits_of, words_of
from nimmer.world.levels import load_levels

LEVEL = load_levels()[1]


def test_it_tells_of_the_nearest_well_it_knows() -> None:
    known = np.ones(LEVEL.nodes, np.uint8)
    told = facts_about("Good morning, where is the well?", LEVEL, known, 3)
    assert told[0] == "There is a yellow house with a well at node 3, here."
    assert len(told) == MOST_FACTS
    assert all("well" in fact for fact in told)


def test_more_words_in_common_go_before_fewer_steps() -> None:
    known = np.ones(LEVEL.nodes, np.uint8)
    assert (
        facts_about("a red house with a well", LEVEL, known, 3)[0]
        == "There is a red house with a well at node 7, 2 steps away."
    )


def test_what_it_does_not_know_it_does_not_tell() -> None:
    known = np.zeros(LEVEL.nodes, np.uint8)
    assert facts_about("where is the well?", LEVEL, known, 3) == []
    known[10] = 1
    assert facts_about("wells?", LEVEL, known, 3) == [
        "There is a white house with a well at node 10, 5 steps away."
    ]


def test_steps_and_traits_are_those_of_the_level() -> None:
    assert traits_of(LEVEL, 7) == ("red", "well")
    assert list(steps_from(LEVEL, 0))[:6] == [0, 1, 2, 3, 4, 1]
    assert words_of("The WELLS, please!") == {"the", "well", "please"}


def test_a_draft_says_a_fact_a_greeting_or_that_it_does_not_know() -> None:
    fact = "There is a yellow house with a well at node 3, here."
    assert draft("where is the well?", [fact], 7, 3, 0, 1, 25) == fact
    assert draft("Good morning!", [], 7, 3, 2, 1, 25) == (
        "Good day! I am NPC 7, at node 3 with 2 others. I know 1 of 25 houses."
    )
    assert draft("Thank you.", [], 7, 3, 0, 1, 25) == "You are welcome."
    assert (
        draft("Who lives behind the hill?", [], 7, 3, 0, 1, 25)
        == "I do not know that. I know 1 of 25 houses."
    )
