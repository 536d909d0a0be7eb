"""A village of three in an arena, two of them on one node, and a cortex at the end of a scripted line."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actors.boundary import BoundaryShell
from actors.charter import Charter
from actors.recollection import Recollection
from nimmer.arena.board import Board
from nimmer.arena.memory import Arena
from nimmer.bus.cortex_messages import CognitiveRequest, CognitiveResponse, CognitiveResult, CortexCommand
from nimmer.errors import CortexError
from nimmer.life.action import Action
from nimmer.stores.memories_in_memory import InMemoryMemories
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RowBatch
from nimmer.testing.memories_contract import by_letters
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.levels import Levels
from nimmer.world.rules import Rules
from tests.actors.conftest import NPCS

HERE = 6
"""Node of NPC 0 and NPC 1."""
ELSEWHERE = 18


class ScriptedLine:
    """A cortex that takes the surest suggestion, when it is let to."""

    def __init__(self) -> None:
        self.asked: list[tuple[CognitiveRequest, list[str]]] = []
        self.cancelled: list[tuple[int, str]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.asking = asyncio.Event()
        self.told_off = asyncio.Event()
        self.fault: Exception | None = None
        self.said = "Tell each other what you know."
        self.decision: str | None = None
        self.commands: list[CortexCommand] = []

    async def think(self, request: CognitiveRequest, context: Sequence[str]) -> CognitiveResponse:
        self.asked.append((request, list(context)))
        self.asking.set()
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        decision = request.suggested_actions[0].action if self.decision is None else self.decision
        result = CognitiveResult(self.said, 0.5)
        call = f"call{len(self.asked)}"
        return CognitiveResponse(call, "answered", decision, result, self.commands, 1.0, 90.0)

    async def cancel(self, npc: int, reason: str) -> None:
        self.cancelled.append((npc, reason))
        self.told_off.set()

    async def engine(self) -> tuple[str, str]:
        raise CortexError("there is none here")


class Neighbours:
    """Garden and recorder as the boundary calls them; the garden is a real one."""

    def __init__(self, garden: RealGarden) -> None:
        self.garden = garden
        self.proposed: list[tuple[int, Action]] = []
        self.rows: list[Row] = []
        self.away = False

    def named(self, name: str, namespace: str) -> "Neighbours":
        if self.away and name == "garden":
            raise ValueError(f"Failed to look up actor with name '{name}'")
        return self

    @property
    def propose(self) -> "Method":
        return Method(self._propose)

    @property
    def keep(self) -> "Method":
        return Method(self._keep)

    def _propose(self, npc: int, action: Action, meant_for: int) -> tuple[bool, str]:
        self.proposed.append((npc, action))
        answer = self.garden.propose(npc, action, True, meant_for)
        return not answer, answer.reason

    def _keep(self, batch: RowBatch) -> int:
        assert batch.table is Table.CORTEX_CALLS
        self.rows += batch.rows
        return len(batch.rows)


class Method:
    """One remote method; the call is answered at once."""

    def __init__(self, call: object) -> None:
        self._call = call

    def remote(self, *arguments: object) -> "asyncio.Future[object]":
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(self._call(*arguments))  # type: ignore[operator]  # a method
        return future


class AskingVillage:
    """The boundary, with everything round it in this process."""

    def __init__(self, charter: Charter, arena: Arena, levels: Levels) -> None:
        self.charter = replace(charter, cortex_enabled=True)
        self.arena, self.board = arena, Board(arena)
        self.garden = RealGarden(levels, Rules(), 7, NPCS)
        self.garden.begin(1)
        village = self.garden.village
        village.node[0] = [HERE, HERE, ELSEWHERE]
        self.neighbours = Neighbours(self.garden)
        self.line = ScriptedLine()
        self.recollection = Recollection(charter.run, InMemoryMemories(by_letters), charter.memories)
        self.board.control["alive"] = 1
        self.board.control["cortex_permission"] = [1, 1, 0]
        self.board.vitals["generation"] = 1
        self.learn(0, [HERE, 7])
        self.learn(1, [HERE, 8])
        self.show()

    def boundary(self) -> BoundaryShell:
        return BoundaryShell(self.charter, self.line, None, self.recollection)

    def learn(self, npc: int, nodes: list[int]) -> None:
        """Let an NPC know the houses at `nodes`."""
        village, level = self.garden.village, self.garden.level
        for node in nodes:
            village.facts[0, npc] += village.knowledge[0, npc, node] == 0
            village.knowledge[0, npc, node] = level.traits[node]
            village.bits[0, npc, node >> 6] |= np.uint64(1 << (node & 63))

    def show(self, tick: int | None = None) -> None:
        """Let everyone perceive the world as it is."""
        view = self.garden.view()
        self.board.show(self.garden.tick if tick is None else tick, view.records, view.known)

    def turn(self) -> None:
        """Let the world go on by a tick in which only what was proposed is done."""
        none = np.zeros(NPCS, np.uint64)
        verbs, slots = np.zeros(NPCS, np.uint8), np.full(NPCS, -1, np.int8)
        self.garden.turn(Wants(none, none, verbs, slots, np.ones(NPCS, np.bool_)))
        self.show()

    def knows(self, npc: int) -> set[int]:
        return set(np.flatnonzero(self.garden.village.knowledge[0, npc]).tolist())

    def fates(self) -> list[tuple[str, str, str]]:
        found = self.neighbours.rows[-1]["commands"]
        assert isinstance(found, list)
        return [(one["target"], one["command"], one["fate"]) for one in found]
