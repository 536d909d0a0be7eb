"""Runs of their own: the one command, however it begins and ends, says what happened and leaves nothing."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from nimmer.host.household import last_known, running
from nimmer.host.ports import free_port
from nimmer.host.processes import alive
from nimmer.stores.action_log import ActionLog
from tests.village.footprint import Footprint
from tests.village.raised import Raised, title_of, until, wait_s
from tests.village.test_outages import held_down

pytestmark = pytest.mark.village
KEYS = {
    "npcs",
    "world_ticks",
    "world_ticks_due",
    "npc_ticks",
    "npc_ticks_due",
    "waves",
    "transitions",
    "trail_rows",
    "trail_rows_lost",
    "bus_published",
    "bus_dropped",
    "restarts",
    "level",
    "coverage",
    "digest",
}


def footprint(village: Raised) -> Footprint:
    """Return what the village in this directory has now."""
    estate = last_known(village.state)
    assert estate is not None
    return Footprint.of(village.home, estate.run)


def nothing_left(village: Raised, before: Footprint) -> None:
    assert before.left() == []
    assert Footprint.of(village.home, "no run").processes == frozenset()
    assert not (village.state / "run.json").exists()


def test_one_command_lives_for_three_seconds_and_prints_one_object(alone: Raised) -> None:
    alone.start("--npcs", "3", "--seed", "5", "--for", "3s", "--json")
    alone.await_life()
    before = footprint(alone)
    assert alone.ended() == 0
    summary: dict[str, Any] = json.loads(alone.out)
    assert summary.keys() >= KEYS
    assert summary["npcs"] == 3
    assert summary["restarts"] == 0
    assert summary["trail_rows"] == summary["npc_ticks"] > 0
    assert summary["trail_rows_lost"] == 0
    assert summary["bus_dropped"] == 0
    assert summary["bus_published"] > summary["waves"] > 0
    # how many of those due are done while everybody still comes up is a matter of the machine; the pace of a village
    # that has come up is held in test_deaths
    assert 0 < summary["npc_ticks"] <= summary["npc_ticks_due"]
    assert 0 < summary["world_ticks"] <= summary["world_ticks_due"]
    assert summary["world_ticks"] >= 3 * 20 * 0.9
    nothing_left(alone, before)
    told = alone.json("replay", "--last")
    assert (told["equal"], told["digest"]) == (True, summary["digest"])


@pytest.mark.parametrize("moment", ["servers are up", "raising 3 NPCs"])
def test_ctrl_c_while_it_is_being_raised_leaves_nothing(alone: Raised, moment: str) -> None:
    alone.start("--npcs", "3", "--for", "60s", "--json")
    until(lambda: moment in alone.err, 60.0, moment)
    wait_s(0.5)
    before = footprint(alone)
    assert len(before.processes) >= 3
    assert alone.launcher is not None
    alone.launcher.send_signal(signal.SIGINT)
    assert alone.ended() == 130
    assert "Traceback" not in alone.err
    nothing_left(alone, before)


def test_down_ends_a_village_from_another_process(alone: Raised) -> None:
    alone.start("--npcs", "3")
    alone.await_life()
    before = footprint(alone)
    told = alone.json("down")
    assert told["stopped"] is not None
    assert alone.ended() == 0
    nothing_left(alone, before)
    assert alone.json("down")["stopped"] is None


def test_what_a_killed_launcher_leaves_ends_by_itself_or_with_the_next_one(alone: Raised) -> None:
    alone.start("--npcs", "3")
    alone.await_life()
    before = footprint(alone)
    assert alone.launcher is not None
    alone.launcher.kill()
    assert alone.ended() == -signal.SIGKILL

    def only_rays_agents() -> bool:
        """Ray's agents wait for a raylet that is gone; the next launcher finds them by run.json."""
        left = [title_of(one.pid) for one in before.processes if alive(one)]
        return all(title.startswith(("ray::DashboardAgent", "ray::RuntimeEnvAgent")) for title in left)

    until(only_rays_agents, 30.0, "its children die with it")
    assert "has ended" in alone.nimmer("status", check=False).stderr
    alone.start("--npcs", "3", "--for", "1s", "--json")
    assert alone.ended() == 0
    assert json.loads(alone.out)["npc_ticks"] > 0
    assert "cleared after a killed launcher" in alone.err
    nothing_left(alone, before)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("key", ["ray.dashboard_port", "bus.port"])
def test_a_port_in_use_is_refused_by_its_key(alone: Raised, taken: int, key: str) -> None:
    alone.start("--npcs", "3", "--json", **{f"NIMMER_{key.upper().replace('.', '__')}": str(taken)})
    assert alone.ended() == 1
    assert f"{key} is {taken}" in alone.err
    assert "another program listens" in alone.err
    assert alone.out == ""
    assert Footprint.of(alone.home, "no run").processes == frozenset()
    assert not (alone.state / "run.json").exists()


def test_a_corrupt_weights_file_is_refused_by_its_name(alone: Raised) -> None:
    brains = alone.state / "brains"
    brains.mkdir(parents=True, mode=0o711)
    (brains / "npc-1.safetensors").write_bytes(b"not weights at all")
    alone.start("--npcs", "3", "--json", NIMMER_VILLAGE__BRAIN="mlp")
    assert alone.ended() == 2
    assert str(brains / "npc-1.safetensors") in alone.err
    assert alone.out == ""
    assert Footprint.of(alone.home, "no run").processes == frozenset()


def test_a_village_that_has_no_room_is_refused_before_anything_starts(alone: Raised) -> None:
    alone.start("--npcs", "100", "--json")
    assert alone.ended() == 2
    assert "100" in alone.err
    assert "level 1" in alone.err
    assert not alone.state.exists() or not (alone.state / "nats").exists()


def test_brains_of_their_own_decide_when_asked_to(alone: Raised) -> None:
    settings = {
        "NIMMER_VILLAGE__BRAIN": "mlp",
        "NIMMER_STORES__CHROMA": "false",
        "NIMMER_BUS__PORT": str(free_port()),
    }
    alone.start("--npcs", "3", "--for", "2s", "--json", **settings)
    assert alone.ended() == 0
    summary = json.loads(alone.out)
    assert 0 < summary["npc_ticks"] <= summary["npc_ticks_due"]
    assert sorted(path.name for path in (alone.state / "brains").iterdir()) == [
        f"npc-{npc}.safetensors" for npc in range(3)
    ]
    frames = list(ActionLog(alone.state / "runs" / summary["run"] / "actions.log").frames())
    assert len(frames) == summary["world_ticks"] + 1


@pytest.fixture
def tiny_disk(alone: Raised) -> Iterator[Path]:
    """A spool directory on a disk of 16 kB."""
    spool = alone.state / "spool"
    spool.mkdir(parents=True, mode=0o700)
    alone.state.chmod(0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", str(spool)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a tiny disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield spool
    alone.end()
    subprocess.run(["umount", "-l", str(spool)], check=True)


def test_a_full_disk_for_the_spool_is_told_and_costs_no_row(alone: Raised, tiny_disk: Path) -> None:
    alone.start("--npcs", "3", "--json", NIMMER_STORES__CHROMA="false")
    alone.await_life()
    estate = running(alone.state)
    assert estate is not None
    with held_down(alone, int(str(conninfo_to_dict(str(estate.postgres_dsn))["port"]))):
        until(
            lambda: any("spool" in line and "full" in line for line in alone.status().incidents),
            60.0,
            "status says that the spool is full",
        )
        free = os.statvfs(tiny_disk)
        assert free.f_bavail * free.f_frsize < 16_384
        pace = alone.pace(lambda: wait_s(3.0))
        assert pace.world >= 0.9
        assert pace.npcs >= 0.9
    until(
        lambda: (one := alone.status().stores).state == "connected" and one.spooled_rows == 0,
        60.0,
        "the rows have followed",
    )
    alone.complete()
    assert alone.status().stores.trail_rows_lost == 0
    before = footprint(alone)
    assert alone.launcher is not None
    alone.launcher.send_signal(signal.SIGINT)
    assert alone.ended() == 0
    nothing_left(alone, before)
