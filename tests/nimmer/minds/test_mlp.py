import numpy as np
import pytest

from nimmer.chance import Chance
from nimmer.errors import WeightsError
from nimmer.life.action import FLAT_ACTIONS, Verb
from nimmer.life.percept import Percept, features, unpack
from nimmer.minds.mlp import HIDDEN, Mlp, Size, initial_weights, shapes
from nimmer.world.levels import load_levels
from nimmer.world.observation import observe
from nimmer.world.rules import Rules
from nimmer.world.state import newborn

KNOWN = np.zeros(25, np.uint8)


def corner() -> tuple[Percept, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    records, _ = observe(load_levels()[1], Rules(), newborn(load_levels()[1], np.array([[0]], np.int32)))
    record = records[0, 0].tobytes()
    return unpack(record), features(record)


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_forward_pass_is_tanh_tanh_linear(size: Size) -> None:
    weights = initial_weights(size, Chance(1).generator("w"))
    _, seen = corner()
    first = np.tanh(seen @ weights["w1"] + weights["b1"])
    second = np.tanh(first @ weights["w2"] + weights["b2"])
    expected = second @ weights["w3"] + weights["b3"]
    assert weights["w2"].shape == (HIDDEN[size], HIDDEN[size])
    assert np.allclose(Mlp(weights, Chance(1).generator("a")).forward(seen), expected, atol=1e-5)


def test_it_never_chooses_a_move_without_an_edge_nor_the_cortex_unless_it_may() -> None:
    percept, seen = corner()
    weights = initial_weights("small", Chance(1).generator("w"))
    mind = Mlp(weights, Chance(1).generator("a"))
    acts = {mind.decide(percept, seen, KNOWN) for _ in range(300)}
    assert {act.slot for act in acts if act.verb == Verb.MOVE} == {1, 2}
    assert Verb.ASK_CORTEX not in {act.verb for act in acts}
    asking = Mlp(weights, Chance(1).generator("a"), may_ask=True)
    assert Verb.ASK_CORTEX in {asking.decide(percept, seen, KNOWN).verb for _ in range(300)}


def test_actions_are_drawn_as_often_as_the_net_says() -> None:
    percept, seen = corner()
    weights = initial_weights("small", Chance(1).generator("w"))
    weights["b3"][8] = 3.0
    mind = Mlp(weights, Chance(1).generator("a"))
    logits = mind.forward(seen).astype(np.float64)
    logits[[0, 3, 4, 5, 6, 7, 11]] = -np.inf
    wanted = np.exp(logits) / np.exp(logits).sum()
    drawn = [FLAT_ACTIONS.index(mind.decide(percept, seen, KNOWN)) for _ in range(4000)]
    assert np.allclose(np.bincount(drawn, minlength=12) / 4000, wanted, atol=0.03)


def test_greedy_takes_the_likeliest() -> None:
    percept, seen = corner()
    weights = initial_weights("small", Chance(1).generator("w"))
    weights["b3"][10] = 5.0
    assert Mlp(weights, Chance(1).generator("a"), greedy=True).decide(percept, seen, KNOWN).verb == Verb.TALK


def test_a_brain_draws_the_very_numbers_of_its_generator_one_per_action() -> None:
    percept, seen = corner()
    weights = initial_weights("small", Chance(1).generator("w"))
    mind = Mlp(weights, Chance(1).generator("a"))
    logits = mind.forward(seen).astype(np.float64)[[1, 2, 8, 9, 10]]
    bounds = np.exp(logits - logits.max()).cumsum()
    numbers = Chance(1).generator("a").random(200) * bounds[-1]
    wanted = np.array([1, 2, 8, 9, 10])[bounds.searchsorted(numbers, side="right")]
    drawn = [FLAT_ACTIONS.index(mind.decide(percept, seen, KNOWN)) for _ in range(200)]
    assert drawn == wanted.tolist()


def test_the_same_seed_gives_the_same_brain_and_another_npc_another() -> None:
    one, two = (initial_weights("medium", Chance(1).generator("npc", 7)) for _ in range(2))
    other = initial_weights("medium", Chance(1).generator("npc", 8))
    assert all(np.array_equal(one[name], two[name]) for name in shapes(64))
    assert not np.array_equal(one["w1"], other["w1"])


def test_weights_that_form_no_brain_are_refused_by_name() -> None:
    good = initial_weights("small", Chance(1).generator("w"))
    generator = Chance(1).generator("a")
    cases = [
        ({name: array for name, array in good.items() if name != "w2"}, "'w2' is missing"),
        ({**good, "w3": good["w3"][:, :6]}, r"'w3' has the shape \(32, 6\)"),
        ({**good, "w1": good["w1"] * np.float32(np.nan)}, "'w1' holds values that are not finite"),
        ({**good, "extra": good["b1"]}, "weights extra are not part"),
        ({**good, "b2": good["b2"].astype(np.float64)}, "'b2' is float64"),
    ]
    for weights, reason in cases:
        with pytest.raises(WeightsError, match=reason):
            Mlp(weights, generator)  # type: ignore[arg-type]  # one case has the wrong type on purpose


def test_its_state_is_its_name() -> None:
    mind = Mlp(initial_weights("small", Chance(1).generator("w")), Chance(1).generator("a"))
    mind.restore(mind.state())
    with pytest.raises(WeightsError, match="'explorer'"):
        mind.restore({"brain": "explorer"})
