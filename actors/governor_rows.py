"""What the governor decided, as rows and messages. Pure; the shell files and sends them. Source: docs/stores.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nimmer.bus.message import GovernorAllocate, GovernorObserved
from nimmer.life.gates import BODY_GATES
from nimmer.life.governor import Allocation, Clamp, Verdict
from nimmer.life.governor_observation import NPC_FEATURE_NAMES, WORLD_FEATURE_NAMES, GovernorObservation
from nimmer.life.governor_reasons import Reasons

Row = dict[str, Any]
VILLAGE = -1
"""Whom a correction of the whole proposal concerns."""
_DIGITS = 4
_OVERRIDES: dict[int, Literal["auto", "force_open", "force_close"]] = {
    0: "auto",
    1: "force_open",
    -1: "force_close",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one policy proposed for an epoch, why, and what the envelope made of it.

    policy: net, rule, or fallback (the rule in place of a net that failed); weights: digest of the net's, empty for a
    rule.
    """

    policy: str
    proposed: Sequence[Allocation]
    reasons: Reasons
    verdict: Verdict
    weights: str = ""


def observed(epoch: int, seen: GovernorObservation) -> GovernorObserved:
    """Return the observation as it is told."""
    return GovernorObserved(
        epoch,
        list(NPC_FEATURE_NAMES),
        seen.npcs.tolist(),
        [[round(value, _DIGITS) for value in row] for row in seen.features.tolist()],
        list(WORLD_FEATURE_NAMES),
        [round(value, _DIGITS) for value in seen.world.tolist()],
    )


def allocate(epoch: int, one: Allocation) -> GovernorAllocate:
    """Return an NPC's share as it is told."""
    return GovernorAllocate(
        one.npc,
        one.tick_hz,
        one.cpu_percent,
        one.nice,
        _gates(one),
        one.cortex_priority,
        epoch,
        one.cortex_permission,
    )


def rows(
    common: Mapping[str, object], seen: GovernorObservation, ruling: Ruling, recommended: Ruling | None
) -> list[Row]:
    """Return one row of governor_decisions per share that `ruling` gives, its outcome still open.

    common: run, epoch, at and mode; recommended: what a net in shadow would have given.
    """
    told = observed(0, seen)
    inputs = {
        npc: dict(zip(told.names, row, strict=True))
        for npc, row in zip(told.npcs, told.features, strict=True)
    }
    world = dict(zip(told.world_names, told.world, strict=True))
    proposed = {one.npc: one for one in ruling.proposed}
    corrections = _by_npc(ruling.verdict.clamped)
    other = _recommended(recommended) if recommended else {}
    return [
        {
            **common,
            "npc": one.npc,
            "tick_hz": one.tick_hz,
            "cpu_percent": one.cpu_percent,
            "nice": one.nice,
            "gates": _gates(one),
            "llm_priority": one.cortex_priority,
            "cortex_permission": one.cortex_permission,
            "clamped": one.npc in corrections,
            "policy": ruling.policy,
            "weights": ruling.weights or None,
            "inputs": inputs.get(one.npc),
            "world": world,
            "proposed": _share(proposed[one.npc]) if one.npc in proposed else None,
            "corrections": corrections.get(one.npc, []) + corrections.get(VILLAGE, []),
            "reasons": _plain(ruling.reasons, one.npc),
            "recommended": other.get(one.npc),
        }
        for one in ruling.verdict.allocations
    ]


def _recommended(ruling: Ruling) -> dict[int, Row]:
    corrections = _by_npc(ruling.verdict.clamped)
    return {
        one.npc: {
            **_share(one),
            "weights": ruling.weights,
            "corrections": corrections.get(one.npc, []) + corrections.get(VILLAGE, []),
            "reasons": _plain(ruling.reasons, one.npc),
        }
        for one in ruling.verdict.allocations
    }


def _share(one: Allocation) -> Row:
    return {
        "tick_hz": round(one.tick_hz, _DIGITS),
        "cpu_percent": round(one.cpu_percent, _DIGITS),
        "nice": one.nice,
        "gates": _gates(one),
        "cortex_priority": one.cortex_priority,
        "cortex_permission": one.cortex_permission,
    }


def _gates(one: Allocation) -> dict[str, Literal["auto", "force_open", "force_close"]]:
    """Return the overrides by the name of the gate; a mode there is none of counts as auto."""
    return {
        spec.name: _OVERRIDES.get(mode, "auto") for spec, mode in zip(BODY_GATES, one.gates, strict=False)
    }


def _plain(reasons: Reasons, npc: int) -> dict[str, list[float]]:
    return {name: list(worth) for name, worth in reasons.get(npc, {}).items()}


def _by_npc(clamped: Sequence[Clamp]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for one in clamped:
        found.setdefault(one.npc, []).append(
            {"what": one.what, "proposed": one.proposed, "given": round(one.given, _DIGITS), "why": one.why}
        )
    return found
