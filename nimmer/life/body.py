"""One NPC's body: a tick from percept to deed.

    percept -> cells emit waves -> gates correlate them -> attention -> brain decides -> nerves may claim the motor
            -> the ledger pays and is paid, gates learn from what nerves did -> deed

This is the hot path of every NPC process, up to twenty times a second on a fraction of a core: plain Python
on plain numbers, no object that is not handed on.
Source: docs/domain.md sections 2 to 6 and 8 (the NPC process).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from nimmer.life.action import SLOTS, STAY, Action, Verb
from nimmer.life.attention import Attention
from nimmer.life.bearing import BEARINGS, Bearing
from nimmer.life.behaviour import Behaviour, Lesson
from nimmer.life.body_cells import BodyCells
from nimmer.life.collision_avoidance import CollisionMemory
from nimmer.life.conversation import ConversationMemory
from nimmer.life.economy import REWARDS
from nimmer.life.evolution import EvolutionRules
from nimmer.life.gate import ResonantGate
from nimmer.life.gates import BODY_GATES
from nimmer.life.growth import Growth
from nimmer.life.lifeforce import Lifeforce
from nimmer.life.metabolism import Beat, Happened, Metabolism
from nimmer.life.nerve_spec import NerveSpec
from nimmer.life.nerve_table import built_in_nerves, make_nerves
from nimmer.life.percept import Percept
from nimmer.life.pricing import Pricing
from nimmer.life.reactions import Reactions
from nimmer.life.scene import Scene, Ways
from nimmer.life.senses import BODY_CELLS, DISTANCE_LEFT, DISTANCE_RIGHT
from nimmer.life.transition import Transition
from nimmer.life.vigour import ENERGY_ONLY, State
from nimmer.life.vocabulary import Memory
from nimmer.life.wave import Wave
from nimmer.minds.brain import Brain, Flags, Floats
from nimmer.minds.guide import Guide, Lost

_URGENT = frozenset({"battery", "danger"})
"""Domains whose open gate is work that cannot wait for the morning."""


class Verdict(Protocol):
    """An opening the virtual garden has verified."""

    @property
    def gate(self) -> int:
        """Which gate it is for."""
        ...

    @property
    def confidence(self) -> float:
        """How surely it was verified, 0..1."""
        ...

    @property
    def expires_s(self) -> float:
        """After this it says nothing any more, s."""
        ...


class Deed(NamedTuple):
    """What one tick came to.

    nerve: 0 the brain, else 1 + index in `NERVE_NAMES`; nerve_state: index into that nerve's states;
    gates: two bits per gate, state + 1; cost: lifeforce charged this tick; attention, vigour: modes; lessons: runs of
    nerves that ended; beat: the one that ended, if one did.
    """

    action: Action
    waves: list[Wave]
    transitions: list[Transition]
    nerve: int
    nerve_state: int
    gates: int
    cost: float
    attention: int
    vigour: int
    lessons: list[Lesson]
    beat: Beat | None


class Body:
    """Cells, gates, nerves, ledger and brain of one NPC. Give it percepts in order; it keeps all else itself."""

    __slots__ = (
        "_beat_began", "_hears", "_mover", "_overrides", "_slots", "_urgent", "_verb", "_verified_s", "attention",
        "behaviour", "brain", "cells", "gates", "growth", "guide", "metabolism", "npc", "openings", "reactions",
        "ticks",
    )  # fmt: skip

    def __init__(
        self,
        npc: int,
        brain: Brain,
        slots: int,
        price_scale: float = 0.01,
        node_capacity: int = 4,
        *,
        real: bool = True,
        prices: Pricing | None = None,
        nerves: tuple[NerveSpec, ...] | None = None,
        rules: EvolutionRules | None = None,
        guide: Guide | None = None,
        asks: bool = False,
    ) -> None:
        """Be born.

        Args:
            npc: whose body this is.
            brain: what decides.
            slots: neighbour slots of the graph, 1..8, for a percept that does not say.
            price_scale: factor on every printed price; see docs/life.md.
            node_capacity: how many bodies fill a node.
            real: whether it lives in the real garden, whose gates ask for more, or in the virtual one.
            prices: what things cost instead, where they were measured.
            nerves: the table of its nerves; the built-in ones when not given.
            rules: when a nerve evolves.
            guide: who knows the way; nobody when not given.
            asks: whether there is a cortex to ask.

        Raises ValueError when `slots` or `price_scale` is out of range.
        """
        if not 1 <= slots <= SLOTS:
            raise ValueError(f"slots is {slots}; a graph has 1 to {SLOTS} neighbour slots")
        if not 0.0 <= price_scale <= 1000.0:
            raise ValueError(f"price_scale is {price_scale}; it is a factor from 0 to 1000")
        self.npc = npc
        self.brain = brain
        self.guide: Guide = guide or Lost()
        self.cells = BodyCells(price_scale, prices)
        self.gates = tuple(
            ResonantGate(spec.in_garden(real), index, BODY_CELLS, price_scale, prices)
            for index, spec in enumerate(BODY_GATES)
        )
        collision, conversation = CollisionMemory(node_capacity), ConversationMemory(asks=asks)
        memories: dict[str, Memory] = {"collision_avoidance": collision, "conversation": conversation}
        table = built_in_nerves() if nerves is None else nerves
        self.behaviour = Behaviour(self.gates, make_nerves(table, price_scale, prices, rules, memories))
        self.metabolism = Metabolism(price_scale)
        self.attention = Attention()
        self.reactions = Reactions()
        self.growth = Growth()
        self.ticks = self.openings = self._beat_began = 0
        of_domain = {spec.domain: index for index, spec in enumerate(BODY_GATES)}
        self._hears = {kind.code: self.gates[of_domain[kind.domain]].hear for kind in BODY_CELLS}
        self._urgent = tuple(gate for gate in self.gates if gate.spec.domain in _URGENT)
        self._slots = slots
        self._overrides: Sequence[int] = bytes(len(BODY_GATES))
        self._verified_s = -1e18
        self._mover = -1
        self._verb = int(Verb.STAY)

    @property
    def ledger(self) -> Lifeforce:
        """Return the body's ledger."""
        return self.metabolism.ledger

    @property
    def lifeforce(self) -> float:
        """Return the level of the ledger, 0 or more."""
        return self.metabolism.ledger.level

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
        verdicts: Sequence[Verdict] = (),
    ) -> Deed:
        """Live one tick.

        Args:
            percept: the NPC's named observations.
            features: `(FEATURES,)` float32, for a learning brain.
            known: `(nodes,)` uint8, 1 where the NPC knows that node's house.
            overrides: per gate 0 auto, 1 force open, -1 (or its byte, 255) force close; missing ones are auto.
            now_s: monotonic time, s. A time that went back is survived: its waves are refused and counted.
            verdicts: openings that the virtual garden has verified since the last tick.
        """
        transitions: list[Transition] = []
        if overrides != self._overrides:
            self._govern(overrides, now_s, transitions)
        if verdicts:
            self._believe(verdicts, now_s, transitions)
        metabolism = self.metabolism
        metabolism.pass_until(now_s)
        happened = metabolism.assess(percept, len(known), self._verb)
        vigour = metabolism.vigour
        ledger = metabolism.ledger
        before = vigour.current
        now = vigour.update(ledger.level, ledger.balance, self._is_urgent(), now_s)
        if now is State.ASLEEP and before is not now:
            self._sleep(now_s)
        waves = self._sense(percept, now_s, vigour.senses(self.ticks))
        sensed = self._correlate(waves, now_s, transitions)
        self._attend(now_s, transitions)
        nerve, action = self._decide(percept, features, known, now_s, happened)
        self.cells.command(action)
        if happened.charged:
            self.growth.rubric.mark("collision")
        cost = happened.charged + self._pay(sensed, transitions)
        lessons, failed = self._learn(now_s)
        self._verb = action[0]
        self.ticks += 1
        return Deed(
            action, waves, transitions, nerve, self.behaviour.state_of(nerve), self._bits(), cost + failed, self.attention.mode,
            vigour.current, lessons, self.close_beat() if ledger.beat_over else None,
        )  # fmt: skip

    def _govern(self, overrides: Sequence[int], now_s: float, transitions: list[Transition]) -> None:
        for index, gate in enumerate(self.gates):
            given = overrides[index] if index < len(overrides) else 0
            mode = given - 256 if given > 127 else given
            if mode != gate.override:
                transitions += gate.force(mode, now_s)
        self._overrides = overrides

    def _believe(self, verdicts: Sequence[Verdict], now_s: float, transitions: list[Transition]) -> None:
        for one in verdicts:
            if one.gate >= len(self.gates) or now_s > one.expires_s:
                continue
            if found := self.gates[one.gate].verify(one.confidence, now_s):
                transitions += found
                self._verified_s = now_s

    def _is_urgent(self) -> bool:
        for gate in self._urgent:  # noqa: SIM110  a generator costs more than the test
            if gate.discrete_state > 0:
                return True
        return False

    def _sense(self, percept: Percept, now_s: float, sparing: int) -> list[Wave]:
        self.guide.notice(percept)
        if sparing > ENERGY_ONLY or self.metabolism.ledger.level < self.cells.look_costs[sparing]:
            return []  # who cannot pay for a look does without it, and the gates hear silence
        return self.cells.sense(percept, now_s, sparing)

    def _correlate(self, waves: list[Wave], now_s: float, transitions: list[Transition]) -> float:
        """Let the gates hear every wave and what silence makes of them; return what sensing cost."""
        hears = self._hears
        sensed = 0.0
        for wave in waves:
            sensed += wave[3]
            found = hears[wave[0]](wave)
            if found:
                transitions += found
        for gate in self.gates:
            if gate.discrete_state or gate.override or (gate.value and gate.now_s < now_s):
                transitions += gate.settle(now_s)
        return sensed

    def _attend(self, now_s: float, transitions: list[Transition]) -> None:
        """Note what opened, choose the mode, and close one gate where there is no room for it."""
        attention = self.attention
        for one in transitions:
            if one.to_state > 0:
                self.openings += 1
                attention.opened(one.tier, now_s)
                self.behaviour.heed(one, self.ticks + 1)
        attention.update(self.gates, now_s)
        if attention.overwhelmed and (gate := attention.to_close(self.gates)) is not None:
            transitions += gate.close(now_s)

    def _decide(
        self, percept: Percept, features: Floats, known: Flags, now_s: float, happened: Happened
    ) -> tuple[int, Action]:
        """Ask the brain, let the nerves claim the motor, and do no more than the body can afford."""
        vigour = self.metabolism.vigour
        wish = self.brain.decide(percept, features, known) if vigour.awake else STAY
        around = self._around(percept)
        scene = Scene(
            percept, around, self._ways(percept, around), wish, now_s, self.metabolism.elapsed_s, happened.new_area,
            happened.learned, happened.rewarded, not vigour.may_speak, self._verified_s, self.guide, self._mover,
        )  # fmt: skip
        nerve, action = self.behaviour.move(scene, self.cells.operational)
        if not vigour.may_move(self.ticks) or (action[0] == Verb.TALK and not vigour.may_speak):
            nerve, action = 0, STAY
        self._mover = nerve
        return nerve, action

    def _around(self, percept: Percept) -> Bearing:
        slots = percept.slots if 0 < percept.slots <= SLOTS else self._slots
        heading = percept.heading
        return BEARINGS[slots][heading + 1 if -1 <= heading < SLOTS else 0]

    def _ways(self, percept: Percept, around: Bearing) -> Ways:
        operational, ways = self.cells.operational, percept.distance_cm
        return Ways(
            ways[around.front],
            ways[around.left] if operational(DISTANCE_LEFT) else None,
            ways[around.right] if operational(DISTANCE_RIGHT) else None,
        )

    def _pay(self, sensed: float, transitions: list[Transition]) -> float:
        """Charge this tick's sensing, gates and nerves and return what was paid, lifeforce."""
        ledger = self.metabolism.ledger
        paid = ledger.charge("sense", sensed)
        if transitions:
            paid += ledger.charge("gate", sum([transition[7] for transition in transitions]))
        due = self.behaviour.owed()
        return paid + ledger.charge("nerve", due) if due else paid

    def _learn(self, now_s: float) -> tuple[list[Lesson], float]:
        """Let gates learn from the runs that ended; book what outcomes and new reflexes earn; return what they cost."""
        lessons = self.behaviour.learn(now_s)
        cost = 0.0
        for lesson in lessons:
            cost += self.metabolism.book(lesson)
            self.growth.note(lesson)
            if self.growth.became_reflex(lesson, self.gates[lesson.gate].reflex_achieved):
                self.metabolism.ledger.reward("reflex", REWARDS["reflex"])
        return lessons, cost

    def _sleep(self, now_s: float) -> None:
        """Put in order what was learned since the last slumber."""
        for name in self.growth.sleep():
            self.behaviour.demote(name)
        for gate in self.gates:
            gate.trust.nodes.prune(now_s)

    def close_beat(self) -> Beat:
        """End the open beat, now, and begin the next with a whole budget of attention."""
        left_ms, openings = self.attention.budget_left_ms, self.openings
        ticks, self._beat_began = max(self.ticks - self._beat_began, 0), self.ticks
        self.attention.begin_beat()
        self.openings = 0
        closed = self.metabolism.close_beat()
        return closed._replace(budget_left_ms=left_ms, openings=openings, ticks=ticks)

    def _bits(self) -> int:
        bits = shift = 0
        for gate in self.gates:
            bits |= (gate.discrete_state + 1) << shift
            shift += 2
        return bits

    def state(self) -> dict[str, object]:
        """Return what this body must remember across a restart, as plain JSON values, the brain's included."""
        return {
            "version": STATE_VERSION,
            "brain_name": self.brain.name,
            "brain": self.brain.state(),
            "guide": self.guide.state(),
            "cells": self.cells.state(),
            "gates": {gate.spec.name: gate.state() for gate in self.gates},
            "behaviour": self.behaviour.state(),
            "metabolism": self.metabolism.state(),
            "attention": self.attention.state(),
            "reactions": self.reactions.state(),
            "growth": self.growth.state(),
            "overrides": list(self._overrides),
            "verified_s": self._verified_s,
            "ticks": self.ticks,
            "openings": self.openings,
            "beat_began": self._beat_began,
            "verb": self._verb,
            "mover": self._mover,
        }

    def restore(self, state: Mapping[str, Any], now_s: float | None = None) -> None:
        """Take back what `state` returned.

        now_s: the time of the new life, s; when it lies before the remembered one (the machine's clock began
        anew) every remembered time is moved back with it. Raises WeightsError from a brain that is not the
        one remembered, and ValueError, KeyError or TypeError when the rest is not a body's.
        """
        if state["version"] != STATE_VERSION:
            raise ValueError(f"a body of version {state['version']} cannot live in version {STATE_VERSION}")
        if state["brain_name"] != self.brain.name:
            raise ValueError(
                f"the remembered brain is {state['brain_name']}, this body's is {self.brain.name}"
            )
        then_s: float | None = state["metabolism"]["now_s"]
        shift_s = min(0.0, now_s - then_s) if now_s is not None and then_s is not None else 0.0
        self.brain.restore(state["brain"])
        self.guide.restore(state["guide"])
        self.cells.restore(state["cells"])
        for gate in self.gates:
            gate.restore(state["gates"][gate.spec.name], shift_s)
        self.behaviour.restore(state["behaviour"], shift_s)
        self.metabolism.restore(state["metabolism"], shift_s)
        self.attention.restore(state["attention"], shift_s)
        self.reactions.restore(state["reactions"])
        self.growth.restore(state["growth"])
        self._overrides = tuple(state["overrides"])
        self._verified_s = float(state["verified_s"]) + shift_s
        self.ticks, self.openings = int(state["ticks"]), int(state["openings"])
        self._beat_began = int(state["beat_began"])
        self._verb, self._mover = int(state["verb"]), int(state["mover"])


STATE_VERSION = 2
"""Of what `Body.state` returns."""
