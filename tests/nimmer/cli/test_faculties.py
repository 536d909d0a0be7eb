"""Which faculties a village raises: those that are switched on, installed, and have their port."""

import socket
from pathlib import Path

import pytest

from nimmer.bus.identities import identities
from nimmer.cli import faculties
from nimmer.cli.faculties import Faculties
from nimmer.clock import SystemClock
from nimmer.config import Settings
from nimmer.config.cortex import CortexSettings
from nimmer.config.organs import OrgansSettings
from nimmer.embedded import credentials
from nimmer.errors import HostError
from nimmer.host.household import Household, Run


@pytest.fixture
def said() -> list[str]:
    return []


def chosen(
    tmp_path: Path, said: list[str], cortex: CortexSettings, organs: OrgansSettings
) -> tuple[str, ...]:
    settings = Settings(state_dir=tmp_path, cortex=cortex, organs=organs)
    clock = SystemClock()
    household = Household.claim(settings.state_path, Run("0123456789abcdef", "dev", 1), clock)
    try:
        passwords = credentials.ensure(settings.state_path, identities("dev"))
        return Faculties(settings, household, passwords, clock, said.append).choose()
    finally:
        household.release()


def test_both_are_raised_unless_left_out(tmp_path: Path, said: list[str]) -> None:
    on, off = CortexSettings(port=0), CortexSettings(enabled=False)
    assert chosen(tmp_path, said, on, OrgansSettings(port=0)) == ("cortex", "organs")
    assert chosen(tmp_path, said, off, OrgansSettings(port=0)) == ("organs",)
    assert chosen(tmp_path, said, off, OrgansSettings(enabled=False)) == ()
    assert said == []


def test_what_is_not_installed_is_said_once_and_done_without(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(faculties.NEEDED, "organs", ("no_such_module",))
    assert chosen(tmp_path, said, CortexSettings(port=0), OrgansSettings(port=0)) == ("cortex",)
    assert said == [
        "no organs: no_such_module is not installed; `scripts/setup organs` installs it, "
        "`--without organs` says no more about it"
    ]


def test_a_port_that_is_taken_names_its_setting(tmp_path: Path, said: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(HostError, match=rf"cortex\.port is {port}, and another program listens there"):
            chosen(tmp_path, said, CortexSettings(port=port), OrgansSettings(port=0))
