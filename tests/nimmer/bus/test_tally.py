import logging

import pytest

from nimmer.bus.bus import BusCounts
from nimmer.bus.tally import SUBJECTS_LOGGED, Tally, Watchman

LOG = logging.getLogger("test.watchman")


def test_trouble_on_one_subject_is_logged_once_and_counted_always(caplog: pytest.LogCaptureFixture) -> None:
    tally, told = Tally(), list[tuple[str, str]]()
    watchman = Watchman("guest", tally, lambda *one: told.append(one), LOG)
    for _ in range(3):
        watchman.violation("publish", "dev.a.b.c")
        watchman.slow("dev.a.b.c")
        watchman.handler_error("dev.a.b.c", ValueError("no"))
    assert tally.read() == BusCounts(dropped=3, permission_violations=3, handler_errors=3)
    assert told == [("publish", "dev.a.b.c")] * 3
    assert len(caplog.records) == 3


def test_trouble_with_the_broker_is_logged_anew_after_calm(caplog: pytest.LogCaptureFixture) -> None:
    watchman = Watchman("guest", Tally(), None, LOG)
    watchman.trouble("eof", "gone")
    watchman.trouble("eof", "gone")
    watchman.calm()
    watchman.trouble("eof", "gone again")
    assert len(caplog.records) == 2


def test_the_log_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    watchman = Watchman("guest", Tally(), None, LOG)
    for number in range(SUBJECTS_LOGGED + 10):
        watchman.slow(f"dev.a.b.{number}")
    assert len(caplog.records) == SUBJECTS_LOGGED
