"""Every driver keeps to the port's contract."""

import pytest

from nimmer.host.device_driver import MOST_SENSORS, DeviceDriver
from nimmer.host.driver import Driver
from nimmer.host.sensors import HostSensors
from nimmer.host.simulated_driver import SimulatedDriver
from nimmer.testing.driver_contract import NOW_S, DriverContract

ECHO = {"echo_us": 1740.0}


class TestSimulatedDriver(DriverContract):
    @pytest.fixture
    def driver(self) -> Driver:
        one = SimulatedDriver()
        one.set("distance_front", ECHO, NOW_S)
        one.set("battery_monitor", {"millivolts": 3900.0}, NOW_S)
        return one


class TestDeviceDriver(DriverContract):
    @pytest.fixture
    def driver(self) -> Driver:
        one = DeviceDriver()
        one.take("distance_front", ECHO, 0, 10, NOW_S)
        return one


class TestHostSensors(DriverContract):
    @pytest.fixture
    def driver(self) -> Driver:
        return HostSensors()


def test_a_simulated_sensor_can_break() -> None:
    one = SimulatedDriver()
    one.set("distance_front", ECHO, NOW_S)
    one.break_down("distance_front")
    one.break_down("nose")
    assert (one.sensors, one.newest("distance_front", NOW_S)) == ((), None)


def test_a_device_keeps_the_newest_reading_and_counts_what_is_missing() -> None:
    one = DeviceDriver()
    for sequence, echo_us in ((0, 100.0), (1, 200.0), (4, 300.0)):
        assert one.take("distance_front", {"echo_us": echo_us}, sequence, sequence, NOW_S + sequence) == ""
    assert one.newest("distance_front", NOW_S + 5.0) == ({"echo_us": 300.0}, 1.0)
    assert one.take("distance_front", ECHO, 4, 4, NOW_S) == "sequence 4 does not follow 4"
    assert one.take("distance_front", ECHO, 0, 1, NOW_S) == ""
    assert (one.lost, one.repeated, one.restarts) == (2, 1, 1)


def test_a_device_has_so_many_sensors_and_no_more() -> None:
    one = DeviceDriver()
    answers = [one.take(f"s{number}", ECHO, 0, 0, NOW_S) for number in range(MOST_SENSORS + 1)]
    assert answers == [""] * MOST_SENSORS + [f"the device has {MOST_SENSORS} sensors already"]
    assert one.take("s0", ECHO, 1, 1, NOW_S) == ""
