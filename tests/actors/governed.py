"""A governor without Ray: its shell, a supervisor over the same arena, and a recorder that may be away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from actors.charter import Charter
from actors.governor import GovernorShell
from actors.governor_mind import Advice
from actors.survey import Survey, Surveyor
from nimmer.arena.board import Board
from nimmer.arena.layout import GATES
from nimmer.arena.memory import Arena
from nimmer.chance import Chance
from nimmer.clock import ManualClock
from nimmer.life.governor import Allocation, Limits
from nimmer.life.governor_observation import GovernorObservation
from nimmer.life.percept import PERCEPT
from nimmer.minds.governor_net import GovernorWeights, initial_weights
from nimmer.minds.governor_weights import GovernorCard, save_governor
from nimmer.stores.in_memory import InMemoryTraces
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch
from tests.actors.conftest import NPCS

EPOCH = 10
PATIENCE_S = 60.0
"""How long these governors wait for their net: no test may hang on how fast the machine is."""


class Answer:
    """An actor's method whose answer comes at once."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    async def remote(self, *arguments: object) -> Any:  # noqa: ANN401  whatever the actor returns
        return self._call(*arguments)


class Supervisor:
    """Applies shares to the arena, and remembers each epoch's."""

    def __init__(self, arena: Arena) -> None:
        self.board = Board(arena)
        self.surveyor = Surveyor(arena, self.board)
        self.applied: list[tuple[int, list[Allocation]]] = []
        self.shares: dict[int, float] = {}
        self.survey, self.apply, self.let_go = Answer(self._survey), Answer(self._apply), Answer(self._let_go)

    def _survey(self) -> Survey:
        return self.surveyor.look(lambda npc: self.shares.get(npc, 50.0), lambda npc: 0.5 * npc)

    def _apply(self, epoch: int, shares: list[Allocation]) -> list[str]:
        self.applied.append((epoch, shares))
        for one in shares:
            control = self.board.control[one.npc : one.npc + 1]
            control["tick_hz"], control["epoch"] = one.tick_hz, epoch
            control["gate_override"] = (*one.gates, *[0] * (GATES - len(one.gates)))
            self.shares[one.npc] = one.cpu_percent
        return []

    def _let_go(self) -> None:
        self.board.control["gate_override"] = 0


class Recorder:
    """Keeps rows in memory."""

    def __init__(self) -> None:
        self.traces = InMemoryTraces()
        self.keep = Answer(lambda batch: None)
        self.batches: list[RowBatch] = []

    async def remote(self, batch: RowBatch) -> None:
        self.batches.append(batch)
        await self.traces.write(batch)

    def rows(self, epoch: int) -> list[dict[str, Any]]:
        kept = self.traces.rows[Table.GOVERNOR_DECISIONS]
        return [row for key, row in sorted(kept.items()) if key[1] == epoch]  # type: ignore[misc]  # of this table they are dicts


class Governed:
    """A village of three, seen and governed by hand."""

    def __init__(self, charter: Charter, arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
        self.charter, self.arena = charter, arena
        self.clock = ManualClock(1000.0)
        self.supervisor, self.recorder = Supervisor(arena), Recorder()
        self.recorder.keep = self.recorder  # type: ignore[assignment]  # its one method, as Ray would offer it
        self.away: set[str] = set()
        monkeypatch.setattr(ray, "get_actor", self._named)
        self.know([0.1, 0.5, 0.9])
        arena.view("control")["alive"] = 1
        arena.view("vitals")["lifeforce"] = 100.0
        self.shell = self.born()

    def _named(self, name: str, namespace: str) -> Any:  # noqa: ANN401  as Ray's
        assert namespace == "nimmer-dev"
        if name in self.away:
            raise ValueError(f"Failed to look up actor with name '{name}'")
        return {"supervisor": self.supervisor, "recorder": self.recorder}[name]

    def born(self) -> GovernorShell:
        """Return a new process of the governor; an earlier one is as good as killed."""
        self.shell = GovernorShell(self.charter)
        self.shell.mind._patience_s = PATIENCE_S
        self.shell.clock = self.clock  # type: ignore[assignment]  # a clock like any other
        return self.shell

    def know(self, coverage: list[float]) -> None:
        """Let the NPCs know so much, as of the world's tick now."""
        records = np.zeros(NPCS, PERCEPT)
        records["coverage"], records["level"], records["energy"] = coverage, 1, 0.5
        self.supervisor.board.show(int(self.arena.view("header")["world_tick"][0]), records, None)

    def command_while_it_thinks(self, mode: str) -> None:
        """Let an operator command `mode` after the net was asked, before its answer is used."""
        advise = self.shell.mind.advise

        async def interrupted(
            observation: GovernorObservation, capacity_percent: float, limits: Limits
        ) -> Advice:
            advice = await advise(observation, capacity_percent, limits)
            await self.shell.command("mode", {"mode": mode})
            self.shell.mind.advise = advise  # type: ignore[method-assign]  # once
            return advice

        self.shell.mind.advise = interrupted  # type: ignore[method-assign]  # stands in the way once

    async def epoch(self, number: int) -> None:
        """Let the world come to epoch `number` and the governor look."""
        self.arena.view("header")["world_tick"] = number * EPOCH
        self.clock.advance(EPOCH / self.charter.world_hz)
        await self.shell.look()


def weights() -> GovernorWeights:
    """Return a net that tells NPCs apart."""
    found = initial_weights("small", Chance(3).generator("weights"))
    found["head_w"] = Chance(3).generator("head").normal(0.0, 0.5, found["head_w"].shape).astype(np.float32)
    return found


def saved(path: Path) -> str:
    """Write such a net to `path`, and return it as a charter names it."""
    save_governor(path, weights(), GovernorCard("es", 3, 1))
    return str(path)
