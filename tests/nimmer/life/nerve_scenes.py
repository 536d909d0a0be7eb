"""Scenes for nerves: a body on node 7 of a grid, a wall before it unless told otherwise."""

from nimmer.life.action import Action
from nimmer.life.bearing import bearing
from nimmer.life.evolution import EvolutionRules
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_table import load_nerves, make_nerves
from nimmer.life.percept import Percept
from nimmer.life.scene import Scene, Ways
from nimmer.life.vocabulary import Memory

AROUND = bearing(4, 0)
WALL = Ways(15.0, 115.0, 115.0)
HIGH = Ways(25.0, 115.0, 115.0)
BOXED = Ways(15.0, 15.0, 15.0)
CLEAR = Ways(115.0, 115.0, 115.0)
AT_ONCE = EvolutionRules(deliberate_edges=32, deliberate_price=1.0, match_price=1.0)
"""A deliberating nerve that walks all it can in one tick at printed prices: the table alone."""


def percept(tick: int, node: int = 7, rejection: int = 0, **changes: object) -> Percept:
    base = Percept(
        tick, 1, node, 0, 0.9, 0.0, 0.2, 0, 0, 1, 0, rejection, 4, (-1, 8, 12, 6) + (-1,) * 4,
        (15.0, 115.0, 115.0, 115.0) + (15.0,) * 4, (0,) * 8, (1,) * 8,
    )  # fmt: skip
    return base._replace(**changes)  # type: ignore[arg-type]  # the names are checked by _replace


def scene(
    seen: Percept, wish: Action, ways: Ways = WALL, now_s: float | None = None, **more: object
) -> Scene:
    at_s = seen.tick * 0.05 if now_s is None else now_s
    base = Scene(seen, AROUND, ways, wish, at_s, 0.05)
    return base._replace(**more)  # type: ignore[arg-type]  # the names are checked by _replace


def nerve(name: str, rules: EvolutionRules | None = None, memory: Memory | None = None) -> Nerve:
    memories = {} if memory is None else {name: memory}
    made = make_nerves(load_nerves(), rules=rules, memories=memories)
    return next(one for one in made if one.name == name)
