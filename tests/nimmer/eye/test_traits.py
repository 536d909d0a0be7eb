from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.eye.box import Box
from nimmer.eye.rendering import render
from nimmer.eye.scene import draw_scene
from nimmer.eye.seen import Seen
from nimmer.eye.style import Split, draw_style, generator
from nimmer.eye.traits import traits_seen

HOUSE = Seen("house", 0.9, Box(0.25, 0.3, 0.75, 0.8))


def seen(label: str, *box: float, confidence: float = 0.9) -> Seen:
    return Seen(label, confidence, Box(*box))


def test_of_two_colours_the_surer_one_counts() -> None:
    wall = (0.3, 0.4, 0.7, 0.6)
    found = traits_seen([HOUSE, seen("red", *wall, confidence=0.6), seen("clay", *wall), seen("blue", *wall)])
    assert found == ("blue", "clay")


def test_what_is_not_sure_enough_is_not_believed() -> None:
    assert traits_seen([HOUSE, seen("tree", 0.1, 0.4, 0.2, 0.8, confidence=0.3)]) == ()


def test_a_well_is_here_three_metres_away_or_a_neighbours() -> None:
    assert traits_seen([HOUSE, seen("well", 0.1, 0.65, 0.2, 0.85)]) == ("well",)
    assert traits_seen([HOUSE, seen("well", 0.1, 0.55, 0.2, 0.67)]) == ("well 3 m away",)
    assert traits_seen([HOUSE, seen("well", 0.1, 0.55, 0.13, 0.6)]) == ()


def test_smoke_of_a_house_far_away_is_small() -> None:
    assert traits_seen([HOUSE, seen("smoke", 0.35, 0.1, 0.45, 0.3)]) == ("smoke",)
    assert traits_seen([HOUSE, seen("smoke", 0.05, 0.4, 0.1, 0.48)]) == ()


def test_words_come_in_the_order_of_the_vocabulary_and_only_its_words() -> None:
    things = [
        HOUSE,
        seen("tree", 0, 0.4, 0.2, 0.8),
        seen("red", 0.3, 0.4, 0.7, 0.6),
        seen("barrel", 0, 0, 0.1, 0.1),
    ]
    assert traits_seen(things, ("barrel", "red")) == ("barrel", "red")


def test_people_and_houses_are_no_traits_and_nothing_seen_is_nothing_known() -> None:
    assert traits_seen([HOUSE, seen("npc", 0.4, 0.7, 0.5, 0.9)]) == ()
    assert traits_seen([]) == ()


@given(st.integers(0, 2**31), st.sampled_from(Split))
@settings(max_examples=40, deadline=None)
def test_a_perfect_eye_makes_nothing_up(seed: int, split: Split) -> None:
    """From the true boxes no trait comes about that the house does not have."""
    chance = generator(seed, split, 1)
    style, scene = draw_style(split, chance), draw_scene(chance)
    frame = render(scene, style, chance)
    known = set(traits_seen([Seen(truth.label, 1.0, truth.box) for truth in frame.truths]))
    assert known <= set(scene.traits)
