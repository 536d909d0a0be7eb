"""The supervisor of one host: owns the arena, spawns NPCs, holds their limits, links world and arena. No intelligence.

It watches NPC processes by pidfd, so a death is known at once; Ray revives the process, the supervisor puts it
back into its control group and lets it live. A supervisor that is killed finds arena, groups and NPCs as they
were and goes on. Source: docs/domain.md section 8, "Supervisor".
"""

import asyncio
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.charter import Charter
from actors.npc import ENDED, REFUSED, Birth, NpcActor
from actors.shell import Shell, crashing, log
from actors.survey import Survey, Surveyor
from nimmer.arena.board import Board
from nimmer.arena.layout import ACTION, GATES, Plan
from nimmer.arena.memory import Arena
from nimmer.arena.outbox import OUTBOXES
from nimmer.clock import SystemClock
from nimmer.errors import ArenaError, HostError, WeightsError
from nimmer.host.limits import Usage
from nimmer.host.limits_choice import choose, this_host
from nimmer.life.governor import GATES_MOST, Allocation
from nimmer.life.percept import PERCEPT
from nimmer.life.restart import GiveUp, RestartPolicy
from nimmer.minds.nursery import weights_path
from nimmer.minds.weights import load_weights
from nimmer.world.levels import load_graphs

NPC_CPUS = 0.02
"""What one NPC is admitted with; its real limit is its control group's."""
WATCH_S = 0.05
LAST_WORDS_S = 2.0
"""How long NPCs may take to write down how they ended."""
MEASURE_S = 2.0
"""How often what NPCs use is measured; their CPU percentages cover this long."""


class Measured(NamedTuple):
    """What one NPC used at `at_s`, and its CPU in percent of a core since the measurement before."""

    at_s: float
    usage: Usage
    cpu_percent: float


class SupervisorShell(Shell):
    """Makes or re-enters the arena, then keeps its NPCs alive and within their limits."""

    entity = "supervisor"

    def __init__(self, charter: Charter) -> None:
        """Make the arena of `charter`, or re-enter it after a death of this process."""
        self.charter = charter
        self._plan(Path(charter.arena))
        super().__init__(charter)
        self._board = Board(self.arena)
        self._surveyor = Surveyor(self.arena, self._board)
        choice = choose(charter.limits_mode, charter.group, this_host(self.clock))  # type: ignore[arg-type]  # checked by the settings
        self._limits, self._reasons = choice.limits, choice.reasons
        self._actors: dict[int, Any] = {}
        self._adopted = np.zeros(charter.npcs, dtype=np.uint32)
        self._called = np.zeros(charter.npcs, dtype=np.uint32)
        self._pidfds: dict[int, int] = {}
        self._policies = [RestartPolicy() for _ in range(charter.npcs)]
        self._gave_up: dict[int, str] = {}
        self._births: set[asyncio.Task[None]] = set()
        self._allocations: dict[int, Allocation] = {}
        self._commanded: dict[int, float] = {}
        self._usage: dict[int, Measured] = {}
        self._measured_s = 0.0

    def _plan(self, path: Path) -> None:
        if path.exists():
            try:
                Arena.attach(path)
            except ArenaError as error:
                log.warning("a half-made arena is made anew: %s", error)
                path.unlink()
            else:
                log.warning("the supervisor re-enters the arena %s", path)
                return
        charter = self.charter
        graphs = load_graphs(Path(charter.levels_file) if charter.levels_file else None)
        arena = Arena.create(
            path,
            Plan(charter.npcs, max(graph.nodes for graph in graphs), len(OUTBOXES)),
            SystemClock().monotonic_s(),
        )
        control = arena.view("control")
        control["tick_hz"], control["cortex_priority"] = charter.tick_hz, 5

    @crashing
    async def live(self) -> None:
        """Spawn what is missing and watch what lives, until told to stop."""
        self._spawn()
        while not self.stopping.is_set():
            await self._tend()
            if self.clock.monotonic_s() - self._measured_s >= MEASURE_S:
                self._measure()
            await self.clock.sleep_s(WATCH_S)

    def exchange(self, tick: int, records: bytes, known: bytes | None, nodes: int) -> bytes:
        """Show every NPC the world as of `tick` and return what they want to do.

        Args:
            tick: world tick of the observations.
            records: `npcs` records of `PERCEPT`, as bytes.
            known: `npcs * nodes` bytes, or None when nobody learned anything.
            nodes: nodes of the level in force.

        Returns:
            `npcs` records of `ACTION`; the generation is 0 for an NPC that is not alive.
        """
        learned = None if known is None else np.frombuffer(known, "u1").reshape(-1, nodes)
        self._board.show(tick, np.frombuffer(records, PERCEPT), learned)
        actions = self._board.actions()
        self._surveyor.noticed(actions)
        actions["generation"][self._board.control["alive"] == 0] = 0
        packed: bytes = actions.astype(ACTION, copy=False).tobytes()
        return packed

    async def survey(self) -> Survey:
        """Return how every NPC of this host fares and what it has done so far, for the governor."""
        return self._surveyor.look(self._cpu_share, self._cpu_s)

    async def apply(self, epoch: int, allocations: list[Allocation]) -> list[str]:
        """Put an epoch's shares into force; return what the host refused."""
        refused: list[str] = []
        for share in allocations:
            self._allocations[share.npc] = share
            control = self._board.control[share.npc : share.npc + 1]
            control["tick_hz"] = self._commanded.get(share.npc, share.tick_hz)
            control["cortex_permission"] = share.cortex_permission
            control["cortex_priority"] = share.cortex_priority
            control["gate_override"] = (*share.gates, *[0] * (GATES - len(share.gates)))
            control["epoch"] = epoch
            refused += self._hold(share.npc)
        return refused

    async def let_go(self) -> None:
        """Give forced gates back to themselves; rates, quotas and all else stay in force."""
        self._board.control["gate_override"] = 0
        auto = (0,) * GATES_MOST
        self._allocations = {npc: replace(share, gates=auto) for npc, share in self._allocations.items()}

    async def command(self, name: str, npcs: list[int], arguments: dict[str, Any]) -> str:
        """Obey an operator: `tick_hz {hz: 1..20 or 0 to give it back to the governor}` for `npcs`, all when empty.

        Raises ValueError with the reason when the command cannot be obeyed.
        """
        if name != "tick_hz":
            raise ValueError(f"unknown command {name!r}; known: tick_hz")
        hz = arguments.get("hz")
        if not isinstance(hz, int | float) or (hz != 0 and not 1.0 <= hz <= 20.0):
            raise ValueError(f"hz is {hz!r}; allowed: 1 to 20, or 0 to give the rate back to the governor")
        chosen = npcs or list(range(self.charter.npcs))
        if unknown := [npc for npc in chosen if not 0 <= npc < self.charter.npcs]:
            raise ValueError(f"there is no npc {unknown[0]}; there are 0 to {self.charter.npcs - 1}")
        for npc in chosen:
            if hz:
                self._commanded[npc] = float(hz)
                self._board.control["tick_hz"][npc] = hz
            else:
                self._commanded.pop(npc, None)
        return f"tick_hz of {len(chosen)} NPCs is {hz:g}" if hz else "the governor sets the rates"

    async def status(self) -> dict[str, Any]:
        """Return the limits in force, what NPCs use, and what happened."""
        return {
            "backend": self._limits.backend,
            "why": list(self._reasons),
            "usage": {
                npc: {
                    **asdict(one.usage),
                    "cpu_percent": one.cpu_percent,
                    "memory_mb": one.usage.memory_bytes / 1e6,
                }
                for npc, one in self._usage.items()
            },
            "groups": list(self._limits.directories),
            "pids": self._board.vitals["pid"].tolist(),
            "gave_up": dict(self._gave_up),
        }

    async def stop(self) -> dict[str, str]:
        """Tell every NPC to end its life, end the actors, give the control groups back; return the backend."""
        self.stopping.set()
        self._board.control["stop"] = 1
        await self._last_words()
        for actor in self._actors.values():
            ray.kill(actor, no_restart=True)
        self._limits.close()
        return {"backend": self._limits.backend}

    async def _last_words(self) -> None:
        """Let every living NPC close its ledger; the slowest notices within a second that it is to end."""
        deadline_s = self.clock.monotonic_s() + LAST_WORDS_S
        living = self._board.control["alive"] == 1
        while self.clock.monotonic_s() < deadline_s:
            if (self._board.vitals["mode"][living] == ENDED).all():
                return
            await self.clock.sleep_s(WATCH_S)
        log.warning("some NPCs ended without a last word")

    def _spawn(self) -> None:
        charter = self.charter
        weights = Path(charter.weights_dir)
        # the arena is shared memory: an NPC can live on this host only
        node = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        for npc in range(charter.npcs):
            birth = Birth(
                npc,
                charter.arena,
                charter.seed,
                charter.levels_file,
                str(weights_path(weights, npc)) if charter.brain == "mlp" else None,
                charter.price_scale,
                charter.node_capacity,
                charter.rules,
                charter.prices,
                charter.nerves_file,
                charter.learning_rate if charter.brain == "mlp" else None,
                charter.cortex_enabled,
                charter.learning_save_s,
            )
            self._actors[npc] = NpcActor.options(
                name=f"npc-{npc}",
                namespace=charter.namespace,
                lifetime="detached",
                get_if_exists=True,
                num_cpus=NPC_CPUS,
                memory=charter.memory_mb * 1_000_000,
                max_restarts=-1,
                enable_task_events=False,
                scheduling_strategy=node,
            ).remote(birth)
            task = asyncio.create_task(self._born(npc))
            self._births.add(task)
            task.add_done_callback(self._births.discard)

    async def _tend(self) -> None:
        """Adopt every newborn into its group and let it live; notice every death."""
        born, living = self._board.lifetimes()
        for npc in np.flatnonzero((born > 0) & (born != self._adopted)).tolist():
            self._adopt(npc, int(born[npc]), newborn=bool(born[npc] > living[npc]))
        for npc in np.flatnonzero((born > living) & (born > self._called)).tolist():
            self._called[npc] = born[npc]
            self._actors[npc].live.remote()
        for npc in np.flatnonzero(self._board.vitals["mode"] == REFUSED).tolist():
            self._not_born(npc, self._why_not_born(npc))

    async def _born(self, npc: int) -> None:
        """Wait for one birth; one that fails for good is noted with its reason."""
        while not self._board.vitals["generation"][npc]:
            try:
                await self._actors[npc].born.remote()
            except ray.exceptions.ActorUnavailableError:
                await self.clock.sleep_s(WATCH_S)
            except ray.exceptions.RayActorError as error:
                self._not_born(npc, str(error).strip().splitlines()[-1])
                return

    def _not_born(self, npc: int, reason: str) -> None:
        if npc not in self._gave_up and not self.stopping.is_set():
            self._gave_up[npc] = reason
            self._note("not-born", npc, reason[:500], 1)

    def _why_not_born(self, npc: int) -> str:
        try:
            load_weights(weights_path(Path(self.charter.weights_dir), npc))
        except WeightsError as error:
            return str(error)
        return "its weights were refused, and are readable now; start the village again"

    def _adopt(self, npc: int, generation: int, newborn: bool) -> None:
        if newborn and (old := self._pidfds.get(npc)) is not None:
            self._died(npc, generation - 1, old)  # its successor was born before the death was looked at
        pid = int(self._board.vitals["pid"][npc])
        try:
            self._limits.adopt(f"npc.{npc}", pid)
            pidfd = os.pidfd_open(pid)
        except (HostError, ProcessLookupError) as error:
            # it died before it could be adopted; the next generation will be
            log.warning("npc %d generation %d: %s", npc, generation, error)
            self._adopted[npc] = generation
            self._board.control["alive"][npc] = 0
            return
        self._adopted[npc] = generation
        self._release(npc)
        self._pidfds[npc] = pidfd
        self._board.control["alive"][npc] = 1
        self._hold(npc)
        asyncio.get_running_loop().add_reader(pidfd, self._died, npc, generation, pidfd)
        if newborn and generation > 1:
            self._note("restart", npc, f"lives again as generation {generation}, pid {pid}", generation - 1)

    def _died(self, npc: int, generation: int, pidfd: int) -> None:
        self._board.control["alive"][npc] = 0
        self._release(npc, pidfd)
        if self.stopping.is_set():
            return
        verdict = self._policies[npc].on_death(self.clock.monotonic_s())
        if isinstance(verdict, GiveUp):
            self._gave_up[npc] = verdict.reason
            ray.kill(self._actors[npc], no_restart=True)
            self._note("give-up", npc, verdict.reason, generation)
            return
        usage = self._limits.usage(f"npc.{npc}")
        cause = "out of memory" if usage and usage.oom_kills else "its process ended"
        self._note("death", npc, f"generation {generation} died: {cause}", generation)

    def _release(self, npc: int, only: int | None = None) -> None:
        pidfd = self._pidfds.get(npc)
        if pidfd is None or only not in (None, pidfd):
            return
        del self._pidfds[npc]
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)

    def _hold(self, npc: int) -> list[str]:
        share = self._allocations.get(npc)
        cpu = share.cpu_percent if share else self.charter.cpu_percent
        try:
            self._limits.set(f"npc.{npc}", cpu, self.charter.memory_mb << 20, share.nice if share else 0)
        except HostError as error:
            return [str(error)]
        return []

    def _cpu_share(self, npc: int) -> float:
        share = self._allocations.get(npc)
        return share.cpu_percent if share else self.charter.cpu_percent

    def _cpu_s(self, npc: int) -> float:
        """Return what the process of `npc` has used by now; while it is away, what it had used."""
        usage = self._limits.usage(f"npc.{npc}") or (npc in self._usage and self._usage[npc].usage)
        return usage.cpu_s if usage else 0.0

    def _measure(self) -> None:
        """Take every NPC's use of CPU and memory since the last measurement."""
        now_s = self.clock.monotonic_s()
        for npc in range(self.charter.npcs):
            usage = self._limits.usage(f"npc.{npc}")
            if usage is None:
                self._usage.pop(npc, None)
                continue
            before = self._usage.get(npc)
            percent = 0.0
            if before is not None and usage.cpu_s >= before.usage.cpu_s:
                percent = 100.0 * (usage.cpu_s - before.usage.cpu_s) / (now_s - before.at_s)
            self._usage[npc] = Measured(now_s, usage, percent)
        self._measured_s = now_s

    def _note(self, kind: str, npc: int, reason: str, count: int) -> None:
        self.report(kind, f"npc.{npc}", reason, max(count, 1))


SupervisorActor = ray.remote(SupervisorShell)
