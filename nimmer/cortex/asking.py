"""From what happened to a question for the cortex: of an NPC that asks, and of a gate that moved.

Every field is chosen here, by rules that can be read; a model may only put the question into words
(nimmer.cortex.wording). Source: docs/domain.md section 7 (CognitiveRequest) and section 10; docs/decisions/0033.
"""

from nimmer.bus.cortex_messages import CognitiveRequest, SuggestedAction, TransformRequest
from nimmer.bus.life_messages import Scalar
from nimmer.cortex.asker import Asker
from nimmer.cortex.choices import choices

EVENT = "npc_asks"
QUESTION = "question"
"""Field of the structured input that holds the question in words."""
MOST_FIELDS = 24
LONGEST_VALUE = 120
_BY_DOMAIN = {
    "distance": ("stay", "look"),
    "battery": ("stay",),
    "exploration": ("look",),
    "social": ("talk",),
}
"""What can be done at once about a gate that opened, the surest first; other domains suggest nothing."""


def ask(asker: Asker, timeout_ms: int) -> CognitiveRequest:
    """Return the question of an NPC, worded by the template."""
    suggested = choices(asker)
    fields: dict[str, Scalar] = {
        QUESTION: question(asker),
        "level": asker.level,
        "node": asker.node,
        "energy": round(asker.energy, 4),
        "lifeforce": round(asker.lifeforce, 3),
        "coverage": round(asker.coverage, 4),
        "known": asker.known,
        "houses": asker.houses,
        "here_known": asker.here_known,
        "at_well": asker.at_well,
        "news": asker.news,
        "partners": ", ".join(f"npc.{one.npc}" for one in asker.partners),
        "partners_lack": sum(one.news for one in asker.partners),
        "gates_open": ", ".join(asker.gates),
        "doing": ", ".join(asker.doing),
    }
    return CognitiveRequest(
        event_type=EVENT,
        domain="social" if asker.partners else "exploration",
        confidence=suggested[0].confidence,
        structured_input=fields,
        suggested_actions=suggested,
        response_timeout_ms=timeout_ms,
        npc_id=asker.npc,
        priority=min(max(asker.priority, 0), 10),
        world_tick=asker.world_tick,
    )


def question_of(request: CognitiveRequest) -> str:
    """Return the question in words, whoever worded it."""
    return str(request.structured_input.get(QUESTION, request.event_type))


def question(asker: Asker) -> str:
    """Return what an NPC asks, in the template's words."""
    here = "a house I do not know" if not asker.here_known else "a house I know"
    company = f"with {_count(len(asker.partners), 'other')}" if asker.partners else "alone"
    left = asker.houses - asker.known
    return f"I stand at {here}, {company}; {_count(left, 'house')} of {asker.houses} unknown. What now?"


def transform(asked: TransformRequest) -> CognitiveRequest:
    """Return the question that a gate's transition makes; the same transition makes the same question.

    The priority falls with the tier: a reflex is 10, partnership is 0. What the waves said goes in as plain values.
    """
    one = asked.transition
    fields: dict[str, Scalar] = {
        QUESTION: f"{one.gate_id} went from {one.from_state} to {one.to_state}. What now?"[:LONGEST_VALUE],
        "gate": one.gate_id[:LONGEST_VALUE],
        "from": one.from_state,
        "to": one.to_state,
        "state_value": one.state_value,
        "correlation": one.correlation_score,
        "weight": one.weight,
        "tier": one.routed_to_tier,
        "cause": one.cause[:LONGEST_VALUE],
    }
    for signal in one.trigger_signals:
        for name, value in signal.semantic_content.items():
            if len(fields) >= MOST_FIELDS:
                break
            key = f"{signal.source}.{name}"[:LONGEST_VALUE]
            fields.setdefault(key, value[:LONGEST_VALUE] if isinstance(value, str) else value)
    opened = one.to_state == "open"
    actions = _BY_DOMAIN.get(one.domain, ()) if opened and asked.npc_id is not None else ()
    confidence = max((signal.confidence for signal in one.trigger_signals), default=one.weight)
    return CognitiveRequest(
        event_type=f"gate_{one.to_state}",
        domain=one.domain,
        confidence=confidence,
        structured_input=fields,
        suggested_actions=[
            SuggestedAction(action, round(confidence / (place + 1), 4))
            for place, action in enumerate(actions)
        ],
        npc_id=asked.npc_id,
        priority=10 - 2 * one.routed_to_tier,
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
