"""The numbers of a village under scarcity: what a tick costs, how triggers come, how the cortex answers, what goes wrong.

`measured` numbers come from a recorded run of a real village (docs/bench/governor_trace.csv; docs/governor.md shows
the error that is left). The others are assumptions, each named here, so that a reader can change one and train again.
Source: docs/domain.md section 8 ("a starved NPC that missed a trigger nearby did not; five cortex gates open at once
ruin latency").
"""

from dataclasses import dataclass, fields

from nimmer.errors import WorldError

KINDS = ("collision", "battery", "exploration", "conversation", "question")
"""Kinds of triggers. The first four are the body's gates of that index; a question is for the cortex."""
QUESTION = KINDS.index("question")


@dataclass(frozen=True, slots=True)
class ScarcityModel:
    """One village under scarcity.

    Compute. tick_cost_ms: CPU of one tick (measured); heaviness: how many times heavier a mind of this village is than
    the measured one, which is what makes 5..100 % of a core matter; uneven: standard deviation of the logarithm of an
    NPC's own weight; nerve_ticks: CPU of handling a trigger, in ticks; call_ticks: of a question to the cortex.

    Triggers, in the order of `KINDS`. quiet_per_s: how often one comes while its cause is there (measured, but for questions); burst_per_s: during an
    episode; calm_s, episode_s: mean time between episodes of danger and of questions, and their mean length;
    deadline_ms: an NPC must look, often enough for its gate to open, within it; looks: looks a gate needs, one when it
    is forced open; false_alarm: chance per tick that a gate forced open wakes its nerve for nothing; succeeds: share of
    nerves' runs that succeed (measured).

    Cortex. slots: questions it answers at a time; answer_ms, answer_spread: median and logarithmic standard deviation
    of an answer; timeout_ms: later ones are worthless.

    Lifeforce, LF. look_price: of a tick (measured); dear: how many times dearer life is than measured; run_price: of a nerve's run; call_price: of a question;
    income_per_s; fact_pays (measured); met_pays, missed_costs: per kind; most: what is above earns nothing.

    Anomalies. starved_share: share of worlds with an NPC that gets only starved_to of its quota; stuck_share: share of
    worlds whose cortex is stuck for a while.

    Time. world_hz; epoch_ticks: shorter than the village's 600, so that a training of minutes sees many epochs.
    """

    tick_cost_ms: float = 0.305
    heaviness: float = 65.0
    uneven: float = 0.3
    nerve_ticks: float = 1.0
    call_ticks: float = 3.0
    quiet_per_s: tuple[float, ...] = (0.0794, 0.0667, 0.1205, 0.245, 0.02)
    burst_per_s: tuple[float, ...] = (0.8, 0.0667, 0.1205, 0.245, 0.4)
    calm_s: float = 60.0
    episode_s: float = 15.0
    deadline_ms: tuple[float, ...] = (400.0, 1000.0, 1000.0, 1500.0, 1000.0)
    looks: int = 2
    false_alarm: float = 0.02
    succeeds: float = 0.756
    slots: int = 1
    answer_ms: float = 1500.0
    answer_spread: float = 0.5
    timeout_ms: float = 4000.0
    look_price: float = 0.02
    dear: float = 5.0
    run_price: float = 0.05
    call_price: float = 1.0
    income_per_s: float = 5.0 / 60.0
    fact_pays: float = 7.94
    met_pays: tuple[float, ...] = (5.0, 10.0, 0.5, 3.0, 5.0)
    missed_costs: tuple[float, ...] = (5.0, 0.0, 0.0, 0.0, 2.0)
    most: float = 200.0
    starved_share: float = 0.3
    starved_to: float = 0.3
    stuck_share: float = 0.3
    world_hz: float = 20.0
    epoch_ticks: int = 100

    def __post_init__(self) -> None:
        """Raise WorldError naming the number, its value and what is allowed when one makes no sense."""
        for field in fields(self):
            value = getattr(self, field.name)
            numbers = value if isinstance(value, tuple) else (value,)
            if isinstance(value, tuple) and len(value) != len(KINDS):
                raise WorldError(
                    f"{field.name} has {len(value)} numbers; there are {len(KINDS)} kinds: {KINDS}"
                )
            if not all(0.0 <= number < 1e9 for number in numbers):
                raise WorldError(f"{field.name} is {value}; it must be finite and 0 or more")
        for name in (
            "tick_cost_ms",
            "heaviness",
            "calm_s",
            "episode_s",
            "answer_ms",
            "world_hz",
            "epoch_ticks",
            "looks",
        ):
            if getattr(self, name) <= 0:
                raise WorldError(f"{name} is {getattr(self, name)}; it must be more than 0")

    @property
    def tick_s(self) -> float:
        """Return the length of a world tick, s."""
        return 1.0 / self.world_hz

    @property
    def epoch_s(self) -> float:
        """Return the length of an epoch, s."""
        return self.epoch_ticks / self.world_hz

    def whole_percent(self, npcs: int) -> float:
        """Return what `npcs` NPCs at the highest rate would use, percent of one core."""
        return npcs * self.world_hz * self.tick_cost_ms * self.heaviness / 10.0
