"""One world tick: everyone's actions in, the next village and what became of each action out.

Pure and vectorised over worlds and NPCs. All actions are judged against the state *before* the tick, so no NPC's
luck depends on another's place in a queue, save for one rule: of those who want into a node, the lowest ids get in.
Source: docs/domain.md section 8 (world server: validate legal edge and occupancy, order by (tick, npc id)).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nimmer.errors import WorldError
from nimmer.life.action import Action, Verb
from nimmer.world.level import Level
from nimmer.world.occupancy import Occupancy, companions, occupancy, ranks
from nimmer.world.rejection import Rejection
from nimmer.world.rules import Rules
from nimmer.world.state import NO_VERB, Village

_Flags = NDArray[np.bool_]
_Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of every action, `(W, N)` each.

    rejection: uint8, `Rejection`; moved: bool; learned: int32, the node whose house was learned, -1 for none;
    teller: int32, the NPC that told it, -1 for none; asked: bool, may ask the cortex now and did.
    """

    rejection: NDArray[np.uint8]
    moved: _Flags
    learned: NDArray[np.int32]
    teller: NDArray[np.int32]
    asked: _Flags


@dataclass(slots=True, eq=False)
class _Tick:
    """The working arrays of one tick, flat `(M,)`."""

    rejection: NDArray[np.uint8]
    node: NDArray[np.int32]
    heading: NDArray[np.int8]
    learned: NDArray[np.int32]
    teller: NDArray[np.int32]


def step(
    level: Level,
    rules: Rules,
    village: Village,
    verbs: NDArray[np.uint8],
    slots: NDArray[np.int8],
    present: _Flags,
    permitted: _Flags | None = None,
) -> tuple[Village, Outcome]:
    """Return the village one tick later and the outcome of every action.

    Args:
        level: the level the village is on.
        rules: the numbers of the run.
        village: W worlds of N NPCs.
        verbs: `(W, N)` uint8, a `Verb` each.
        slots: `(W, N)` int8, the neighbour slot of a MOVE.
        present: `(W, N)` bool, who acts in this tick; the others do nothing.
        permitted: `(W, N)` bool, who may ask the cortex; nobody when not given.

    Raises:
        WorldError: an array has another shape, or the village is on another level.
    """
    shape = village.node.shape
    _check(level, village, verbs, slots, present)
    verb = np.where(present, verbs, NO_VERB).astype(np.uint8).reshape(-1)
    slot = np.where(present, slots, -1).astype(np.int8).reshape(-1)
    found = occupancy(village)
    size = verb.size
    tick = _Tick(
        rejection=np.zeros(size, np.uint8),
        node=village.node.reshape(-1).copy(),
        heading=village.heading.reshape(-1).copy(),
        learned=np.full(size, -1, np.int32),
        teller=np.full(size, -1, np.int32),
    )
    tick.rejection[(verb > Verb.ASK_CORTEX) & (verb != NO_VERB)] = Rejection.UNKNOWN_VERB
    asking = verb == Verb.ASK_CORTEX
    allowed = np.zeros(size, np.bool_) if permitted is None else permitted.reshape(-1)
    tick.rejection[asking & ~allowed] = Rejection.NO_CORTEX
    moved = _move(level, rules, village, found, np.flatnonzero(verb == Verb.MOVE), slot, tick)
    looked = np.flatnonzero(verb == Verb.LOOK)
    here = tick.node[looked]
    believed = village.knowledge.reshape(size, -1)
    if not rules.look_by_eye:
        tick.learned[looked] = np.where(believed[looked, here] == level.traits[here], -1, here)
    talked = np.flatnonzero(verb == Verb.TALK)
    _talk(village, found, talked, tick)
    outcome = Outcome(
        rejection=tick.rejection.reshape(shape),
        moved=moved.reshape(shape),
        learned=tick.learned.reshape(shape),
        teller=tick.teller.reshape(shape),
        asked=(asking & allowed).reshape(shape),
    )
    return _next(level, rules, village, verb, slot, tick, outcome), outcome


def _move(
    level: Level,
    rules: Rules,
    village: Village,
    found: Occupancy,
    movers: _Index,
    slot: NDArray[np.int8],
    tick: _Tick,
) -> _Flags:
    """Carry out every legal move in `tick`, refuse the others there; return `(M,)` who moved."""
    through = slot[movers].astype(np.int64)
    known_slot = (through >= 0) & (through < level.graph.slots)
    target = level.graph.neighbours[tick.node[movers], np.where(known_slot, through, 0)]
    no_edge = (target < 0) | ~known_slot
    weak = village.energy.reshape(-1)[movers] <= 0
    exhausted = ~no_edge & weak & (village.rested.reshape(-1)[movers] < rules.crawl_ticks - 1)
    tick.rejection[movers[no_edge]] = Rejection.NO_EDGE
    tick.rejection[movers[exhausted]] = Rejection.EXHAUSTED
    able = np.flatnonzero(~(no_edge | exhausted))
    walkers = movers[able]
    cell = walkers // village.npcs * level.nodes + target[able]
    # Room as it was before the tick: who leaves now makes room in the next one.
    cell, walkers, rank = ranks(cell, walkers, tick.node.size)
    enters = found.count[cell] + rank < rules.node_capacity
    tick.rejection[walkers[~enters]] = Rejection.NODE_FULL
    arrived = walkers[enters]
    tick.node[arrived] = cell[enters] % level.nodes
    tick.heading[arrived] = slot[arrived]
    moved = np.zeros(tick.node.size, np.bool_)
    moved[arrived] = True
    return moved


def _talk(village: Village, found: Occupancy, talkers: _Index, tick: _Tick) -> None:
    """Let every talker hear one house: the lowest it lacks, of the lowest-id companion who knows one it lacks."""
    if not talkers.size:
        return
    size = tick.node.size
    bits = village.bits.reshape(size, -1)
    alone = found.count[found.cell[talkers]] < 2
    tick.rejection[talkers[alone]] = Rejection.NOBODY_HERE
    talkers = talkers[~alone]
    others = companions(found)[talkers]
    nobody = others == size
    news = bits[np.where(nobody, talkers[:, None], others)] & ~bits[talkers][:, None, :]
    who = news.any(axis=2).argmax(axis=1)
    row = np.arange(talkers.size)
    heard = news[row, who]
    word = (heard != 0).argmax(axis=1)
    chosen = heard[row, word]
    lowest = np.bitwise_count((chosen & -chosen) - np.uint64(1)).astype(np.int32)
    useful = chosen != 0
    tick.learned[talkers[useful]] = (64 * word.astype(np.int32) + lowest)[useful]
    tick.teller[talkers[useful]] = others[row, who][useful] % village.npcs


def _next(
    level: Level,
    rules: Rules,
    village: Village,
    verb: NDArray[np.uint8],
    slot: NDArray[np.int8],
    tick: _Tick,
    outcome: Outcome,
) -> Village:
    shape = village.node.shape
    acted = verb != NO_VERB
    moved = outcome.moved.reshape(-1)
    refused = tick.rejection != 0
    f4 = np.float32
    at_well = level.wells[tick.node]
    energy = village.energy.reshape(-1) - f4(rules.energy_drain_tick)
    energy -= moved * f4(rules.energy_drain_move)
    busy = (verb >= Verb.LOOK) & acted & ~refused
    energy -= busy * f4(rules.energy_drain_act)
    energy += (at_well & ~moved) * f4(rules.energy_gain_well)
    np.clip(energy, f4(0), f4(1), out=energy)
    idle = acted & ~refused & ~moved & ~at_well & (tick.learned < 0) & (verb != Verb.ASK_CORTEX)
    if rules.look_by_eye:  # what a first look brings comes later
        unknown = village.knowledge.reshape(verb.size, -1)[np.arange(verb.size), tick.node] == 0
        idle &= (verb != Verb.LOOK) | ~unknown
    reward = np.where(acted, f4(0), village.reward.reshape(-1))
    reward += (tick.learned >= 0) * f4(rules.reward_fact)
    reward += (tick.teller >= 0) * f4(rules.reward_interaction)
    reward += idle * f4(rules.reward_idle)
    reward += refused * f4(rules.reward_bump)
    reward += (energy <= 0) * f4(rules.reward_hunger)
    rested = village.rested.reshape(-1)
    return replace(
        village,
        tick=village.tick + 1,
        node=tick.node.reshape(shape),
        heading=tick.heading.reshape(shape),
        energy=energy.reshape(shape),
        rested=np.where(moved, 0, rested + (rested < 255)).astype(np.uint8).reshape(shape),
        last_verb=verb.reshape(shape),
        last_slot=slot.reshape(shape),
        rejection=np.where(acted, tick.rejection, village.rejection.reshape(-1)).reshape(shape),
        reward=reward.reshape(shape),
        bumps=village.bumps + outcome.rejection.astype(np.bool_),
        **_learn(level, village, tick),
    )


def _learn(level: Level, village: Village, tick: _Tick) -> dict[str, Any]:
    """Return the changed knowledge, bits and facts; nothing when nobody learned, so that they stay shared."""
    who = np.flatnonzero(tick.learned >= 0)
    if not who.size:
        return {}
    size = tick.node.size
    what = tick.learned[who].astype(np.int64)
    believed = village.knowledge.reshape(size, -1)
    tellers = tick.teller[who]
    told = believed[who // village.npcs * village.npcs + np.maximum(tellers, 0), what]
    knowledge = believed.copy()
    knowledge[who, what] = np.where(tellers >= 0, told, level.traits[what])
    bits = village.bits.reshape(size, -1).copy()
    bits[who, what >> 6] |= np.left_shift(np.uint64(1), (what & 63).astype(np.uint64))
    facts = village.facts.reshape(-1).copy()
    facts[who] += believed[who, what] == 0
    return {
        "knowledge": knowledge.reshape(village.knowledge.shape),
        "bits": bits.reshape(village.bits.shape),
        "facts": facts.reshape(village.facts.shape),
    }


def _check(
    level: Level, village: Village, verbs: NDArray[np.uint8], slots: NDArray[np.int8], present: _Flags
) -> None:
    shape = village.node.shape
    if village.level != level.number or village.nodes != level.nodes:
        raise WorldError(
            f"the village is on level {village.level} with {village.nodes} nodes, not on level {level.number} with {level.nodes}"
        )
    for name, array in (("verbs", verbs), ("slots", slots), ("present", present)):
        if array.shape != shape:
            raise WorldError(
                f"{name} has the shape {array.shape}; this village needs (worlds, npcs) = {shape}"
            )


def judge(
    level: Level,
    rules: Rules,
    village: Village,
    npc: int,
    action: Action,
    *,
    world: int = 0,
    permitted: bool = False,
    seen_tick: int | None = None,
    alive: bool = True,
) -> Rejection:
    """Return what a step would answer to one proposed action if nobody else moved.

    Args:
        level: the level the village is on.
        rules: the numbers of the run.
        village: the village as it is now.
        npc: who would act, 0..N-1.
        action: what it would do.
        world: which world, 0 in the real garden.
        permitted: whether the NPC may ask the cortex.
        seen_tick: world tick of the observation the action was chosen on, if that matters.
        alive: whether the NPC lives.

    Raises:
        WorldError: there is no such NPC.
    """
    if not 0 <= npc < village.npcs:
        raise WorldError(f"there is no NPC {npc}; this village has 0..{village.npcs - 1}")
    if not alive:
        return Rejection.DEAD
    if seen_tick is not None and int(village.tick[world]) - seen_tick > rules.stale_ticks:
        return Rejection.PAST_TICK
    match action.verb:
        case Verb.MOVE:
            return _judge_move(level, rules, village, world, npc, action.slot)
        case Verb.TALK:
            alone = int((village.node[world] == village.node[world, npc]).sum()) < 2
            return Rejection.NOBODY_HERE if alone else Rejection.ACCEPTED
        case Verb.ASK_CORTEX:
            return Rejection.ACCEPTED if permitted else Rejection.NO_CORTEX
        case Verb.STAY | Verb.LOOK:
            return Rejection.ACCEPTED
    return Rejection.UNKNOWN_VERB


def _judge_move(level: Level, rules: Rules, village: Village, world: int, npc: int, slot: int) -> Rejection:
    here = int(village.node[world, npc])
    target = int(level.graph.neighbours[here, slot]) if 0 <= slot < level.graph.slots else -1
    if target < 0:
        return Rejection.NO_EDGE
    if village.energy[world, npc] <= 0 and village.rested[world, npc] < rules.crawl_ticks - 1:
        return Rejection.EXHAUSTED
    full = int((village.node[world] == target).sum()) >= rules.node_capacity
    return Rejection.NODE_FULL if full else Rejection.ACCEPTED
