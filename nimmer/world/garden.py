"""The real garden as a value that is stepped: who acts in this tick, what the world makes of it, what is written down.

Time is not here: whoever owns the wall clock calls `turn` once per world tick. An NPC acts in the ticks in which a
new action of its arrived; what is too old, or comes from nobody alive, is left out and counted by reason.
Source: docs/domain.md section 8, "World server".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.life.action import Action, Verb
from nimmer.world.curriculum import (
    birth,
    birth_generator,
    demote,
    demotion_generator,
    promote,
    promotion_generator,
)
from nimmer.world.delta import Change, changes
from nimmer.world.journal import Arrival, LevelFrame, TickFrame
from nimmer.world.level import Level
from nimmer.world.levels import Levels
from nimmer.world.observation import observe
from nimmer.world.quiz import Quiz, ask_everyone
from nimmer.world.rejection import Rejection
from nimmer.world.rules import Rules
from nimmer.world.sight import Sights, see
from nimmer.world.state import Village
from nimmer.world.step import judge, step


@dataclass(frozen=True, slots=True, eq=False)
class Wants:
    """What the NPCs want, `(N,)` each: their own tick, the world tick they saw, verb, slot, and who is alive."""

    npc_tick: NDArray[np.uint64]
    seen_tick: NDArray[np.uint64]
    verb: NDArray[np.uint8]
    slot: NDArray[np.int8]
    alive: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What everyone perceives: `records (N,)` of PERCEPT, `known (N, nodes)` uint8."""

    records: NDArray[np.void]
    known: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One world tick: what to log, what to show, whether anybody learned a house, and what to tell."""

    frame: TickFrame
    view: View
    learned: bool
    changes: list[Change]


class RealGarden:
    """One world, its level and its rules."""

    def __init__(self, levels: Levels, rules: Rules, seed: int, npcs: int) -> None:
        """Know the curriculum; nobody is born yet: call `begin` or set `village` to a resumed one."""
        self.levels = levels
        self.rules = rules
        self.seed = seed
        self.npcs = npcs
        self.village: Village
        self.permitted: NDArray[np.bool_] = np.zeros(npcs, np.bool_)
        """Who may ask the cortex."""
        self.refused = dict.fromkeys((Rejection.PAST_TICK, Rejection.DEAD), 0)
        """Actions left out, by reason."""
        self._acted: NDArray[np.uint64] | None = None
        self._proposed: dict[int, Action] = {}

    @property
    def level(self) -> Level:
        """Return the level the village is on."""
        return self.levels[self.village.level]

    @property
    def tick(self) -> int:
        """Return the world ticks lived so far."""
        return int(self.village.tick[0])

    @property
    def digest(self) -> bytes:
        """Return 16 bytes over the whole state."""
        return self.village.digest()

    def begin(self, level: int) -> LevelFrame:
        """Let the village be born on `level`. Raises LevelError when there is no room, or no such level."""
        self.village = birth(self.levels[level], self.rules, self.npcs, 1, birth_generator(self.seed, level))
        return LevelFrame(0, level, Arrival.BIRTH, self.digest)

    def propose(self, npc: int, action: Action, alive: bool, meant_for: int = 0) -> Rejection:
        """Take an action from outside for the next tick, in place of the NPC's own; return the world's answer.

        meant_for: the world tick the proposer saw, 0 for whatever is next. Raises WorldError for an unknown NPC.
        """
        answer = judge(
            self.level,
            self.rules,
            self.village,
            npc,
            action,
            permitted=bool(0 <= npc < self.npcs and self.permitted[npc]),
            alive=alive,
        )
        if answer is Rejection.ACCEPTED and meant_for and meant_for < self.tick:
            return Rejection.PAST_TICK
        if answer is Rejection.ACCEPTED:
            # a slot means something to a move alone; whatever else came in it must not reach the arrays
            self._proposed[npc] = action if action.verb == Verb.MOVE else Action(action.verb)
        return answer

    def turn(self, wants: Wants, seen: Sights | None = None) -> Turn:
        """Step the world by one tick; seen: what the eye has to say of looks in earlier ones, on this level."""
        before = self.village
        verbs, slots, present = self._acting(wants)
        self.village, _ = step(
            self.level,
            self.rules,
            before,
            verbs[None],
            slots[None],
            present[None],
            self.permitted[None],
        )
        if seen is not None and not seen.size:
            seen = None
        if seen is not None:
            self.village = see(self.level, self.rules, self.village, seen)
        frame = TickFrame(self.tick, verbs, slots, present, self.permitted.copy(), self.digest, seen)
        learned = self.village.knowledge is not before.knowledge
        return Turn(frame, self.view(), learned, changes(before, self.village))

    def view(self) -> View:
        """Return what everyone perceives now."""
        records, known = observe(self.level, self.rules, self.village)
        return View(records[0], known[0])

    def examine(self) -> Quiz:
        """Let the oracle question everyone; reads only."""
        return ask_everyone(self.level, self.village)

    def go_to(self, number: int) -> LevelFrame:
        """Let the village go up or down to another level. Raises LevelError when there is none, or no room."""
        there, here = self.levels[number], self.level
        if number > here.number:
            arrival, generator = Arrival.PROMOTION, promotion_generator(self.seed, number)
            self.village = promote(here, there, self.rules, self.village, generator)
        else:
            arrival, generator = Arrival.DEMOTION, demotion_generator(self.seed, number)
            self.village = demote(here, there, self.rules, self.village, generator)
        self._proposed.clear()
        return LevelFrame(self.tick, number, arrival, self.digest)

    def _acting(self, wants: Wants) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
        """Decide who acts in this tick.

        1. Only an NPC whose own tick moved on since its last action has a new one.
        2. One that is not alive, or saw a world more than `stale_ticks` old, is left out and counted.
        3. What was proposed from outside takes the place of the NPC's own.
        """
        if self._acted is None:
            self._acted = (
                wants.npc_tick.copy()
            )  # after a restart: what was written before is not acted on again
        fresh = wants.npc_tick > self._acted
        dead = fresh & ~wants.alive
        stale = fresh & wants.alive & (wants.seen_tick.astype(np.int64) < self.tick - self.rules.stale_ticks)
        self.refused[Rejection.DEAD] += int(dead.sum())
        self.refused[Rejection.PAST_TICK] += int(stale.sum())
        self._acted = np.where(fresh, wants.npc_tick, self._acted)
        present = fresh & ~dead & ~stale
        verbs, slots = wants.verb.copy(), wants.slot.copy()
        for npc, action in self._proposed.items():
            verbs[npc], slots[npc], present[npc] = action.verb, action.slot, True
        self._proposed.clear()
        return verbs, slots, present
