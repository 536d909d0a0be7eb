"""One thought: a question becomes a prompt, has its turn, is answered by the engine, and is paid for.

Source: docs/domain.md section 10; docs/cortex.md, "A thought".
"""

import asyncio
from collections.abc import Sequence

from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CognitiveResult
from nimmer.clock import Clock
from nimmer.config.cortex import CortexSettings
from nimmer.cortex.allowance import Allowance
from nimmer.cortex.desk import Ticket
from nimmer.cortex.price import PENALTY, affordable_tokens, cost
from nimmer.cortex.prompt import ANSWER_TOKENS, Prompt, render
from nimmer.cortex.question import Question, chooser_of
from nimmer.cortex.rights import FOR_NPCS
from nimmer.cortex.verdict import Verdict, read
from nimmer.engines.engine import Completion, chat
from nimmer.engines.keeper import Keeper
from nimmer.errors import EngineError, EngineRefusedError
from serve_apps.cortex_book import LEFT, Book, Call
from serve_apps.cortex_gate import Gate, TurnedAwayError

LEAST_TOKENS = 24
"""A budget that buys less than this buys no answer."""


class Thinking:
    """Answers CognitiveRequests; never raises for what may be expected."""

    def __init__(
        self, settings: CortexSettings, gate: Gate, keeper: Keeper, book: Book, clock: Clock
    ) -> None:
        """Think with `keeper`'s engine, one turn of `gate` a thought."""
        self._settings = settings
        self._gate = gate
        self._keeper = keeper
        self._book = book
        self._clock = clock
        self._chooser = chooser_of(settings.engine)
        self._allowance = Allowance(settings.npc_per_minute, settings.npc_lifeforce)

    async def think(
        self, request: CognitiveRequest, identity: str, context: Sequence[str]
    ) -> CognitiveResponse:
        """Return what became of `request`; a row is left of it whatever that is."""
        call = Call(
            identity,
            request.priority,
            request.event_type,
            request.domain,
            self._clock.monotonic_s(),
            npc=request.npc_id,
            world_tick=request.world_tick,
            request=_told(request, context),
        )
        verdict = Verdict("", 0.0, "", "")
        try:
            verdict = await self._answer(request, call, context)
        except asyncio.CancelledError:
            call.outcome, call.reason = "cancelled", LEFT
            raise
        except TurnedAwayError as away:
            call.outcome, call.reason = away.outcome, away.reason  # type: ignore[assignment]  # the desk's own words
        except TimeoutError:
            call.outcome = "timeout"
            call.reason = f"no answer within {self._allowed_s(request):.3g} s (cortex.timeout_ms)"
            self._keeper.suspect()
        except EngineRefusedError as error:
            call.outcome, call.reason = "refused", str(error)
        except EngineError as error:
            call.outcome, call.reason = "failed", str(error)
            self._keeper.suspect()
        except ValueError as error:
            call.outcome, call.reason = ("refused" if call.engine_s is None else "failed"), str(error)
        finally:
            self._pay(request, call, identity)
            took_ms = self._book.close(call)
        return CognitiveResponse(
            request_id=call.id,
            outcome=call.outcome,
            decision=verdict.decision[:80],
            result=CognitiveResult(verdict.answer, verdict.confidence, verdict.mode),
            downstream_commands=[],
            lifeforce_spent=call.lifeforce,
            processing_time_ms=max(took_ms, 0.0),
            reason="" if call.outcome == "answered" else call.reason[:2000],
        )

    async def _answer(self, request: CognitiveRequest, call: Call, context: Sequence[str]) -> Verdict:
        """Return the verdict. Raises TurnedAwayError, TimeoutError, EngineError or ValueError."""
        question = _question(request, context)
        prompt = self._prompt(question)
        tokens = min(ANSWER_TOKENS, affordable_tokens(request.processing_budget_lf, prompt.tokens))
        if tokens < LEAST_TOKENS:
            raise TurnedAwayError(
                "denied",
                f"processing_budget_lf {request.processing_budget_lf:g} buys no answer to this question",
            )
        self._admit(request, call)
        if not self._keeper.ready:
            raise EngineError(f"the engine is not ready: {self._keeper.reason}")
        deadline_s = call.at_s + self._allowed_s(request)
        ticket = Ticket(
            call.id,
            _purse(call.identity, request),
            request.npc_id,
            request.priority,
            call.at_s,
            deadline_s,
            person=call.identity != FOR_NPCS,
        )
        async with self._gate.turn(ticket) as call.wait_s:
            completion = await self._ask(prompt, tokens, call, deadline_s)
        verdict = read(completion.text, question, self._chooser)
        call.outcome = "answered"
        call.response = {"decision": verdict.decision, "answer": verdict.answer, "context_kept": prompt.kept}
        return verdict

    def _prompt(self, question: Question) -> Prompt:
        most = self._settings.max_prompt_chars
        chars = sum(len(name) + len(str(value)) for name, value in question.facts.items())
        if chars > most:
            raise ValueError(
                f"structured_input has {chars} characters; {most} are allowed: ask with less, or raise"
                " cortex.max_prompt_chars"
            )
        return render(question, self._settings.context_tokens, self._chooser)

    def _admit(self, request: CognitiveRequest, call: Call) -> None:
        refusal = self._allowance.admit(
            _purse(call.identity, request), request.processing_budget_lf, call.at_s
        )
        if refusal:
            raise TurnedAwayError("denied", refusal)
        call.reserved = request.processing_budget_lf

    async def _ask(self, prompt: Prompt, tokens: int, call: Call, deadline_s: float) -> Completion:
        begun_s = self._clock.monotonic_s()
        try:
            completion = await chat(
                self._keeper.engine,
                prompt.messages,
                max_tokens=tokens,
                within_s=max(deadline_s - begun_s, 0.0),
                model=self._settings.model,
                schema=prompt.schema,
                extra=prompt.sampling,
            )
        finally:
            call.engine_s = self._clock.monotonic_s() - begun_s
        call.prompt_tokens, call.completion_tokens = completion.prompt_tokens, completion.completion_tokens
        return completion

    def _pay(self, request: CognitiveRequest, call: Call, identity: str) -> None:
        """Charge what was used, and give back the rest of what was reserved."""
        if call.outcome in ("timeout", "expired"):
            call.lifeforce = PENALTY
        elif call.outcome == "answered":
            price = cost(call.prompt_tokens, call.completion_tokens)
            call.lifeforce = min(price, request.processing_budget_lf)
        if call.reserved:
            self._allowance.settle(_purse(identity, request), call.reserved, call.lifeforce)

    def _allowed_s(self, request: CognitiveRequest) -> float:
        return min(request.response_timeout_ms, self._settings.timeout_ms) / 1000


def _purse(identity: str, request: CognitiveRequest) -> str:
    """Return whose purse pays, and who stands at the desk: the NPC itself, or `identity` in its name, or for itself.

    Who asks over the bus in an NPC's name spends neither what the NPC has nor its place in time.
    """
    return identity if request.npc_id is None else f"{identity} {request.npc_id}"


def _question(request: CognitiveRequest, context: Sequence[str]) -> Question:
    suggestions = tuple((one.action, one.confidence) for one in request.suggested_actions)
    return Question(
        request.event_type,
        request.domain,
        request.confidence,
        request.structured_input,
        suggestions,
        tuple(context),
    )


def _told(request: CognitiveRequest, context: Sequence[str]) -> dict[str, object]:
    """Return what a row keeps of a request, bounded."""
    facts = dict(list(request.structured_input.items())[:64])
    suggested = [{"action": one.action, "confidence": one.confidence} for one in request.suggested_actions]
    return {
        "structured_input": facts,
        "suggested_actions": suggested,
        "context": list(context)[:16],
        "processing_budget_lf": request.processing_budget_lf,
    }
