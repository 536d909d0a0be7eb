"""What the virtual garden tells: its forecasts, correlations and state as message bodies. Pure; the shell sends them."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
import numpy as np

from nimmer.bus.message import (
    CorrelationEvent,
    TrainingLabel,
    VerifiedSignal,
    WindowSignal,
    stamp,
)
from nimmer.life.gate import GateState
from nimmer.life.gate_spec import GateSpec
from nimmer.life.gates import BODY_GATES
from nimmer.life.senses import CELLS, meaning
from nimmer.life.wave import Wave
from nimmer.world.forecast import Forecast, Judgement, RealChange
from nimmer.world.virtual_correlation import Signal, resonance

Records = np.ndarray[Any, np.dtype[Any]]
Ids = np.ndarray[Any, np.dtype[np.int64]]

OPENED = TrainingLabel(True, 1.0)
"""The real gate opened by itself: it should have."""
STAYED = TrainingLabel(False, 0.5)
"""It did not within the horizon; it might have later."""
_DIGITS = 6


def gate_name(npc: int, gate: int) -> str:
    """Return a gate's name on the bus."""
    return f"npc.{npc}.{BODY_GATES[gate].name}"


def transition_id(run: str, npc: int, gate: int, tick: int) -> str:
    """Return the uuid of the virtual opening of one gate in one world tick of one run; the same for the same."""
    key = f"virtual/{run}/{npc}/{gate}/{tick}".encode()
    return str(UUID(bytes=hashlib.blake2b(key, digest_size=16).digest(), version=4))


def verified_signal(run: str, forecast: Forecast) -> VerifiedSignal:
    """Return what is told of a forecast that is correlated enough."""
    return VerifiedSignal(
        domain=BODY_GATES[forecast.gate].domain,
        verification_confidence=forecast.confidence,
        semantic_summary=summary(forecast),
        source_gate_transition_id=transition_id(run, forecast.npc, forecast.gate, forecast.tick),
        virtual_correlation_score=round(forecast.correlation, _DIGITS),
        gate_id=gate_name(forecast.npc, forecast.gate),
        npc_id=forecast.npc,
    )


def summary(forecast: Forecast) -> str:
    """Return one line that says what the waves behind a forecast mean."""
    said = "; ".join(_said(signal) for signal in forecast.signals) or "nothing remembered"
    return f"{BODY_GATES[forecast.gate].name} opens: {said}"[:500]


def correlation_event(
    forecast: Forecast, offset_s: float, label: TrainingLabel | None = None
) -> CorrelationEvent:
    """Return why a virtual gate opened; offset_s: unix time minus monotonic time."""
    return _event(
        forecast.npc, forecast.gate, forecast.time_s + offset_s, forecast.correlation, forecast.signals,
        "opened", label,
    )  # fmt: skip


def judged_event(judgement: Judgement, offset_s: float) -> CorrelationEvent:
    """Return why a virtual gate opened, with what the real garden taught about it."""
    return correlation_event(judgement.forecast, offset_s, OPENED if judgement.borne_out else STAYED)


def correlation_row(run: str, event: CorrelationEvent) -> dict[str, object]:
    """Return the row of correlation_events that keeps `event`, named by what it says, so that it is kept once."""
    content: dict[str, Any] = msgspec.to_builtins(event)
    digest = hashlib.blake2b(f"{run}/".encode() + msgspec.json.encode(event), digest_size=16)
    same = (
        "gate_id",
        "signals_in_window",
        "correlation_matrix",
        "aggregate_correlation",
        "result",
        "training_label",
    )
    return {
        "run": run,
        "event": digest.hexdigest(),
        "at": dt.datetime.fromisoformat(event.window_end).timestamp(),
        "window_ms": float(event.window_ms),
        **{name: content[name] for name in same},
    }


def real_changes(records: Records, npcs: Ids) -> list[RealChange]:
    """Return `(k,)` records of TRANSITION, and the NPC of each, as the forecaster takes them; body gates only."""
    body = np.flatnonzero(records["gate"] < len(BODY_GATES))
    return [_change(int(npcs[place]), records[place]) for place in body.tolist()]


def _change(npc: int, record: Any) -> RealChange:  # noqa: ANN401  one structured record
    """Return one transition; an opening with the waves it names."""
    gate, at_s, to = int(record["gate"]), float(record["time_s"]), int(record["to_state"])
    if to != GateState.OPEN:
        return RealChange(npc, gate, at_s, to, int(record["cause"]))
    named = zip(
        record["trigger_cell"].tolist(),
        record["trigger_confidence"].tolist(),
        record["trigger_time_s"].tolist(),
        record["trigger_values"].tolist(),
        strict=True,
    )
    signals = [
        Signal(cell, sure, when_s, tuple(values[: len(CELLS[cell].fields)]))
        for cell, sure, when_s, values in list(named)[: int(record["triggers"])]
        if cell < len(CELLS)  # else the governor or whoever else opens gates without a wave
    ]
    known = tuple(sorted(signals, key=lambda signal: (signal.time_s, signal.cell)))
    return RealChange(npc, gate, at_s, to, int(record["cause"]), float(record["correlation"]), known)


def surprise_event(change: RealChange, offset_s: float) -> CorrelationEvent:
    """Return what the virtual garden has to learn: the real gate opened, the virtual one stayed where it was."""
    unix_s = change.time_s + offset_s
    return _event(
        change.npc, change.gate, unix_s, change.correlation, change.signals, "stayed_stable", OPENED
    )


def _event(
    npc: int,
    gate: int,
    unix_s: float,
    correlation: float,
    signals: Sequence[Signal],
    result: Literal["opened", "stayed_stable"],
    label: TrainingLabel | None,
) -> CorrelationEvent:
    spec: GateSpec = BODY_GATES[gate]
    found = resonance(spec, signals, alone=correlation)
    return CorrelationEvent(
        gate_id=gate_name(npc, gate),
        window_start=stamp(unix_s - spec.window_s),
        window_end=stamp(unix_s),
        window_ms=round(spec.window_s * 1000),
        signals_in_window=[
            WindowSignal(f"npc.{npc}.{one.name}", min(max(round(one.confidence, _DIGITS), 0.0), 1.0), one.semantic_hash)
            for one in signals
        ],
        correlation_matrix=found.matrix,
        aggregate_correlation=min(max(round(found.aggregate, _DIGITS), -1.0), 1.0),
        result=result,
        training_label=label,
    )  # fmt: skip


def _said(signal: Signal) -> str:
    words = meaning(Wave(signal.cell, signal.time_s, signal.confidence, 0.0, signal.values))
    told = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in words.items()
    )
    return f"{CELLS[signal.cell].name} ({signal.confidence:.2g}) {told}".rstrip()
