import pytest

from nimmer.bus.identities import COMMON_INBOX, ENVIRONMENTS, GUEST, OPERATOR, WATCH, identities, inbox_prefix
from nimmer.bus.subject import covers, matches


def test_every_identity_reads_only_its_own_inbox() -> None:
    for name, may in identities("dev").items():
        inboxes = [pattern for pattern in may.subscribe if pattern.startswith("_INBOX")]
        common = [COMMON_INBOX] if name in (WATCH, GUEST, OPERATOR) else []
        assert inboxes == [*common, f"{inbox_prefix(name)}.>"]
        assert not any(covers(pattern, "_INBOX.>") for pattern in may.subscribe)


def test_the_common_inbox_holds_no_answer_to_a_prefixed_identity() -> None:
    for name in identities("dev"):
        assert not matches(COMMON_INBOX, f"{inbox_prefix(name)}.2Xy0.7")
    assert matches(COMMON_INBOX, "_INBOX.2Xy0.7")


GIVEN = ["$JS.API.STREAM.INFO.OBJ_dev-organs", "$JS.API.STREAM.MSG.GET.OBJ_dev-organs"]
GIVING = ["$O.dev-organs.C.*", "$O.dev-organs.M.*"]
SPOKEN = ["$JS.API.STREAM.INFO.OBJ_dev-spoken", "$JS.API.STREAM.MSG.GET.OBJ_dev-spoken"]
SPEAKING = ["$O.dev-spoken.C.*", "$O.dev-spoken.M.*"]


def test_only_the_bridge_may_touch_jetstream_and_inboxes_beyond_the_buckets() -> None:
    powers = {
        name: [pattern for pattern in may.publish if not pattern.startswith("dev.")]
        for name, may in identities("dev").items()
    }
    assert powers.pop("bridge") == ["$JS.API.>", "_INBOX.>"]
    assert {name: more for name, more in powers.items() if more} == {
        GUEST: [*GIVEN, *GIVING, *SPOKEN],
        OPERATOR: [*GIVEN, *GIVING, *SPOKEN],
        "nyx-organs": [*GIVEN, *SPEAKING],
    }


def test_nobody_but_the_bridge_may_make_a_consumer_which_delivers_wherever_it_is_told() -> None:
    consumer = "$JS.API.CONSUMER.CREATE.OBJ_dev-organs.x.y"
    may_make = {
        name
        for name, may in identities("dev").items()
        if any(matches(pattern, consumer) for pattern in may.publish)
    }
    assert may_make == {"bridge"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_identity_reaches_into_another_environment(environment: str) -> None:
    others = [one for one in ENVIRONMENTS if one != environment]
    for may in identities(environment).values():
        for pattern in may.publish + may.subscribe:
            assert not any(matches(pattern, f"{other}.npc.7.state") for other in others)


def test_only_operator_and_bridge_give_commands() -> None:
    order = "dev.npc.theia.commands.tick_hz"
    may_order = {
        name
        for name, may in identities("dev").items()
        if any(matches(pattern, order) for pattern in may.publish)
    }
    assert may_order == {"bridge", "operator"}


def test_a_guest_asks_and_acts_and_no_more() -> None:
    guest = identities("dev")["guest"]
    asked = (
        "nervous.cells.math.request",
        "thalamus.status.request",
        "world.quiz.request",
        "npc.*.action",
        "cortex.nyx.request",
        "cortex.nyx.status",
        "cortex.gemma.transform",
        "organs.vision.detect",
        "organs.speech.*",
        "organs.cards.status",
        "organs.conversation.say",
    )
    assert guest.publish == (*(f"dev.{subject}" for subject in asked), *GIVEN, *GIVING, *SPOKEN)


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="dev, staging, prod, not 'test'"):
        identities("test")
