"""The scribe of one NPC: what its body lived through becomes records in its diary.

Source: docs/domain.md section 11 (decision trails, ledger, heartbeats); nimmer.arena.layout has the records.
"""

from collections.abc import Sequence

from nimmer.arena.diary import Diary
from nimmer.arena.layout import COMMANDS, NERVE_VITALS, READS, STATES
from nimmer.life.behaviour import Lesson
from nimmer.life.body import Body
from nimmer.life.metabolism import Beat
from nimmer.life.nerve import Nerve
from nimmer.life.nerve_run import RunOutcome
from nimmer.life.nerve_spec import DISABLED
from nimmer.life.nerve_table import NERVE_NAMES

_NO_NERVE = (0.0,) * len(NERVE_VITALS.names or ())


class Scribe:
    """Writes into one diary."""

    def __init__(self, diary: Diary) -> None:
        """Write into `diary`."""
        self._diary = diary

    def lesson(self, lesson: Lesson, npc_tick: int, now_s: float, latency_s: float) -> bool:
        """Write a nerve's run that ended in `npc_tick`; False, counted, when the ring is full.

        latency_s: from the wave that called for it to its first act.
        """
        run, opening, page = lesson.run, lesson.opening, self._diary.nerve_trails
        return page.write(
            (
                page.written + 1, npc_tick, opening.tick, run.started_tick, run.ended_tick, run.started_s, run.acted_s,
                now_s, run.nerve, run.mode, run.outcome, run.event, lesson.gate, opening.cause, run.matched,
                len(run.states), len(run.reads), len(run.commands), lesson.tier, 0, _padded(run.reads, READS),
                _padded(run.states, STATES), _padded([verb for verb, _ in run.commands], COMMANDS),
                _padded([slot for _, slot in run.commands], COMMANDS), run.cost, run.reward, run.rubric, lesson.weight,
                lesson.delta, latency_s * 1e3,
            )
        )  # fmt: skip

    def beat(self, beat: Beat, body: Body, now_s: float) -> None:
        """Write a beat that ended: its sums, then its close."""
        for entry in beat.entries:
            self._diary.ledger.write(
                (
                    now_s,
                    beat.beat,
                    entry.amount_micro,
                    entry.unpaid_micro,
                    entry.count,
                    entry.kind,
                    entry.reason,
                    0,
                )
            )
        self._diary.beats.write(
            (
                now_s, beat.beat, beat.level_micro, beat.balance, beat.budget_left_ms, body.growth.rubric.points.value,
                body.attention.mode, body.metabolism.vigour.current, 0, beat.ticks, beat.openings,
            )
        )  # fmt: skip

    def fare(self, body: Body) -> None:
        """Rewrite how the body fares, for whoever looks."""
        ledger, attention = body.ledger, body.attention
        self._diary.fare(
            (
                attention.mode, body.metabolism.vigour.current, 0, attention.budget_left_ms, ledger.balance,
                ledger.reserve_s, body.growth.rubric.points.value, body.growth.rubric.counts["nerve"],
            ),
            _by_number(body),
            [
                (tier.events, tier.over, tier.mean_s * 1e3, tier.quantile(0.99) * 1e3, tier.worst_s * 1e3)
                for tier in body.reactions.tiers
            ],
        )  # fmt: skip


def _padded(values: Sequence[int], length: int) -> list[int]:
    """Return `values` with zeros behind them, `length` in all."""
    kept = list(values[:length])
    return kept + [0] * (length - len(kept))


def _by_number(body: Body) -> list[tuple[float, ...]]:
    """Return one record of `NERVE_VITALS` per nerve number from 1; a table may leave nerves out."""
    found: list[tuple[float, ...]] = [_NO_NERVE] * len(NERVE_NAMES)
    for nerve, weight in body.behaviour.weights():
        found[nerve.number - 1] = _nerve_vitals(nerve, weight)
    return found


def _nerve_vitals(nerve: Nerve, weight: float) -> tuple[float, ...]:
    """Return a record of `NERVE_VITALS`."""
    statistics, evolution = nerve.statistics, nerve.evolution
    failed = statistics.outcomes(RunOutcome.FAILURE) + statistics.outcomes(RunOutcome.TIMEOUT)
    return (
        evolution.mode(weight), nerve.current, nerve.current != DISABLED, evolution.compiled is not None, weight,
        statistics.runs, statistics.outcomes(RunOutcome.SUCCESS), failed, len(evolution.library),
        statistics.acted, statistics.mean_cost, statistics.mean_latency_s * 1e3,
    )  # fmt: skip
