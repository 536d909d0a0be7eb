"""How few ticks a village can possibly need: a bound no brain can beat, proven from the rules of `nimmer.world.step`.

Let n be the houses of the level, c the room of a node, T the ticks until everybody knows everything.

1. An NPC learns at most one house in a tick, and none in a tick in which it moves, stays or is refused. So with
   T = n + s nobody spends more than s ticks without learning before it knows everything, moves among them.
2. s >= 1 (n >= 2). Who looks in tick 1 knows nothing but its own house. In tick 2 it can only learn by talking, from
   somebody at its node who knows another house; but who was there since birth knows that same house or none, and who
   came in tick 1 learned nothing in tick 1. So after tick 2 nobody knows more than one house.
3. s >= 2 (n > c + 1). If s = 1, everybody's one tick without learning is tick 1 or 2, by 2, so nobody moves after
   tick 2 until all know everything, in tick T. What the at most c NPCs of a node can learn from then on is the house there and what each of them brought,
   by 2 one house each: c + 1 houses. That is not n.
4. s >= d, the hops from the NPC that was born nearest to some house to that house, whichever house is farthest from
   everybody: a house is known to nobody before somebody has walked to it, by 1 in ticks without learning.

So T >= n + max(s of 2, s of 3, d).
"""

import numpy as np
from numpy.typing import NDArray

from nimmer.world.level import Level
from nimmer.world.rules import Rules


def fewest_ticks(level: Level, rules: Rules, places: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return `(W,)`: ticks below which no village born on `places` `(W, N)` can pass the quiz of `level`."""
    lost = 2 if level.nodes > rules.node_capacity + 1 else min(level.nodes - 1, 1)
    farthest: NDArray[np.int64] = level.hops[places].min(axis=1).max(axis=1).astype(np.int64)
    return np.maximum(farthest, lost) + level.nodes
