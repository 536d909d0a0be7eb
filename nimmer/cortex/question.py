"""A question as the cortex sees it: fields by name, things that could be done, and what is known besides.

Source: docs/domain.md section 7 (CognitiveRequest).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Question:
    """One question. suggestions: what could be done and how sure the asker is of it; context: the nearest first."""

    event_type: str
    domain: str
    confidence: float
    facts: Mapping[str, float | int | bool | str]
    suggestions: tuple[tuple[str, float], ...] = ()
    context: tuple[str, ...] = ()

    def surest(self) -> tuple[str, float]:
        """Return the suggestion with the highest confidence, the first of equals; ("", confidence) without any."""
        if not self.suggestions:
            return "", self.confidence
        return max(self.suggestions, key=lambda one: one[1])


class Chooser(Enum):
    """Who chooses among the suggested actions: this is the one place where engines differ.

    The embedded model of 135M parameters chooses wrongly (measured: right kind in 2 of 6), so code takes the surest
    suggestion and the model only words the answer. A model the owner serves may choose, among the suggested ones only.
    """

    CODE = "chosen in code, worded by the model"
    MODEL = "chosen and worded by the model"


def chooser_of(engine: str) -> Chooser:
    """Return who chooses with the engine of that kind: embedded, vllm or url."""
    return Chooser.CODE if engine == "embedded" else Chooser.MODEL
