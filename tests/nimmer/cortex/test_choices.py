"""What an NPC could do, worked out in code."""

from hypothesis import given

from nimmer.cortex.asker import Asker, Partner
from nimmer.cortex.choices import choices, read, worded
from nimmer.life.action import FLAT_ACTIONS, Verb
from tests.nimmer.cortex.askers import ASKER, asker, askers


def surest(one: Asker) -> str:
    return choices(one)[0].action


def test_who_can_learn_from_company_talks() -> None:
    assert surest(asker(news=2, here_known=False, partners=(Partner(3, 0, True),))) == "talk"


def test_who_knows_what_its_company_lacks_talks_if_that_one_may_answer() -> None:
    assert surest(asker(partners=(Partner(3, 4, True),))) == "talk"
    assert surest(asker(partners=(Partner(3, 4, False),))) != "talk"


def test_who_stands_at_an_unknown_house_looks() -> None:
    assert surest(asker(here_known=False)) == "look"


def test_who_knows_this_place_goes_where_the_next_unknown_house_is() -> None:
    assert surest(ASKER) == "move 1"
    assert [one.action for one in choices(asker(lead=None))] == ["move 0", "stay"]


def test_who_is_hungry_at_a_well_stays_where_nothing_leads_on() -> None:
    assert surest(asker(at_well=True, energy=0.2, lead=None)) == "stay"


def test_words_and_actions_are_each_others_inverse() -> None:
    for action in FLAT_ACTIONS:
        named = read(worded(action))
        assert named == (None if action.verb == Verb.ASK_CORTEX else action)


@given(askers)
def test_suggestions_are_never_empty_sorted_and_all_readable(one: Asker) -> None:
    found = choices(one)
    assert found
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    assert all(read(each.action) is not None and 0 <= each.confidence <= 1 for each in found)
    assert len({each.action for each in found}) == len(found)
