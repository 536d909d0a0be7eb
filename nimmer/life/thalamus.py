"""The thalamus: the gates that all share, sharded by domain, behind a flood gate.

    wave of a source -> flood gate -> gates of its domain -> transitions

Hosts, devices, organs and the math cell speak here; an NPC's own gates are in its body. A wave that cannot be right,
that belongs elsewhere or that is one too many is refused and counted, and nobody else notices.
Source: docs/domain.md sections 1 (thalamus), 3 and 12 (gate groups sharded by domain).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from zlib import crc32

from nimmer.life.flood import Flood
from nimmer.life.gate import NOTHING, ResonantGate
from nimmer.life.gate_spec import GateSpec
from nimmer.life.gates import SHARED_GATES
from nimmer.life.node import MOST_NODES
from nimmer.life.pricing import Pricing
from nimmer.life.reactions import Reactions
from nimmer.life.senses import CELLS
from nimmer.life.transition import GateState, Transition
from nimmer.life.verification import Outcome
from nimmer.life.wave import CellKind, Wave

TOO_MANY = "more waves than its share"
NO_WAVE = "not a wave"


def shard_of(domain: str, shards: int) -> int:
    """Return which of `shards` hears `domain`; the same in every process and every run."""
    return crc32(domain.encode()) % shards


def domains_of(shard: int, shards: int, specs: Iterable[GateSpec] = SHARED_GATES) -> tuple[str, ...]:
    """Return the domains whose gates live in one shard, in table order."""
    return tuple(
        dict.fromkeys(spec.domain for spec in specs if shard_of(spec.domain, shards) == shard)
    )  # in order, each once


class Thalamus:
    """The shared gates of some domains. Times are the thalamus's own, in s; waves may bring another clock's."""

    __slots__ = ("_gates_of", "_shown", "flood", "gates", "heard", "reactions", "refused", "refused_by")

    def __init__(
        self,
        specs: Sequence[GateSpec] = SHARED_GATES,
        domains: Collection[str] | None = None,
        *,
        kinds: Iterable[CellKind] = CELLS,
        price_scale: float = 1.0,
        prices: Pricing | None = None,
        flood: Flood | None = None,
    ) -> None:
        """Make the STABLE gates of those `specs` whose domain is among `domains` (default: of all).

        A gate keeps its index in `specs`, whichever shard it lives in.
        """
        table = tuple(kinds)
        self.gates = {
            spec.name: ResonantGate(spec, index, table, price_scale, prices, MOST_NODES)
            for index, spec in enumerate(specs)
            if domains is None or spec.domain in domains
        }
        self._gates_of: dict[int, tuple[ResonantGate, ...]] = {
            kind.code: tuple(gate for gate in self.gates.values() if gate.spec.domain == kind.domain)
            for kind in table
        }
        self._shown = {kind.code: kind.domain for kind in table}
        self.flood = Flood() if flood is None else flood
        self.reactions = Reactions()
        self.heard = self.refused = 0
        self.refused_by: dict[str, int] = {}

    def hear(self, source: str, wave: Wave, now_s: float) -> tuple[Transition, ...]:
        """Take one wave of `source` (a host, a device, an organ) and return the transitions it caused."""
        try:
            if not self.flood.admit(source, now_s):
                return self._refuse(TOO_MANY)
            gates = self._gates_of.get(wave[0])
            if not gates:
                return self._refuse(self._unheard(wave[0]))
            found = NOTHING
            for gate in gates:
                found += gate.hear(wave, source, now_s)
        except (TypeError, ValueError, IndexError):  # things, but not those of a wave
            return self._refuse(NO_WAVE)
        self.heard += 1
        return found

    def _unheard(self, cell: int) -> str:
        if cell not in self._shown:
            return "no cell of that code"
        return f"domain {self._shown[cell]} is not heard here"

    def _refuse(self, reason: str) -> tuple[Transition, ...]:
        self.refused += 1
        self.refused_by[reason] = self.refused_by.get(reason, 0) + 1
        return NOTHING

    def settle(self, now_s: float) -> tuple[Transition, ...]:
        """Let silence pass until `now_s` and return the transitions it caused."""
        found = NOTHING
        for gate in self.gates.values():
            found += gate.settle(now_s)
        return found

    def reacted(self, transitions: Iterable[Transition], since_s: float, now_s: float) -> None:
        """Count how long the openings among `transitions` took, from a wave at `since_s` to `now_s`."""
        for one in transitions:
            if one.to_state == GateState.OPEN:
                self.reactions.note(one.tier, now_s - since_s)

    def force(self, name: str, mode: int, now_s: float) -> tuple[Transition, ...]:
        """Hold gate `name` open (1) or closed (-1), or let it go (0). Raises ValueError when there is none."""
        if mode not in (-1, 0, 1):
            raise ValueError(f"override {mode} is none of -1 (closed), 0 (auto), 1 (open)")
        return self.gate(name).force(mode, now_s)

    def verify(self, domain: str, confidence: float, now_s: float) -> tuple[Transition, ...]:
        """Tell the real gates of `domain` of a verified signal; .9 or more opens them directly."""
        found = NOTHING
        for gate in self.gates.values():
            if gate.spec.domain == domain:
                found += gate.verify(confidence, now_s)
        return found

    def learn(self, name: str, outcome: Outcome, now_s: float) -> float:
        """Teach gate `name` what became of its opening and return by how much its weight moved.

        Raises ValueError when there is no such gate.
        """
        return self.gate(name).learn(outcome, now_s)

    def gate(self, name: str) -> ResonantGate:
        """Return the gate called `name`. Raises ValueError, naming the nearest, when there is none here."""
        if name not in self.gates:
            near = get_close_matches(name, self.gates, 1)
            hint = f"; is {near[0]} meant?" if near else f"; there are {', '.join(self.gates) or 'none'}"
            raise ValueError(f"no gate is called {name!r} here{hint}")
        return self.gates[name]

    def summary(self) -> dict[str, Any]:
        """Return gates, counts and reaction times for a status."""
        return {
            "gates": {
                name: {
                    "state": gate.discrete_state.value,
                    "value": round(gate.value, 4),
                    "weight": round(gate.weight, 4),
                    "tier": gate.tier,
                    "override": gate.override.value,
                    "opens": gate.opens,
                    "heard": gate.heard,
                    "refused": gate.refused,
                    "refused_by": dict(gate.refused_by),
                    "nodes": len(gate.trust.nodes.nodes),
                }
                for name, gate in self.gates.items()
            },
            "heard": self.heard,
            "refused": self.refused,
            "refused_by": dict(self.refused_by),
            "sources": len(self.flood),
            "loudest": self.flood.loudest(),
            "reactions": self.reactions.summary(),
        }

    def state(self) -> dict[str, object]:
        """Return everything the thalamus must remember, counts included, as plain JSON values."""
        return {
            "gates": {name: gate.state() for name, gate in self.gates.items()},
            "flood": self.flood.state(),
            "reactions": self.reactions.state(),
            "heard": self.heard,
            "refused": self.refused,
            "refused_by": dict(self.refused_by),
        }

    def restore(self, state: Mapping[str, Any], shift_s: float = 0.0) -> None:
        """Take back what `state` returned, times shifted by `shift_s`; gates it does not name begin anew.

        Raises KeyError, TypeError or ValueError when it is not a thalamus's.
        """
        for name, kept in state["gates"].items():
            if name in self.gates:
                self.gates[name].restore(kept, shift_s)
        self.flood.restore(state["flood"], shift_s)
        self.reactions.restore(state["reactions"])
        self.heard, self.refused = int(state["heard"]), int(state["refused"])
        self.refused_by = {str(reason): int(count) for reason, count in state["refused_by"].items()}
