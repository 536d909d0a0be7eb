"""What every `Traces` must keep to: drivers inherit this suite and give it a store.

    class TestInMemoryTraces(TracesContract):
        @pytest.fixture
        def traces(self) -> Traces:
            return InMemoryTraces()

Every test writes to a run of its own, so one database may serve them all. Source: docs/style.md, rule 10;
docs/domain.md section 11.
"""

import math
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from nimmer.arena.layout import TRAIL, TRANSITION
from nimmer.chance import Chance
from nimmer.errors import StoreError
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RecordBatch, RowBatch, Traces

UNIX_OFFSET_S = 1_700_000_000.0


_runs = count(0xC0FFEE_0000)


def fresh_run() -> str:
    """Return a run id no other test of this process uses."""
    return f"{next(_runs):016x}"


def trail_batch(run: str, ticks: range, npcs: int = 5, seed: int = 1) -> RecordBatch:
    """Return `npcs` trails for each of `ticks`, of arbitrary but repeatable content, 50 ms apart."""
    rng = Chance(seed).generator("trails", run)
    records = np.zeros(len(ticks) * npcs, dtype=TRAIL)
    records["npc_tick"] = np.repeat(np.arange(ticks.start, ticks.stop), npcs)
    records["world_tick"] = records["npc_tick"] + 7
    records["time_s"] = records["npc_tick"] * 0.05
    records["node"] = rng.integers(0, 25, len(records))
    records["verb"] = rng.integers(0, 5, len(records))
    records["slot"] = rng.integers(-1, 4, len(records))
    records["gates"] = rng.integers(0, 1 << 16, len(records))
    for name in ("energy", "lifeforce", "cost", "reward", "coverage", "lateness_us", "compute_us"):
        records[name] = rng.random(len(records))
    return RecordBatch(run, np.tile(np.arange(npcs), len(ticks)), records, UNIX_OFFSET_S)


def transition_batch(run: str, ticks: range) -> RecordBatch:
    """Return two transitions of NPC 3 for each of `ticks`: a gate closing through both its steps."""
    records = np.zeros(len(ticks) * 2, dtype=TRANSITION)
    records["npc_tick"] = np.repeat(np.arange(ticks.start, ticks.stop), 2)
    records["time_s"] = records["npc_tick"] * 0.05
    records["from_state"] = np.tile([1, 0], len(ticks))
    records["to_state"] = np.tile([0, -1], len(ticks))
    records["value"] = -0.75
    records["triggers"] = 2
    records["trigger_cell"][:, :2] = (4, 5)
    records["trigger_confidence"][:, :2] = (0.5, 0.9)
    return RecordBatch(run, np.full(len(records), 3), records, UNIX_OFFSET_S)


def snapshot_row(run: str, world_tick: int, level: int = 1, state: bytes = b"\x00world\xff") -> Row:
    """Return a row of world_snapshots."""
    return {
        "run": run, "world_tick": world_tick, "at": UNIX_OFFSET_S + world_tick / 20, "level": level,
        "digest": f"d{world_tick}", "state": state,
    }  # fmt: skip


def run_row(run: str, **changes: object) -> Row:
    """Return a row of runs."""
    row: dict[str, object] = {
        "run": run, "seed": 42, "environment": "dev", "npcs": 25, "level": 1, "started_at": UNIX_OFFSET_S,
    }  # fmt: skip
    return row | changes


def incident_row(run: str, incident: str, message: str, detail: object = None) -> Row:
    """Return a row of incidents."""
    return {
        "run": run, "incident": incident, "at": UNIX_OFFSET_S, "kind": "test", "entity": "npc.7",
        "message": message, "detail": detail,
    }  # fmt: skip


class TracesContract:
    """The suite; a subclass gives a fixture `traces`."""

    async def test_trails_come_back_newest_first_as_they_were(self, traces: Traces) -> None:
        """What was recorded is what is read."""
        run = fresh_run()
        batch = trail_batch(run, range(1, 11))
        assert await traces.write(batch) == 50
        trails = await traces.trails(run, npc=2, limit=3)
        assert [trail.tick for trail in trails] == [10, 9, 8]
        record = batch.records[(batch.records["npc_tick"] == 9) & (batch.npcs == 2)][0]
        trail = trails[1]
        assert (trail.run, trail.npc, trail.world_tick) == (run, 2, 16)
        assert trail.at.timestamp() == pytest.approx(UNIX_OFFSET_S + 0.45)
        for name in ("node", "verb", "slot", "gates", "energy", "lifeforce", "coverage", "compute_us"):
            # a real has about 7 digits, and not every driver gives back more of them than that
            assert getattr(trail, name) == pytest.approx(record[name].item(), rel=1e-6)

    async def test_a_batch_written_twice_is_stored_once(self, traces: Traces) -> None:
        """A rewrite stores nothing and counts nothing."""
        run = fresh_run()
        batch = trail_batch(run, range(1, 11))
        assert await traces.write(batch) == 50
        assert await traces.write(batch) == 0
        assert await traces.count_trails(run) == 50

    async def test_a_batch_that_overlaps_stores_only_what_is_new(self, traces: Traces) -> None:
        """The boundaries of batches mean nothing."""
        run = fresh_run()
        await traces.write(trail_batch(run, range(1, 11)))
        assert await traces.write(trail_batch(run, range(6, 16))) == 25
        assert await traces.count_trails(run) == 75

    async def test_the_first_of_two_trails_of_one_tick_stays(self, traces: Traces) -> None:
        """What happened is not rewritten."""
        run = fresh_run()
        batch = trail_batch(run, range(1, 2), npcs=1)
        other = replace(batch, records=batch.records.copy())
        other.records["node"] = batch.records["node"] + 1
        await traces.write(batch)
        await traces.write(other)
        assert [trail.node for trail in await traces.trails(run)] == batch.records["node"].tolist()

    async def test_a_batch_that_repeats_itself_is_stored_once(self, traces: Traces) -> None:
        """Twice within one batch is as good as twice."""
        run = fresh_run()
        batch = trail_batch(run, range(1, 4), npcs=1)
        twice = RecordBatch(run, np.tile(batch.npcs, 2), np.tile(batch.records, 2), UNIX_OFFSET_S)
        assert await traces.write(twice) == 3

    async def test_a_batch_of_twenty_thousand_is_one_write(self, traces: Traces) -> None:
        """A backlog may come at once."""
        run = fresh_run()
        assert await traces.write(trail_batch(run, range(1, 801), npcs=25)) == 20_000
        assert await traces.count_trails(run) == 20_000

    async def test_an_empty_batch_stores_nothing(self, traces: Traces) -> None:
        """Nothing is nothing."""
        run = fresh_run()
        assert await traces.write(trail_batch(run, range(1, 1))) == 0
        assert await traces.write(RowBatch(Table.RUNS, ())) == 0
        assert await traces.trails(run) == []

    async def test_trails_can_be_asked_for_since_a_time(self, traces: Traces) -> None:
        """Since includes its moment."""
        run = fresh_run()
        await traces.write(trail_batch(run, range(1, 11), npcs=2))
        trails = await traces.trails(run, since_s=UNIX_OFFSET_S + 0.4)
        assert [(trail.tick, trail.npc) for trail in trails] == [
            (10, 0),
            (10, 1),
            (9, 0),
            (9, 1),
            (8, 0),
            (8, 1),
        ]

    async def test_not_a_number_is_kept_as_not_a_number(self, traces: Traces) -> None:
        """A broken reading stays visible."""
        run = fresh_run()
        batch = trail_batch(run, range(1, 2), npcs=1)
        batch.records["reward"] = math.nan
        batch.records["energy"] = math.inf
        await traces.write(batch)
        (trail,) = await traces.trails(run)
        assert math.isnan(trail.reward)
        assert trail.energy == math.inf

    async def test_transitions_of_one_tick_are_all_kept_and_once(self, traces: Traces) -> None:
        """A gate that closes takes two steps in one tick."""
        run = fresh_run()
        batch = transition_batch(run, range(1, 101))
        batch.records["value"][:2] = math.nan
        assert await traces.write(batch) == 200
        assert await traces.write(batch) == 0

    async def test_the_latest_snapshot_comes_back_byte_by_byte(self, traces: Traces) -> None:
        """The newest is the one of the highest tick, then of the highest level."""
        run = fresh_run()
        state = bytes(range(256)) * 400
        assert await traces.latest_snapshot(run) is None
        rows = (snapshot_row(run, 400), snapshot_row(run, 400, level=2, state=state), snapshot_row(run, 200))
        assert await traces.write(RowBatch(Table.WORLD_SNAPSHOTS, rows)) == 3
        snapshot = await traces.latest_snapshot(run)
        assert snapshot == (run, 400, 2, "d400", state)

    async def test_a_row_of_events_written_again_is_dropped(self, traces: Traces) -> None:
        """Incidents are events: the first one stays."""
        run = fresh_run()
        assert await traces.write(RowBatch(Table.INCIDENTS, (incident_row(run, "a", "one"),))) == 1
        rows = (incident_row(run, "a", "two"), incident_row(run, "b", "three"))
        assert await traces.write(RowBatch(Table.INCIDENTS, rows)) == 1

    async def test_a_row_of_a_catalogue_written_again_replaces(self, traces: Traces) -> None:
        """A run that ends is the same run, and not a new row."""
        run = fresh_run()
        assert await traces.write(RowBatch(Table.RUNS, (run_row(run),))) == 1
        ended = run_row(run, ended_at=UNIX_OFFSET_S + 9, summary={"level": 2, "coverage": math.nan})
        assert await traces.write(RowBatch(Table.RUNS, (ended,))) == 0

    async def test_text_of_every_script_is_kept(self, traces: Traces) -> None:
        """Names are people's."""
        run = fresh_run()
        row = incident_row(run, "ü-☃-🜁", "Brünnlein 井戸 \\u0000 'quoted'", {"ключ": ["☃", '"', "\\u0000"]})
        assert await traces.write(RowBatch(Table.INCIDENTS, (row,))) == 1
        assert await traces.write(RowBatch(Table.INCIDENTS, (row,))) == 0

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"message": "a\0b"}, "incidents.message"),
            ({"message": "\ud800"}, "incidents.message"),
            ({"detail": {"a": "\0"}}, "NUL"),
            ({"at": math.nan}, "incidents.at"),
            ({"run": "short"}, "incidents.run"),
            ({"entity": None}, "incidents.entity is missing"),
            ({"colour": "red"}, "no column colour"),
        ],
    )
    async def test_a_row_no_database_could_keep_is_refused_when_it_is_made(
        self, changes: dict[str, object], named: str, traces: Traces
    ) -> None:
        """Nothing is acknowledged that would be refused after an outage."""
        row = dict(incident_row(fresh_run(), "a", "m")) | changes
        with pytest.raises(StoreError, match=named):
            await traces.write(RowBatch(Table.INCIDENTS, (row,)))

    async def test_a_store_that_was_closed_works_again(self, traces: Traces) -> None:
        """Closing gives back a connection, not the store."""
        run = fresh_run()
        await traces.write(trail_batch(run, range(1, 2)))
        await traces.close()
        assert await traces.count_trails(run) == 5
