"""Nodes: the patterns that have opened a gate, each with the trust it has earned of its own.

A node is a place in four dimensions: what was sensed, how surely, in what time, and its weight. The first three
are its key; the fourth routes the waves of a gate that the pattern opens, while the gate's own weight is what
lets it open. A new pattern starts untrusted, gains or loses .1 with each use, fades when it is not met again and
is then forgotten.

    key     a 32-bit sum over the triggering waves, in order of their cells: cell, confidence in quarters, every
            number in quarters of its scale, every category but the scope; and how long they took to come together
    weight  .1 at first, +-.1 per success or failure, x .98 per idle day after 7 days; below .02 it is pruned

Source: docs/domain.md sections 1 (node weight), 3.3 (tiers), 3.4 (decay, pruning) and 13 point 6.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import pack
from typing import Any
from zlib import crc32

from nimmer.life.transition import Trigger
from nimmer.life.verification import Outcome, node_delta
from nimmer.life.wave import CellKind

BIRTH_WEIGHT = 0.1
DAY_S = 86_400.0
IDLE_DAYS = 7
"""Days a pattern may go unmet without losing trust."""
FADING = 0.98
PRUNED_BELOW = 0.02
MOST_NODES = 256
GAPS_S = (0.05, 0.2, 0.8)
"""Bounds of the time dimension: waves that came together at once, quickly, within a second, slowly."""


class Node:
    """One pattern. fired_s: when it last opened its gate, whole s; days: idle days its weight has paid for."""

    __slots__ = ("days", "failed", "fired_s", "fires", "succeeded", "weight")

    def __init__(
        self,
        weight: float = BIRTH_WEIGHT,
        fired_s: int = 0,
        days: int = 0,
        fires: int = 0,
        succeeded: int = 0,
        failed: int = 0,
    ) -> None:
        """Make a node; the defaults are those of one never met before."""
        self.weight = weight
        self.fired_s = fired_s
        self.days = days
        self.fires = fires
        self.succeeded = succeeded
        self.failed = failed

    def fade(self, now_s: float) -> float:
        """Let the days since it last fired take their part of the weight, and return what is left."""
        days = int((now_s - self.fired_s) / DAY_S) - IDLE_DAYS
        if days > self.days:
            self.weight = round(self.weight * FADING ** (days - self.days), 9)
            self.days = days
        return self.weight


class NodeMap:
    """The patterns of one gate, at most `most` of them; when it is full the least trusted goes first."""

    __slots__ = ("_kinds", "born", "forgotten", "most", "nodes", "pruned")

    def __init__(self, kinds: Iterable[CellKind] = (), most: int = MOST_NODES) -> None:
        """Know no pattern yet; `kinds` are the cells whose waves are told apart."""
        self._kinds: Mapping[int, CellKind] = {kind.code: kind for kind in kinds}
        self.most = most
        self.nodes: dict[int, Node] = {}
        self.born = self.pruned = self.forgotten = 0

    def key(self, triggers: Sequence[Trigger], now_s: float) -> int:
        """Return the stable 32-bit key of the pattern these waves make, never 0."""
        gap_s = now_s - min(trigger[2] for trigger in triggers)
        parts = bytearray([sum(gap_s >= bound for bound in GAPS_S)])
        for cell, confidence, _, values in sorted(triggers):
            parts += pack("<HB", cell, _quarter(confidence))
            parts += bytes(self._sensed(cell, values))
        return crc32(parts) or 1

    def _sensed(self, cell: int, values: tuple[float, ...]) -> list[int]:
        kind = self._kinds.get(cell)
        found: list[int] = []
        for field, value in zip(kind.fields if kind else (), values, strict=False):
            if field.scope or field.kind == "identity":
                continue
            found.append(int(value) & 255 if field.kind == "category" else _quarter(value / field.scale))
        return found

    def fire(self, key: int, now_s: float) -> float:
        """Meet pattern `key` at `now_s` and return its weight, which routes; a new or faded one starts at .1."""
        node = self.nodes.get(key)
        if node is not None and node.fade(now_s) < PRUNED_BELOW:
            del self.nodes[key]
            self.pruned += 1
            node = None
        if node is None:
            self._make_room(now_s)
            node = self.nodes[key] = Node()
            self.born += 1
        node.fired_s = int(now_s)
        node.days = 0
        node.fires += 1
        return node.weight

    def learn(self, key: int, outcome: Outcome, now_s: float) -> float:
        """Move the weight of pattern `key` by what became of it and return it; 0 for one that is forgotten."""
        node = self.nodes.get(key)
        if node is None:
            return 0.0
        node.fade(now_s)
        node.weight = round(min(max(node.weight + node_delta(outcome), 0.0), 1.0), 9)
        node.succeeded += outcome > 0
        node.failed += outcome < 0
        return node.weight

    def weight(self, key: int, now_s: float) -> float:
        """Return the weight of pattern `key`, 0 where there is none."""
        node = self.nodes.get(key)
        return node.fade(now_s) if node is not None else 0.0

    def prune(self, now_s: float) -> int:
        """Forget what has lost its trust and return how many; to be called once in a while, as at slumber."""
        gone = [key for key, node in self.nodes.items() if node.fade(now_s) < PRUNED_BELOW]
        for key in gone:
            del self.nodes[key]
        self.pruned += len(gone)
        return len(gone)

    def _make_room(self, now_s: float) -> None:
        if len(self.nodes) < self.most:
            return
        self.prune(now_s)
        while len(self.nodes) >= self.most:
            least = min(self.nodes, key=lambda key: (self.nodes[key].weight, self.nodes[key].fired_s))
            del self.nodes[least]
            self.forgotten += 1

    def state(self) -> dict[str, object]:
        """Return the map as plain JSON values."""
        return {
            "counts": [self.born, self.pruned, self.forgotten],
            "nodes": [
                [key, node.weight, node.fired_s, node.days, node.fires, node.succeeded, node.failed]
                for key, node in self.nodes.items()
            ],
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`.

        Raises KeyError, TypeError or ValueError when it is not a map of nodes.
        """
        born, pruned, forgotten = state["counts"]
        nodes: dict[int, Node] = {}
        for key, weight, fired_s, *counts in state["nodes"]:
            if not 0.0 <= float(weight) <= 1.0:
                raise ValueError(f"a node's weight is {weight}; it is a trust from 0 to 1")
            nodes[int(key)] = Node(float(weight), int(fired_s + shift_s), *map(int, counts))
        self.born, self.pruned, self.forgotten = int(born), int(pruned), int(forgotten)
        self.nodes = nodes


def _quarter(share: float) -> int:
    """Return in which quarter of 0..1 a share lies, 0..3; beyond the ends counts as the end."""
    if share >= 0.75:
        return 3
    return int(share * 4.0) if share > 0.0 else 0
