"""Which weights the governor gets, and what is refused before anything is raised."""

from pathlib import Path

import pytest

from nimmer.chance import Chance
from nimmer.cli import life_settings
from nimmer.cli.life_settings import governor_mode, governor_weights
from nimmer.config.village import GovernorSettings
from nimmer.errors import WeightsError
from nimmer.minds.governor_net import initial_weights
from nimmer.minds.governor_weights import GovernorCard, save_governor


def test_a_file_that_is_named_is_checked_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_governor(path, initial_weights("small", Chance(1).generator("net")), GovernorCard("es", 1, 1))
    assert governor_weights(GovernorSettings(weights=path)) == path


@pytest.mark.parametrize(
    ("content", "why"), [(b"\x80\x04.", "is a pickle"), (b"nonsense", "not safetensors")]
)
def test_a_file_that_is_no_net_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=why):
        governor_weights(GovernorSettings(weights=path))


def test_without_a_packaged_net_there_is_none_and_the_rule_can_govern(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> Path:
        raise WeightsError("there is no such file")

    monkeypatch.setattr(life_settings, "packaged_governor", missing)
    assert governor_weights(GovernorSettings()) is None
    assert governor_mode(GovernorSettings()) == "rule"
    assert governor_mode(GovernorSettings(mode="net")) == "net"


def test_the_net_that_ships_only_recommends() -> None:
    assert governor_weights(GovernorSettings()) is not None
    assert governor_mode(GovernorSettings()) == "shadow"


def test_with_weights_of_one_s_own_the_net_governs_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_governor(path, initial_weights("small", Chance(1).generator("net")), GovernorCard("es", 1, 1))
    assert governor_mode(GovernorSettings(weights=path)) == "net"
    assert governor_mode(GovernorSettings(weights=path, mode="shadow")) == "shadow"
    assert governor_mode(GovernorSettings(weights=path, mode="net", enabled=False)) == "off"
