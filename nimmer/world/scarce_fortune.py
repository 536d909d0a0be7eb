"""What villages under scarcity are dealt: places, what is known already, anomalies, and every draw on their way.

Several governors can be given the very same fortune (`copies`), so that what differs between them is their doing. A
scenario's fortune hangs on its seed alone, not on what else is in the batch. World `copy * scenarios + scenario` of a
batch has the fortune of its scenario.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nimmer.chance import Chance
from nimmer.world.curriculum import birth
from nimmer.world.level import Level
from nimmer.world.rules import Rules
from nimmer.world.scarce_triggers import EPISODIC
from nimmer.world.scarcity import KINDS, ScarcityModel
from nimmer.world.state import Village, count_facts, newborn, pack_bits

Numbers = NDArray[np.float64]
_POOREST, _RICHEST = 20.0, 150.0
"""Lifeforce an NPC may begin with, LF."""
_KNOWN_MOST = 0.9
"""Largest share of the houses an NPC may know at the beginning."""
_STUCK_FROM, _STUCK_FOR = 6.0, 3.0
"""A stuck cortex begins within so many epochs, and lasts so many."""
_UNIFORM = 2 + len(KINDS) + len(EPISODIC) + len(KINDS) + 1


class Draws(NamedTuple):
    """One world tick's luck, `(W, N, ...)`: uniform, but for `answer`, which is standard normal.

    steps: 2, of the walker; triggers: KINDS + EPISODIC; success: KINDS; alarm and answer: none.
    """

    steps: Numbers
    triggers: Numbers
    success: Numbers
    alarm: Numbers
    answer: Numbers


class Fortune:
    """The luck of one scenario per seed, dealt to `copies` governors each."""

    def __init__(
        self,
        level: Level,
        rules: Rules,
        model: ScarcityModel,
        npcs: int,
        seeds: tuple[int, ...],
        copies: int = 1,
    ) -> None:
        """Deal. Raises LevelError when the level has no room for `npcs`."""
        self.worlds, self.npcs, self.copies = len(seeds) * copies, npcs, copies
        self._level, self._rules, self._model = level, rules, model
        self._seeds = seeds
        self._births = [Chance(seed).generator("scarcity", "birth") for seed in seeds]
        self._lives = [Chance(seed).generator("scarcity", "life") for seed in seeds]
        dealt = [_Deal(model, npcs, one) for one in self._births]
        self.tick_ms = self._spread([one.tick_ms for one in dealt])
        self.effective = self._spread([one.effective for one in dealt])
        self.lifeforce = self._spread([one.lifeforce for one in dealt])
        self.episodes = self._spread([one.episodes for one in dealt])
        self._stuck = self._spread([one.stuck for one in dealt])

    def born(self) -> Village:
        """Return the villages at their beginning: places, and what each NPC knows of the level."""
        nodes, known = [], []
        for generator in self._births:
            nodes.append(birth(self._level, self._rules, self.npcs, 1, generator).node[0])
            share = _KNOWN_MOST * generator.random((self.npcs, 1))
            known.append(generator.random((self.npcs, self._level.nodes)) < share)
        return self._knowing(newborn(self._level, self._spread(nodes)), self._spread(known))

    def reborn(self, which: NDArray[np.bool_], epoch: int, tick: NDArray[np.int64]) -> Village:
        """Return the worlds flagged in `which` `(W,)` anew after `epoch`: new places, nothing known, `tick` going on."""
        nodes = [
            birth(
                self._level, self._rules, self.npcs, 1, Chance(seed).generator("scarcity", "promotion", epoch)
            ).node[0]
            for seed in self._seeds
        ]
        return newborn(self._level, self._spread(nodes)[which], tick[which])

    def stuck(self, epoch: int, part: float) -> NDArray[np.bool_]:
        """Return `(W,)` whose cortex is stuck when so much (0..1) of `epoch` has passed."""
        since = epoch + part - self._stuck[:, 0]
        return (since >= 0.0) & (since < _STUCK_FOR)

    def epoch(self) -> "list[Draws]":
        """Return the luck of the next epoch's world ticks."""
        ticks, npcs = self._model.epoch_ticks, self.npcs
        uniform = np.stack([one.random((ticks, npcs, _UNIFORM)) for one in self._lives], axis=1)
        answers = np.stack([one.standard_normal((ticks, npcs)) for one in self._lives], axis=1)
        kinds, episodic = len(KINDS), len(EPISODIC)
        cuts = np.cumsum([2, kinds + episodic, kinds])
        found = []
        for tick in range(ticks):
            luck = np.tile(uniform[tick], (self.copies, 1, 1))
            steps, triggers, success, alarm = np.split(luck, cuts, axis=-1)
            found.append(
                Draws(steps, triggers, success, alarm[..., 0], np.tile(answers[tick], (self.copies, 1)))
            )
        return found

    def _spread(self, one_each: list[NDArray[Any]]) -> NDArray[Any]:
        stacked = np.stack(one_each)
        return np.tile(stacked, (self.copies,) + (1,) * (stacked.ndim - 1))

    def _knowing(self, village: Village, known: NDArray[np.bool_]) -> Village:
        knowledge = np.where(known, self._level.traits, np.uint64(0))
        village.knowledge[:] = knowledge
        village.bits[:] = pack_bits(knowledge)
        village.facts[:] = count_facts(knowledge)
        return village


class _Deal:
    """What one scenario is dealt at birth, `(N, ...)`; `stuck` is the epoch from which its cortex is stuck."""

    def __init__(self, model: ScarcityModel, npcs: int, generator: np.random.Generator) -> None:
        weight = np.exp(model.uneven * generator.standard_normal(npcs))
        self.tick_ms = model.tick_cost_ms * model.heaviness * weight
        hit, who = generator.random() < model.starved_share, int(generator.random() * npcs)
        self.effective = np.where(hit & (np.arange(npcs) == who), model.starved_to, 1.0)
        self.lifeforce = _POOREST + (_RICHEST - _POOREST) * generator.random(npcs)
        early = model.episode_s / (model.episode_s + model.calm_s)
        self.episodes = generator.random((npcs, len(EPISODIC))) < early
        hit, begins = generator.random() < model.stuck_share, _STUCK_FROM * generator.random()
        self.stuck = np.array([begins if hit else np.inf])
