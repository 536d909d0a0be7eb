import socket
from pathlib import Path

from nimmer.host import ports


def test_a_port_in_use_is_not_free_and_not_remembered(tmp_path: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "port").write_text(f"{port}\n")
        assert not ports.is_free(port)
        assert ports.remembered(tmp_path / "port") is None
    assert ports.is_free(port)
    assert ports.remembered(tmp_path / "port") == port


def test_a_missing_or_damaged_note_remembers_nothing(tmp_path: Path) -> None:
    assert ports.remembered(tmp_path / "none") is None
    (tmp_path / "port").write_text("99999999")
    assert ports.remembered(tmp_path / "port") is None
    (tmp_path / "port").write_text("x")
    assert ports.remembered(tmp_path / "port") is None


def test_a_free_port_can_be_listened_on() -> None:
    assert ports.is_free(ports.free_port())


def test_a_taken_port_names_setting_value_and_fix() -> None:
    assert str(ports.taken("bus.port", 4222)).startswith("bus.port is 4222, and another program")
