"""The watch over a village's servers: what ended is started again, and what does not start is tried again."""

from typing import Any, cast

import pytest

from nimmer.cli.servers import Servers
from nimmer.clock import ManualClock
from nimmer.errors import HostError
from nimmer.host.processes import ProcessId


class Server:
    """A server whose deaths and failed starts are decided by the test."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.refusing = False
        self.starts = 0
        self.stops = 0

    @property
    def identity(self) -> ProcessId:
        return ProcessId(1000 + self.starts, 1)

    def poll(self) -> int | None:
        return self.status

    def restart(self) -> str:
        if self.refusing:
            raise HostError("its port is taken")
        self.starts += 1
        self.status = None
        return "url"

    def stop(self) -> None:
        self.stops += 1


class Household:
    """Keeps what it is told of servers."""

    def __init__(self) -> None:
        self.named: dict[str, ProcessId] = {}

    def own_server(self, name: str, identity: ProcessId) -> None:
        self.named[name] = identity


class Watch:
    """Servers with one server, told by hand what time it is."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.household = Household()
        self.server = Server()
        self.servers = Servers(cast("Any", None), cast("Any", self.household), cast("Any", None), self.clock)
        self.servers._watch("nats", self.server)
        self.said: list[str] = []

    def tend(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.servers.tend(self.said.append)
            self.clock.advance(0.1)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_server_that_runs_is_left_alone(watch: Watch) -> None:
    watch.tend(5.0)
    assert watch.said == []
    assert watch.server.starts == 0


def test_one_that_ended_is_started_again_and_named_anew(watch: Watch) -> None:
    watch.server.status = -9
    watch.tend(1.0)
    assert watch.said == [
        "nats ended with status -9 and is started again",
        "nats runs again, after it had ended with status -9",
    ]
    assert watch.household.named["nats"] == ProcessId(1001, 1)


def test_one_whose_port_is_taken_for_half_a_minute_is_tried_until_it_runs(watch: Watch) -> None:
    watch.server.status, watch.server.refusing = -9, True
    watch.tend(30.0)
    tries = [line for line in watch.said if "does not start again" in line]
    assert 6 <= len(tries) <= 12  # ever more seldom, at most every five seconds
    assert "its port is taken" in tries[0]
    watch.server.refusing = False
    watch.tend(6.0)
    assert watch.said[-1] == "nats runs again, after it had ended with status -9"
    assert watch.server.starts == 1


def test_one_that_ends_again_and_again_is_given_up_with_the_reason(watch: Watch) -> None:
    for _ in range(6):
        watch.server.status = 1
        watch.tend(4.0)
    assert watch.server.starts == 5
    assert "nats is given up: died 6 times in 60 s" in watch.said[-1]
    watch.tend(60.0)
    assert watch.server.starts == 5


def test_stopping_stops_each_once(watch: Watch) -> None:
    watch.servers.stop()
    watch.servers.stop()
    assert watch.server.stops == 1
