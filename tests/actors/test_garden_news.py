"""What the garden tells of itself holds on the wire and in the tables."""

import pytest
from msgspec import Struct

from actors import garden_news
from nimmer.bus.message import Source, encode
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch
from nimmer.world.garden import RealGarden
from nimmer.world.levels import Levels
from nimmer.world.rules import Rules

RUN = "0123456789abcdef"


@pytest.fixture
def garden(levels: Levels) -> RealGarden:
    one = RealGarden(levels, Rules(), 7, 9)
    one.begin(1)
    return one


def wire(body: Struct) -> bytes:
    return encode(body, Source("garden", "service"), 0.0, "7cbded66-3563-44e0-9dca-82d1d6a18f43")


def test_an_aggregate_counts_everyone_once(garden: RealGarden) -> None:
    body = garden_news.aggregate(garden)
    assert wire(body)
    assert sum(body.occupants) == 9
    assert (body.rows, body.columns) == (5, 5)
    assert len(body.known_share) == 25
    assert body.coverage == 0.0


def test_a_snapshot_carries_the_digest_of_the_state(garden: RealGarden) -> None:
    body = garden_news.snapshot(RUN, garden)
    assert wire(body)
    assert body.digest == garden.digest.hex()
    assert [one.npc_id for one in body.npcs] == list(range(9))
    assert [one.node for one in body.npcs] == garden.village.node[0].tolist()


def test_a_snapshot_row_and_the_quiz_rows_fit_their_tables(garden: RealGarden) -> None:
    row = garden_news.snapshot_row(RUN, garden, garden.village.to_bytes(), 1.7e9)
    assert len(RowBatch(Table.WORLD_SNAPSHOTS, (row,))) == 1
    report = garden_news.quiz_report(RUN, garden, garden.examine())
    assert wire(report)
    assert not report.passed
    rows = garden_news.quiz_rows(report, 1.7e9)
    assert len(RowBatch(Table.QUIZ_RESULTS, rows)) == 9
    assert {row["correct"] for row in rows} == {0}


def test_an_irregular_graph_is_told_without_rows_and_columns(garden: RealGarden, levels: Levels) -> None:
    irregular = [level for level in levels if garden_news._shape(level.graph.positions) == (0, 0)]
    for level in levels:
        rows, columns = garden_news._shape(level.graph.positions)
        assert rows * columns in (0, level.nodes)
    assert garden_news._shape(levels[1].graph.positions[:-1]) == (0, 0)
    assert len(irregular) < len(levels)
