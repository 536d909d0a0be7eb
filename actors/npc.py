"""One NPC: one Ray actor, one process, one body with its own brain, living by the arena alone.

`live` never returns while the NPC lives, and runs on the process's main thread. That is deliberate: Ray's own
main loop wakes 100 times a second to look for signals (0.5 % of a core per actor), and while our loop holds
the main thread it does not. So an NPC takes no Ray call while it lives: commands arrive through its control
words, and its state is kept in the arena, where it survives the process.
Source: docs/design.md, "no Ray call in a tick"; docs/decisions/0003-npc-on-the-main-thread.md.
"""

import gc
import json
import os
import traceback
from dataclasses import dataclass
from math import floor
from pathlib import Path

import msgspec
import ray

from actors.pupil import SAVE_S, Pupil
from actors.scribe import Scribe
from nimmer.arena.diary import Diary
from nimmer.arena.memory import Arena
from nimmer.arena.slot import Control, Slot
from nimmer.arena.verdicts import VerdictReader
from nimmer.chance import Chance
from nimmer.clock import Clock, SystemClock
from nimmer.errors import ArenaError, WeightsError
from nimmer.life.attention import Mode
from nimmer.life.body import Body, Deed
from nimmer.life.evolution import EvolutionRules
from nimmer.life.nerve_table import load_nerves
from nimmer.life.percept import PERCEPT, features, unpack
from nimmer.life.prices import Prices
from nimmer.minds.brain import Brain
from nimmer.minds.explorer import Explorer
from nimmer.minds.guide import Guide
from nimmer.minds.learner import LearningRules
from nimmer.minds.mlp import Mlp
from nimmer.minds.pathfinder import Pathfinder
from nimmer.minds.weights import load_weights
from nimmer.world.levels import load_graphs

REMEMBER_S = 1.0
"""How often an NPC writes what it must not forget into the arena."""
SETTLE_S = 0.25
"""How soon it writes again when an episode of attention has come to its end."""
WAIT_FOR_WORLD_S = 0.05
"""How often a newborn looks whether the world has shown it anything yet."""
SPREAD = (5**0.5 - 1) / 2
"""Golden ratio: multiples of it, modulo 1, spread any number of NPCs evenly over their common period, so that they
do not all want a core in the same moment."""
WAIT_FOR_WRITER_S = 0.005
"""How soon it looks again at an observation that is being written; the tick is late then, not left out."""
REFUSED = 1
"""Mode in the vitals of an NPC whose weights are no brain: it was not born."""
ENDED = 2
"""Mode of one that was told to stop and has written its last words."""
_SAMPLES = 256
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Birth:
    """What an NPC is born with.

    weights: its own safetensors file, or None for the hand-written explorer; rules: when its nerves evolve; prices:
    measured ones, None for the printed ones; nerves: a table of nerves, None for the packaged one; learning_rate: how
    fast its net learns as it lives, None when it does not; asks: whether there is a cortex to ask; learning_save_s: how
    often it saves what it learned.
    """

    npc: int
    arena: str
    seed: int
    levels_file: str | None
    weights: str | None
    price_scale: float
    node_capacity: int = 4
    rules: EvolutionRules | None = None
    prices: Prices | None = None
    nerves: str | None = None
    learning_rate: float | None = None
    asks: bool = False
    learning_save_s: float = SAVE_S


class NpcShell:
    """The life of one NPC: reads what it perceives, lets its body decide, writes what it does."""

    def __init__(self, birth: Birth, clock: Clock | None = None) -> None:
        """Enter the arena as the next generation of NPC `birth.npc`, with what the last one remembered.

        Raises ArenaError, LevelError or WeightsError when there is nothing to be born into.
        """
        self._clock: Clock = clock or SystemClock()
        self._birth = birth
        self._slot = Slot(Arena.attach(Path(birth.arena)), birth.npc)
        self._graphs = load_graphs(Path(birth.levels_file) if birth.levels_file else None)
        self._level = 0
        self._known = self._slot.known[:0]
        self._seen = bytearray(PERCEPT.itemsize)
        self._features = features(self._seen)
        before = self._slot.vitals()
        self._generation = max(before.generation, self._slot.last_act()[2]) + 1
        self._net: Mlp | None = None
        self._pupil: Pupil | None = None
        try:
            brain = self._brain(1)
        except WeightsError:
            self._slot.be_born(before._replace(mode=REFUSED))
            raise
        now_s = self._born_s = self._clock.monotonic_s()
        self._tick, last_s, _ = self._slot.last_act()
        self._due, self._done, self._skipped = before.ticks_due, before.ticks_done, before.ticks_skipped
        if last_s:
            # the ticks that were due while nobody lived here
            missed = int((now_s - last_s) * self._slot.control().tick_hz)
            self._due += missed
            self._skipped += missed
        self._waves, self._transitions = before.waves, before.transitions
        self._lateness_us = [0.0] * _SAMPLES
        self._compute_us = before.compute_mean_us
        self._p99_us = before.lateness_p99_us
        self._body = Body(
            birth.npc,
            brain,
            self._graphs[0].slots,
            birth.price_scale,
            birth.node_capacity,
            prices=birth.prices,
            nerves=load_nerves(Path(birth.nerves) if birth.nerves else None),
            rules=birth.rules,
            guide=self._guide(1),
            asks=birth.asks,
        )
        self._scribe = Scribe(Diary(self._slot.arena, birth.npc))
        self._verdicts = VerdictReader(self._slot.arena, birth.npc)
        self._memory = self._slot.memory()
        self._remembered_s = now_s
        self._overfull = False
        self._pid = os.getpid()
        self._slot.be_born(before._replace(pid=self._pid, generation=self._generation, born_s=now_s, mode=0))

    def born(self) -> int:
        """Return this process's generation; the supervisor asks it to know that the actor is up."""
        return self._generation

    def live(self) -> int:
        """Tick until told to stop; return the NPC ticks done in all.

        An unexpected error ends the process: an NPC that stands still is worse than one that is born again.
        """
        try:
            return self._live()
        except Exception:
            traceback.print_exc()
            os._exit(1)

    def _live(self) -> int:
        gc.collect()
        gc.freeze()  # what was imported is never garbage: keep the collector off those pages
        clock, slot = self._clock, self._slot
        control = slot.control()
        period_s, next_s = 0.0, clock.monotonic_s()
        while not control.stop:
            clock.wait_s(next_s - clock.monotonic_s())
            control = slot.control()
            begun_s = clock.monotonic_s()
            if not self.tick(control, begun_s, begun_s - next_s):
                if self._tick:
                    clock.wait_s(WAIT_FOR_WRITER_S)
                else:
                    period_s, next_s = 0.0, begun_s + WAIT_FOR_WORLD_S
                continue
            before_s, period_s = period_s, 1.0 / control.tick_hz
            next_s = next_s + period_s if period_s == before_s else self._due_after(next_s, period_s)
            behind = int((clock.monotonic_s() - next_s) / period_s)
            if behind > 0:
                self._due += behind
                self._skipped += behind
                next_s += behind * period_s
        self._end(clock.monotonic_s())
        return self._done

    def _end(self, now_s: float) -> None:
        """Write the last words: the open beat, the memory, and that there will be no more."""
        if self._memory:  # told to stop before its first tick: what is open is its last life's
            self._enter(int(json.loads(self._memory)["level"]))
        if self._level:
            self._scribe.beat(self._body.close_beat(), self._body, now_s)
            self._remember(now_s)
        if self._pupil is not None:
            self._pupil.save(now_s)
        self._slot.be_born(self._slot.vitals()._replace(mode=ENDED))

    def _due_after(self, now_s: float, period_s: float) -> float:
        """Return when this NPC is due next at a new rate, at its own place in the period."""
        place = self._birth.npc * SPREAD % 1.0
        return (floor(now_s / period_s - place) + 1.0 + place) * period_s

    def tick(self, control: Control, now_s: float, late_s: float) -> bool:
        """Live one tick at `now_s`, begun `late_s` after it was due; False before the world has begun."""
        slot = self._slot
        try:
            record = slot.percept()
        except ArenaError:
            record = None  # the supervisor died writing; its successor writes anew within a second
        if record is None:
            return False
        percept = unpack(record)
        if not percept.tick:
            return False  # the world waits for the last to be born
        self._seen[:] = record  # what a learning brain looks at is a view of this
        if percept.level != self._level:
            self._enter(percept.level)
        verdicts = self._verdicts.fresh()
        deed = self._body.tick(percept, self._features, self._known, control.overrides, now_s, verdicts)
        self._tick += 1
        tick, action = self._tick, deed.action
        slot.waves(tick, deed.waves)
        for gate in deed.transitions:
            slot.transition(
                tick,
                now_s,
                gate.gate,
                gate.from_state,
                gate.to_state,
                gate.cause,
                gate.tier,
                gate.value,
                gate.correlation,
                gate.cost,
                gate.weight,
                gate.triggers,
                gate.node,
            )
        compute_us = (self._clock.monotonic_s() - now_s) * 1e6
        slot.trail(
            tick,
            percept.tick,
            now_s,
            percept.level,
            percept.node,
            action.verb,
            action.slot,
            deed.nerve,
            deed.nerve_state,
            deed.gates,
            len(deed.waves),
            len(deed.transitions),
            percept.energy,
            self._body.lifeforce,
            deed.cost,
            percept.reward,
            percept.coverage,
            late_s * 1e6,
            compute_us,
            percept.rejection,
            deed.attention,
            deed.vigour,
        )
        if deed.lessons or deed.beat is not None:
            self._write_down(deed, now_s)
        # after the trail: a tick killed in between is lived again, and the database knows its row already
        slot.act(tick, percept.tick, now_s, action.verb, action.slot, self._generation)
        self._report(late_s * 1e6, compute_us, len(deed.waves), len(deed.transitions))
        self._wind_up(deed, now_s)
        return True

    def _wind_up(self, deed: Deed, now_s: float) -> None:
        """Remember and learn, now that the act is written: it waits for neither."""
        settles = deed.attention == Mode.SETTLE
        if now_s - self._remembered_s >= (SETTLE_S if settles else REMEMBER_S):
            self._remember(now_s)
        if self._pupil is not None:
            self._pupil.learn(deed.action, now_s)

    def _write_down(self, deed: Deed, now_s: float) -> None:
        """Write what does not happen in every tick into the diary."""
        for lesson in deed.lessons:
            latency_s = lesson.run.latency_s + self._compute_us * 1e-6
            if lesson.run.acted_s:
                self._body.reactions.note(lesson.tier, latency_s)
            self._scribe.lesson(lesson, self._tick, now_s, latency_s)
        if deed.beat is not None:
            self._scribe.beat(deed.beat, self._body, now_s)
        self._save()  # what is written down shall not be lived again

    def _report(self, late_us: float, compute_us: float, waves: int, transitions: int) -> None:
        self._due += 1
        self._done += 1
        self._waves += waves
        self._transitions += transitions
        self._lateness_us[self._done % _SAMPLES] = late_us
        self._compute_us += (compute_us - self._compute_us) * 0.05
        if self._done % 64 == 0:
            self._p99_us = sorted(self._lateness_us)[_SAMPLES * 99 // 100]
        self._slot.report(
            self._due,
            self._done,
            self._skipped,
            self._body.lifeforce,
            0,
            self._p99_us,
            self._compute_us,
            self._waves,
            self._transitions,
        )

    def _enter(self, level: int) -> None:
        """Take up life in a level: its map is the brain's map; what the last generation knew comes back."""
        self._level = level
        self._known = self._slot.known[: self._graphs[level - 1].nodes]
        self._body.brain = self._brain(level)
        self._body.guide = self._guide(level)
        if self._memory:
            memory, self._memory = json.loads(self._memory), b""
            if memory["level"] != level:  # the village moved up meanwhile: all but the map is as it was
                memory["body"]["brain"] = self._body.brain.state()
                memory["body"]["guide"] = self._body.guide.state()
            self._body.restore(memory["body"], self._clock.monotonic_s())
        self._body.ticks = self._tick  # the memory is older than the last act: both count the same ticks

    def _brain(self, level: int) -> Brain:
        """Return the brain for a level: an explorer of its map, or the one net of this life, which needs no map."""
        if self._net is not None:
            return self._net
        birth = self._birth
        generator = Chance(birth.seed).generator("npc", birth.npc, "brain", self._generation)
        if birth.weights is None:
            return Explorer(self._graphs[level - 1].neighbours.tolist(), generator)
        if birth.learning_rate is None:
            self._net = Mlp(load_weights(Path(birth.weights))[0], generator)
        else:
            rules = LearningRules(rate=birth.learning_rate)
            self._pupil = Pupil(
                Path(birth.weights), generator, rules, self._clock.monotonic_s(), birth.learning_save_s
            )
            self._net = self._pupil.brain
        return self._net

    def _guide(self, level: int) -> Guide:
        return Pathfinder(self._graphs[level - 1].neighbours.tolist())

    def _remember(self, now_s: float) -> None:
        """Write what must not be forgotten, and how the body fares."""
        self._remembered_s = now_s
        self._save()
        self._scribe.fare(self._body)

    def _save(self) -> None:
        """Write what must not be forgotten; a state that finds no room leaves the older one standing."""
        state = _ENCODER.encode({"level": self._level, "body": self._body.state()})
        try:
            self._slot.remember(state)
        except ArenaError as error:
            if not self._overfull:
                print(error)  # noqa: T201  the actor's log; once, for it will be so every second
            self._overfull = True


NpcActor = ray.remote(NpcShell)
