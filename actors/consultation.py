"""One question of one NPC, from what it perceived to what the world said of the answer's commands.

    question -> memories -> cortex -> is it still there, is it still in time -> commands -> rights -> world

Nobody waits for it: the NPC acts on its last plan, the garden has gone on. What it meets on the way is said in a
`Result`; nothing it expects is raised. Source: docs/domain.md section 10; docs/boundary.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec.structs import replace

from actors.cortex_line import Line
from actors.lookout import Lookout
from actors.recollection import Recollection
from nimmer.bus.cortex_messages import CallOutcome, CognitiveRequest, CognitiveResponse, CognitiveResult
from nimmer.cortex.answering import Decision, commands, decide, here_and_now
from nimmer.cortex.asker import Asker
from nimmer.cortex.fate import gone, stale
from nimmer.cortex.mapper import Mapper
from nimmer.cortex.rights import Granted, Refused, check
from nimmer.errors import CortexError
from nimmer.life.action import Action

GRACE_S = 1.0
"""How much longer than its own time limit an answer of the cortex is waited for."""
LONGEST_FATE = 200
NOWHERE = "none"
"""Request id of a response that did not come from the cortex."""

Propose = Callable[[int, Action], Awaitable[tuple[bool, str]]]
"""Asks the world to let an NPC act: whether it accepts, and why not."""


class Fate(NamedTuple):
    """What became of one command: `accepted`, or why not. An answer that was dropped has one without a command."""

    target: str
    command: str
    payload: dict[str, Any]
    fate: str


@dataclass(slots=True)
class Result:
    """What became of a question; refused: commands without a right."""

    asker: Asker
    request: CognitiveRequest
    response: CognitiveResponse
    decision: Decision | None = None
    fates: list[Fate] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Consultation:
    """Whom a question passes on its way.

    stale_ticks: world ticks after which an answer is dropped; timeout_ms: the longest time to an answer.
    """

    lookout: Lookout
    mapper: Mapper
    recollection: Recollection
    line: Line
    propose: Propose
    stale_ticks: int
    timeout_ms: int

    async def of(self, asker: Asker) -> Result:
        """Return what became of the question of `asker`."""
        request = await self.mapper.ask(asker, self.timeout_ms)
        context = await self.recollection.about(asker, request)
        response = self._in_time(asker, await self._think(request, context))
        result = Result(asker, request, response)
        if response.outcome == "answered":
            await self._carry_out(result)
        elif response.outcome in ("stale", "cancelled"):
            result.fates.append(Fate(asker.name, "", {}, response.reason[:LONGEST_FATE]))
        return result

    async def _think(self, request: CognitiveRequest, context: list[str]) -> CognitiveResponse:
        try:
            async with asyncio.timeout(request.response_timeout_ms / 1e3 + GRACE_S):
                return await self.line.think(request, context)
        except TimeoutError:
            return unanswered("timeout", "the cortex did not answer in time")
        except CortexError as error:
            return unanswered("failed", str(error))

    def _in_time(self, asker: Asker, response: CognitiveResponse) -> CognitiveResponse:
        """Return the response, its outcome changed when the world has moved on too far."""
        now = self.lookout.now(asker.npc)
        if reason := gone(asker, now):
            return replace(response, outcome="cancelled", reason=reason)
        if response.outcome == "answered" and (reason := stale(asker, now, self.stale_ticks)):
            return replace(response, outcome="stale", reason=reason)
        return response

    async def _carry_out(self, result: Result) -> None:
        asker, request, response = result.asker, result.request, result.response
        here = self.lookout.asker(asker.npc, asker.world_tick) or asker
        chosen = decide(request, response)
        result.decision = None if chosen is None else here_and_now(chosen, asker, here)
        for one in commands(result.decision, response, here):
            verdict = check(one, here)
            if isinstance(verdict, Refused):
                result.refused.append(verdict)
                fate = f"refused: {verdict.reason}"
            else:
                fate = await self._proposed(verdict)
            result.fates.append(Fate(one.target, one.command, dict(one.payload), fate[:LONGEST_FATE]))

    async def _proposed(self, granted: Granted) -> str:
        accepted, reason = await self.propose(granted.npc, granted.action)
        return "accepted" if accepted else reason


def unanswered(outcome: CallOutcome, reason: str) -> CognitiveResponse:
    """Return the response of a cortex that gave none; it has no request id."""
    return CognitiveResponse(NOWHERE, outcome, "", CognitiveResult("", 0.0), [], 0.0, 0.0, reason[:500])
