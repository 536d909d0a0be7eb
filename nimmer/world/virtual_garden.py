"""The virtual garden: the same world from a snapshot, in a time of its own.

It steps the very function the real garden steps, with the actions of virtual bodies in place of the arena's, and
its clock is a count of ticks: virtual second 0 is the snapshot. So the same snapshot, bodies and seed are the same
future, and a checkpoint can be gone back to. Nobody moves up a level here, and nobody may ask the cortex: a future
ends where the real garden would do either.
Source: docs/domain.md section 4 (virtual: malleable time) and section 8 (world server).
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from nimmer.errors import WorldError
from nimmer.life.action import Action, Verb
from nimmer.life.percept import PERCEPT, Percept, features, unpack
from nimmer.life.transition import Transition
from nimmer.minds.brain import Flags, Floats
from nimmer.world.levels import Levels
from nimmer.world.observation import observe
from nimmer.world.rules import Rules
from nimmer.world.state import Village
from nimmer.world.step import step
from nimmer.world.virtual_time import REASON, REWIND, Purse, VirtualTime

KEPT_CHECKPOINTS = 16
"""Checkpoints one garden keeps: the snapshot it began from, and the newest."""
CHECKPOINT_TICKS = 200
SPREAD = (5**0.5 - 1) / 2
"""Golden ratio: multiples of it, modulo 1, spread bodies that tick slower than the world, as real ones are."""
AUTO = bytes(8)
"""Overrides of a body nobody governs."""


class Acted(Protocol):
    """What of a body's deed the garden uses; `nimmer.life.body.Deed` is one."""

    @property
    def action(self) -> Action:
        """Return what the body does."""
        ...

    @property
    def transitions(self) -> Sequence[Transition]:
        """Return what its gates did."""
        ...


class Inhabitant(Protocol):
    """A virtual body; `nimmer.life.body.Body` is one."""

    def tick(
        self,
        percept: Percept,
        features: Floats,
        known: Flags,
        overrides: bytes | tuple[int, ...],
        now_s: float,
    ) -> Acted:
        """Live one tick at virtual second `now_s`."""
        ...

    def state(self) -> dict[str, object]:
        """Return what the body must remember, as plain JSON values."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned, and forget everything else."""
        ...


class Lived(NamedTuple):
    """A tick in which gates of a body moved.

    npc: whose; tick: the world tick it saw; time_s: virtual seconds since the snapshot.
    """

    npc: int
    tick: int
    time_s: float
    transitions: Sequence[Transition]


class Advance(NamedTuple):
    """What an interval of real time came to.

    ticks: lived; speed: reached, times real time; paid: lifeforce; slowed: the purse could not pay for more;
    lived: every tick in which a gate moved.
    """

    ticks: int
    speed: float
    paid: float
    slowed: bool
    lived: list[Lived]


class Checkpoint(NamedTuple):
    """A moment that can be gone back to: its number (0 the snapshot), its world tick, and all there was."""

    number: int
    tick: int
    state: dict[str, object]


class VirtualGarden:
    """One future of one world."""

    def __init__(
        self,
        levels: Levels,
        rules: Rules,
        snapshot: bytes,
        bodies: Sequence[Inhabitant | None] = (),
        *,
        hz: float = 20.0,
        speed: float = 1.0,
        rates: Sequence[float] = (),
        overrides: Sequence[bytes | tuple[int, ...]] = (),
        checkpoint_ticks: int = CHECKPOINT_TICKS,
    ) -> None:
        """Begin where `snapshot`, the bytes of a village, left off.

        Args:
            levels: the curriculum the snapshot is of.
            rules: the numbers of the run.
            snapshot: what `Village.to_bytes` returned.
            bodies: one per NPC, their time at the snapshot set to 0; None stands still. None at all: an empty world.
            hz: world ticks to a virtual second.
            speed: times real time, 1..1000.
            rates: how often each body ticks, Hz, at most `hz`; all at `hz` when not given.
            overrides: what each body's gates are held to, as `Inhabitant.tick` takes it.
            checkpoint_ticks: a checkpoint every so many ticks, the first at the snapshot; 0 keeps none.

        Raises WorldError (a LevelError for an unknown level) when they do not fit each other.
        """
        self.village = Village.from_bytes(snapshot)
        self.level = levels[self.village.level]
        self.rules = rules
        npcs = self.village.npcs
        if self.village.worlds != 1:
            raise WorldError(f"the snapshot has {self.village.worlds} worlds; a garden is one")
        for name, given in (("bodies", bodies), ("rates", rates), ("overrides", overrides)):
            if given and len(given) != npcs:
                raise WorldError(f"{len(given)} {name} for {npcs} NPCs; give one each, or none at all")
        self.time = VirtualTime(hz, speed)
        self.bodies = tuple(bodies)
        self._shares = [min(rate / hz, 1.0) for rate in rates] or [1.0] * npcs
        self._overrides = list(overrides) or [AUTO] * npcs
        self._checkpoint_ticks = checkpoint_ticks
        self._nobody = np.zeros((1, npcs), np.bool_)
        self._phases = [npc * SPREAD % 1.0 for npc in range(npcs)]
        self.lived_ticks = 0
        self.checkpoints: list[Checkpoint] = []
        if checkpoint_ticks:
            self._keep()

    @property
    def tick(self) -> int:
        """Return the world tick reached."""
        return int(self.village.tick[0])

    @property
    def time_s(self) -> float:
        """Return the virtual seconds since the snapshot."""
        return self.lived_ticks / self.time.hz

    @property
    def digest(self) -> bytes:
        """Return 16 bytes over the whole state of the world."""
        return self.village.digest()

    def advance(self, real_elapsed_s: float, most_ticks: int, purse: Purse) -> Advance:
        """Live what `real_elapsed_s` comes to at the speed asked for, and pay for it.

        most_ticks: how many ticks may be lived in this call. What they or the purse do not allow is not made up
        for later; the reached speed says so. See `VirtualTime.share`.
        """
        share = self.time.share(real_elapsed_s, most_ticks, purse.level)
        lived = self.run(share.ticks)
        paid = purse.charge(REASON, share.cost) if share.cost else 0.0
        return Advance(share.ticks, share.speed, paid, share.slowed, lived)

    def run(self, ticks: int) -> list[Lived]:
        """Live `ticks` world ticks, and return those in which a gate moved, in order of tick and NPC."""
        found: list[Lived] = []
        for _ in range(ticks):
            self._turn(found)
        return found

    def rewind(self, purse: Purse, number: int | None = None) -> Checkpoint:
        """Go back to checkpoint `number`, or to the newest one before now; later ones are forgotten.

        Raises WorldError, and charges nothing, when there is no such checkpoint or the purse holds less than 50.
        """
        found = self._checkpoint(number)
        if purse.level < REWIND:
            raise WorldError(
                f"a rewind costs {REWIND:g} lifeforce and there are {purse.level:.1f}; wait, or use 1x"
            )
        purse.charge(REASON, REWIND)
        pace = self.time.state()
        self.restore(found.state)
        self.time.restore(pace)
        self.checkpoints = [one for one in self.checkpoints if one.number <= found.number]
        return found

    def state(self) -> dict[str, object]:
        """Return world, bodies and pace, as plain JSON values."""
        return {
            "world": base64.b64encode(self.village.to_bytes()).decode("ascii"),
            "bodies": [None if body is None else body.state() for body in self.bodies],
            "lived_ticks": self.lived_ticks,
            "time": self.time.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned. Raises WorldError when it is of another world, or what a body raises."""
        village = Village.from_bytes(base64.b64decode(state["world"]))
        if (village.level, village.npcs) != (self.village.level, self.village.npcs):
            raise WorldError(
                f"the state is of level {village.level} with {village.npcs} NPCs, not of this garden"
            )
        self.village = village
        self._wake(state)
        self.lived_ticks = int(state["lived_ticks"])
        self.time.restore(state["time"])

    def _wake(self, state: Mapping[str, Any]) -> None:
        for body, remembered in zip(self.bodies, state["bodies"], strict=True):
            if body is not None:
                body.restore(remembered)

    def _turn(self, found: list[Lived]) -> None:
        """Live one world tick: who is due sees the world as it is, and all deeds are done at once."""
        npcs = self.village.npcs
        verbs, slots, present = [0] * npcs, [-1] * npcs, [False] * npcs
        if self.bodies:
            self._act(verbs, slots, present, found)
        self.village, _ = step(
            self.level,
            self.rules,
            self.village,
            np.array([verbs], np.uint8),
            np.array([slots], np.int8),
            np.array([present], np.bool_),
            self._nobody,
        )
        self.lived_ticks += 1
        if self._checkpoint_ticks and self.lived_ticks % self._checkpoint_ticks == 0:
            self._keep()

    def _act(self, verbs: list[int], slots: list[int], present: list[bool], found: list[Lived]) -> None:
        records, known = observe(self.level, self.rules, self.village)
        data, size, lived = records[0].tobytes(), PERCEPT.itemsize, self.lived_ticks
        now_s, tick = (lived + 1) / self.time.hz, self.tick
        for npc, body in enumerate(self.bodies):
            share, phase = self._shares[npc], self._phases[npc]
            if body is None or int((lived + 1) * share + phase) == int(lived * share + phase):
                continue
            record = data[npc * size : (npc + 1) * size]
            deed = body.tick(unpack(record), features(record), known[0, npc], self._overrides[npc], now_s)
            verb, slot = deed.action
            present[npc], verbs[npc] = True, verb
            slots[npc] = slot if verb == Verb.MOVE and -1 <= slot <= 127 else -1
            if deed.transitions:
                found.append(Lived(npc, tick, now_s, deed.transitions))

    def _keep(self) -> None:
        """Make a checkpoint, and let everyone wake up in it as who comes back to it will.

        A brain does not remember all of its plans; so the future that follows is the very one a rewind leads to.
        """
        number = self.checkpoints[-1].number + 1 if self.checkpoints else 0
        state = self.state()
        self.checkpoints.append(Checkpoint(number, self.tick, state))
        self._wake(state)
        if len(self.checkpoints) > KEPT_CHECKPOINTS:
            del self.checkpoints[1]

    def _checkpoint(self, number: int | None) -> Checkpoint:
        if number is None:
            before = [one for one in self.checkpoints if one.tick < self.tick]
            if before:
                return before[-1]
            raise WorldError("there is no checkpoint before this moment; let the garden run first")
        for one in self.checkpoints:
            if one.number == number:
                return one
        kept = ", ".join(str(one.number) for one in self.checkpoints) or "none"
        raise WorldError(f"there is no checkpoint {number}; there are {kept}")
