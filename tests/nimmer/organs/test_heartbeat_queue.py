from hypothesis import given
from hypothesis import strategies as st

from nimmer.organs.heartbeat_queue import HeartbeatQueue, Item
from nimmer.organs.ladder import Rung, budget


def queue(most: int = 128) -> HeartbeatQueue:
    return HeartbeatQueue(most, 1.0, 60.0)


def test_the_urgent_go_first_and_what_the_beat_cannot_pay_is_deferred_and_counted() -> None:
    waiting = queue()
    for name, priority in (("a", 2), ("b", 7), ("c", 4), ("d", 4)):
        waiting.put(Item(name, "stt", priority, 0.0))
    first = waiting.beat(100.0, 0.5)
    assert [one.operation for one in first.admitted] == ["b", "c", "d"]
    assert waiting.deferred == 1
    assert [one.operation for one in waiting.beat(100.0, 1.5).admitted] == ["a"]


def test_beats_that_follow_faster_than_a_second_share_its_budget() -> None:
    waiting = queue()
    for name in "abcd":
        waiting.put(Item(name, "stt", 5, 0.0))
    assert len(waiting.beat(100.0, 0.5).admitted) == 3
    assert len(waiting.beat(85.0, 0.6).admitted) == 0
    assert len(waiting.beat(85.0, 1.5).admitted) == 1


def test_background_is_passed_over_once_half_is_spent() -> None:
    waiting = queue()
    waiting.put(Item("a", "vision", 5, 0.0))
    waiting.put(Item("b", "stt", 0.5, 0.0))
    waiting.put(Item("c", "stt", 1, 0.0))
    assert [one.operation for one in waiting.beat(100.0, 0.0).admitted] == ["a", "c"]


def test_priority_falls_by_one_a_minute_and_never_below_nothing() -> None:
    item = Item("a", "stt", 2, 0.0)
    assert item.urgency(60.0) == 1.0
    assert item.urgency(600.0) == 0.0


def test_a_poor_organism_hears_and_does_not_speak() -> None:
    waiting = queue()
    waiting.put(Item("a", "tts", 5, 0.0))
    waiting.put(Item("b", "stt", 5, 0.0))
    beat = waiting.beat(20.0, 0.0)
    assert beat.rung is Rung.HEARING
    assert [(one.operation, one.full, one.cost) for one in beat.admitted] == [("b", False, 3.0)]


def test_who_waits_too_long_is_given_up_with_the_reason() -> None:
    waiting = queue()
    waiting.put(Item("a", "tts", 5, 0.0))
    assert waiting.beat(0.0, 59.0).given_up == ()
    ((operation, reason),) = waiting.beat(0.0, 60.0).given_up
    assert operation == "a"
    assert "waited 60 s" in reason
    assert len(waiting) == 0


def test_a_full_queue_refuses_and_counts() -> None:
    waiting = queue(most=1)
    assert waiting.put(Item("a", "stt", 5, 0.0)) == ""
    assert "organs.queue" in waiting.put(Item("b", "stt", 5, 0.0))
    assert waiting.refused == 1


def test_a_reflex_bypasses_the_beat_beyond_its_budget_as_long_as_it_can_be_paid() -> None:
    reflexes = queue()
    first = reflexes.reflex(Item("a", "vision", 10, 0.0), 8.0, 0.0)
    assert first is not None
    assert (first.operation, first.full, first.cost) == ("a", False, 8.0)
    assert reflexes.reflex(Item("b", "vision", 10, 0.0), 7.9, 0.0) is None
    assert reflexes.reflex(Item("c", "stt", 10, 0.0), 3.0, 0.0) is not None


def test_who_gave_up_is_forgotten() -> None:
    waiting = queue()
    waiting.put(Item("a", "stt", 5, 0.0))
    waiting.drop("a")
    assert waiting.beat(100.0, 0.0).admitted == ()


items = st.lists(
    st.tuples(st.sampled_from(("stt", "tts", "vision")), st.floats(0, 10), st.floats(0, 100)), max_size=30
)


@given(items, st.floats(0, 200))
def test_no_beat_spends_more_than_its_budget_and_nobody_is_lost(
    asked: list[tuple[str, float, float]], level: float
) -> None:
    waiting = HeartbeatQueue(128, 1.0, 60.0)
    for number, (organ, priority, since_s) in enumerate(asked):
        waiting.put(Item(str(number), organ, priority, since_s))
    beat = waiting.beat(level, 100.0)
    assert sum(one.cost for one in beat.admitted) <= budget(level) + 1e-9
    assert len(beat.admitted) + len(beat.given_up) + len(waiting) == len(asked)
    assert beat.rung is not Rung.SILENCE or not beat.admitted
