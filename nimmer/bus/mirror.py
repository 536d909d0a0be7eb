"""Arena records of transitions and trail steps become messages: gate events, NPC states, training frames.

Waves, the bulk, have a file of their own (`nimmer.bus.wave_mirror`); the rest is rarer and written plainly.
Source: docs/domain.md section 7: GateTransition, NpcState, the stream TRAINING_DATA.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from nimmer.bus import subject
from nimmer.bus.headers import Stamps, message_ids, number_texts
from nimmer.bus.life_messages import GateState, TrainingFrame, TriggerSignal
from nimmer.bus.message import VERSION, Envelope, Garden, GateTransition, Header, Source, stamp
from nimmer.bus.wave_mirror import Ids, Posting, Records, WaveMirror, opening, quietly, sensible
from nimmer.errors import MessageError
from nimmer.life.action import Verb
from nimmer.life.gates import gate_states
from nimmer.life.senses import said
from nimmer.life.transition import PSEUDO_SOURCES
from nimmer.life.wave import CellKind

__all__ = ["Frame", "Posting", "StateMirror", "TransitionMirror", "WaveMirror", "training_frame"]

MOST_TICKS = 2**63 - 1
"""The largest count a message and the database take."""
FRAME_ROWS = 2000
"""Most rows of one training frame; it stays well below the broker's largest message."""
STATES: tuple[GateState, GateState, GateState] = ("closed", "stable", "open")
"""Words of the states -1, 0, 1."""
STATE_TOKENS = ("close", "stable", "open")
VERBS = tuple(verb.name.lower() for verb in Verb)
_STATE_FIELDS = (
    "energy", "lifeforce", "reward", "coverage", "lateness_us", "compute_us",
)  # fmt: skip


class GateName(Protocol):
    """What a transition needs to know of its gate."""

    @property
    def name(self) -> str:
        """The gate's name, such as collision_avoidance_gate."""
        ...

    @property
    def domain(self) -> str:
        """The domain it gathers waves of."""
        ...


class Frame(NamedTuple):
    """A message ready for `Bus.publish_acked`."""

    subject: str
    payload: bytes
    message_id: str


class TransitionMirror:
    """Turns records of dtype `nimmer.arena.layout.TRANSITION` into messages to be acknowledged."""

    def __init__(
        self,
        environment: str,
        unix_offset_s: float,
        gates: Sequence[GateName],
        cells: Sequence[CellKind],
        causes: Sequence[str],
        garden: Garden = "real",
    ) -> None:
        """Mirror for one host.

        Args:
            environment: dev, staging or prod.
            unix_offset_s: what to add to a record's monotonic time to get seconds since 1970.
            gates: the table a record's `gate` points into.
            cells: the table a record's `trigger_cell` points into.
            causes: word of each `cause`.
            garden: real or virtual.
        """
        self.refused = 0
        """Records not mirrored because they were no transitions."""
        self._offset_s = unix_offset_s
        self._gates = tuple(gates)
        self._cells = tuple(cells)
        self._causes = tuple(causes)
        self._garden = garden
        self._subjects = [
            subject.build(environment, "thalamus.gate.{state}", state=state) for state in STATE_TOKENS
        ]

    def encode(self, run: str, records: Records, npcs: Ids) -> list[Frame]:
        """Return one message per record, in order; others are counted in `refused`.

        The same record of the same run gives the same message id, so that sending it again stores it once.

        Args:
            run: 16 hex digits.
            records: `(n,)` of dtype TRANSITION.
            npcs: `(n,)`, the NPC each record belongs to.
        """
        with quietly():
            good = self._good(records)
        self.refused += int(len(good) - np.count_nonzero(good))
        return [
            self._one(records[place], int(npcs[place]), _record_id(run, int(npcs[place]), records[place]))
            for place in np.flatnonzero(good).tolist()
        ]

    def _good(self, records: Records) -> npt.NDArray[np.bool_]:
        good: npt.NDArray[np.bool_] = (records["gate"] < len(self._gates)) & (records["tier"] <= 5)
        for state in (records["from_state"], records["to_state"]):
            good &= (state >= -1) & (state <= 1)
        good &= (np.abs(records["value"]) <= 1.5) & (np.abs(records["correlation"]) <= 1.0)
        good &= (records["cost"] >= 0.0) & (records["cost"] < np.inf)
        good &= (records["weight"] >= 0.0) & (records["weight"] <= 1.0)
        good &= sensible(records["time_s"] + self._offset_s) & (records["cause"] < len(self._causes))
        used = np.arange(records["trigger_cell"].shape[1]) < records["triggers"][:, None]
        confidence = records["trigger_confidence"]
        cell = records["trigger_cell"]
        fine = (cell < len(self._cells)) | (cell >= min(PSEUDO_SOURCES))
        fine &= (confidence >= 0.0) & (confidence <= 1.0)
        fine &= sensible(records["trigger_time_s"] + self._offset_s)
        good &= (fine | ~used).all(axis=1) & (records["triggers"] <= used.shape[1])
        return good

    def _one(self, record: np.void, npc: int, message_id: str) -> Frame:
        gate = self._gates[record["gate"]]
        to_state = int(record["to_state"]) + 1
        triggers = [self._trigger(record, npc, place) for place in range(record["triggers"])]
        body = GateTransition(
            gate_id=f"npc.{npc}.{gate.name}",
            domain=gate.domain,
            from_state=STATES[int(record["from_state"]) + 1],
            to_state=STATES[to_state],
            state_value=shortest(record["value"]),
            correlation_score=shortest(record["correlation"]),
            routed_to_tier=int(record["tier"]),
            lifeforce_cost=shortest(record["cost"]),
            trigger_signals=triggers,
            cause=self._causes[record["cause"]],
            weight=shortest(record["weight"]),
        )
        source = Source(f"npc.{npc}.{gate.name}", "gate", self._garden, int(record["tier"]))
        header = Header(
            message_id, "GateTransition", VERSION, stamp(float(record["time_s"]) + self._offset_s), source
        )
        return Frame(self._subjects[to_state], msgspec.json.encode(Envelope(header, body)), message_id)

    def _trigger(self, record: np.void, npc: int, place: int) -> TriggerSignal:
        code = int(record["trigger_cell"][place])
        sure = shortest(record["trigger_confidence"][place])
        at = stamp(float(record["trigger_time_s"][place]) + self._offset_s)
        if code in PSEUDO_SOURCES:
            return TriggerSignal(PSEUDO_SOURCES[code], sure, at)
        kind = self._cells[code]
        content = said(kind, tuple(map(shortest, record["trigger_values"][place])))
        return TriggerSignal(f"npc.{npc}.{kind.name}", sure, at, content)  # type: ignore[arg-type]  # numbers and words


class StateMirror:
    """Turns records of dtype `nimmer.arena.layout.TRAIL` into NpcState messages."""

    def __init__(
        self,
        environment: str,
        unix_offset_s: float,
        gates: int,
        garden: Garden = "real",
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Mirror for one host; `gates` is how many gates a body has, the rest as in `TransitionMirror`."""
        self.refused = 0
        """Records not mirrored because a number was not finite or no count, or the verb unknown."""
        self._environment = environment
        self._offset_s = unix_offset_s
        self._gates = gates
        self._garden = garden
        self._entropy = entropy
        self._stamps = Stamps()
        self._forms: dict[int, tuple[str, str]] = {}
        self._gate_texts: dict[int, str] = {}

    def encode(self, records: Records, npcs: Ids) -> list[Posting]:
        """Return one message per record, in order; others are counted in `refused`.

        Args:
            records: `(n,)` of dtype TRAIL.
            npcs: `(n,)`, the NPC each record belongs to.
        """
        with quietly():
            numbers = np.stack([records[name].astype(np.float64) for name in _STATE_FIELDS], axis=1)
            unix_s = records["time_s"] + self._offset_s
        good = np.isfinite(numbers).all(axis=1) & sensible(unix_s) & (records["verb"] < len(VERBS))
        good &= (records["npc_tick"] <= MOST_TICKS) & (records["world_tick"] <= MOST_TICKS)
        if not good.all():
            self.refused += int(len(good) - np.count_nonzero(good))
            records, npcs, numbers, unix_s = records[good], npcs[good], numbers[good], unix_s[good]
        numbers[:, 4:] *= 1e-3
        text = iter(number_texts(numbers))
        filled = zip(
            message_ids(len(records), self._entropy),
            self._stamps.of(unix_s),
            *(text,) * len(_STATE_FIELDS),
            records["node"].tolist(),
            map(VERBS.__getitem__, records["verb"].tolist()),
            records["npc_tick"].tolist(),
            records["world_tick"].tolist(),
            records["level"].tolist(),
            records["nerve"].tolist(),
            map(self._gate_text, records["gates"].tolist()),
            strict=True,
        )
        forms = map(self._form, npcs.tolist())
        return [(on, (form % fill).encode()) for (on, form), fill in zip(forms, filled, strict=True)]

    def _form(self, npc: int) -> tuple[str, str]:
        """Return subject and template of one NPC's state, made once."""
        form = self._forms.get(npc)
        if form is None:
            source = Source(f"npc.{npc}", "service", self._garden)
            template = opening("NpcState", source) + (
                f'{{"npc_id":{npc},"needs":{{"energy":%s}},"lf":%s,"reward":%s,"coverage":%s,'
                '"tick_latency_ms":%s,"compute_ms":%s,"cortex_wait_ms":0.0,"node":%d,"last_action":"%s","tick":%d,'
                '"world_tick":%d,"level":%d,"nerve":%d,"gates":%s}}'
            )
            form = self._forms[npc] = subject.build(self._environment, "npc.{npc}.state", npc=npc), template
        return form

    def _gate_text(self, packed: int) -> str:
        """Return the gates' states as JSON, made once per pattern: two bits per gate, state + 1."""
        text = self._gate_texts.get(packed)
        if text is None:
            states = [min(state, 1) for state in gate_states(packed, self._gates)]
            text = self._gate_texts[packed] = "[" + ",".join(map(str, states)) + "]"
        return text


def training_frame(environment: str, run: str, records: Records, npcs: Ids, unix_offset_s: float) -> Frame:
    """Return trail records as one message for the stream TRAINING_DATA.

    The same records of the same run give the same message id, so that sending a frame again stores it once.

    Args:
        environment: dev, staging or prod.
        run: 16 hex digits.
        records: `(n,)` of dtype TRAIL, 1 to 2000.
        npcs: `(n,)`, the NPC each record belongs to.
        unix_offset_s: what to add to a record's monotonic time to get seconds since 1970.

    Raises MessageError when there are no records or too many.
    """
    if not 0 < len(records) <= FRAME_ROWS:
        raise MessageError(f"a training frame holds 1 to {FRAME_ROWS} rows, not {len(records)}")
    columns: dict[str, list[int | float | None]] = {"npc": npcs.tolist()}
    for name in records.dtype.names or ():
        if name == "time_s":
            columns["unix_s"] = np.round(records[name] + unix_offset_s, 6).tolist()
        elif name != "pad":
            columns[name] = records[name].tolist()
    digest = hashlib.blake2b(run.encode(), digest_size=16)
    digest.update(np.ascontiguousarray(npcs, dtype="<u8").tobytes())
    digest.update(np.ascontiguousarray(records).tobytes())
    message_id = str(UUID(bytes=digest.digest(), version=4))
    last_s = float(np.nanmax(records["time_s"])) + unix_offset_s
    header = Header(message_id, "TrainingFrame", VERSION, stamp(last_s), Source(f"run.{run}", "service"))
    body = TrainingFrame(run, len(records), columns)
    on = subject.build(environment, "thalamus.traces.training")
    return Frame(on, msgspec.json.encode(Envelope(header, body)), message_id)


def opening_id(run: str, npc: int, tick: int, gate: int) -> str:
    """Return the message id of the opening of gate number `gate` in an NPC's own `tick`, which outcomes refer to.

    One is enough: a gate that opens and is closed again in a tick stays closed for its refractory time.
    """
    digest = hashlib.blake2b(f"{run}/{npc}/{tick}/{gate}/open".encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))


def _record_id(run: str, npc: int, record: np.void) -> str:
    """Return a uuid4 that only this record of this NPC and run has."""
    if record["to_state"] == 1:
        return opening_id(run, npc, int(record["npc_tick"]), int(record["gate"]))
    digest = hashlib.blake2b(f"{run}/{npc}/".encode(), digest_size=16)
    digest.update(record.tobytes())
    return str(UUID(bytes=digest.digest(), version=4))


def shortest(value: np.floating) -> float:
    """Return a float32 as the float whose shortest text it is, 0.3 instead of 0.30000001192092896."""
    return float(str(value))
