"""Whether an answer still matters."""

from nimmer.cortex.fate import Now, gone, stale
from nimmer.cortex.remembrance import LONGEST, remembrance
from tests.nimmer.cortex.askers import ASKER

NOW = Now(alive=True, generation=2, level=1, world_tick=60)


def test_who_lives_on_where_it_was_is_answered() -> None:
    assert gone(ASKER, NOW) == ""


def test_who_died_is_not_answered_even_where_it_was_born_again() -> None:
    assert "died" in gone(ASKER, NOW._replace(alive=False))
    assert "died" in gone(ASKER, NOW._replace(generation=3))


def test_who_went_to_another_level_is_not_answered() -> None:
    assert "level 1 to 2" in gone(ASKER, NOW._replace(level=2))


def test_an_answer_is_stale_after_so_many_world_ticks_and_not_before() -> None:
    assert stale(ASKER, NOW._replace(world_tick=140), 100) == ""
    assert "101 world ticks" in stale(ASKER, NOW._replace(world_tick=141), 100)


def test_a_memory_is_question_answer_and_what_was_done() -> None:
    fates = [
        {"target": "npc.7", "command": "talk", "fate": "accepted"},
        {"target": "npc.3", "command": "talk", "fate": "the NPC is not alive"},
    ]
    assert remembrance("What now?", "Speak to it.", fates) == "What now? Speak to it. Done: npc.7 talk."
    assert len(remembrance("a\0 " * 300, "b " * 300, [])) <= LONGEST
