"""The boundary's actor: between the nervous system and the cortex, as nyx-training. JSON on one side, commands on the other.

The garden tells who asked in a world tick; each question goes its way by itself (actors/consultation.py), one per NPC at
a time. Whoever dies or leaves its level while its question is under way is cancelled at the cortex. What came of a
question goes to the database beside what the cortex wrote of it, and becomes a memory.
Source: docs/domain.md sections 10 and 12; docs/boundary.md.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import ray

from actors.charter import Charter
from actors.consultation import NOWHERE, Consultation, Fate, Result
from actors.cortex_line import CortexLine, Line
from actors.filing import Filing
from actors.lookout import Lookout
from actors.recollection import Recollection
from actors.shell import Shell, crashing, log
from nimmer.bus.bus import Bus
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, TransformRequest
from nimmer.bus.message import Message
from nimmer.bus.nats import NatsBus
from nimmer.bus.respondent import Respondent
from nimmer.bus.subject import build
from nimmer.cortex.asker import Asker
from nimmer.cortex.asking import question_of
from nimmer.cortex.fate import gone
from nimmer.cortex.mapper import Mapper, TemplateMapper
from nimmer.cortex.remembrance import remembrance
from nimmer.cortex.rights import FOR_NPCS
from nimmer.engines.embedding import WordVectors
from nimmer.engines.model_mapper import ModelMapper
from nimmer.engines.words import EngineWords, wording_engine
from nimmer.errors import CortexError
from nimmer.life.action import Action
from nimmer.stores.iris import Iris
from nimmer.stores.memories import Memory
from nimmer.stores.tables import Row, Table

MOST_UNDER_WAY = 256
"""Questions under way at a time; an NPC that asks beyond that is turned away, and counted."""
WATCH_S = 0.2
"""How often it is looked whether who asked is still there."""
STOP_S = 2.0


class BoundaryShell(Shell):
    """Questions out, commands in."""

    entity = "boundary"

    def __init__(
        self,
        charter: Charter,
        line: Line | None = None,
        mapper: Mapper | None = None,
        recollection: Recollection | None = None,
    ) -> None:
        """Enter the arena of `charter`; line, mapper and recollection are those it names when not given."""
        super().__init__(charter)
        self._line = line or CortexLine(charter.environment)
        self._words = None if mapper or charter.mapper == "template" else self._engine()
        self._mapper = mapper or (ModelMapper(self._words) if self._words else TemplateMapper())
        self._recollection = recollection or Recollection(charter.run, _iris(charter), charter.memories)
        self._lookout = Lookout(charter, self.arena)
        self._consultation = Consultation(
            self._lookout,
            self._mapper,
            self._recollection,
            self._line,
            self._propose,
            charter.stale_ticks,
            charter.cortex_timeout_ms,
        )
        self._ear: Respondent[Bus] = Respondent(
            self._dial,
            (build(charter.environment, "cortex.gemma.transform"),),
            self._transform,
            self.voice,
            self.clock,
            MOST_UNDER_WAY,
            lambda why: self.report("bus", self.entity, why),
        )
        self._filing = Filing(self)
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._askers: dict[int, Asker] = {}
        self._cancelled: set[int] = set()
        self._garden: Any = None
        self.counts: Counter[str] = Counter()
        """How often what happened: outcomes of questions, fates of commands, what was turned away."""

    def _engine(self) -> EngineWords:
        charter = self.charter
        log_file = Path(charter.state_dir) / "logs" / "boundary-engine.log"
        return wording_engine(charter.gemma_weights, log_file, self._line.engine, self.clock)

    @crashing
    async def live(self) -> None:
        """Answer the bus and watch over the questions under way, until told to stop."""
        ear = asyncio.create_task(self._ear.run())
        try:
            while not self.stopping.is_set():
                await self._watch()
                await self.clock.sleep_s(WATCH_S)
        finally:
            ear.cancel()
            await asyncio.gather(ear, return_exceptions=True)

    async def _dial(self) -> Bus:
        charter = self.charter
        return await NatsBus.connect(
            charter.nats_url, FOR_NPCS, charter.secrets.get(FOR_NPCS, ""), self.clock
        )

    async def _transform(self, message: Message) -> CognitiveRequest:
        """Return what question a gate's transition makes."""
        assert isinstance(message.body, TransformRequest)
        return await self._mapper.transform(message.body)

    async def asked(self, tick: int, npcs: list[int]) -> None:
        """Take the questions of world tick `tick`: one per NPC at a time, the others are counted and dropped."""
        for npc in npcs:
            if self.stopping.is_set() or len(self._under_way) >= MOST_UNDER_WAY:
                self.counts["turned_away"] += 1
            elif npc in self._under_way:
                self.counts["already_asking"] += 1
            else:
                self._begin(npc, tick)

    async def idle(self) -> None:
        """Return when no question is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    async def status(self) -> dict[str, Any]:
        """Return what became of questions and commands, and how mapper, memories and bus fare."""
        return {
            "under_way": len(self._under_way),
            "counts": dict(self.counts),
            "mapper": {"kind": type(self._mapper).__name__, **self._mapper.counts()},
            "memories": self._recollection.status(),
            "bus": {
                "connected": self._ear.connected,
                "answered": self._ear.answered,
                "refused": self._ear.refused,
            },
        }

    async def stop(self) -> dict[str, Any]:
        """Give up what is under way, hand over the last rows, and return the status."""
        self.stopping.set()
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._filing.finish(STOP_S)
        await self._recollection.close()
        if self._words is not None:
            await self._words.close()
        return await self.status()

    def _begin(self, npc: int, tick: int) -> None:
        asker = self._lookout.asker(npc, tick)
        if asker is None:
            self.counts["gone"] += 1
            return
        self._askers[npc] = asker
        self._under_way[npc] = asyncio.create_task(self._see_through(asker))

    async def _see_through(self, asker: Asker) -> None:
        """Follow one question to its end; whatever happens to it, the others go on."""
        try:
            await self._wind_up(await self._consultation.of(asker))
        except Exception as error:
            self.counts["broken"] += 1
            log.exception("the question of %s is lost", asker.name)
            self.report("question-lost", asker.name, f"{type(error).__name__}: {error}"[:500])
        finally:
            del self._under_way[asker.npc], self._askers[asker.npc]
            self._cancelled.discard(asker.npc)

    async def _wind_up(self, result: Result) -> None:
        """Count, tell, write down and remember what became of a question."""
        asker, request, response = result.asker, result.request, result.response
        self.counts[response.outcome] += 1
        if result.decision is not None:
            self.counts[f"decided_by_{result.decision.by}"] += 1
        for one in result.fates:
            self.counts["commands_accepted" if one.fate == "accepted" else "commands_not_done"] += 1
        if result.refused:
            self.counts["commands_refused"] += len(result.refused)
            first = result.refused[0]
            reason = f"{first.target[:80]}: {first.reason}"[:500]
            self.report("command-refused", asker.name, reason, len(result.refused))
        if response.outcome == "failed":
            log.warning("npc %d asked in vain: %s", asker.npc, response.reason)
        row = self._row(asker, request, response, result.fates)
        self._filing.keep(Table.CORTEX_CALLS, (row,))
        if response.outcome == "answered":
            text = remembrance(
                question_of(request), response.result.answer, [one._asdict() for one in result.fates]
            )
            call = str(row["call"])
            await self._recollection.keep([Memory(self.charter.run, call, asker.npc, asker.world_tick, text)])

    def _row(
        self, asker: Asker, request: CognitiveRequest, response: CognitiveResponse, fates: list[Fate]
    ) -> Row:
        """Return what the boundary has to say of a call; the cortex's own row has the rest, under the same key.

        A question that never reached the cortex has no other row than this.
        """
        now_s, reached = self.clock.unix_s(), response.request_id != NOWHERE
        own: Row = {} if reached else {"request": _plain(request), "response": _plain(response)}
        return {
            **own,
            "run": self.charter.run,
            "call": response.request_id if reached else self.voice.message_id(),
            "at": now_s - response.processing_time_ms / 1e3,
            "ended_at": now_s,
            "identity": FOR_NPCS,
            "npc": asker.npc,
            "world_tick": asker.world_tick,
            "priority": request.priority,
            "event_type": request.event_type,
            "domain": request.domain,
            "outcome": response.outcome,
            "reason": response.reason or None,
            "commands": [one._asdict() for one in fates],
        }

    async def _watch(self) -> None:
        """Cancel the questions of those who are not there any more."""
        for npc, asker in list(self._askers.items()):
            reason = gone(asker, self._lookout.now(npc))
            if not reason or npc in self._cancelled:
                continue
            self._cancelled.add(npc)
            try:
                await self._line.cancel(npc, reason)
            except CortexError as error:
                log.warning("npc %d is not cancelled: %s", npc, error)

    async def _propose(self, npc: int, action: Action) -> tuple[bool, str]:
        """Ask the garden to let an NPC act in its next tick."""
        try:
            if self._garden is None:
                self._garden = ray.get_actor("garden", namespace=self.charter.namespace)
            accepted, reason = await self._garden.propose.remote(npc, action, 0)
        except (ray.exceptions.RayError, ValueError) as error:
            self._garden = None
            return False, f"the garden does not answer: {type(error).__name__}"
        return bool(accepted), str(reason)


def _plain(body: msgspec.Struct) -> Any:  # noqa: ANN401  JSON
    """Return a message's body as JSON values a database takes."""
    return msgspec.json.decode(msgspec.json.encode(body).replace(rb"\u0000", b" "))


def _iris(charter: Charter) -> Iris | None:
    return Iris(charter.chroma_url, charter.environment, WordVectors()) if charter.chroma_url else None


BoundaryActor = ray.remote(BoundaryShell)
