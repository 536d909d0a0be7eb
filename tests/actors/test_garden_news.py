"""What the garden tells of itself holds on the wire and in the tables."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import Struct

from actors import garden_news
from nimmer.bus.message import MAX_PAYLOAD, Source, encode
from nimmer.stores.tables import Table
from nimmer.stores.traces import RowBatch
from nimmer.world.ascent import Ascent, LevelChange, QuizPace
from nimmer.world.garden import RealGarden
from nimmer.world.lagging import Lag, lag
from nimmer.world.levels import Levels
from nimmer.world.promotion import PromotionRule
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
    rows = garden_news.quiz_rows(RUN, garden, garden.examine(), 1.7e9)
    assert len(RowBatch(Table.QUIZ_RESULTS, rows)) == 9
    assert {row["correct"] for row in rows} == {0}


def test_a_quiz_report_says_who_lags_on_what(garden: RealGarden) -> None:
    report = garden_news.quiz_report(RUN, garden, garden.examine(), lag_of(garden))
    assert wire(report)
    assert not report.passed
    assert {(len(sheet.missing), sheet.missed) for sheet in report.npcs} == {(25, 25)}
    assert report.lag is not None
    assert (report.lag.complete, report.lag.lagging, report.lag.laggards[0].npc_id) == (0, 9, 0)
    assert report.lag.laggards[0].gaps[7].traits == ["red", "well"]


def test_a_report_of_many_who_know_nothing_fits_a_message(levels: Levels) -> None:
    crowd = RealGarden(levels, Rules(), 7, 500)
    crowd.begin(3)
    report = garden_news.quiz_report(RUN, crowd, crowd.examine(), lag_of(crowd))
    assert len(wire(report)) < MAX_PAYLOAD / 2
    assert {sheet.missed for sheet in report.npcs} == {2500}


def test_a_change_of_level_is_told_and_kept(garden: RealGarden) -> None:
    change = LevelChange(600, 1, 2, 1.7e9, "all 9 NPCs know every location")
    body = garden_news.level_change(RUN, change)
    assert wire(body)
    assert (body.kind, body.level_from, body.level_to) == ("promotion", 1, 2)
    rows = garden_news.promotion_rows(RUN, 9, [change, replace(change, level_from=2, level_to=1)])
    assert len(RowBatch(Table.PROMOTIONS, rows)) == 2
    assert [row["kind"] for row in rows] == ["promotion", "demotion"]


def test_the_curriculum_says_where_the_village_stands(garden: RealGarden) -> None:
    ascent = Ascent(PromotionRule(3), QuizPace(6000, 600), garden.village)
    body = garden_news.curriculum_status(RUN, garden, ascent)
    assert wire(body)
    assert (body.level, body.levels, body.name, body.locations) == (1, 3, "boxy houses", 25)
    assert (body.next_tick, body.quizzes, body.passed, body.changes) == (6000, 0, False, [])


def lag_of(garden: RealGarden) -> Lag:
    quiz = garden.examine()
    return lag(garden.level, garden.village, quiz, np.zeros(garden.npcs, np.int64))


def test_an_irregular_graph_is_told_without_rows_and_columns(garden: RealGarden, levels: Levels) -> None:
    irregular = [level for level in levels if garden_news._shape(level.graph.positions) == (0, 0)]
    for level in levels:
        rows, columns = garden_news._shape(level.graph.positions)
        assert rows * columns in (0, level.nodes)
    assert garden_news._shape(levels[1].graph.positions[:-1]) == (0, 0)
    assert len(irregular) < len(levels)
