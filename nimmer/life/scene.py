"""What the nerves see of one tick: made once by the body, shared by all of them, changed by none.

Source: docs/domain.md section 5 (what the nerves' triggers and conditions read).
"""

from typing import NamedTuple

from nimmer.life.action import STAY, Action
from nimmer.life.bearing import Bearing
from nimmer.life.percept import Percept
from nimmer.minds.guide import Guide, Lost


class Ways(NamedTuple):
    """What the distance cells say, cm; a side that cannot be read is None. The front is always there."""

    front: float
    left: float | None
    right: float | None


class Scene(NamedTuple):
    """One tick as the nerves see it.

    percept, around, ways: where the body stands, what lies around it, how far it is; wish: what the brain
    wants to do; now_s, elapsed_s: the time, and since the last tick; new_area: the body has never stood here;
    learned: houses learned since the last tick; rewarded: lifeforce paid this tick for what the last deed
    brought; silent: too poor to speak; verified_s: when a verified signal last opened a gate of this body;
    guide: who knows the way; mover: number of the nerve whose deed that was, 0 the brain; -1 unknown, then every
    run going on takes the reward as its own.
    """

    percept: Percept
    around: Bearing
    ways: Ways
    wish: Action = STAY
    now_s: float = 0.0
    elapsed_s: float = 0.0
    new_area: bool = False
    learned: int = 0
    rewarded: float = 0.0
    silent: bool = False
    verified_s: float = -1e18
    guide: Guide = Lost()
    mover: int = -1
