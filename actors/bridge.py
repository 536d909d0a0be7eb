"""The bridge: everything that happens on this host goes to NATS, requests and commands come in.

Three roads out, by what a loss would cost. Waves, states and the outboxes' plain letters are telemetry: handed
over, counted, never waited for. Transitions, training frames and letters with an id are published until JetStream
acknowledges them, and only then freed from their ring. A bridge that is killed reads on from its cursors.
Source: docs/domain.md section 7; docs/decisions/0004-rings-and-cursors.md.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import ray

from actors.charter import Charter
from actors.keepsake import Keepsake
from actors.ray_events import listen
from actors.requests import Requests
from actors.shell import Shell, crashing, log
from nimmer.arena.outbox import OUTBOXES, Letter, Outbox
from nimmer.arena.ring import Harvest, RingReader
from nimmer.bus.bus import BusCounts
from nimmer.bus.chronicle import Chronicle
from nimmer.bus.diary_mirror import DiaryMirror
from nimmer.bus.identities import BRIDGE
from nimmer.bus.message import Incident, RayLifecycle, decode
from nimmer.bus.mirror import FRAME_ROWS, StateMirror, TransitionMirror, WaveMirror, training_frame
from nimmer.bus.nats import NatsBus
from nimmer.bus.streams import streams
from nimmer.errors import BusError, BusPermissionError, BusUnavailableError, MessageError
from nimmer.life.gate import Cause
from nimmer.life.gates import BODY_GATES
from nimmer.life.senses import CELLS

MIRROR_S = 0.025
"""How often telemetry leaves; a wave is at most this old when it is handed over."""
KEEP_S = 0.1
"""How often what must be acknowledged leaves."""
SAVE_S = 1.0
"""How often the counts are written down; a bridge that is killed forgets at most so much of its counting."""
BYTES_PER_ROW = 256
"""A training row's share of its frame, rounded up; it keeps a frame within what the broker takes."""
MOST_TOLD = 1000
AT_ONCE = 64
"""Messages in flight to JetStream."""
RECONNECT_S = 0.5


class BridgeShell(Shell):
    """Follows the rings and outboxes of one host with the `bus` cursors."""

    entity = "bridge"

    def __init__(self, charter: Charter) -> None:
        """Enter the arena of `charter`."""
        super().__init__(charter)
        offset_s = self.clock.unix_s() - self.clock.monotonic_s()
        environment = charter.environment
        self._waves = RingReader(self.arena, "wave", "bus")
        self._transitions = RingReader(self.arena, "transition", "bus")
        self._trails = RingReader(self.arena, "trail", "bus")
        self._wave_mirror = WaveMirror(environment, offset_s, CELLS)
        causes = [cause.name.lower() for cause in Cause]
        self._transition_mirror = TransitionMirror(environment, offset_s, BODY_GATES, CELLS, causes)
        self._state_mirror = StateMirror(environment, offset_s, len(BODY_GATES))
        self._offset_s = offset_s
        self._diary_mirror = diary = DiaryMirror(environment, charter.run, offset_s, charter.nerves())
        self._diary = (
            (RingReader(self.arena, "nerve_trail", "bus"), diary.nerve_trails),
            (RingReader(self.arena, "ledger", "bus"), diary.ledger),
            (RingReader(self.arena, "beat", "bus"), diary.beats),
        )
        self._outboxes = [Outbox(self.arena, owner) for owner in OUTBOXES]
        self._bus: NatsBus | None = None
        self._ready = asyncio.Event()
        self.mirrored_waves = 0
        self.mirrored_transitions = 0
        self.lost_letters = 0
        self.chronicle = Chronicle()
        self._incidents = f"{environment}.thalamus.incident."
        self._keepsake = Keepsake(charter, "bridge")
        self._before: dict[str, int] = {}
        self._told: set[tuple[str, str]] = set()
        self._saved_s = 0.0
        self._recall()

    @crashing
    async def live(self) -> None:
        """Connect, subscribe, and mirror until told to stop."""
        bus = self._bus = await self._connect()
        await bus.ensure_streams(streams(self.charter.environment))
        requests = Requests(self.charter, self, bus)
        await requests.listen()
        runner = (
            await listen(self.charter.ray_events_port, self._heard) if self.charter.ray_events_port else None
        )
        self._ready.set()
        try:
            await asyncio.gather(self._mirror(bus), self._keep(bus))
        finally:
            if runner:
                await runner.cleanup()
            await bus.close()

    async def ready(self) -> bool:
        """Return once the bus is connected and requests are heard."""
        await self._ready.wait()
        return True

    async def stop(self) -> dict[str, int]:
        """Send what still waits (a broker that is away is not waited for), stop, and return the counts."""
        self.stopping.set()
        deadline_s = self.clock.monotonic_s() + 3.0
        while self.clock.monotonic_s() < deadline_s and self._waiting():
            await self.clock.sleep_s(0.05)
        return self.counts()

    def counts(self) -> dict[str, int]:
        """Return what was published and what was not in this run, by this process and those before it."""
        counts = {name: count + self._before.get(name, 0) for name, count in self._own_counts().items()}
        counts["dropped"] += (
            self._waves.dropped + sum(box.dropped for box in self._outboxes) + counts["missed"]
        )
        return counts

    def _own_counts(self) -> dict[str, int]:
        """Return what this process counted; what the arena counts outlives it and is not among them."""
        counts = self._bus.counts if self._bus else BusCounts()
        mirrors = (self._wave_mirror, self._state_mirror, self._transition_mirror, self._diary_mirror)
        return {
            **asdict(counts),
            "dropped": counts.dropped + self.lost_letters + sum(mirror.refused for mirror in mirrors),
            "missed": self._trails.overrun
            + self._transitions.overrun
            + sum(ring.overrun for ring, _ in self._diary),
            "waves": self.mirrored_waves,
            "transitions": self.mirrored_transitions,
        }

    def last_trails(self) -> Any:  # noqa: ANN401  a structured array
        """Return `(npcs,)` records of TRAIL: each NPC's last step."""
        rings, records = self.arena.view("trail_cursor"), self.arena.view("trail")
        capacity = len(records) // len(rings)
        last = (rings["head"].astype("i8") - 1) % capacity
        return records[last + capacity * np.arange(len(rings))]

    @property
    def connected(self) -> bool:
        """Whether the broker is there now."""
        return self._bus is not None and self._bus.connected

    async def _connect(self) -> NatsBus:
        while True:
            try:
                return await NatsBus.connect(
                    self.charter.nats_url,
                    BRIDGE,
                    self.charter.secrets[BRIDGE],
                    self.clock,
                    self._violated,
                )
            except BusPermissionError:
                raise  # a wrong password does not become right by waiting
            except BusUnavailableError as error:
                log.warning("bridge: %s", error)
                await self.clock.sleep_s(RECONNECT_S)

    def _violated(self, operation: str, subject: str) -> None:
        if not subject.startswith(self._incidents):  # a report of that would be refused too
            self._once(
                "permission", subject, f"the broker refused to {operation} it; see nimmer.bus.identities"
            )

    def _heard(self, life: RayLifecycle) -> None:
        self.tell("thalamus.ray.{entity}", life, entity=life.kind)

    def _waiting(self) -> int:
        diary = sum(ring.waiting for ring, _ in self._diary)
        return self._waves.waiting + self._transitions.waiting + self._trails.waiting + diary + self._letters

    @property
    def _letters(self) -> int:
        """Return how many bytes of letters wait in the outboxes."""
        return sum(box.waiting_bytes for box in self._outboxes)

    async def _mirror(self, bus: NatsBus) -> None:
        """Telemetry and letters; when told to stop, what is there already still leaves."""
        while not (self.stopping.is_set() and not self._waves.waiting and not self._letters):
            harvest = self._waves.read()
            if len(harvest.records) and self.charter.wave_mirror:
                postings = self._wave_mirror.encode(harvest.records, harvest.npcs)
                await bus.publish_many(postings)
                self.mirrored_waves += len(postings)
            self._waves.commit(harvest)
            for box in self._outboxes:
                await self._empty(bus, box)
            if self.clock.monotonic_s() - self._saved_s >= SAVE_S:
                self._save()
            await self.clock.sleep_s(MIRROR_S)

    async def _empty(self, bus: NatsBus, box: Outbox) -> None:
        letters, cursor = box.take()
        if not letters:
            return
        self._note(letters)
        try:
            await bus.publish_many((one.subject, one.payload) for one in letters if not one.message_id)
        except BusError as error:
            self.lost_letters += 1
            log.warning("a letter of the %s is not published: %s", box.owner, error)
        await self._insist(bus, [one for one in letters if one.message_id])
        box.commit(cursor)

    def _note(self, letters: list[Letter]) -> None:
        """Remember the incidents among `letters`, also for the bridge's own successor."""
        told = [one for one in letters if one.subject.startswith(self._incidents)]
        for one in told:
            try:
                message = decode(one.subject, one.payload)
            except MessageError as error:
                log.warning("an incident cannot be read: %s", error)
                continue
            assert isinstance(message.body, Incident)
            self.chronicle.note(message.header.timestamp, message.body)
        if told:
            self._save()

    def _save(self) -> None:
        """Write down the incidents and counts, for the successor."""
        self._saved_s = self.clock.monotonic_s()
        counts = {name: count + self._before.get(name, 0) for name, count in self._own_counts().items()}
        self._keepsake.write({"incidents": self.chronicle.state(), "counts": counts})

    def _recall(self) -> None:
        kept = self._keepsake.read()
        try:
            self.chronicle.restore(kept.get("incidents", []))
            self._before = {str(name): int(count) for name, count in kept.get("counts", {}).items()}
        except (ValueError, TypeError, AttributeError) as error:
            self._keepsake.useless(error)

    async def _keep(self, bus: NatsBus) -> None:
        """What is acknowledged: transitions and training frames; and each NPC's state, once per tick."""
        await self._keep_trails(bus, self._trails.planned())
        while not (self.stopping.is_set() and self._kept_all):
            await self._keep_transitions(bus, self._transitions.read())
            await self._keep_trails(bus, self._trails.read())
            await self._keep_diary(bus)
            await self.clock.sleep_s(KEEP_S)

    async def _keep_transitions(self, bus: NatsBus, harvest: Harvest) -> None:
        if not len(harvest.records):
            return
        letters = self._transition_mirror.encode(self.charter.run, harvest.records, harvest.npcs)
        await self._insist(bus, [Letter(*one) for one in letters])
        self.mirrored_transitions += len(letters)
        self._transitions.commit(harvest)

    @property
    def _kept_all(self) -> bool:
        rings = (self._trails, self._transitions, *(ring for ring, _ in self._diary))
        return not any(ring.waiting for ring in rings)

    async def _keep_diary(self, bus: NatsBus) -> None:
        """Tell what the NPCs wrote into their diaries; what came of an opening is published until acknowledged."""
        for ring, frames_of in self._diary:
            harvest = ring.read()
            if not len(harvest.records):
                continue
            frames = frames_of(harvest.records, harvest.npcs)
            await bus.publish_many((frame.subject, frame.payload) for frame in frames)
            if frames_of == self._diary_mirror.nerve_trails:
                outcomes = self._diary_mirror.outcomes(harvest.records, harvest.npcs)
                await self._insist(bus, [Letter(*frame) for frame in outcomes])
            ring.commit(harvest)

    async def _keep_trails(self, bus: NatsBus, harvest: Harvest) -> None:
        """Publish states and training frames; what is planned first, a successor cuts into the same frames."""
        if not len(harvest.records):
            return
        self._trails.plan(harvest)
        await bus.publish_many(self._state_mirror.encode(harvest.records, harvest.npcs))
        rows = min(FRAME_ROWS, max(bus.max_payload // BYTES_PER_ROW, 1))
        for start in range(0, len(harvest.records), rows):
            part = slice(start, start + rows)
            frame = training_frame(
                self.charter.environment,
                self.charter.run,
                harvest.records[part],
                harvest.npcs[part],
                self._offset_s,
            )
            await self._insist(bus, [Letter(*frame)])
        self._trails.commit(harvest)

    async def _insist(self, bus: NatsBus, letters: list[Letter]) -> None:
        """Publish until acknowledged; a broker that is away is waited for, unless the bridge is to stop.

        A letter the broker will never take (too large, forbidden) is counted, told of and left behind.
        """
        waiting = letters
        while waiting:
            answers = await self._all(self._stored(bus, letter) for letter in waiting)
            waiting = [letter for letter in answers if letter is not None]
            if waiting and self.stopping.is_set():
                self.lost_letters += len(waiting)
                return
            if waiting:
                await self.clock.sleep_s(RECONNECT_S)

    async def _stored(self, bus: NatsBus, letter: Letter) -> Letter | None:
        """Publish one letter; return it when it must be tried again."""
        try:
            await bus.publish_acked(letter.subject, letter.payload, letter.message_id)
        except BusUnavailableError as error:
            log.warning("bridge: %s", error)
            return letter
        except BusError as error:
            self.lost_letters += 1
            self._once("not-published", letter.subject, str(error))
        return None

    def _once(self, kind: str, entity: str, reason: str) -> None:
        """Report something that may happen a thousand times a second, once per kind and entity."""
        if (kind, entity) not in self._told and len(self._told) < MOST_TOLD:
            self._told.add((kind, entity))
            self.report(kind, entity, reason[:500])

    async def _all(self, work: Iterable[Coroutine[Any, Any, Letter | None]]) -> list[Letter | None]:
        """Return the results of all of `work`, done at most `AT_ONCE` together."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(task: Coroutine[Any, Any, Letter | None]) -> Letter | None:
            async with gate:
                return await task

        return await asyncio.gather(*(one(task) for task in work))


BridgeActor = ray.remote(BridgeShell)
