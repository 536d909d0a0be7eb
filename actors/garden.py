"""The real garden's actor: sole writer of the world, 20 Hz, one call per tick and host.

Each tick: take what the NPCs want, step the pure world, log it, show everyone the outcome. The log is written
before anyone sees the outcome, so a garden that is killed re-executes snapshot and log and goes on from the very
state the NPCs know. A host that answers late is not waited for: its NPCs stay where they are.
Source: docs/domain.md section 8, "World server"; docs/design.md, "Truth, mirrors and copies".
"""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray

from actors import garden_news
from actors.app_line import AppLine
from actors.charter import Charter
from actors.filing import Filing
from actors.keepsake import Keepsake
from actors.npc import REFUSED
from actors.shell import Shell, crashing, log
from actors.sight import Eye, Sight
from nimmer.arena.layout import ACTION
from nimmer.bus.message import QuizReport, WorldDelta
from nimmer.cortex.apps import organs_app
from nimmer.errors import LevelError, OrganError, ReplayError, WorldError
from nimmer.life.action import Action
from nimmer.stores.action_log import ActionLog, ActionLogWriter
from nimmer.stores.tables import Table
from nimmer.world.ascent import Ascent, QuizPace
from nimmer.world.garden import RealGarden, View, Wants
from nimmer.world.journal import RunHeader
from nimmer.world.levels import load_levels
from nimmer.world.promotion import PromotionRule
from nimmer.world.quiz import Quiz
from nimmer.world.replay import resume
from nimmer.world.rules import Rules

MOST_BEHIND = 4
"""World ticks made up for without a pause; what the garden is further behind is left out, and counted as due."""
EXCHANGE_S = 2.0
"""After this a host's answer is given up; its supervisor is being revived."""
RETRY_S = 0.1
BIRTHS_S = 60.0
"""The longest the world waits for its NPCs to be born."""
STOP_S = 2.0
AGGREGATE_TICKS = 20


class Host(NamedTuple):
    """One host: its supervisor's name, and the NPC ids `first` to `last - 1` that live there."""

    supervisor: str
    first: int
    last: int


class GardenShell(Shell):
    """The world's clock and keeper."""

    entity = "garden"

    def __init__(self, charter: Charter, hosts: list[Host], eye: Eye | None = None) -> None:
        """Begin the run of `charter`, or go on with it where its log ends.

        eye: who answers looks when they go through the eye; the organs of `charter` when not given.
        Raises LevelError, WorldError or ReplayError when the world cannot stand.
        """
        super().__init__(charter)
        self._hosts = hosts
        levels = load_levels(Path(charter.levels_file) if charter.levels_file else None)
        by_eye = charter.look == "eye"
        rules = Rules(node_capacity=charter.node_capacity, look_by_eye=int(by_eye))
        self.garden = RealGarden(levels, rules, charter.seed, charter.npcs)
        directory = Path(charter.state_dir) / "runs" / charter.run
        self._log_path, self._snapshot_path = directory / "actions.log", directory / "snapshot"
        self._log = self._resume() if self._log_path.exists() else self._begin()
        self._keepsake = Keepsake(charter, "ascent")
        self._ascent = self._on_its_way()
        self._wants = [np.zeros(host.last - host.first, ACTION) for host in hosts]
        self._exchanges: dict[str, asyncio.Task[None]] = {}
        self._supervisors: dict[str, Any] = {}
        self._owed = {host.supervisor for host in hosts}
        self._filing = Filing(self)
        line = eye or AppLine(organs_app(charter.environment), OrganError)
        self._sight = Sight(charter, levels, line, self.clock) if by_eye else None
        self._header = self.arena.view("header")
        self._last_turn_s = 0.0

    def _begin(self) -> ActionLogWriter:
        charter, garden = self.charter, self.garden
        header = RunHeader(
            charter.run,
            charter.seed,
            charter.npcs,
            charter.level,
            garden.rules.to_mapping(),
            garden.levels.digest(),
        )
        frame = garden.begin(charter.level)
        writer = ActionLogWriter.create(self._log_path, header)
        writer.append(frame)
        return writer

    def _resume(self) -> ActionLogWriter:
        """Come back to where the log ends: from the snapshot and what follows it, else from the birth on."""
        levels = self.garden.levels
        reader = ActionLog(self._log_path)
        start, snapshot = self._kept_snapshot()
        try:
            self.garden.village = resume(reader.header, reader.frames(start), levels, snapshot)
        except (WorldError, ReplayError) as error:
            log.warning(
                "the snapshot of run %s is of no use (%s); the log is enough", self.charter.run, error
            )
            start = 0
            self.garden.village = resume(reader.header, reader.frames(), levels)
        log.warning("the garden goes on with run %s at tick %d", self.charter.run, self.garden.tick)
        return ActionLogWriter.reopen(self._log_path, start=start)

    def _kept_snapshot(self) -> tuple[int, bytes | None]:
        """Return the kept state, and where in the log the frames after it begin; (0, None) when there is none."""
        if not self._snapshot_path.exists():
            return 0, None
        kept = self._snapshot_path.read_bytes()
        return int.from_bytes(kept[:8], "little"), kept[8:]

    def _on_its_way(self) -> Ascent:
        """Return the village's way through the levels, from its beginning or as it was kept."""
        charter, garden = self.charter, self.garden
        rule = PromotionRule(len(garden.levels), charter.level, charter.demote_after_quizzes)
        pace = QuizPace(charter.epoch_ticks * charter.quiz_epochs, charter.epoch_ticks)
        ascent = Ascent(rule, pace, garden.village)
        if kept := self._keepsake.read():
            try:
                ascent.restore(kept, garden.village)
            except (LevelError, KeyError, TypeError, ValueError) as error:
                self._keepsake.useless(error)
        return ascent

    @crashing
    async def live(self) -> None:
        """Turn the world at its rate until told to stop."""
        if self.garden.tick:
            self.report("resume", self.entity, f"goes on at tick {self.garden.tick}")
            self._file_changes()  # the last may not have arrived; the others are recognised
        period_s = 1.0 / self.charter.world_hz
        await self._await_births()
        next_s = self.clock.monotonic_s()
        if not self.garden.tick:
            self._header["started_s"] = next_s
        while not self.stopping.is_set():
            await self.clock.sleep_s(next_s - self.clock.monotonic_s())
            self._turn()
            next_s += period_s
            behind = int((self.clock.monotonic_s() - next_s) / period_s)
            if behind > MOST_BEHIND:
                next_s += behind * period_s

    async def _await_births(self) -> None:
        """Wait until everyone is born, or cannot be: time begins when the village is whole."""
        vitals, deadline_s = self.arena.view("vitals"), self.clock.monotonic_s() + BIRTHS_S
        while not self.stopping.is_set() and self.clock.monotonic_s() < deadline_s:
            if ((vitals["generation"] > 0) | (vitals["mode"] == REFUSED)).all():
                return
            await self.clock.sleep_s(RETRY_S)

    async def propose(self, npc: int, action: Action, meant_for: int) -> tuple[bool, str]:
        """Take an action from outside; return whether the world accepts it, and why not.

        Raises WorldError when there is no such NPC.
        """
        alive = bool(0 <= npc < self.charter.npcs and self.arena.view("control")["alive"][npc])
        answer = self.garden.propose(npc, action, alive, meant_for)
        return not answer, answer.reason

    async def quiz(self) -> QuizReport:
        """Return the oracle's verdict now, without consequences."""
        return self._report_of(self.garden.examine())

    async def snapshot_bytes(self) -> bytes:
        """Return the whole world as it is now, as `Village.to_bytes` writes it; nothing is kept or told."""
        return self.garden.village.to_bytes()

    async def status(self) -> dict[str, Any]:
        """Return level, ticks done and due, coverage, digest, what was refused, and the way through the levels."""
        garden = self.garden
        return {
            "level": garden.level.number,
            "tick": garden.tick,
            "due": self.due(),
            "coverage": float(garden.village.facts.mean() / garden.level.nodes),
            "digest": garden.digest.hex(),
            "lived_s": self._lived_s(),
            "refused": {reason.name.lower(): count for reason, count in garden.refused.items()},
            "looks": None if self._sight is None else self._sight.status(),
            "curriculum": garden_news.curriculum_status(self.charter.run, garden, self._ascent),
        }

    def due(self) -> int:
        """Return the world ticks due since the garden first turned, those missed while it was dead included."""
        return max(int(self._lived_s() * self.charter.world_hz) + 1, self.garden.tick)

    def _lived_s(self) -> float:
        return max(self._last_turn_s - float(self._header["started_s"][0]), 0.0)

    async def stop(self) -> dict[str, Any]:
        """Stop turning, keep a last snapshot, and return the status."""
        self.stopping.set()
        await self.clock.sleep_s(1.5 / self.charter.world_hz)
        if self._sight is not None:
            await self._sight.close()
        self._snapshot()
        await self._filing.finish(STOP_S)
        self._log.close()
        return await self.status()

    def _turn(self) -> None:
        self._last_turn_s = self.clock.monotonic_s()
        wants = np.concatenate(self._wants)
        alive = wants["generation"] > 0
        turn = self.garden.turn(
            Wants(wants["npc_tick"], wants["seen_tick"], wants["verb"], wants["slot"], alive),
            None if self._sight is None else self._sight.take(self.garden.level.number),
        )
        self._log.append(turn.frame)
        if self._sight is not None:
            self._sight.look(turn.frame, self.garden.village)
        self._show(turn.view, turn.learned)
        charter, tick = self.charter, self.garden.tick
        if turn.changes:
            self.tell("world.arena.delta", WorldDelta(tick, turn.changes))
        if tick % AGGREGATE_TICKS == 0:
            self.tell("world.arena.aggregate", garden_news.aggregate(self.garden))
        if self._ascent.due(self.garden.level, self.garden.village):
            self._examine()
        if tick % charter.snapshot_ticks == 0:
            self._snapshot()

    def _examine(self) -> None:
        """Hold the quiz, and let the village go up or down if the rule says so; there everyone learns anew.

        The change is kept before the log has it: one that only the log had would never be recorded, one that the
        log never got is forgotten at the next birth.
        """
        garden, run, now_s = self.garden, self.charter.run, self.clock.unix_s()
        quiz, before = garden.examine(), garden.level
        self.tell("world.arena.quiz", self._report_of(quiz))
        self._filing.keep(Table.QUIZ_RESULTS, garden_news.quiz_rows(run, garden, quiz, now_s))
        if self._sight is not None:
            self._sight.correct(quiz, garden.village)
        ruling = self._ascent.judge(garden.tick, before, quiz)
        if ruling.level == before.number:
            return
        change = self._ascent.change(garden.tick, before.number, ruling, now_s)
        self._keepsake.write(self._ascent.state())
        self._log.append(garden.go_to(ruling.level))
        log.warning("%s from level %d to %d: %s", change.kind, before.number, ruling.level, ruling.reason)
        self.tell("world.arena.level", garden_news.level_change(run, change))
        self._file_changes()
        self._snapshot()
        self._show(garden.view(), learned=True)

    def _report_of(self, quiz: Quiz) -> QuizReport:
        garden = self.garden
        lag = self._ascent.lag(garden.level, garden.village, quiz)
        return garden_news.quiz_report(self.charter.run, garden, quiz, lag)

    def _file_changes(self) -> None:
        if self._ascent.changes:
            rows = garden_news.promotion_rows(self.charter.run, self.charter.npcs, self._ascent.changes)
            self._filing.keep(Table.PROMOTIONS, rows)

    def _snapshot(self) -> None:
        """Keep the whole state: in a file to come back from after a death, in the database for ever."""
        state = self.garden.village.to_bytes()
        self._log.sync()
        fresh = self._snapshot_path.with_suffix(".new")
        fresh.write_bytes(self._log.offset.to_bytes(8, "little") + state)
        fresh.replace(self._snapshot_path)
        self._keepsake.write(self._ascent.state())
        row = garden_news.snapshot_row(self.charter.run, self.garden, state, self.clock.unix_s())
        self._filing.keep(Table.WORLD_SNAPSHOTS, (row,))
        self.tell("world.arena.snapshot", garden_news.snapshot(self.charter.run, self.garden))

    def _show(self, view: View, learned: bool) -> None:
        """Send observations to every host that has answered the last ones; the answer is taken in when it comes."""
        if learned:
            self._owed.update(host.supervisor for host in self._hosts)
        for place, host in enumerate(self._hosts):
            running = self._exchanges.get(host.supervisor)
            if running is None or running.done():
                self._exchanges[host.supervisor] = asyncio.create_task(self._exchange(place, host, view))

    async def _exchange(self, place: int, host: Host, view: View) -> None:
        part = slice(host.first, host.last)
        known = view.known[part].tobytes() if host.supervisor in self._owed else None
        self._owed.discard(host.supervisor)
        try:
            supervisor = self._supervisors.get(host.supervisor) or ray.get_actor(
                host.supervisor, namespace=self.charter.namespace
            )
            self._supervisors[host.supervisor] = supervisor
            call = supervisor.exchange.remote(
                self.garden.tick, view.records[part].tobytes(), known, view.known.shape[1]
            )
            answer = await asyncio.wait_for(call, EXCHANGE_S)
        except (ray.exceptions.RayError, ValueError, TimeoutError) as error:
            self._owed.add(host.supervisor)
            log.warning("%s does not answer: %s", host.supervisor, type(error).__name__)
            await self.clock.sleep_s(RETRY_S)
            return
        self._wants[place] = np.frombuffer(answer, ACTION)


GardenActor = ray.remote(GardenShell)
