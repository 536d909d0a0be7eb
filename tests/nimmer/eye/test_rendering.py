import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimmer.errors import WorldError
from nimmer.eye.box import FRAME
from nimmer.eye.labels import FAR_WELL, GROUPS, HOUSE, LABELS, NPC, TRAITS
from nimmer.eye.rendering import Frame, render
from nimmer.eye.scene import MOST_OCCUPANTS, Scene, draw_scene, scene_at
from nimmer.eye.style import FAMILIES, Split, draw_style, generator
from nimmer.world.levels import load_levels

SEEDS = st.integers(0, 2**31)


def frame(seed: int, split: Split = Split.TRAINING, scene: Scene | None = None) -> Frame:
    chance = generator(seed, split, 0)
    style = draw_style(split, chance)
    return render(scene or draw_scene(chance), style, chance)


@given(SEEDS, st.sampled_from(Split))
@settings(max_examples=25, deadline=None)
def test_every_box_lies_in_the_frame_and_is_not_empty(seed: int, split: Split) -> None:
    found = frame(seed, split)
    assert found.pixels.shape == (192, 192, 3)
    assert found.pixels.dtype == np.uint8
    for truth in found.truths:
        assert truth.label in LABELS
        assert truth.box == truth.box.within(FRAME)
        assert min(truth.box.width, truth.box.height) > 0.02


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_same_seed_draws_the_same_frame(seed: int) -> None:
    one, other = frame(seed), frame(seed)
    assert np.array_equal(one.pixels, other.pixels)
    assert one.truths == other.truths


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_drawn_house_has_a_trait_and_never_two_of_one_group(seed: int) -> None:
    traits = draw_scene(generator(seed, Split.TRAINING, 0)).traits
    assert traits
    assert set(traits) <= set(TRAITS)
    for group in GROUPS:
        assert len(set(group) & set(traits)) <= 1


@pytest.mark.parametrize("trait", [trait for trait in TRAITS if trait != FAR_WELL])
def test_a_trait_is_to_be_seen_where_it_is_and_nowhere_else(trait: str) -> None:
    labels = [truth.label for truth in frame(5, scene=Scene((trait,))).truths]
    assert set(labels) == {HOUSE, trait}


def test_every_trait_of_the_levels_can_be_seen() -> None:
    for level in load_levels():
        assert set(level.vocabulary) <= set(TRAITS)


def test_a_scene_is_the_house_of_the_node_its_neighbours_and_who_is_there() -> None:
    level = load_levels()[1]
    scene = scene_at(level, 0, occupants=9)
    assert scene == Scene(("blue",), (("green",), ("red", "bench")), MOST_OCCUPANTS)


def test_a_scene_without_a_node_or_with_less_than_nobody_is_refused() -> None:
    level = load_levels()[1]
    with pytest.raises(WorldError, match="no node 99"):
        scene_at(level, 99)
    with pytest.raises(WorldError, match="-1 occupants"):
        scene_at(level, 0, -1)


@given(SEEDS, st.integers(0, MOST_OCCUPANTS))
@settings(max_examples=15, deadline=None)
def test_as_many_people_are_to_be_seen_as_there_are_unless_one_hides_another(seed: int, count: int) -> None:
    labels = [truth.label for truth in frame(seed, scene=Scene(("red",), (), count)).truths]
    assert max(count - 1, 0) <= labels.count(NPC) <= count


def test_the_styles_of_the_two_splits_share_nothing() -> None:
    one, other = FAMILIES[Split.TRAINING], FAMILIES[Split.HELD_OUT]
    for mine, yours in (
        ({p.name for p in one.palettes}, {p.name for p in other.palettes}),
        (set(one.grounds.values()), set(other.grounds.values())),
        (set(one.skies.values()), set(other.skies.values())),
        (set(one.weathers), set(other.weathers)),
        ({(b.ink, b.grain, b.blur) for b in one.brushes}, {(b.ink, b.grain, b.blur) for b in other.brushes}),
        (
            {(p.hue, p.saturation, p.value) for p in one.palettes},
            {(p.hue, p.saturation, p.value) for p in other.palettes},
        ),
    ):
        assert mine
        assert yours
        assert not mine & yours


def test_the_two_splits_of_one_seed_draw_from_different_streams() -> None:
    one, other = (generator(1, split, 0).random(8) for split in Split)
    assert not np.array_equal(one, other)
