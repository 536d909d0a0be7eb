"""The contract every limits driver keeps, and the choice among them."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nimmer.clock import SystemClock
from nimmer.errors import HostError
from nimmer.host.cgroup_v1 import CgroupV1
from nimmer.host.cgroup_v2 import CgroupV2
from nimmer.host.group_files import own_groups
from nimmer.host.limits import Limits, quota_us
from nimmer.host.limits_choice import HOME, Hierarchies, choose, this_host
from nimmer.host.nice_only import NiceOnly, NoLimits
from nimmer.host.processes import identify

MB = 1 << 20
MOUNT = Path("/fake")


class FakeKernel:
    """Control groups as dictionaries, with the kernel's rules that matter: who refuses what, and how."""

    def __init__(self, v2: bool, controllers: str = "cpu memory pids") -> None:
        self.v2 = v2
        self.groups: dict[Path, dict[str, str]] = {}
        self.read_only = False
        self.roots = [MOUNT] if v2 else [MOUNT / one for one in controllers.split()]
        for root in self.roots:
            self.groups[root] = {"cgroup.procs": ""}
            if v2:
                self.groups[root] |= {"cgroup.controllers": controllers, "cgroup.subtree_control": ""}

    def make(self, group: Path) -> None:
        if self.read_only:
            raise OSError(errno.EROFS, "Read-only file system")
        if group in self.groups:
            return
        parent = self.groups.get(group.parent)
        if parent is None:
            raise OSError(errno.ENOENT, "No such file or directory")
        files = {"cgroup.procs": "", "cpu.stat": "usage_usec 5\nnr_throttled 3\n"}
        if self.v2:
            given = parent["cgroup.subtree_control"]
            files |= {"cgroup.controllers": given, "cgroup.subtree_control": ""}
            files |= {"cpu.max": "max 100000"} if "cpu" in given else {}
            files |= {"memory.max": "max", "memory.events": "oom_kill 2\n"} if "memory" in given else {}
        else:
            files |= {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000", "cpuacct.usage": "5000"}
            files |= {"memory.limit_in_bytes": "-1", "memory.oom_control": "under_oom 0\noom_kill 2\n"}
        self.groups[group] = files

    def remove(self, group: Path) -> bool:
        busy = self.children(group) or self._living(group)
        if group in self.groups and not busy:
            del self.groups[group]
        return group not in self.groups

    def write(self, group: Path, name: str, value: str) -> None:
        if name not in self.groups.get(group, {}):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if name == "cgroup.procs":
            self._move(group, int(value))
        elif name == "cgroup.subtree_control":
            if group not in self.roots and self._living(group):
                raise OSError(errno.EBUSY, "Device or resource busy")
            self.groups[group][name] = value.replace("+", "")
        else:
            self.groups[group][name] = value

    def _move(self, group: Path, pid: int) -> None:
        if identify(pid) is None:
            raise ProcessLookupError(errno.ESRCH, "No such process")
        if group not in self.roots and self.groups[group].get("cgroup.subtree_control"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        root = next(one for one in self.roots if group.is_relative_to(one))
        for other, files in self.groups.items():
            if other.is_relative_to(root):
                files["cgroup.procs"] = " ".join(p for p in files["cgroup.procs"].split() if p != str(pid))
        self.groups[group]["cgroup.procs"] += f" {pid}"

    def _living(self, group: Path) -> list[str]:
        procs = self.groups.get(group, {}).get("cgroup.procs", "").split()
        return [pid for pid in procs if identify(int(pid)) is not None]

    def read(self, group: Path, name: str) -> str:
        if name == "cgroup.procs":
            return "\n".join(self._living(group))
        return self.groups.get(group, {}).get(name, "")

    def children(self, group: Path) -> tuple[Path, ...]:
        return tuple(one for one in self.groups if one.parent == group)


def fake_v2() -> Limits:
    kernel = FakeKernel(v2=True)
    kernel.write(MOUNT, "cgroup.subtree_control", "+cpu +memory")
    return CgroupV2(MOUNT / "nimmer-test", kernel)


def fake_v1() -> Limits:
    kernel = FakeKernel(v2=False, controllers="cpu cpuacct memory")
    names = ("cpu", "cpuacct", "memory")
    return CgroupV1({one: MOUNT / one / "nimmer-test" for one in names}, kernel)


def real() -> Limits:
    choice = choose("auto", f"nimmer-test-{os.getpid()}", this_host(SystemClock()))
    if not choice.limits.directories:
        pytest.skip(f"no control groups can be made here: {'; '.join(choice.reasons)}")
    return choice.limits


DRIVERS: dict[str, Callable[[], Limits]] = {
    "fake v2": fake_v2,
    "fake v1": fake_v1,
    "real cgroup": real,
    "nice": NiceOnly,
    "none": NoLimits,
}


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> Iterator[Limits]:
    driver = DRIVERS[request.param]()
    yield driver
    driver.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE) as waiting:
        yield waiting
        waiting.kill()


every_driver = pytest.mark.parametrize("limits", list(DRIVERS), indirect=True)


@every_driver
class TestContract:
    def test_an_adopted_process_can_be_limited_and_read(
        self, limits: Limits, process: subprocess.Popen[bytes]
    ) -> None:
        limits.adopt("npc.7", process.pid)
        limits.set("npc.7", 50.0, 64 * MB, 5)
        usage = limits.usage("npc.7")
        assert usage is not None
        assert usage.cpu_s >= 0.0
        assert usage.memory_bytes > 0
        assert limits.refused == 0

    def test_nice_reaches_the_process_unless_there_are_no_limits(
        self, limits: Limits, process: subprocess.Popen[bytes]
    ) -> None:
        before = os.getpriority(os.PRIO_PROCESS, process.pid)
        limits.adopt("npc.7", process.pid)
        limits.set("npc.7", None, None, 7)
        wanted = before if limits.backend == "none" else 7
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == wanted

    def test_a_process_that_is_gone_cannot_be_adopted(self, limits: Limits) -> None:
        with subprocess.Popen(["/bin/true"]) as ended:
            ended.wait()
        with pytest.raises(HostError, match=rf"process {ended.pid} of npc.7 is gone"):
            limits.adopt("npc.7", ended.pid)

    def test_an_unknown_name_cannot_be_limited(self, limits: Limits) -> None:
        with pytest.raises(HostError, match=r"nothing was adopted as npc.9"):
            limits.set("npc.9", 50.0, None, 0)

    def test_an_unknown_name_has_no_usage_and_is_released_in_peace(self, limits: Limits) -> None:
        assert limits.usage("npc.9") is None
        limits.release("npc.9")

    def test_a_dead_process_has_no_usage_and_may_still_be_limited(
        self, limits: Limits, process: subprocess.Popen[bytes]
    ) -> None:
        limits.adopt("npc.7", process.pid)
        process.kill()
        process.wait()
        assert limits.usage("npc.7") is None
        limits.set("npc.7", 25.0, 64 * MB, 0)

    def test_a_restarted_npc_takes_the_place_of_the_dead_one(
        self, limits: Limits, process: subprocess.Popen[bytes]
    ) -> None:
        limits.adopt("npc.7", process.pid)
        limits.set("npc.7", 50.0, 64 * MB, 3)
        process.kill()
        process.wait()
        with subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE) as reborn:
            limits.adopt("npc.7", reborn.pid)
            assert limits.usage("npc.7") is not None
            limits.release("npc.7")
            reborn.kill()

    def test_a_released_process_lives_on_and_closing_twice_is_fine(
        self, limits: Limits, process: subprocess.Popen[bytes]
    ) -> None:
        limits.adopt("npc.7", process.pid)
        limits.set("npc.7", 10.0, 64 * MB, 0)
        limits.release("npc.7")
        assert process.poll() is None
        limits.close()
        limits.close()
        assert not any(Path(directory).exists() for directory in limits.directories)

    @pytest.mark.parametrize(
        ("cpu_percent", "memory_bytes", "nice"),
        [(0.0, None, 0), (float("nan"), None, 0), (50.0, 1000, 0), (50.0, None, 20), (50.0, None, -21)],
    )
    def test_a_value_out_of_range_is_refused_with_its_range(
        self,
        limits: Limits,
        process: subprocess.Popen[bytes],
        cpu_percent: float,
        memory_bytes: int | None,
        nice: int,
    ) -> None:
        limits.adopt("npc.7", process.pid)
        with pytest.raises(HostError, match=r"npc.7: .* allowed"):
            limits.set("npc.7", cpu_percent, memory_bytes, nice)

    @pytest.mark.parametrize("name", ["", "../x", "a/b", "Npc", "x" * 101])
    def test_a_malformed_name_is_refused(self, limits: Limits, name: str) -> None:
        with pytest.raises(HostError, match=r"cannot name a limit"):
            limits.adopt(name, os.getpid())


@pytest.mark.parametrize("limits", ["real cgroup"], indirect=True)
def test_a_throttled_process_hits_its_quota(limits: Limits) -> None:
    spin = "import time\nend = time.process_time() + 0.05\nwhile time.process_time() < end: pass\nprint(1)"
    wait = f"import sys; sys.stdin.readline()\n{spin}\nsys.stdout.flush(); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as busy:
        assert busy.stdin is not None
        assert busy.stdout is not None
        limits.adopt("npc.1", busy.pid)
        limits.set("npc.1", 10.0, None, 0)
        busy.stdin.write(b"\n")
        busy.stdin.flush()
        busy.stdout.readline()
        usage = limits.usage("npc.1")
        busy.kill()
    assert usage is not None
    assert usage.throttled >= 1


def test_a_restarted_supervisor_finds_the_groups_again(process: subprocess.Popen[bytes]) -> None:
    first = real()
    first.adopt("npc.3", process.pid)
    first.set("npc.3", 30.0, None, 0)
    again = real()
    assert again.usage("npc.3") is not None
    again.set("npc.3", 40.0, None, 0)
    again.close()
    assert not any(Path(directory).exists() for directory in first.directories)


def hierarchies(kernel: FakeKernel, own: str) -> Hierarchies:
    return Hierarchies(kernel, own_groups(own), (MOUNT, MOUNT / "unified"), MOUNT)


def test_the_unified_hierarchy_is_taken_when_its_root_hands_down_cpu_and_memory() -> None:
    kernel = FakeKernel(v2=True)
    kernel.write(MOUNT, "cgroup.subtree_control", "+cpu +memory")
    choice = choose("auto", "nimmer-dev-1", hierarchies(kernel, "0::/\n"))
    assert choice.limits.backend == "cgroup-v2"
    assert choice.limits.directories == ("/fake/nimmer-dev-1",)
    assert choice.reasons == ()


def test_a_group_of_our_own_processes_moves_them_into_a_leaf_and_is_divided() -> None:
    kernel = FakeKernel(v2=True)
    kernel.write(MOUNT, "cgroup.subtree_control", "+cpu +memory")
    kernel.make(MOUNT / "scope")
    kernel.write(MOUNT / "scope", "cgroup.procs", str(os.getpid()))
    choice = choose("v2", "nimmer-dev-1", hierarchies(kernel, "0::/scope\n"))
    assert choice.limits.directories == ("/fake/scope/nimmer-dev-1",)
    assert kernel.read(MOUNT / "scope" / HOME, "cgroup.procs") == str(os.getpid())
    again = choose("v2", "nimmer-dev-1", hierarchies(kernel, f"0::/scope/{HOME}\n"))
    assert again.limits.directories == choice.limits.directories


def test_a_group_with_foreign_processes_is_left_alone_and_its_parent_taken() -> None:
    kernel = FakeKernel(v2=True)
    kernel.write(MOUNT, "cgroup.subtree_control", "+cpu +memory")
    kernel.make(MOUNT / "session")
    kernel.write(MOUNT / "session", "cgroup.procs", str(os.getpid()))
    kernel.write(MOUNT / "session", "cgroup.procs", str(os.getppid()))
    choice = choose("auto", "nimmer-dev-1", hierarchies(kernel, "0::/session\n"))
    assert choice.limits.directories == ("/fake/nimmer-dev-1",)
    assert not kernel.groups[MOUNT / "session"]["cgroup.subtree_control"]


def test_a_read_only_hierarchy_leads_to_nice_and_says_why() -> None:
    kernel = FakeKernel(v2=True)
    kernel.write(MOUNT, "cgroup.subtree_control", "+cpu +memory")
    kernel.read_only = True
    choice = choose("auto", "nimmer-dev-1", hierarchies(kernel, "0::/\n"))
    assert choice.limits.backend == "nice"
    assert "Read-only file system" in choice.reasons[0]
    assert choice.reasons[1].startswith("cgroup-v1: there is no cpu hierarchy")


def test_the_older_hierarchies_are_taken_when_the_unified_one_lacks_cpu() -> None:
    kernel = FakeKernel(v2=False, controllers="cpu cpuacct memory")
    own = "4:memory:/\n2:cpuacct:/\n1:cpu:/\n0::/\n"
    choice = choose("auto", "nimmer-dev-1", hierarchies(kernel, own))
    assert choice.limits.backend == "cgroup-v1"
    assert len(choice.limits.directories) == 3
    assert choice.reasons == (
        "cgroup-v2: the unified hierarchy is not mounted or has no cpu controller here",
    )


def test_a_memory_group_of_a_foreign_supervisor_is_left_alone() -> None:
    kernel = FakeKernel(v2=False, controllers="cpu memory")
    kernel.make(MOUNT / "memory" / "warden")
    choice = choose("auto", "nimmer-dev-1", hierarchies(kernel, "4:memory:/warden\n1:cpu:/\n0::/\n"))
    assert choice.limits.directories == ("/fake/cpu/nimmer-dev-1",)
    assert "RLIMIT_DATA" in choice.reasons[-1]


def test_a_backend_asked_for_by_name_that_does_not_work_is_an_error_with_the_fix() -> None:
    kernel = FakeKernel(v2=False, controllers="cpu")
    with pytest.raises(HostError, match=r"limits.mode is v2, which does not work here: .*use auto or nice"):
        choose("v2", "nimmer-dev-1", hierarchies(kernel, "1:cpu:/\n0::/\n"))


def test_nothing_is_tried_when_limits_are_not_wanted() -> None:
    kernel = FakeKernel(v2=True)
    kernel.read_only = True
    assert choose("none", "nimmer-dev-1", hierarchies(kernel, "0::/\n")).limits.backend == "none"


def test_a_quota_is_a_share_of_a_50_ms_period_and_at_least_1_ms() -> None:
    assert quota_us(100.0) == 50_000
    assert quota_us(25.0) == 12_500
    assert quota_us(1.0) == 1000
