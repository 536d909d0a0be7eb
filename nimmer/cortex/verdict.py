"""From what the model wrote to a decision and its words. Source: docs/domain.md section 7 (CognitiveResponse)."""

import json
import re
from dataclasses import dataclass

from nimmer.cortex.prompt import ANSWER_CHARS, drafted
from nimmer.cortex.question import Chooser, Question


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, how sure, and what is said about it."""

    decision: str
    confidence: float
    answer: str
    mode: str


def read(text: str, question: Question, chooser: Chooser) -> Verdict:
    """Return what the model's JSON `text` means. An answer that was cut off ends at its last whole word.

    Raises ValueError when it is no such JSON, or decides for something nobody suggested.
    """
    found = _object(text)
    answer = found.get("answer")
    if not isinstance(answer, str) or not answer.strip():
        raise ValueError("the engine's JSON holds no answer")
    decision, confidence = question.surest()
    if chooser is Chooser.MODEL and question.suggestions:
        chosen = found.get("decision")
        by_action = dict(reversed(question.suggestions))  # the first of equals counts
        if not isinstance(chosen, str) or chosen not in by_action:
            raise ValueError(f"the engine decided for {str(chosen)[:80]!r}, which nobody suggested")
        decision, confidence = chosen, by_action[chosen]
    answer = _once(" ".join(answer.replace("\0", "").split()))[:ANSWER_CHARS]
    if drafted(question, chooser):
        answer = _whole(answer)
    return Verdict(decision, confidence, answer, chooser.value)


def _once(answer: str) -> str:
    """Return the answer up to the first sentence it says again: small models go round in circles."""
    said: list[str] = []
    for sentence in re.findall(r"[^.!?]+[.!?]*\s*", answer):
        if any(before.startswith(sentence.strip()) for before in said):
            break
        said.append(sentence)
    return "".join(said).strip() or answer


def _whole(answer: str) -> str:
    """Return the answer without a sentence that was begun beyond its draft."""
    end = max(answer.rfind(sign) for sign in ".!?")
    return answer[: end + 1] if end >= 0 else answer


def _object(text: str) -> dict[str, object]:
    """Return the object in `text`, mended when its last string was cut off."""
    for candidate in (text, text.rpartition(" ")[0] + '"}'):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    raise ValueError("the engine answered something that is no JSON object")
