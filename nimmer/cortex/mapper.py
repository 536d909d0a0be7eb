"""The port of the boundary's mapper: a question for the cortex out of a situation or a gate's transition.

Two drivers: the template here, deterministic and without a model, and nimmer.engines.model_mapper, which takes every
field from the template and lets a small model word it. Source: docs/domain.md section 10 (Function Gemma).
"""

from collections.abc import Mapping
from typing import Protocol

from nimmer.bus.cortex_messages import CognitiveRequest, TransformRequest
from nimmer.cortex.asker import Asker
from nimmer.cortex.asking import ask, transform


class Mapper(Protocol):
    """Makes questions, each with all its fields and one sentence of words."""

    async def ask(self, asker: Asker, timeout_ms: int) -> CognitiveRequest:
        """Return the question of an NPC."""
        ...

    async def transform(self, asked: TransformRequest) -> CognitiveRequest:
        """Return the question that a gate's transition makes."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return how often it did what."""
        ...


class TemplateMapper:
    """The mapper without a model."""

    def __init__(self) -> None:
        """Have mapped nothing yet."""
        self._mapped = 0

    async def ask(self, asker: Asker, timeout_ms: int) -> CognitiveRequest:
        """See `Mapper.ask`."""
        self._mapped += 1
        return ask(asker, timeout_ms)

    async def transform(self, asked: TransformRequest) -> CognitiveRequest:
        """See `Mapper.transform`."""
        self._mapped += 1
        return transform(asked)

    def counts(self) -> Mapping[str, int]:
        """See `Mapper.counts`."""
        return {"by_template": self._mapped}
