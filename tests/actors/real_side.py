"""A real side without Ray: garden, NPCs and arena on one clock, as the virtual garden's actor meets them."""

from collections.abc import Callable
from typing import Any

from actors.charter import Charter
from actors.npc import Birth, NpcShell
from nimmer.arena.board import Board
from nimmer.arena.memory import Arena
from nimmer.clock import ManualClock
from nimmer.world.garden import RealGarden, Wants
from nimmer.world.levels import Levels
from nimmer.world.rules import Rules
from tests.actors.conftest import NPCS


class Answer:
    """An actor's method whose answer comes at once."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    async def remote(self, *arguments: object) -> Any:  # noqa: ANN401  whatever the actor returns
        return self._call(*arguments)


class World:
    """The real side: garden, NPCs and their arena, on one clock; the garden answers unless it is away."""

    def __init__(self, charter: Charter, arena: Arena, levels: Levels, clock: ManualClock) -> None:
        self.garden = RealGarden(levels, Rules(), charter.seed, NPCS)
        self.garden.begin(charter.level)
        self.board, self.arena, self.clock = Board(arena), arena, clock
        self.away = False
        self.show()
        arena.view("control")["alive"] = 1
        weights = f"{charter.weights_dir}/npc-{{}}.safetensors" if charter.brain == "mlp" else None
        self.npcs = [
            NpcShell(
                Birth(
                    npc,
                    charter.arena,
                    charter.seed,
                    None,
                    weights and weights.format(npc),
                    charter.price_scale,
                ),
                clock,
            )
            for npc in range(NPCS)
        ]
        self.turn()

    def named(self, name: str, namespace: str) -> "World":
        assert (name, namespace) == ("garden", "nimmer-dev")
        if self.away:
            raise ValueError("Failed to look up actor with name 'garden'")
        return self

    @property
    def snapshot_bytes(self) -> Answer:
        return Answer(self.garden.village.to_bytes)

    def show(self) -> None:
        view = self.garden.view()
        self.board.show(self.garden.tick, view.records, view.known)

    def turn(self) -> None:
        wants = self.board.actions()
        alive = wants["generation"] > 0
        self.garden.turn(Wants(wants["npc_tick"], wants["seen_tick"], wants["verb"], wants["slot"], alive))
        self.show()

    def live(self, ticks: int) -> None:
        """Let everyone live, and remember it at the end."""
        for _ in range(ticks):
            for npc in self.npcs:
                npc.tick(npc._slot.control(), self.clock.monotonic_s(), 0.0)
            self.clock.advance(0.1)
            self.turn()
        for npc in self.npcs:
            npc._remember(self.clock.monotonic_s())
