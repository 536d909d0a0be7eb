"""The energy meters, on a made tree of counters where the machine has none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nimmer.host.energy import EnergyMeter, ManualEnergy, Rapl
from nimmer.testing.energy_contract import EnergyContract, MuteContract, Use

SPAN = 65_000_000
"""Where the made counters begin anew, micro-joules."""


def zone(root: Path, name: str, called: str, counter: int = 0) -> Path:
    place = root / name
    place.mkdir(parents=True)
    (place / "name").write_text(f"{called}\n")
    (place / "energy_uj").write_text(f"{counter}\n")
    (place / "max_energy_range_uj").write_text(f"{SPAN}\n")
    return place


def spend(place: Path, joules: float) -> None:
    counter = place / "energy_uj"
    counter.write_text(f"{(int(counter.read_text()) + round(joules * 1e6)) % SPAN}\n")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two packages, a part of one, the whole platform, and a powercap zone of another kind."""
    zone(tmp_path, "intel-rapl", "control")
    zone(tmp_path, "intel-rapl:0", "package-0", SPAN - 2_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 999)
    zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 7)
    return tmp_path


class TestRapl(EnergyContract):
    @pytest.fixture
    def meter(self, tree: Path) -> EnergyMeter:
        return Rapl(tree)

    @pytest.fixture
    def use(self, tree: Path, meter: EnergyMeter) -> Use:
        return lambda joules: spend(tree / "intel-rapl:0", joules)


class TestManual(EnergyContract, MuteContract):
    @pytest.fixture
    def meter(self) -> ManualEnergy:
        return ManualEnergy()

    @pytest.fixture
    def use(self, meter: ManualEnergy) -> Use:
        return meter.use

    @pytest.fixture
    def mute(self) -> EnergyMeter:
        return ManualEnergy("it is switched off")


def no_directory(root: Path) -> None:
    (root / "intel-rapl:0" / "energy_uj").unlink()


def no_number(root: Path) -> None:
    (root / "intel-rapl:0" / "energy_uj").write_text("many\n")


def below_0(root: Path) -> None:
    (root / "intel-rapl:1" / "energy_uj").write_text("-5\n")


class TestBrokenRapl(MuteContract):
    @pytest.fixture(params=[no_directory, no_number, below_0])
    def mute(self, tree: Path, request: pytest.FixtureRequest) -> EnergyMeter:
        request.param(tree)
        return Rapl(tree)


def test_packages_are_added_and_their_parts_and_the_platform_are_not(tree: Path) -> None:
    meter = Rapl(tree)
    for name in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:2"):
        spend(tree / name, 1.0)
    assert meter.joules() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda root: root / "absent", "does not exist"), (lambda root: root, "has no intel-rapl package")],
)
def test_a_machine_without_counters_is_told_in_words(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    meter = Rapl(make(tmp_path))
    assert meter.joules() is None
    assert words in meter.reason


def test_a_counter_for_root_alone_says_how_to_open_it(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text

    def guarded(path: Path, encoding: str | None = None) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", guarded)
    meter = Rapl(tree)
    assert meter.joules() is None
    assert "intel-rapl:0/energy_uj is for root alone: run as root, or chmod 0444 it" in meter.reason


def test_a_counter_that_goes_away_ends_the_joules(tree: Path) -> None:
    meter = Rapl(tree)
    assert meter.joules() == 0.0
    no_directory(tree)
    assert meter.joules() is None
    assert "stopped being readable" in meter.reason
