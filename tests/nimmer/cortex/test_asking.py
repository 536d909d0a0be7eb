"""Questions, of NPCs and of gates: valid messages, made by rules alone."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nimmer.bus.cortex_messages import CognitiveRequest, TransformRequest
from nimmer.bus.life_messages import GateTransition, TriggerSignal
from nimmer.cortex.asker import Asker, Partner
from nimmer.cortex.asking import LONGEST_VALUE, MOST_FIELDS, ask, question_of, transform
from tests.nimmer.cortex.askers import ASKER, INJECTION, asker, askers


def transition(**changes: Any) -> GateTransition:  # noqa: ANN401  fields of a transition
    plain: dict[str, Any] = {
        "gate_id": "exploration_gate",
        "domain": "exploration",
        "from_state": "stable",
        "to_state": "open",
        "state_value": 0.7,
        "correlation_score": 0.6,
        "routed_to_tier": 2,
        "lifeforce_cost": 0.1,
        "trigger_signals": [TriggerSignal("npc.7.novelty", 0.9, "2026-01-01T00:00:00Z", {"here_known": 0.0})],
        "cause": "correlation",
        "weight": 0.4,
    }
    return GateTransition(**{**plain, **changes})


def again(request: CognitiveRequest) -> CognitiveRequest:
    return msgspec.json.decode(msgspec.json.encode(request), type=CognitiveRequest)


@given(askers)
def test_every_question_is_a_valid_message(one: Asker) -> None:
    assert again(ask(one, 4000)) == ask(one, 4000)


def test_a_question_tells_who_is_here_and_what_is_known() -> None:
    request = ask(asker(partners=(Partner(3, 4, True), Partner(9, 1, False))), 2500)
    assert (request.npc_id, request.world_tick, request.response_timeout_ms) == (7, 40, 2500)
    assert request.domain == "social"
    assert request.structured_input["partners"] == "npc.3, npc.9"
    assert request.structured_input["partners_lack"] == 5
    assert request.structured_input["doing"] == "talk, move 2"
    assert (
        question_of(request) == "I stand at a house I know, with 2 others; 17 houses of 25 unknown. What now?"
    )


def test_the_governors_priority_goes_along() -> None:
    assert ask(asker(priority=9), 4000).priority == 9
    assert ask(ASKER, 4000).priority == 5


def test_a_gate_that_opened_asks_with_what_its_waves_said() -> None:
    request = transform(TransformRequest(transition(), npc_id=7))
    assert request.event_type == "gate_open"
    assert request.structured_input["npc.7.novelty.here_known"] == 0.0
    assert (request.npc_id, request.priority, request.confidence) == (7, 6, 0.9)
    assert [one.action for one in request.suggested_actions] == ["look"]
    assert question_of(request) == "exploration_gate went from stable to open. What now?"


def test_a_gate_without_an_npc_or_one_that_closes_suggests_nothing() -> None:
    assert transform(TransformRequest(transition())).suggested_actions == []
    closing = transition(from_state="open", to_state="closed")
    assert transform(TransformRequest(closing, npc_id=7)).suggested_actions == []


@given(
    st.lists(
        st.builds(
            TriggerSignal,
            st.text(min_size=1, max_size=200),
            st.floats(0, 1),
            st.just("2026-01-01T00:00:00Z"),
            st.dictionaries(
                st.text(max_size=200),
                st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=400) | st.just(INJECTION),
                max_size=30,
            ),
        ),
        max_size=4,
    ),
    st.integers(0, 5),
)
def test_whatever_waves_say_the_question_is_bounded_valid_and_suggests_the_same(
    signals: list[TriggerSignal], tier: int
) -> None:
    asked = TransformRequest(transition(trigger_signals=signals, routed_to_tier=tier), npc_id=7)
    request = transform(asked)
    assert again(request) == request
    assert len(request.structured_input) <= MOST_FIELDS
    texts = [value for value in request.structured_input.values() if isinstance(value, str)]
    assert all(len(text) <= LONGEST_VALUE for text in (*texts, *request.structured_input))
    assert [one.action for one in request.suggested_actions] == ["look"]
    assert transform(asked) == request
