"""What every `Driver` must keep to: drivers inherit this suite and give it one that has a sensor.

    class TestSimulatedDriver(DriverContract):
        @pytest.fixture
        def driver(self) -> Driver:
            one = SimulatedDriver()
            one.set("distance_front", {"echo_us": 1740.0}, NOW_S)
            return one

The suite reads at `NOW_S` and later, and once before, as if the clock had gone back. Source: docs/style.md, rule 10;
docs/cells.md, "The driver port".
"""

from math import isfinite

from nimmer.host.driver import Driver
from nimmer.life.senses import declared, kind_named

NOW_S = 100.0
"""When the driver of the fixture took its readings, for those that remember."""


class DriverContract:
    """The suite; needs a fixture `driver` with at least one sensor."""

    def test_its_sensors_have_names_and_each_gives_a_reading(self, driver: Driver) -> None:
        """What is listed can be read."""
        assert driver.sensors
        assert len(set(driver.sensors)) == len(driver.sensors)
        for sensor in driver.sensors:
            assert driver.newest(sensor, NOW_S) is not None

    def test_a_reading_is_what_the_cell_of_that_name_reads(self, driver: Driver) -> None:
        """A cell of the sensor's name finds no fault with its reading."""
        for sensor in driver.sensors:
            found = driver.newest(sensor, NOW_S)
            assert found is not None
            assert declared(kind_named(sensor)).fault(found.raw) == ""

    def test_a_reading_is_finite_numbers_by_name(self, driver: Driver) -> None:
        """No NaN, no infinity, no empty reading."""
        for sensor in driver.sensors:
            found = driver.newest(sensor, NOW_S)
            assert found is not None
            assert found.raw
            assert all(map(isfinite, found.raw.values()))
            assert all(found.raw)

    def test_a_sensor_that_is_not_there_gives_nothing(self, driver: Driver) -> None:
        """Nothing is invented, nothing is raised."""
        assert driver.newest("nose", NOW_S) is None
        assert driver.newest("", NOW_S) is None
        assert "nose" not in driver.sensors

    def test_a_reading_grows_older_and_never_younger(self, driver: Driver) -> None:
        """Age is the time since the reading was taken; a live driver looks anew."""
        sensor = driver.sensors[0]
        now, later = driver.newest(sensor, NOW_S), driver.newest(sensor, NOW_S + 5.0)
        assert now is not None
        assert later is not None
        assert now.age_s == 0.0
        assert later.age_s in (0.0, 5.0)  # a live one looks anew, one that remembers says how long ago

    def test_a_clock_that_went_back_makes_no_negative_age(self, driver: Driver) -> None:
        """An age is 0 or more, whatever the clock does."""
        found = driver.newest(driver.sensors[0], NOW_S - 3600.0)
        assert found is not None
        assert found.age_s == 0.0

    def test_what_a_reader_does_to_a_reading_stays_with_the_reader(self, driver: Driver) -> None:
        """Readings are handed out as copies."""
        sensor = driver.sensors[0]
        found = driver.newest(sensor, NOW_S)
        assert found is not None
        assert isinstance(found.raw, dict)
        found.raw.clear()
        again = driver.newest(sensor, NOW_S)
        assert again is not None
        assert again.raw
