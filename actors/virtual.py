"""The virtual garden's actor: looks ahead of the real garden, tells what it sees, and runs on alone when asked to.

Following (the rule): every so often a snapshot of the world and everyone's memory are set into virtual bodies and
run a horizon ahead; gates that open there are forecasts, told as correlations and, when correlated enough, as
verified signals on the bus and in the arena. At the next look the real garden's transitions judge them.
Free (an operator's order): one future runs on from a snapshot at the speed asked for, with checkpoints, while the
following goes on beside it.
Nobody depends on it: it reads the arena without a cursor, asks the garden one small question at a time, works at
low priority, and when it dies or is not answered, gates simply open by themselves.
Source: docs/domain.md section 4; docs/gardens.md.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import ray
from msgspec import Struct

from actors import virtual_news as news
from actors.charter import Charter
from actors.filing import Filing
from actors.keepsake import Keepsake
from actors.shell import Shell, crashing, log
from actors.virtual_bodies import Brains, Memories, VirtualBodies
from actors.virtual_walk import LONGEST_S, Walk
from nimmer.arena.onlooker import Onlooker
from nimmer.arena.verdicts import Verdicts
from nimmer.bus.message import CorrelationEvent, Source, VirtualStatus
from nimmer.bus.voice import Voice
from nimmer.errors import WorldError
from nimmer.life.gates import BODY_GATES
from nimmer.life.lifeforce import Lifeforce
from nimmer.stores.tables import Table
from nimmer.world.forecast import Forecast, Forecaster
from nimmer.world.levels import load_levels
from nimmer.world.rules import Rules
from nimmer.world.virtual_garden import CHECKPOINT_TICKS, Lived, VirtualGarden
from nimmer.world.virtual_time import checked_speed

NICE = 10
LOOK_S = 0.05
"""How often a free garden gets its share."""
IDLE_S = 0.25
"""How often this actor looks whether something is due while there is none."""
MOST_SHARE = 0.05
"""Most of a core that rehearsals may take; a village they take more for is looked at less often."""
SELDOM = 4.0
"""But never more seldom than this many times the interval; a busy machine must not end the forecasts."""
SLICE_S = 0.02
"""How long a rehearsal rests between two slices; the actor answers then."""
SLICE_TICKS = 8
ASK_S = 1.0
REMEMBER_S = 10.0
TELL_S = 1.0
STOP_S = 2.0
MOST_TRACED = 20
"""Correlations of a free garden told in one look; it may open more gates than anybody wants to read."""
_KNOWN = "speed {x: 1..1000}, pause, resume, rewind {checkpoint}, snapshot, follow, status"


class VirtualShell(Shell):
    """Forecasts for the real garden; one free future for the operator."""

    entity = "virtual"

    def __init__(self, charter: Charter) -> None:
        """Take purse, credibility and counts from the last process of this run."""
        super().__init__(charter)
        self.voice = Voice(Source(self.entity, "service", "virtual"), self.clock)
        self._levels = load_levels(Path(charter.levels_file) if charter.levels_file else None)
        self._rules = Rules(node_capacity=charter.node_capacity)
        brains = Brains(charter, self._levels)
        self._memories = Memories(charter, self.arena)
        *self._rehearsing, self._wandering = (
            VirtualBodies(charter, brains, self._memories, future)
            for future in range(charter.virtual_futures + 1)
        )
        self._onlooker = Onlooker(self.arena)
        self._verdicts = Verdicts(self.arena)
        self._offset_s = self.clock.unix_s() - self.clock.monotonic_s()
        self.purse = Lifeforce()
        self.forecaster = Forecaster()
        self.speed = checked_speed(charter.virtual_speed)
        self.paused = False
        self.slowed = False
        self.rehearsals = 0
        self.away = self.late = 0
        self._rehearsal: VirtualGarden | None = None
        self._walk: Walk | None = None
        self._reached = self._worked_s = 0.0
        self._cpu = 0.0
        self._looked_s = self.clock.monotonic_s()
        self._rehearsed_s = self._remembered_s = self._told_s = self._judged_s = self._looked_s
        self._keepsake = Keepsake(charter, self.entity)
        self._filing = Filing(self)
        self._recall()

    @crashing
    async def live(self) -> None:
        """Follow the real garden, and run the free one if there is one, until told to stop."""
        os.nice(NICE)
        while not self.stopping.is_set():
            await self.look()
            await self.clock.sleep_s(LOOK_S if self._walk else IDLE_S)

    async def look(self) -> None:
        """Do what is due now: pay, rehearse, run on, tell, remember."""
        now_s = self.clock.monotonic_s()
        elapsed_s, self._looked_s = now_s - self._looked_s, now_s
        self.purse.advance(elapsed_s)
        if self.paused:
            self._rest(min(elapsed_s, LONGEST_S))
        else:
            if now_s - self._rehearsed_s >= self._every_s():
                self._rehearsed_s = now_s
                await self._rehearse()
            self._wander()
        if self._walk and now_s - self._told_s >= TELL_S:
            self._tell_status()
        if now_s - self._remembered_s >= REMEMBER_S:
            self._remember()

    async def command(self, name: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Obey an operator, and return what was done and how the garden fares now.

        `speed {x}` lets a future run on from a fresh snapshot at x times real time; `snapshot` begins it anew;
        `pause` and `resume` hold everything and let it go; `rewind {checkpoint}` goes back; `follow` ends the free
        run; `status` only asks. Raises ValueError or WorldError with the reason when it cannot be done.
        """
        match name:
            case "status":
                said = "the virtual garden " + self.mode
            case "speed":
                said = await self._set_speed(checked_speed(arguments.get("x")))
            case "snapshot":
                await self._begin_free()
                said = "a new future begins"
            case "pause" | "resume":
                said = self._hold(name == "pause")
            case "rewind":
                said = self._rewind(arguments.get("checkpoint"))
            case "follow":
                self._walk, self.paused = None, False
                self.speed = checked_speed(self.charter.virtual_speed)
                said = "follows the real garden"
            case _:
                raise ValueError(f"{name} is no command of the virtual garden; it knows {_KNOWN}")
        return said, self._scalars()

    async def status(self) -> dict[str, Any]:
        """Return mode, speed, place, purse and what forecasts were worth."""
        return dict(msgspec.to_builtins(self._status()))

    async def stop(self) -> dict[str, Any]:
        """Stop looking ahead, remember, and return the status."""
        self.stopping.set()
        self._remember()
        await self._filing.finish(STOP_S)
        return await self.status()

    @property
    def mode(self) -> str:
        """Return `following`, `free` or `paused`."""
        return "paused" if self.paused else "free" if self._walk else "following"

    def _every_s(self) -> float:
        """Return how long to wait between rehearsals, so that they keep within their share."""
        every_s = self.charter.virtual_every_s
        return min(max(every_s, self._worked_s / MOST_SHARE), SELDOM * every_s)

    async def _rehearse(self) -> None:
        """Run futures a horizon ahead of a fresh snapshot and tell what gates opened; first judge the last forecasts."""
        snapshot = await self._snapshot()
        if snapshot is None:
            return
        made_s = self.clock.monotonic_s()
        self._judge(made_s)
        gardens = self._grow(snapshot, self._rehearsing, self.charter.virtual_speed, checkpoint_ticks=0)
        grown_s = self.clock.monotonic_s() - made_s
        futures, worked_s = await self._slices(gardens)
        now_s = self.clock.monotonic_s()
        self._rehearsal, self._reached = gardens[0], gardens[0].time_s / max(now_s - made_s, 1e-6)
        self._worked_s = grown_s + worked_s
        self._cpu = self._worked_s / max(now_s - self._judged_s, now_s - made_s, 1e-6)
        self._judged_s = now_s
        self.rehearsals += 1
        for forecast in self.forecaster.foresee(futures, made_s, self.charter.virtual_horizon_s):
            if forecast.verified:
                self._hand(forecast, made_s)
        self._tell_status()

    async def _slices(self, gardens: list[VirtualGarden]) -> tuple[list[list[Lived]], float]:
        """Live the horizon in slices, all futures abreast, with a rest between.

        Returns, per future, the ticks in which gates moved; and the seconds worked.
        """
        goal = round(self.charter.virtual_horizon_s * self.charter.world_hz)
        lived: list[list[Lived]] = [[] for _ in gardens]
        worked_s, last_s = 0.0, self.clock.monotonic_s()
        while gardens[0].lived_ticks < goal and not self.stopping.is_set():
            await self.clock.sleep_s(SLICE_S)
            begun_s = self.clock.monotonic_s()
            most = min(SLICE_TICKS, goal - gardens[0].lived_ticks)
            for future, garden in zip(lived, gardens, strict=True):
                done = garden.advance(begun_s - last_s, most, self.purse)
                self.slowed = done.slowed
                future += done.lived
            last_s = begun_s
            worked_s += self.clock.monotonic_s() - begun_s
            if not self.paused:
                self._wander()
        return lived, worked_s

    def _hand(self, forecast: Forecast, made_s: float) -> None:
        """Tell everyone of a verified opening, and the NPC it is for; one that came too late is of no use."""
        expires_s = made_s + self.charter.virtual_horizon_s
        if self.clock.monotonic_s() >= expires_s:
            self.late += 1
            return
        signal = news.verified_signal(self.charter.run, forecast)
        self._say("thalamus.verified.signal", forecast.npc, forecast.gate, signal)
        self._verdicts.hand(forecast.npc, forecast.gate, forecast.confidence, forecast.correlation, expires_s)

    def _judge(self, now_s: float) -> None:
        """Let the real transitions since the last look judge what was foreseen, and tell it with its label."""
        records, npcs = self._onlooker.read()
        judgements, surprises = self.forecaster.judge(news.real_changes(records, npcs), now_s)
        seen = [
            (one.forecast.npc, one.forecast.gate, news.judged_event(one, self._offset_s))
            for one in judgements
        ]
        seen += [(one.npc, one.gate, news.surprise_event(one, self._offset_s)) for one in surprises]
        for npc, gate, event in seen:
            self._trace(npc, gate, event)
        rows = tuple(news.correlation_row(self.charter.run, event) for _, _, event in seen)
        if rows:  # labelled: material to train with
            self._filing.keep(Table.CORRELATION_EVENTS, rows)

    def _rest(self, elapsed_s: float) -> None:
        """Pay for a pause; one that cannot be paid for ends."""
        garden = self._walk.garden if self._walk else self._rehearsal
        if garden is None:
            return
        garden.time.paused = True
        if garden.advance(elapsed_s, 0, self.purse).slowed:
            self._hold(False)
            self.report("virtual-pause", self.entity, "the purse cannot pay for the pause: it goes on")

    def _wander(self) -> None:
        """Give the free garden its share, and tell of gates that opened there: without a label, nobody judges them."""
        walk = self._walk
        if walk is None:
            return
        lived = walk.go(self.speed, self.purse)
        self.slowed = walk.slowed
        began_s = self.clock.monotonic_s() - walk.garden.time_s
        for forecast in Forecaster().foresee([lived], began_s, 0.0)[:MOST_TRACED]:
            event = news.correlation_event(forecast, self._offset_s)
            self._trace(forecast.npc, forecast.gate, event)

    async def _set_speed(self, speed: float) -> str:
        walk = self._walk or await self._begin_free()
        self.speed = speed
        if self.paused:
            self._hold(False)
        return f"runs free from tick {walk.began_tick} at {speed:g}x, as far as it can"

    async def _begin_free(self) -> Walk:
        snapshot = await self._snapshot()
        if snapshot is None:
            raise WorldError("the real garden gives no snapshot now: it is being revived, ask again")
        garden = self._grow(snapshot, [self._wandering], self.speed, CHECKPOINT_TICKS)[0]
        self._walk, self.paused = Walk(garden, self.charter.virtual_share, self.clock), False
        return self._walk

    def _hold(self, paused: bool) -> str:
        garden = self._walk.garden if self._walk else self._rehearsal
        if garden is None:
            raise WorldError(
                "the virtual garden has not begun yet: it waits for its first snapshot, ask again"
            )
        self.paused = garden.time.paused = paused
        if self._walk:
            self._walk.rest()
        return "pauses, for 1 lifeforce a minute" if paused else "goes on"

    def _rewind(self, checkpoint: object) -> str:
        if self._walk is None:
            raise WorldError(
                "a garden that follows the real one cannot go back; let it run free: `speed`, `snapshot`"
            )
        if checkpoint is not None and (isinstance(checkpoint, bool) or not isinstance(checkpoint, int)):
            raise ValueError(
                f"checkpoint is {checkpoint!r}; it is a number such as 0, or left out for the newest"
            )
        found = self._walk.garden.rewind(self.purse, checkpoint)
        return f"went back to checkpoint {found.number}, tick {found.tick}"

    def _grow(
        self, snapshot: bytes, futures: list[VirtualBodies], speed: float, checkpoint_ticks: int
    ) -> list[VirtualGarden]:
        """Return gardens that begin at `snapshot`, everyone as they remember themselves; they differ by chance alone."""
        bare = VirtualGarden(self._levels, self._rules, snapshot, checkpoint_ticks=0)
        remembered = self._memories.read()
        return [
            VirtualGarden(
                self._levels,
                self._rules,
                snapshot,
                bodies.gather(remembered, bare.level.number, bare.tick),
                hz=self.charter.world_hz,
                speed=speed,
                rates=self._memories.rates(),
                overrides=self._memories.overrides(),
                checkpoint_ticks=checkpoint_ticks,
            )
            for bodies in futures
        ]

    async def _snapshot(self) -> bytes | None:
        """Return the real world as it is, or None, counted, when the garden does not answer."""
        try:
            garden = ray.get_actor("garden", namespace=self.charter.namespace)
            return bytes(await asyncio.wait_for(garden.snapshot_bytes.remote(), ASK_S))
        except (ray.exceptions.RayError, TimeoutError, ValueError) as error:
            self.away += 1
            if self.away & (self.away - 1) == 0:  # the first, second, fourth ... time
                log.warning("the garden gives no snapshot (%d times): %s", self.away, type(error).__name__)
            return None

    def _trace(self, npc: int, gate: int, event: CorrelationEvent) -> None:
        """Tell a correlation."""
        self._say("thalamus.traces.correlations", npc, gate, event)

    def _say(self, pattern: str, npc: int, gate: int, body: Struct) -> None:
        """Say something in the name of a virtual gate."""
        source = Source(news.gate_name(npc, gate), "gate", "virtual", BODY_GATES[gate].tier)
        self.post(pattern, Voice(source, self.clock).say(body))

    def _tell_status(self) -> None:
        self._told_s = self.clock.monotonic_s()
        self.tell("world.virtual.aggregate", self._status())

    def _status(self) -> VirtualStatus:
        walk, seen = self._walk, self.forecaster
        garden = walk.garden if walk else self._rehearsal
        return VirtualStatus(
            run=self.charter.run,
            mode=self.mode,  # type: ignore[arg-type]  # one of the three
            asked=self.speed,
            speed=0.0 if self.paused else round(walk.speed if walk else self._reached, 3),
            tick=garden.tick if garden else 0,
            snapshot_tick=garden.tick - garden.lived_ticks if garden else 0,
            checkpoints=[one.number for one in garden.checkpoints] if garden else [],
            lifeforce=round(self.purse.level, 3),
            slowed=self.slowed,
            rehearsals=self.rehearsals,
            forecasts=seen.made,
            verified=seen.verified,
            borne_out=seen.borne_out,
            missed=seen.missed,
            surprises=seen.surprises,
            bodies=sum(body is not None for body in garden.bodies) if garden else 0,
            cpu_percent=round(100.0 * (self._cpu + (walk.cpu if walk else 0.0)), 2),
            away=self.away,
            late=self.late,
        )

    def _scalars(self) -> dict[str, Any]:
        """Return the status as a reply can carry it: lists as text."""
        found: dict[str, Any] = msgspec.to_builtins(self._status())
        found["checkpoints"] = ",".join(map(str, found["checkpoints"]))
        return found

    def _remember(self) -> None:
        self._remembered_s = self.clock.monotonic_s()
        state: dict[str, Any] = {"purse": self.purse.state(), "forecaster": self.forecaster.state()}
        self._keepsake.write({**state, "rehearsals": self.rehearsals, "away": self.away})

    def _recall(self) -> None:
        state = self._keepsake.read()
        if not state:
            return
        try:
            self.purse.restore(state["purse"])
            self.forecaster.restore(state["forecaster"])
            self.rehearsals, self.away = int(state["rehearsals"]), int(state["away"])
        except (ValueError, KeyError, TypeError) as error:
            self._keepsake.useless(error)


VirtualActor = ray.remote(VirtualShell)
