"""The mapper that lets a small model word what the template has filled in.

The fields of a question are the template's, always; the model writes the one sentence beside them, as JSON under a
schema. What it writes is validated; after three tries that are no use it is a NACK: logged, counted, and the template's
own sentence stands. An engine that is away or slow costs the wording, never the question.
Source: docs/domain.md section 10 (Function Gemma); docs/decisions/0033.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from nimmer.bus.cortex_messages import CognitiveRequest, TransformRequest
from nimmer.cortex.asker import Asker
from nimmer.cortex.asking import QUESTION, ask, transform
from nimmer.cortex.wording import MOST_TOKENS, TRIES, Messages, Said, believe, messages, schema
from nimmer.errors import CortexError

log = logging.getLogger("nimmer")
WITHIN_S = 1.5
"""The longest all tries for one wording may take together: words are worth no stale answer."""


class Words(Protocol):
    """Whoever can write text as JSON under a schema."""

    async def chat(self, asked: Messages, under: Mapping[str, Any], max_tokens: int) -> Said:
        """Return what was written. Raises EngineError when nobody is there to write, TimeoutError when slow."""
        ...


class ModelMapper:
    """The mapper whose questions a model words."""

    def __init__(self, words: Words, within_s: float = WITHIN_S) -> None:
        """Let `words` write, for at most `within_s` per question."""
        self._words = words
        self._within_s = within_s
        self._schema = schema()
        self._counts = dict.fromkeys(
            ("by_model", "by_template", "retries", "nacks", "engine_away", "tokens"), 0
        )

    async def ask(self, asker: Asker, timeout_ms: int) -> CognitiveRequest:
        """See `Mapper.ask`."""
        return await self._worded(ask(asker, timeout_ms))

    async def transform(self, asked: TransformRequest) -> CognitiveRequest:
        """See `Mapper.transform`."""
        return await self._worded(transform(asked))

    def counts(self) -> Mapping[str, int]:
        """See `Mapper.counts`: questions worded by whom, tries again, wordings given up, engine away, tokens written."""
        return dict(self._counts)

    async def _worded(self, request: CognitiveRequest) -> CognitiveRequest:
        sentence = await self._sentence(request)
        self._counts["by_template" if sentence is None else "by_model"] += 1
        if sentence is None:
            return request
        return replace(request, structured_input={**request.structured_input, QUESTION: sentence})

    async def _sentence(self, request: CognitiveRequest) -> str | None:
        """Return the model's sentence, None when there is none of use in time."""
        try:
            async with asyncio.timeout(self._within_s):
                return await self._tried(request)
        except (CortexError, TimeoutError) as error:
            self._counts["engine_away"] += 1
            log.warning("the boundary's engine words nothing (%r); the template does", error)
            return None

    async def _tried(self, request: CognitiveRequest) -> str | None:
        hint = ""
        for number in range(TRIES):
            self._counts["retries"] += number > 0
            said = await self._words.chat(
                messages(str(request.structured_input[QUESTION]), hint),
                self._schema,
                MOST_TOKENS,
            )
            self._counts["tokens"] += said.tokens
            found = believe(said)
            if isinstance(found, str):
                return found
            hint = found.hint
        self._counts["nacks"] += 1
        log.warning("NACK: no wording for %s in %d tries: %s", request.event_type, TRIES, hint)
        return None
