import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nimmer.clock import ManualClock, SystemClock
from nimmer.errors import StoreError
from nimmer.stores.tables import Row, Table
from nimmer.stores.traces import RowBatch
from serve_apps.row_post import RowPost

CLOCK = SystemClock()


class Recorder:
    """Takes rows unless it is away."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.error: Exception | None = None
        self.bad = ""
        """A row it refuses, and whatever comes with it."""
        self.asked = 0

    async def keep(self, batch: RowBatch) -> object:
        self.asked += 1
        await CLOCK.sleep_s(0.0)
        if self.error is not None:
            raise self.error
        if any(one["call"] == self.bad for one in batch.rows):
            raise StoreError(f"{self.bad} is refused")
        self.rows += batch.rows
        return len(batch.rows)


def row(number: int, **more: object) -> Row:
    return {
        "run": "0" * 16,
        "call": f"call-{number}",
        "at": 1e9,
        "identity": "guest",
        "priority": 5,
        "event_type": "chat",
        "domain": "api",
        "outcome": "answered",
        **more,
    }


@asynccontextmanager
async def posting(recorder: Recorder, room: int = 100, room_bytes: int = 1 << 20) -> AsyncIterator[RowPost]:
    post = RowPost(Table.CORTEX_CALLS, recorder.keep, ManualClock(), room, room_bytes)
    task = asyncio.create_task(post.run())
    try:
        yield post
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def test_rows_are_gone_from_here_when_they_are_acknowledged() -> None:
    recorder = Recorder()
    async with posting(recorder) as post:
        for number in range(450):
            post.put(row(number))
            await CLOCK.sleep_s(0.0)
        assert await post.drain(20.0) == 0
    assert [one["call"] for one in recorder.rows] == [f"call-{number}" for number in range(450)]
    assert (post.kept, post.dropped) == (450, 0)


async def test_rows_wait_for_a_recorder_that_is_away_and_none_is_lost() -> None:
    recorder = Recorder()
    recorder.error = ValueError("Failed to look up actor with name 'recorder'")
    async with posting(recorder) as post:
        post.put(row(1))
        while recorder.asked < 3:
            await CLOCK.sleep_s(0.0)
        assert post.waiting == 1
        recorder.error = None
        assert await post.drain(20.0) == 0
    assert len(recorder.rows) == 1


async def test_when_it_is_away_too_long_the_oldest_are_dropped_and_counted() -> None:
    recorder = Recorder()
    recorder.error = TimeoutError()
    async with posting(recorder, room=3) as post:
        for number in range(5):
            post.put(row(number))
        assert (post.waiting, post.dropped) == (3, 2)
        recorder.error = None
        await post.drain(20.0)
    assert [one["call"] for one in recorder.rows] == ["call-2", "call-3", "call-4"]
    assert post.complaint() == "2 rows were lost while the recorder was away"


async def test_large_rows_that_wait_are_bounded_by_their_bytes() -> None:
    recorder = Recorder()
    recorder.error = TimeoutError()
    async with posting(recorder, room_bytes=10_000) as post:
        for number in range(5):
            post.put(row(number, request={"text": "x" * 3000}))
        assert (post.waiting, post.lost) == (3, 2)
        recorder.error = None
        assert await post.drain(20.0) == 0
        post.put(row(9, request={"text": "x" * 9000}))
        assert await post.drain(20.0) == 0
    assert post.kept == 4


async def test_a_row_that_does_not_fit_costs_itself_only() -> None:
    recorder = Recorder()
    async with posting(recorder) as post:
        for number in range(6):
            post.put(row(number, world_tick=2**63 if number == 3 else number))
        await post.drain(20.0)
    assert [one["call"] for one in recorder.rows] == ["call-0", "call-1", "call-2", "call-4", "call-5"]
    assert (post.kept, post.refused, post.lost) == (5, 1, 0)
    assert post.complaint() == "1 rows were refused, see the log"


async def test_a_row_that_only_the_recorder_refuses_costs_itself_only() -> None:
    recorder = Recorder()
    recorder.bad = "call-3"
    async with posting(recorder) as post:
        for number in range(6):
            post.put(row(number))
        await post.drain(20.0)
        asked = recorder.asked
        for number in range(6, 9):
            post.put(row(number))
        await post.drain(20.0)
    assert [one["call"] for one in recorder.rows] == [f"call-{number}" for number in range(9) if number != 3]
    assert (post.kept, post.refused) == (8, 1)
    assert recorder.asked == asked + 1, "later rows go together again"


async def test_rows_the_recorder_refuses_are_counted_and_do_not_stand_in_the_way() -> None:
    recorder = Recorder()
    async with posting(recorder) as post:
        post.put(row(1, outcome=None))
        await post.drain(20.0)
        recorder.error = StoreError("the disk spool is full")
        post.put(row(2))
        await post.drain(20.0)
        recorder.error = None
        post.put(row(3))
        await post.drain(20.0)
    assert (post.dropped, post.refused) == (2, 2)
    assert [one["call"] for one in recorder.rows] == ["call-3"]
