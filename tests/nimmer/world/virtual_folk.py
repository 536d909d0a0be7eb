"""Bodies for virtual gardens: whole ones, and ones that do what they are told."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nimmer.chance import Chance
from nimmer.life.action import Action
from nimmer.life.body import Body, Deed
from nimmer.life.gate import Transition
from nimmer.life.percept import Percept
from nimmer.minds.brain import Flags, Floats
from nimmer.minds.explorer import Explorer
from nimmer.minds.pathfinder import Pathfinder
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


class Whole:
    """A whole body with an explorer's brain, whose chance is part of its state."""

    def __init__(self, npc: int, level: Level, seed: int = 5, real: bool = False) -> None:
        self.generator = Chance(seed).generator("virtual", npc)
        self.neighbours = level.graph.neighbours.tolist()
        self.body = Body(npc, self.brain(), level.graph.slots, real=real, guide=Pathfinder(self.neighbours))

    def brain(self) -> Explorer:
        return Explorer(self.neighbours, self.generator)

    def wake(self) -> None:
        """Forget all plans, so that nothing but what is remembered goes on."""
        self.body.brain = self.brain()
        self.body.guide = Pathfinder(self.neighbours)

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
    ) -> Deed:
        return self.body.tick(percept, features, known, overrides, now_s)

    def state(self) -> dict[str, object]:
        return {"body": self.body.state(), "chance": self.generator.bit_generator.state}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.wake()
        self.body.restore(state["body"])
        self.generator.bit_generator.state = state["chance"]


def whole_folk(level: Level, npcs: int, seed: int = 5, real: bool = False) -> list[Whole]:
    return [Whole(npc, level, seed, real) for npc in range(npcs)]
