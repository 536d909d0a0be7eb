"""An NPC's diary becomes messages: nerve trails, ledger sums, and how it stands at the close of a beat.

Source: docs/domain.md sections 5, 6 and 7 (economy.lifeforce).
"""

import hashlib
from collections.abc import Callable
from math import isfinite
from typing import Any, Literal
from uuid import UUID

import numpy as np
from msgspec import Struct

from nimmer.bus import subject
from nimmer.bus.message import LifeforceBalance, LifeforceSum, NerveTrail, Source, encode, stamp
from nimmer.bus.mirror import VERBS, Frame, opening_id, shortest
from nimmer.bus.outcomes import verification_outcome
from nimmer.errors import MessageError
from nimmer.life.attention import Mode as Attention
from nimmer.life.gates import BODY_GATES
from nimmer.life.lifeforce import REASONS
from nimmer.life.nerve_spec import NerveSpec
from nimmer.life.nerve_table import vocabulary_of
from nimmer.life.senses import CELLS
from nimmer.life.transition import Cause
from nimmer.life.vigour import State as Vigour

Records = np.ndarray[tuple[int], np.dtype[Any]]
Ids = np.ndarray[tuple[int], np.dtype[np.int64]]
MODES: tuple[Literal["deliberate", "hybrid", "reflex"], ...] = ("deliberate", "hybrid", "reflex")
OUTCOMES: tuple[Literal["abandoned", "success", "failure", "timeout"], ...] = (
    "abandoned",
    "success",
    "failure",
    "timeout",
)
VERDICTS = (0, 1, -1, -1)
"""What a run's end says of the opening that began it: partial, confirmed, failed, failed."""
EVENTS: tuple[Literal["", "compiled", "demoted"], ...] = ("", "compiled", "demoted")


class DiaryMirror:
    """Turns records of `NERVE_TRAIL`, `LEDGER` and `BEAT` into messages, for one run on one host."""

    def __init__(
        self, environment: str, run: str, unix_offset_s: float, nerves: tuple[NerveSpec, ...]
    ) -> None:
        """Mirror for run `run` with its table of `nerves`; `unix_offset_s` makes monotonic times unix seconds."""
        self.refused = 0
        """Records that no message can carry, such as one with a number that is not finite."""
        self._environment = environment
        self._run = run
        self._offset_s = unix_offset_s
        self._nerves = {vocabulary_of(nerve.name).number: nerve for nerve in nerves}

    def nerve_trails(self, records: Records, npcs: Ids) -> list[Frame]:
        """Return one NerveTrail per record `(n,)` of the NPCs `(n,)`."""
        return self._all(records, npcs, self._nerve_trail)

    def outcomes(self, records: Records, npcs: Ids) -> list[Frame]:
        """Return one VerificationOutcome per record of `NERVE_TRAIL`: what the opening of its gate was worth."""
        return self._all(records, npcs, self._outcome)

    def ledger(self, records: Records, npcs: Ids) -> list[Frame]:
        """Return one LifeforceSum per record."""
        return self._all(records, npcs, self._sum)

    def beats(self, records: Records, npcs: Ids) -> list[Frame]:
        """Return one LifeforceBalance per record."""
        return self._all(records, npcs, self._balance)

    def _all(
        self, records: Records, npcs: Ids, one: Callable[[np.void, int], tuple[str, str, Struct]]
    ) -> list[Frame]:
        found = []
        for record, npc in zip(records, npcs.tolist(), strict=True):
            on, speaker, body = one(record, npc)
            message_id = self.message_id(npc, on, record)
            source = Source(speaker, "service")
            try:
                payload = encode(body, source, float(record["time_s"]) + self._offset_s, message_id)
            except MessageError:
                self.refused += 1  # a number no message carries; its row in the database says more
                continue
            found.append(Frame(f"{self._environment}.{on}", payload, message_id))
        return found

    def message_id(self, npc: int, what: str, record: np.void) -> str:
        """Return a uuid4 that only this record has, so that sending it again stores it once."""
        digest = hashlib.blake2b(f"{self._run}/{npc}/{what}/".encode(), digest_size=16)
        digest.update(record.tobytes())
        return str(UUID(bytes=digest.digest(), version=4))

    def _nerve_trail(self, record: np.void, npc: int) -> tuple[str, str, Struct]:
        nerve, gate = self._nerves[int(record["nerve"])], BODY_GATES[int(record["gate"])]
        body = NerveTrail(
            npc_id=npc,
            serial=int(record["serial"]),
            nerve=nerve.name,
            mode=MODES[record["mode"]],
            outcome=OUTCOMES[record["outcome"]],
            gate=gate.name,
            cause=Cause(record["cause"]).name.lower(),
            tick=int(record["npc_tick"]),
            opened_tick=int(record["opened_tick"]),
            started=stamp(float(record["started_s"]) + self._offset_s),
            ended=stamp(float(record["time_s"]) + self._offset_s),
            latency_ms=shortest(record["latency_ms"]) if record["acted_s"] else None,
            states=[nerve.states[code] for code in record["state"][: record["states"]]],
            reads=[CELLS[code].label for code in record["read"][: record["reads"]]],
            commands=[
                VERBS[verb] if slot < 0 else f"{VERBS[verb]} {slot}"
                for verb, slot in zip(record["verb"], record["slot"], strict=True)
            ][: record["commands"]],
            cost=shortest(record["cost"]),
            reward=shortest(record["reward"]),
            rubric=shortest(record["rubric"]),
            weight=shortest(record["weight"]),
            weight_delta=shortest(record["weight_delta"]),
            matched=bool(record["matched"]),
            event=EVENTS[record["event"]],
        )
        on = subject.build(self._environment, "nervous.nerves.{nerve}.trail", nerve=nerve.name)
        return on.partition(".")[2], f"npc.{npc}.{nerve.name}", body

    def _outcome(self, record: np.void, npc: int) -> tuple[str, str, Struct]:
        gate, outcome = BODY_GATES[int(record["gate"])], VERDICTS[int(record["outcome"])]
        body = verification_outcome(
            opening_id(self._run, npc, int(record["opened_tick"]), int(record["gate"])),
            gate.domain,
            outcome,
            expected={"nerve": self._nerves[int(record["nerve"])].name, "outcome": "success"},
            actual={"outcome": OUTCOMES[record["outcome"]], "serial": int(record["serial"])},
            gate_id=f"npc.{npc}.{gate.name}",
            weight_delta=shortest(record["weight_delta"]),
            reward=max(shortest(record["reward"]), 0.0),
        )
        return "thalamus.outcomes.feedback", f"npc.{npc}.{gate.name}", body

    def _sum(self, record: np.void, npc: int) -> tuple[str, str, Struct]:
        kind: Literal["charge", "reward"] = "reward" if record["kind"] else "charge"
        body = LifeforceSum(
            entity=f"npc.{npc}",
            beat=int(record["beat"]),
            kind=kind,
            reason=REASONS[record["reason"]],
            amount_micro=int(record["amount_micro"]),
            unpaid_micro=int(record["unpaid_micro"]),
            entries=int(record["entries"]),
        )
        return f"economy.lifeforce.{kind}", f"npc.{npc}", body

    def _balance(self, record: np.void, npc: int) -> tuple[str, str, Struct]:
        balance = float(record["balance"])
        body = LifeforceBalance(
            entity=f"npc.{npc}",
            beat=int(record["beat"]),
            level_micro=int(record["level_micro"]),
            lambda_=shortest(record["balance"]) if isfinite(balance) else None,
            budget_left_ms=shortest(record["budget_ms"]),
            attention=Attention(record["attention"]).name.lower(),
            vigour=Vigour(record["vigour"]).name.lower(),
        )
        return "economy.lifeforce.lambda", f"npc.{npc}", body
