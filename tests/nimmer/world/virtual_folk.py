"""Bodies for virtual gardens: whole ones, and ones that do what they are told."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nimmer.chance import Chance
from nimmer.life.action import Action
from nimmer.life.body import Body
from nimmer.life.gate import Transition
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats
from nimmer.minds.explorer import Explorer
from nimmer.minds.pathfinder import Pathfinder
from nimmer.world.dweller import Dweller
from nimmer.world.level import Level


class Did(NamedTuple):
    """A deed without a body."""

    action: Action
    transitions: Sequence[Transition] = ()


class Scripted:
    """A body that repeats a list of deeds."""

    def __init__(self, *deeds: Did) -> None:
        self.deeds = deeds
        self.lived = 0
        self.times: list[float] = []
        self.overrides: bytes | tuple[int, ...] = b""

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
    ) -> Did:
        self.times.append(now_s)
        self.overrides = overrides
        self.lived += 1
        return self.deeds[(self.lived - 1) % len(self.deeds)]

    def state(self) -> dict[str, object]:
        return {"lived": self.lived}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.lived = int(state["lived"])


class Whole(Dweller):
    """A dweller with an explorer's brain."""

    def __init__(self, npc: int, level: Level, seed: int = 5, real: bool = False) -> None:
        generator = Chance(seed).generator("virtual", npc)
        neighbours = level.graph.neighbours.tolist()

        def wake(body: Body) -> None:
            body.brain = Explorer(neighbours, generator)
            body.guide = Pathfinder(neighbours)

        brain, guide = Explorer(neighbours, generator), Pathfinder(neighbours)
        body = Body(npc, brain, level.graph.slots, real=real, guide=guide)
        super().__init__(body, generator, wake)

    def wake(self) -> None:
        """Forget all plans, so that nothing but what is remembered goes on."""
        self._wake(self.body)


def whole_folk(level: Level, npcs: int, seed: int = 5, real: bool = False) -> list[Whole]:
    return [Whole(npc, level, seed, real) for npc in range(npcs)]
