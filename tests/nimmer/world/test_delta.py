import numpy as np

from nimmer.life.action import LOOK, MOVES, Verb
from nimmer.world.delta import changes, verb_name
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from nimmer.world.state import newborn
from nimmer.world.step import step


def test_a_delta_holds_only_what_changed(level: Level) -> None:
    before = newborn(level, np.array([[0, 7, 12, 24]], np.int32))
    acts = [MOVES[0], LOOK, MOVES[1], None]
    verbs = np.array([[act.verb if act else 0 for act in acts]], np.uint8)
    slots = np.array([[act.slot if act else 0 for act in acts]], np.int8)
    present = np.array([[True, True, True, False]])
    after, _ = step(level, Rules(), before, verbs, slots, present)
    assert changes(before, after) == [
        {"npc": 0, "verb": "move", "rejection": "no_edge"},
        {"npc": 1, "verb": "look", "learned": [7]},
        {"npc": 2, "node": 13, "verb": "move"},
    ]
    again, _ = step(level, Rules(), after, verbs, slots, present)
    assert changes(after, again) == [{"npc": 0, "rejection": "no_edge"}, {"npc": 2, "node": 14}]


def test_every_verb_has_a_name() -> None:
    assert [verb_name(verb) for verb in (*Verb, 255, 77)] == [
        "stay", "move", "look", "talk", "ask_cortex", "none", "unknown"
    ]  # fmt: skip
