"""How cortex and organs fare, as a line each for people."""

from rich.text import Text

from nimmer.bus.cortex_messages import CortexStatus
from nimmer.bus.organ_messages import OrgansStatus
from nimmer.cli.palette import ERROR, OK, WARNING


def cortex_line(cortex: CortexStatus) -> Text:
    """Return the engine and whether it is there, the gate, the queue, and what became of the questions."""
    line = Text.assemble(
        (f"{cortex.engine} ready" if cortex.ready else f"{cortex.engine} AWAY", OK if cortex.ready else ERROR)
    )
    if not cortex.open:
        line.append(", gate closed", WARNING)
    line.append(
        f", {cortex.waiting} waiting, {cortex.running} of {cortex.slots} running; {_outcomes(cortex.outcomes)}"
    )
    line.append(f"; p50 {cortex.p50_ms:.0f} ms, p95 {cortex.p95_ms:.0f} ms")
    if cortex.restarts:
        line.append(f", {cortex.restarts} engine restarts", WARNING)
    if cortex.reason:
        line.append(f"; {cortex.reason}", WARNING)
    return line


def organs_line(organs: OrgansStatus) -> Text:
    """Return what is on each card, the queue, and what became of the operations."""
    cards = ", ".join(f"card {one.card} {one.model or 'empty'} ({one.state})" for one in organs.cards)
    line = Text(f"{cards}; {organs.waiting} waiting")
    if organs.deferred:
        line.append(f", {organs.deferred} deferred", WARNING)
    line.append(f"; {_outcomes(organs.outcomes)}")
    return line


def _outcomes(outcomes: dict[str, int]) -> str:
    return (
        ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()) if count)
        or "nothing asked yet"
    )
