"""One run from first to last: claims the state directory, raises servers, Ray and actors, watches, and leaves nothing.

The composition root: the only place that knows every implementation. What is made is named in the household first,
so that whatever kills this process, the next launcher can clear it. Source: docs/host.md; domain.md section 7, "Boot".
"""

import contextlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimmer.arena.memory import Arena, shared_memory_directory
from nimmer.arena.outbox import Letter, Outbox
from nimmer.bus.identities import BRIDGE, NERVOUS, identities
from nimmer.bus.message import Incident, Source
from nimmer.bus.subject import build
from nimmer.bus.voice import Voice
from nimmer.chance import fresh_seed
from nimmer.cli.census import CensusTaker
from nimmer.cli.cluster import RUN_VARIABLE, Cluster, connect, prepare
from nimmer.cli.life_settings import governor_mode, governor_weights, prices_of, rules_of
from nimmer.cli.readiness import check_world
from nimmer.cli.servers import Servers
from nimmer.cli.village import nats_passwords
from nimmer.clock import Clock
from nimmer.config import Settings
from nimmer.embedded import credentials
from nimmer.errors import HostError, NimmerError
from nimmer.host import limits_choice, ports
from nimmer.host.household import Household, Run
from nimmer.host.processes import carrying, descendants, end, identify
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

if TYPE_CHECKING:
    from actors.village import Village

Tell = Callable[[str], None]
FIRST_TICK_S = 120.0
POLL_S = 0.02
LOOK_S = 2.0
SWEEPS = 5
"""Times a Ray's processes are looked for at its end: one that is ended may just have started another."""
GRACE_S = 2.0


@dataclass(slots=True)
class Launch:
    """A village being raised, running, and being taken down."""

    settings: Settings
    clock: Clock
    tell: Tell
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    household: Household | None = None
    servers: Servers | None = None
    village: "Village | None" = None
    cluster: Cluster | None = None
    arena: Arena | None = None
    seed: int = 0
    began_s: float = 0.0
    first_tick_s: float = 0.0
    ready_s: float = 0.0
    summary: dict[str, Any] = field(default_factory=dict)
    census: CensusTaker | None = None
    _named_births: int = 0
    _level: int = 0
    _run_row: dict[str, object] = field(default_factory=dict)

    def raise_village(self) -> None:
        """Bring everything up and return when every NPC has ticked once.

        Raises NimmerError naming what does not come up, and the fix.
        """
        settings, clock = self.settings, self.clock
        self.began_s = clock.monotonic_s()
        self.seed = fresh_seed() if settings.seed is None else settings.seed
        check_world(settings, self.seed)
        household = Household.claim(
            settings.state_path, Run(self.run, settings.environment, self.seed), clock
        )
        self.household = household
        for line in household.cleaned:
            self.tell(f"cleared after a killed launcher: {line}")
        passwords = credentials.ensure(settings.state_path, identities(settings.environment))
        if settings.ray.address is None and not ports.is_free(settings.ray.dashboard_port):
            raise ports.taken("ray.dashboard_port", settings.ray.dashboard_port)
        self.servers = Servers(settings, household, passwords, clock)
        self.servers.start()
        events_port = ports.free_port()
        prepare(settings, passwords.ray, events_port, self.run)
        charter = self._charter(passwords, events_port)
        self.tell("servers are up; starting Ray")
        self.cluster = connect(settings, charter.namespace, household.temp_dir())
        household.update(ray_address=self.cluster.address, dashboard_url=self.cluster.dashboard_url)
        self._name_processes()
        from actors.village import Village, end_leftovers

        if not self.cluster.own:
            end_leftovers(charter.namespace, self.tell)
        self.tell(f"raising {settings.village.npcs} NPCs")
        self.village = Village(charter)
        self.village.begin()
        self._await_first_ticks()
        self.village.serve()
        self.village.ready()
        self.servers.start_chroma()
        self._write_down_run()
        self._name_processes()
        self.census = CensusTaker(settings, self.run, clock)
        self.ready_s = clock.monotonic_s()

    def alive(self) -> Iterator[str]:
        """Yield what went wrong since the last look; whoever drives the run calls this a few times a second."""
        assert self.servers is not None
        assert self.village is not None
        said: list[str] = []

        def tell(line: str) -> None:
            said.append(line)
            self._report(line)  # at once: starting a server again takes its time

        self.servers.tend(tell)
        if (broken := self.village.tend()) is not None:
            tell(f"{broken.partition(':')[0]} ended for good: {broken}")
        if self.census is not None and (hindered := self.census.tend()) is not None:
            tell(hindered)
        if (births := self._births()) != self._named_births:
            self._named_births = births
            self._name_processes()
        said += self._moved()
        yield from said

    def _moved(self) -> list[str]:
        """Return a line when the village has gone to another level since the last look."""
        assert self.arena is not None
        before, self._level = self._level, int(self.arena.view("percept")["level"][0])
        if before in (0, self._level):
            return []
        passed = f"level {before} is passed: " if self._level > before else ""
        tick = int(self.arena.view("header")["world_tick"][0])
        return [f"{passed}the village is on level {self._level} (world tick {tick})"]

    def _births(self) -> int:
        assert self.arena is not None
        return int(self.arena.view("vitals")["generation"].sum())

    def _report(self, reason: str) -> None:
        """Tell on the bus, and so in the status, what happened to a server or an actor."""
        assert self.arena is not None
        voice = Voice(Source("launcher", "service"), self.clock)
        subject = build(self.settings.environment, "thalamus.incident.{kind}", kind="server")
        incident = Incident("server", reason.partition(" ")[0], reason[:500])
        Outbox(self.arena, "launcher").put(Letter(subject, voice.say(incident)))

    def vitals(self) -> dict[str, int]:
        """Return NPC ticks done and due, waves, transitions and restarts so far, straight from the arena."""
        assert self.arena is not None
        vitals = self.arena.view("vitals")
        return {
            "npc_ticks": int(vitals["ticks_done"].sum()),
            "npc_ticks_due": int(vitals["ticks_due"].sum()),
            "waves": int(vitals["waves"].sum()),
            "transitions": int(vitals["transitions"].sum()),
            "restarts": int((vitals["generation"].clip(1) - 1).sum()),
        }

    def take_down(self) -> None:
        """Stop everything in order, keep the summary, and leave nothing behind; may be called at any stage, twice."""
        with contextlib.ExitStack() as last:
            if self.household is not None:
                last.callback(self._release, self.household)
            if self.servers is not None:
                last.callback(self.servers.stop)
            last.callback(self._leave_ray)
            if self.village is not None and self.arena is not None:
                self._stop_village(self.village)

    def _stop_village(self, village: "Village") -> None:
        assert self.arena is not None
        self.arena.view("control")["stop"] = 1
        words = village.stop(self.tell)
        if self.census is not None:
            self.census.take()  # what was learned last is saved now
        garden, recorder, bridge = (words.get(name, {}) for name in ("garden", "recorder", "bridge"))
        self.summary = {
            "run": self.run,
            "environment": self.settings.environment,
            "seed": self.seed,
            "npcs": self.settings.village.npcs,
            "world_ticks": int(garden.get("tick", 0)),
            "world_ticks_due": int(garden.get("due", 0)),
            **self.vitals(),
            "trail_rows": int(recorder.get("trail_rows", 0)),
            "trail_rows_lost": int(recorder.get("trail_rows_lost", 0)),
            "nerve_trails": int(recorder.get("nerve_trail_rows", 0)),
            "diary_rows_lost": int(recorder.get("diary_rows_lost", 0)),
            "bus_published": int(bridge.get("published", 0)) + int(bridge.get("acked", 0)),
            "bus_dropped": int(bridge.get("dropped", 0)),
            "level": int(garden.get("level", 0)),
            "coverage": round(float(garden.get("coverage", 0.0)), 6),
            "digest": str(garden.get("digest", "")),
            "startup_s": round(max(self.first_tick_s - self.began_s, 0.0), 3),
            "ready_s": round(max(self.ready_s - self.began_s, 0.0), 3),
            "limits": words.get("supervisor", {}).get("backend", "unknown"),
        }
        if self._run_row:
            ending = {"ended_at": self.clock.unix_s(), "summary": self.summary}
            village.close_store(RowBatch(Table.RUNS, ({**self._run_row, **ending},)), self.tell)
        self.village = None

    def _leave_ray(self) -> None:
        """Leave or end Ray; of one of our own, a start that was interrupted included, no process stays."""
        if self.cluster is not None:
            import ray

            if not self.cluster.own:
                from actors.village import end_leftovers

                end_leftovers(f"nimmer-{self.settings.environment}", lambda _: None)
            ray.shutdown()
            self.cluster = None
        for _ in range(SWEEPS):
            if not (left := carrying(RUN_VARIABLE, self.run)):
                return
            end(left, GRACE_S, self.clock)

    def _release(self, household: Household) -> None:
        if self.arena is not None:
            self.arena.remove()
        self.household = None
        household.release()

    def _charter(self, passwords: credentials.Credentials, events_port: int) -> Any:  # noqa: ANN401  Charter is imported late
        from actors.charter import Charter

        settings, household = self.settings, self.household
        assert household is not None
        assert self.servers is not None
        village, world, governor = settings.village, settings.world, settings.governor
        arena = shared_memory_directory() / f"nimmer-{settings.environment}-{self.run}"
        charter = Charter(
            run=self.run,
            environment=settings.environment,
            seed=self.seed,
            npcs=village.npcs,
            level=village.level,
            host=socket.gethostname().replace(".", "-"),
            arena=str(arena),
            state_dir=str(settings.state_path.absolute()),
            levels_file=str(village.levels_file.absolute()) if village.levels_file else None,
            world_hz=world.hz,
            node_capacity=world.node_capacity,
            look=village.look,
            snapshot_ticks=world.snapshot_ticks,
            epoch_ticks=world.epoch_ticks,
            quiz_epochs=world.quiz_epochs,
            demote_after_quizzes=world.demote_after_quizzes,
            tick_hz=village.tick_hz,
            cpu_percent=village.cpu_percent,
            memory_mb=village.memory_mb,
            brain=village.brain,
            weights_dir=str(settings.brains_path),
            learning_rate=village.learning_rate if village.learns else None,
            price_scale=settings.lifeforce.price_scale,
            prices=prices_of(settings.lifeforce),
            nerves_file=str(settings.nerves.table.absolute()) if settings.nerves.table else None,
            rules=rules_of(settings.nerves),
            devices_enabled=settings.devices.enabled,
            thalamus_shards=settings.thalamus.shards,
            virtual_enabled=settings.virtual.enabled,
            virtual_speed=settings.virtual.speed,
            virtual_every_s=settings.virtual.every_s,
            virtual_horizon_s=settings.virtual.horizon_s,
            virtual_futures=settings.virtual.futures,
            virtual_share=settings.virtual.share,
            limits_mode=settings.limits.mode,
            governor_mode=governor_mode(governor),
            governor_weights=str(governor_weights(governor) or ""),
            governor_learns=governor.learns,
            capacity_percent=governor.capacity_percent or 100.0 * (os.cpu_count() or 1),
            max_tick_step_hz=governor.max_tick_step_hz,
            max_cpu_step=governor.max_cpu_step,
            min_tick_hz=governor.min_tick_hz,
            max_tick_hz=governor.max_tick_hz,
            wave_mirror=settings.telemetry.wave_mirror,
            batch_ms=settings.stores.batch_ms,
            spool_mb=settings.stores.spool_mb,
            nats_url=self.servers.nats_url,
            postgres_dsn=self.servers.postgres_dsn,
            ray_events_port=events_port if settings.ray.address is None else 0,
            secrets={
                **{name: nats_passwords(settings, passwords)[name] for name in (BRIDGE, NERVOUS)},
                "postgres": "" if settings.stores.postgres_url else passwords.postgres,
            },
        )
        household.update(arena=str(arena))
        choice = limits_choice.choose(
            settings.limits.mode, charter.group, limits_choice.this_host(self.clock)
        )
        household.update(groups=choice.limits.directories)
        return charter

    def _name_processes(self) -> None:
        """Name every process below this one, so that it can be found after a kill of this one."""
        household = self.household
        assert household is not None
        servers = set(household.estate.servers.values())
        below = {f"ray.{one.pid}": one for one in descendants(os.getpid()) if one not in servers}
        if self.arena is not None:  # in a cluster of somebody else's the NPCs are not below us
            pids = self.arena.view("vitals")["pid"].tolist()
            below |= {f"npc.{npc}": one for npc, pid in enumerate(pids) if pid and (one := identify(pid))}
        household.update(processes=below)

    def _await_first_ticks(self) -> None:
        """Wait until every NPC has ticked once. Raises HostError with what broke, or how far it came."""
        assert self.household is not None
        assert self.village is not None
        path = Path(str(self.household.estate.arena))
        deadline_s = self.clock.monotonic_s() + FIRST_TICK_S
        said, looked_s = 0, self.clock.monotonic_s()
        while self.clock.monotonic_s() < deadline_s:
            if self.arena is None and path.exists():
                with contextlib.suppress(NimmerError):
                    self.arena = Arena.attach(path)
            if self.arena is not None:
                vitals = self.arena.view("vitals")
                if (vitals["ticks_done"] > 0).all():
                    self.first_tick_s = self.clock.monotonic_s()
                    return
                born = int((vitals["generation"] > 0).sum())
                if born > said:
                    said = born
                    self._greet(born)
            if self.clock.monotonic_s() - looked_s >= LOOK_S:
                looked_s = self.clock.monotonic_s()
                self._refuse_stillbirth()
            if (broken := self.village.tend()) is not None:
                raise HostError(f"the village cannot be raised: {broken}")
            self.clock.wait_s(POLL_S)
        raise HostError(
            f"{said} of {self.settings.village.npcs} NPCs were born in {FIRST_TICK_S:g} s, and not all live; see the logs below "
            f"{self.household.estate.temp}/ray/session_latest/logs"
        )

    def _greet(self, born: int) -> None:
        """Tell how many are born; who serves them starts with the last, not to take the cores from the newborns."""
        assert self.village is not None
        npcs = self.settings.village.npcs
        if born == npcs:
            self.village.serve()
        self.tell(f"{born} of {npcs} NPCs are born")

    def _refuse_stillbirth(self) -> None:
        """Raise HostError naming the first NPC that cannot be born, and why."""
        assert self.village is not None
        for npc, reason in sorted(self.village.not_born().items()):
            raise HostError(f"npc {npc} cannot be born: {reason}")

    def _write_down_run(self) -> None:
        assert self.village is not None
        settings, now_s = self.settings, self.clock.unix_s()
        self._run_row = {
            "run": self.run,
            "seed": self.seed,
            "environment": settings.environment,
            "npcs": settings.village.npcs,
            "level": settings.village.level,
            "started_at": now_s,
        }
        npcs = tuple(
            {
                "run": self.run,
                "npc": npc,
                "host": self.village.charter.host,
                "brain": settings.village.brain,
                "level": settings.village.level,
                "generation": 1,
                "born_at": now_s,
            }
            for npc in range(settings.village.npcs)
        )
        self.village.keep(RowBatch(Table.RUNS, (self._run_row,)))
        self.village.keep(RowBatch(Table.NPCS, npcs))
