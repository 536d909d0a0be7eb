"""The attention budget of one beat: 30,000 ms, of which everything that is attended to takes its part.

    30,000 = overhead 100 + state write 200 + gates + organs + cognition + virtual garden + idle
    gates      50 per opening at tier 0, 100 per other opening
    organs     2000 each, out of min(40 % of the remainder, 12,000)
    cognition  4000 each, out of min(50 % of what then remains, 8,000)
    virtual    all that is left at the end of the beat, if it is more than 1000

What is subtracted is what was *spent*, never a cap. An opening at tier 3 or 4 costs as much as one at tier 1 or 2:
the organ or thought behind it is paid when it is called.
Source: docs/domain.md section 6 (beat) with its [R] caps.
"""

from typing import NamedTuple

BEAT_MS = 30_000
OVERHEAD_MS = 100
STATE_WRITE_MS = 200
REFLEX_GATE_MS = 50
GATE_MS = 100
ORGAN_MS = 2000
ORGAN_SHARE, ORGAN_CAP_MS = 0.4, 12_000
COGNITION_MS = 4000
COGNITION_SHARE, COGNITION_CAP_MS = 0.5, 8_000
VIRTUAL_MINIMUM_MS = 1000
"""The virtual garden is not worth entering for less than this."""


class Spending(NamedTuple):
    """Where the 30,000 ms of one beat went; the parts always sum to them."""

    overhead: int
    state_write: int
    gates: int
    organs: int
    cognition: int
    virtual: int
    idle: int


class BeatBudget:
    """What is left of one beat's attention. It is never overdrawn: what does not fit is refused."""

    __slots__ = ("cognition", "gates", "organs")

    def __init__(self) -> None:
        """Begin a beat: the overhead and the writing of state are set aside."""
        self.gates = self.organs = self.cognition = 0

    @property
    def left_ms(self) -> int:
        """Return what is not spent, ms, 0 or more."""
        return BEAT_MS - OVERHEAD_MS - STATE_WRITE_MS - self.gates - self.organs - self.cognition

    @property
    def organs_left_ms(self) -> int:
        """Return what organs may still take, ms."""
        remainder = BEAT_MS - OVERHEAD_MS - STATE_WRITE_MS - self.gates
        allowed = min(int(remainder * ORGAN_SHARE), ORGAN_CAP_MS) - self.organs
        return max(0, min(allowed, self.left_ms))

    @property
    def cognition_left_ms(self) -> int:
        """Return what cognition may still take, ms."""
        remainder = BEAT_MS - OVERHEAD_MS - STATE_WRITE_MS - self.gates - self.organs
        allowed = min(int(remainder * COGNITION_SHARE), COGNITION_CAP_MS) - self.cognition
        return max(0, min(allowed, self.left_ms))

    def open_gate(self, tier: int) -> bool:
        """Spend on one opening of a gate of `tier`; False, and all is spent, when not enough was left."""
        price = GATE_MS if tier else REFLEX_GATE_MS
        left = self.left_ms
        self.gates += min(price, left)
        return price <= left

    def use_organ(self) -> bool:
        """Spend on one use of an organ; False, and nothing is spent, when that is more than organs may take."""
        if self.organs_left_ms < ORGAN_MS:
            return False
        self.organs += ORGAN_MS
        return True

    def think(self) -> bool:
        """Spend on one thought of the cortex; False, and nothing is spent, when that is too much."""
        if self.cognition_left_ms < COGNITION_MS:
            return False
        self.cognition += COGNITION_MS
        return True

    def spending(self) -> Spending:
        """Return where the beat's attention would go if it ended now."""
        left = self.left_ms
        virtual = left if left > VIRTUAL_MINIMUM_MS else 0
        return Spending(
            OVERHEAD_MS, STATE_WRITE_MS, self.gates, self.organs, self.cognition, virtual, left - virtual
        )

    def state(self) -> list[int]:
        """Return what was spent on gates, organs and cognition, ms, as a plain JSON value."""
        return [self.gates, self.organs, self.cognition]

    def restore(self, state: object) -> None:
        """Take back what `state` returned. Raises TypeError or ValueError when it is not a beat's."""
        if not isinstance(state, list) or len(state) != 3:
            raise ValueError("a beat's spending is three numbers: gates, organs and cognition, ms")
        gates, organs, cognition = (int(str(part)) for part in state)
        if (
            min(gates, organs, cognition) < 0
            or gates + organs + cognition > BEAT_MS - OVERHEAD_MS - STATE_WRITE_MS
        ):
            raise ValueError(f"{state} ms do not fit into one beat of {BEAT_MS} ms")
        self.gates, self.organs, self.cognition = gates, organs, cognition


def plan(reflex_gates: int, other_gates: int, organs: int, thoughts: int) -> Spending:
    """Return where a whole beat goes in which so many gates open, organs are wanted and thoughts asked for."""
    beat = BeatBudget()
    for tier, openings in ((0, reflex_gates), (1, other_gates)):
        for _ in range(openings):
            beat.open_gate(tier)
    for _ in range(organs):
        beat.use_organ()
    for _ in range(thoughts):
        beat.think()
    return beat.spending()
