"""Devices: what they may do, what is refused, and that one of them cannot harm another."""

import json
import tracemalloc
from math import nan

import pytest

from nimmer.clock import ManualClock
from nimmer.host.device_driver import DeviceDriver
from nimmer.life.devices import DeviceLimits, Devices, Trouble

ECHO = {"echo_us": 1740.0}


class Bench:
    """Devices under a clock that a test turns."""

    def __init__(self, limits: DeviceLimits | None = None) -> None:
        self.clock = ManualClock()
        self.devices = Devices(DeviceDriver, 1.0, limits)
        self._sequence = 0

    def tell(
        self,
        device: str = "greenhouse-1",
        sensor: str = "distance_front",
        raw: dict[str, float] | None = None,
        skew_s: float = 0.0,
    ) -> Trouble | None:
        self._sequence += 1
        now_s = self.clock.monotonic_s()
        return self.devices.take(
            device, sensor, raw or ECHO, self._sequence, int(now_s * 1000), now_s, skew_s
        )

    def poll(self) -> list[str]:
        return [owner for owner, _ in self.devices.poll(self.clock.monotonic_s())]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_reading_becomes_a_wave_of_its_device(bench: Bench) -> None:
    assert bench.tell() is None
    ((owner, wave),) = bench.devices.poll(0.5)
    assert owner == "device.greenhouse-1.distance_front"
    assert (wave.cell, wave.time_s, wave.confidence, wave.values) == (0, 0.5, 0.6, (30.0, 0.0, 0.0))


def test_a_reading_is_spoken_of_once(bench: Bench) -> None:
    bench.tell()
    assert len(bench.poll()) == 1
    bench.clock.advance(0.1)
    assert bench.poll() == []
    bench.tell()
    assert len(bench.poll()) == 1


def test_a_device_that_falls_silent_stops_being_operational_and_returns(bench: Bench) -> None:
    bench.tell()
    bench.poll()
    bench.clock.advance(3.5)
    assert bench.poll() == []
    assert bench.devices.conditions() == {
        "greenhouse-1": {"distance_front": "it gave no reading for more than 3 s"}
    }
    bench.tell()
    assert len(bench.poll()) == 1
    assert bench.devices.conditions()["greenhouse-1"]["distance_front"] == "operational"


def test_a_flood_of_one_sensor_is_bounded_counted_told_once_and_harms_nobody_else(bench: Bench) -> None:
    told: list[Trouble | None] = []
    bench.tell("flood")
    bench.tell("calm")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for turn in range(50_000):
        told.append(bench.tell("flood"))
        if turn % 1000 == 0:
            told.append(bench.tell("calm"))
        bench.clock.advance(1.0 / 50_000)
    told.clear() if not any(told) else None
    troubles = [one for one in told if one is not None]
    del told
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000
    assert [(one.kind, one.entity) for one in troubles] == [("device-flood", "device.flood.distance_front")]
    assert "more than 100 readings a second" in troubles[0].reason
    # the burst and a second's rate of the one, everything of the other
    assert bench.devices.taken == pytest.approx(1 + 200 + 100 + 50, abs=2)
    assert bench.devices.taken + bench.devices.dropped == 50_052
    assert bench.devices.refused == 0


def test_another_sensor_of_a_flooding_device_is_heard(bench: Bench) -> None:
    for _ in range(1000):
        bench.tell()
    assert bench.tell(sensor="light_sensor", raw={"lux": 5.0}) is None
    assert bench.poll() == ["device.greenhouse-1.distance_front", "device.greenhouse-1.light_sensor"]


@pytest.mark.parametrize(
    ("sensor", "raw", "reason"),
    [
        ("distance_front", {"echo_us": nan}, "echo_us is nan"),
        ("distance_front", {"echo_us": 1e9}, "it lies in 0..38000"),
        ("distance_front", {"echo": 5.0}, "the nearest is echo_us"),
        ("distance_front", {"echo_us": 5.0, "more": 1.0}, "'more' is none of its numbers"),
        ("distance_frnt", ECHO, "no cell reads the sensor 'distance_frnt'; the nearest is distance_front"),
        ("host_cpu", {"percent": 5.0}, "no cell reads the sensor 'host_cpu'"),
        ("math", {"echo_us": 5.0}, "no cell reads the sensor 'math'"),
    ],
)
def test_a_bad_reading_is_refused_counted_and_told_once(
    bench: Bench, sensor: str, raw: dict[str, float], reason: str
) -> None:
    told = [bench.tell(sensor=sensor, raw=raw) for _ in range(5)]
    assert told[0] is not None
    assert told[0].kind == "bad-reading"
    assert reason in told[0].reason
    assert told[1:] == [None] * 4
    assert (bench.devices.refused, bench.devices.taken) == (5, 0)
    assert bench.devices.conditions() == {}


def test_a_bad_reading_leaves_the_good_one_before_it(bench: Bench) -> None:
    bench.tell()
    bench.tell(raw={"echo_us": nan})
    ((_, wave),) = bench.devices.poll(0.0)
    assert wave.values[0] == 30.0


def test_a_clock_an_hour_off_is_contained_measured_and_told_once(bench: Bench) -> None:
    told = [bench.tell(skew_s=-3600.0) for _ in range(3)]
    assert told[0] == Trouble(
        "clock-skew",
        "device.greenhouse-1",
        "its clock is 3600 s behind ours; the time of receipt counts",
    )
    assert told[1:] == [None, None]
    assert bench.devices.skews() == {"greenhouse-1": -3600.0}
    ((_, wave),) = bench.devices.poll(bench.clock.monotonic_s())
    assert wave.time_s == bench.clock.monotonic_s()


def test_there_is_room_for_so_many_devices_and_a_silent_one_gives_up_its_place() -> None:
    bench = Bench(DeviceLimits(devices=2, forgotten_s=60.0))
    bench.tell("a")
    bench.clock.advance(30.0)
    bench.tell("b")
    refused = bench.tell("c")
    assert refused is not None
    assert (refused.kind, "2 devices already" in refused.reason) == ("too-many-devices", True)
    assert bench.tell("d") is None
    assert bench.devices.refused == 2
    bench.clock.advance(40.0)
    assert bench.tell("c") is None
    assert sorted(bench.devices.conditions()) == ["b", "c"]


def test_names_made_up_without_end_take_no_memory(bench: Bench) -> None:
    troubles = [bench.tell(f"liar-{number}", "nose") for number in range(10_000)]
    assert sum(one is not None for one in troubles) == 1  # told of once, as of nobody known
    bench.tell("honest")
    assert bench.tell("honest", "nose") is not None  # the others can still be told of
    for number in range(10_000):
        bench.tell(f"liar-{number}")
    assert len(bench.devices.conditions()) == DeviceLimits().devices


def test_a_reading_heard_before_is_refused_and_a_restart_is_not(bench: Bench) -> None:
    devices = bench.devices
    assert devices.take("d", "distance_front", ECHO, 5, 1000, 0.0) is None
    repeated = devices.take("d", "distance_front", ECHO, 5, 1000, 0.1)
    assert repeated is not None
    assert "sequence 5 does not follow 5" in repeated.reason
    assert devices.take("d", "distance_front", ECHO, 0, 20, 0.2) is None
    assert (devices.taken, devices.refused) == (2, 1)


def test_devices_go_on_after_a_restart(bench: Bench) -> None:
    bench.tell()
    bench.tell("shed", "light_sensor", {"lux": 9.0})
    bench.tell("shed", "nose")
    bench.poll()
    other = Bench()
    other.devices.restore(json.loads(json.dumps(bench.devices.state())), 0.0)
    assert other.devices.state() == bench.devices.state()
    assert other.poll() == []  # readings are not remembered, only who there was
    assert other.devices.conditions()["shed"] == {"light_sensor": "it gave no reading yet"}
    other.tell()
    assert other.poll() == ["device.greenhouse-1.distance_front"]
    with pytest.raises(KeyError):
        other.devices.restore({"devices": {"d": {"nose": {}}}}, 0.0)
