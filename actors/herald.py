"""A herald says on the bus what the gates of one shell did, in the gate's own name.

Source: docs/domain.md section 7 (GateTransition) and 13 point 13 (the state stands in the subject).
"""

from collections.abc import Sequence
from typing import Literal

from actors.shell import Shell
from nimmer.bus.life_messages import Scalar
from nimmer.bus.message import GateTransition, Source, TriggerSignal, stamp
from nimmer.bus.mirror import STATE_TOKENS, STATES
from nimmer.bus.voice import Voice
from nimmer.life.gate_spec import GateSpec
from nimmer.life.senses import CELLS, said
from nimmer.life.transition import PSEUDO_SOURCES, Cause, Transition


class Herald:
    """The voices of a shell's cells and gates, made when they first speak."""

    def __init__(self, shell: Shell, gates: Sequence[GateSpec] = ()) -> None:
        """Speak through the outbox of `shell`; `gates` are the table that transitions index."""
        self._shell = shell
        self._gates = gates
        self._offset_s = shell.clock.unix_s() - shell.clock.monotonic_s()
        self._voices: dict[tuple[str, int], Voice] = {}

    def announce(self, transitions: Sequence[Transition]) -> None:
        """Say each transition, to be published until it is acknowledged."""
        for one in transitions:
            gate = self._gates[one.gate]
            state = one.to_state + 1
            body = GateTransition(
                gate_id=gate.name,
                domain=gate.domain,
                from_state=STATES[one.from_state + 1],
                to_state=STATES[state],
                state_value=one.value,
                correlation_score=one.correlation,
                routed_to_tier=one.tier,
                lifeforce_cost=one.cost,
                trigger_signals=[
                    TriggerSignal(named(cell), sure, stamp(time_s + self._offset_s), content(cell, values))
                    for cell, sure, time_s, values in one.triggers
                ],
                cause=Cause(one.cause).name.lower(),
                weight=one.weight,
            )
            voice = self.voice(gate.name, one.tier, "gate")
            message_id = voice.message_id()
            self._shell.post(
                "thalamus.gate.{state}", voice.say(body, message_id), message_id, state=STATE_TOKENS[state]
            )

    def voice(self, entity: str, tier: int, kind: Literal["cell", "gate"]) -> Voice:
        """Return the voice of one cell or gate at `tier`."""
        key = (entity, tier)
        if key not in self._voices:
            self._voices[key] = Voice(Source(entity, kind, "real", tier), self._shell.clock)
        return self._voices[key]


def content(cell: int, values: tuple[float, ...]) -> dict[str, Scalar]:
    """Return what a trigger wave said, by name; nothing for one who gave an order."""
    return {} if cell in PSEUDO_SOURCES else said(CELLS[cell], values)  # type: ignore[return-value]  # numbers and words


def named(cell: int) -> str:
    """Return who stands behind the code in a trigger: a cell, or whoever gave an order."""
    return PSEUDO_SOURCES.get(cell) or CELLS[cell].name
