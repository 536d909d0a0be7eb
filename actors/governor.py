"""The governor's actor: once an epoch it sees how every NPC fares and says who gets how much.

Whatever proposes, net or rule, the envelope decides what is safe. A net that fails is replaced by the rule in the same
epoch, and one that fails again and again until an operator says otherwise. A governor that dies leaves the last shares
in force, and its successor goes on from its keepsake.
Source: docs/domain.md section 8, "Governor"; docs/governor.md, "In the live village"; docs/design.md, "Boundaries".
"""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import ray

from actors.charter import Charter
from actors.governor_book import MOST_EPOCHS, Book, Look, Past
from actors.governor_mind import MOST_BAD, THINK_S, Advice, Mind
from actors.governor_rows import Ruling, allocate, observed, rows
from actors.governor_school import School
from actors.keepsake import Keepsake
from actors.shell import Shell, crashing, log
from actors.survey import Survey
from nimmer.errors import StoreError
from nimmer.life.governor import (
    MODES,
    Allocation,
    Envelope,
    Limits,
    Mode,
    NpcSituation,
    VillageSituation,
    static_rule,
)
from nimmer.life.governor_observation import GovernorObservation, observe_village
from nimmer.life.governor_outcome import recalled
from nimmer.life.governor_reasons import reasons_of_rule
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch

LOOK_S = 0.25
ASK_S = 5.0


class GovernorShell(Shell):
    """Lets net or rule propose, and applies what the envelope leaves of it."""

    entity = "governor"

    def __init__(self, charter: Charter) -> None:
        """Take the bounds from `charter`, and what the last process of this run knew from its keepsake."""
        super().__init__(charter)
        self._limits = Limits(charter.min_tick_hz, charter.max_tick_hz)
        self._envelope = Envelope(
            charter.capacity_percent, charter.max_tick_step_hz, charter.max_cpu_step, self._limits
        )
        self.mode = cast("Mode", charter.governor_mode)
        self.epoch = int(self.arena.view("control")["epoch"].max())
        self.clamped = 0
        self.policy = ""
        self.score: float | None = None
        self.mind = Mind(min(THINK_S, charter.epoch_ticks / charter.world_hz / 2))
        self.school = School(charter, self.mind)
        self.book = Book()
        self._previous: dict[int, Allocation] = {}
        self._shadow: dict[int, Allocation] = {}
        self._header = self.arena.view("header")
        self._supervisor: Any = None
        self._keepsake = Keepsake(charter, self.entity)
        wrong = self.school.begin()
        self._recall()
        if wrong and self.mode in ("net", "shadow"):
            self.report("governor-net", self.entity, wrong[:500])

    @crashing
    async def live(self) -> None:
        """Decide at every epoch of the world until told to stop."""
        await self._file()
        while not self.stopping.is_set():
            await self.look()
            await self.clock.sleep_s(LOOK_S)

    async def look(self) -> None:
        """Do what is due now: decide an epoch that has begun, let gates go that nobody holds any more."""
        epoch = int(self._header["world_tick"][0]) // self.charter.epoch_ticks
        if epoch > self.epoch:
            await self._begin(epoch)
        elif self.mode == "off" and self.arena.view("control")["gate_override"].any():
            await self._let_go()

    async def command(self, name: str, arguments: dict[str, Any]) -> str:
        """Obey an operator: `mode {mode: net | rule | shadow | off}`, off is the kill switch; `reset` forgets what was learned.

        A mode commanded anew also trusts a net again that was given up. Raises ValueError with the reason when the
        command cannot be obeyed.
        """
        if name == "reset":
            said = self.school.reset()
            self._remember()
            return said
        if name != "mode" or (mode := arguments.get("mode")) not in MODES:
            raise ValueError(
                f"{name} {arguments}: the governor knows `mode` with {', '.join(MODES)}, and `reset`"
            )
        self.mode = mode
        self.mind.forgive()
        self._shadow = {}
        self._remember()
        return f"mode is {self.mode}"

    async def status(self) -> dict[str, Any]:
        """Return who decides, the epoch decided last, and how often envelope and rule had to step in."""
        return {
            "mode": self.mode,
            "epoch": self.epoch,
            "clamped": self.clamped,
            "policy": "off" if self.mode == "off" else self.policy,
            "fallbacks": self.mind.faults,
            "in_a_row": self.mind.in_a_row,
            "trusted": self.mind.trusted,
            "fault": self.mind.fault,
            "weights": self.mind.weights,
            "learns": self.school.learns,
            "steps": self.school.steps,
            "score": self.score,
        }

    async def stop(self) -> dict[str, Any]:
        """Stop deciding, write down what came of the epoch that is cut short, and return the status."""
        self.stopping.set()
        survey: Survey | None = await self._ask("survey")
        if survey is not None:
            look = self._seen_at(self.epoch + 1, survey)
            self.book.close(look, self.book.past(look))
        await self._file()
        return await self.status()

    async def _begin(self, epoch: int) -> None:
        """Close the last epoch's book, decide this one, and put it into force; once more when the supervisor is away."""
        survey: Survey | None = await self._ask("survey")
        if survey is None:
            return
        look = self._seen_at(epoch, survey)
        if self.book.withdraw(self._epoch_in_force()):
            self.school.judge(None)
        past = self.book.past(look)
        self._close(look, past)
        situations = [
            recalled(one, past.outcomes[one.npc], past.elapsed_s) if one.npc in past.outcomes else one
            for one in survey.situations
        ]
        seen = observe_village(situations, self._village(survey))
        self.tell("thalamus.governor.observation", observed(epoch, seen))
        ruling, recommended = await self._deliberate(situations, seen)
        # the kill switch may have been thrown while the net was thinking
        acting = self.mode != "off"
        common = {"run": self.charter.run, "epoch": epoch, "at": self.clock.unix_s(), "mode": self.mode}
        given_up = self.book.open(look, rows(common, seen, ruling, recommended) if acting else [])
        if given_up:
            self.report(
                "not-kept",
                self.entity,
                f"{given_up} decisions: the recorder has taken none for {MOST_EPOCHS} epochs",
            )
        self.policy = ruling.policy if acting else "off"
        self._remember()
        if acting and await self._ask("apply", epoch, ruling.verdict.allocations) is None:
            return
        self.epoch = epoch
        if acting:
            self._in_force(epoch, ruling, recommended)
        await self._file()

    def _epoch_in_force(self) -> int:
        """Return the epoch whose shares the NPCs live by, whether or not the supervisor could still say so."""
        return max(self.epoch, int(self.arena.view("control")["epoch"].max()))

    def _seen_at(self, epoch: int, survey: Survey) -> Look:
        return Look(epoch, self.clock.monotonic_s(), {one.npc: one for one in survey.tallies})

    def _close(self, look: Look, past: Past) -> None:
        """Write down what came of the last epoch, and learn from it."""
        closed = self.book.close(look, past)
        if closed is None:
            return
        self.score = closed.points
        if wrong := self.school.judge(closed.points if closed.epochs == 1 else None):
            self.report("governor-net", self.entity, f"what was learned is not kept: {wrong}"[:500])

    async def _deliberate(
        self, situations: Sequence[NpcSituation], seen: GovernorObservation
    ) -> tuple[Ruling, Ruling | None]:
        """Return this epoch's ruling, and in shadow what the net recommends, if it does."""
        advice = await self._advice(seen, self.mode) if self.mode in ("net", "shadow") else None
        mode = self.mode  # not the one it was asked in: another may have been commanded while the net thought
        previous = {
            one.npc: self._previous.get(one.npc, Allocation(one.npc, one.tick_hz, one.cpu_percent))
            for one in situations
        }
        recommended = None
        if advice is not None and not advice.fault and mode in ("net", "shadow"):
            last = previous if mode == "net" else {**previous, **self._shadow}
            verdict = self._envelope.apply(advice.proposed, last, situations)
            recommended = Ruling("net", advice.proposed, advice.reasons, verdict, self.mind.weights)
            if mode == "net":
                return recommended, None
        self.school.judge(None)  # whatever comes of this epoch is not the trial's doing
        return self._by_rule("fallback" if mode == "net" else "rule", situations, previous), recommended

    async def _advice(self, seen: GovernorObservation, mode: Mode) -> Advice | None:
        """Return what the net says when it is asked in `mode`, None when it is not asked any more."""
        if not self.mind.trusted:
            return None
        self.school.prepare(acting=mode == "net")
        advice = await self.mind.advise(seen, self.charter.capacity_percent, self._limits)
        if advice.fault:
            given_up = self.mind.in_a_row >= MOST_BAD
            remedy = "the rule decides"
            if given_up:
                remedy = (
                    f"{MOST_BAD} epochs in a row: the rule stays, `nimmer governor mode {mode}` asks it again"
                )
            self.report(
                "governor-fallback", self.entity, f"the net: {advice.fault}"[:500], self.mind.faults, remedy
            )
        return advice

    def _by_rule(
        self, policy: str, situations: Sequence[NpcSituation], previous: dict[int, Allocation]
    ) -> Ruling:
        capacity = self.charter.capacity_percent
        proposed = static_rule(situations, capacity, self._limits)
        verdict = self._envelope.apply(proposed, previous, situations)
        return Ruling(policy, proposed, reasons_of_rule(situations, capacity, self._limits), verdict)

    def _in_force(self, epoch: int, ruling: Ruling, recommended: Ruling | None) -> None:
        """Tell everyone's share, and go on from it."""
        self.clamped += len(ruling.verdict.clamped)
        self._previous = {one.npc: one for one in ruling.verdict.allocations}
        self._shadow = {one.npc: one for one in recommended.verdict.allocations} if recommended else {}
        for one in ruling.verdict.allocations:
            self.tell("thalamus.governor.allocate", allocate(epoch, one))

    async def _let_go(self) -> None:
        """Give gates that were forced back to themselves; everything else stays as it is."""
        await self._ask("let_go")

    def _village(self, survey: Survey) -> VillageSituation:
        return VillageSituation(
            level=max((one.level for one in survey.tallies), default=1),
            capacity_percent=self.charter.capacity_percent,
            lifeforce_budget=sum(one.lifeforce for one in survey.situations if one.alive),
        )

    async def _ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401  whatever the supervisor returns
        """Return what the supervisor answers, None while it is away."""
        try:
            if self._supervisor is None:
                self._supervisor = ray.get_actor("supervisor", namespace=self.charter.namespace)
            call = getattr(self._supervisor, method)
            return await asyncio.wait_for(call.remote(*arguments), ASK_S)
        except (ray.exceptions.RayError, TimeoutError, ValueError) as error:
            self._supervisor = None
            log.warning("the governor waits for the supervisor: %s", _said(error))
            return None

    async def _file(self) -> None:
        """Hand the recorder every row it has not acknowledged; one that is away is asked again next epoch."""
        waiting = self.book.waiting()
        if not waiting:
            return
        try:
            batch = RowBatch(Table.GOVERNOR_DECISIONS, waiting)
        except StoreError as error:  # kept, they would stand in the way of all that follow
            self.report("not-kept", self.entity, f"{len(waiting)} decisions: {error}"[:500])
            self.book.acknowledged(waiting)
            return
        try:
            recorder = ray.get_actor("recorder", namespace=self.charter.namespace)
            await asyncio.wait_for(recorder.keep.remote(batch), ASK_S)
        except (ray.exceptions.RayError, TimeoutError, ValueError) as error:
            log.warning("%d decisions wait for the recorder: %s", len(waiting), _said(error))
        else:
            self.book.acknowledged(waiting)

    def _remember(self) -> None:
        self._keepsake.write(
            {
                "mode": self.mode,
                "policy": self.policy,
                "clamped": self.clamped,
                "score": self.score,
                "mind": self.mind.state(),
                "school": self.school.state(),
                "book": self.book.state(),
            }
        )

    def _recall(self) -> None:
        kept = self._keepsake.read()
        if not kept:
            return
        try:
            mode, policy, clamped, score = (
                kept["mode"],
                str(kept["policy"]),
                int(kept["clamped"]),
                kept["score"],
            )
            if mode not in MODES:
                raise ValueError(f"{mode!r} is no mode")
            self.book.restore(kept["book"])
            self.mind.restore(kept["mind"])
            self.school.restore(kept["school"])
        except (KeyError, TypeError, ValueError) as error:
            self._keepsake.useless(error)
            self.book = Book()
            return
        self.mode, self.policy, self.clamped = mode, policy, clamped
        self.score = None if score is None else float(score)


def _said(error: Exception) -> str:
    """Return the error in a line or a few; a timeout has nothing to say but its name."""
    return f"{type(error).__name__}: {error}"[:500].removesuffix(": ")


GovernorActor = ray.remote(GovernorShell)
