import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import replace

from nimmer.clock import SystemClock
from nimmer.errors import HostError
from nimmer.host import processes
from nimmer.host.processes import (
    ProcessId,
    alive,
    carrying,
    descendants,
    die_with_parent,
    end,
    identify,
    myself,
)

WAIT = ["/bin/sh", "-c", "read line"]
STUBBORN = ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do read line || :; sleep 1; done"]


def test_this_process_lives_under_its_identity() -> None:
    assert myself() == identify(os.getpid())
    assert alive(myself())


def test_a_recycled_pid_is_not_the_process_it_was() -> None:
    assert not alive(replace(myself(), started=myself().started - 1))


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen(["/bin/true"], stdout=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        ended.stdout.read()  # ends when the process does
        identity = ProcessId(ended.pid, 0)
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert identify(ended.pid) is None
        assert not alive(identity)


def test_ending_a_process_of_another_life_touches_nothing() -> None:
    with subprocess.Popen(WAIT, stdin=subprocess.PIPE) as bystander:
        identity = identify(bystander.pid)
        assert identity is not None
        ending = end([replace(identity, started=identity.started - 1)], 1.0, SystemClock())
        assert ending.gone
        assert bystander.poll() is None
        bystander.kill()


def test_a_willing_process_ends_by_sigterm_and_a_stubborn_one_is_killed() -> None:
    with (
        subprocess.Popen(WAIT, stdin=subprocess.PIPE) as willing,
        subprocess.Popen(STUBBORN, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as stubborn,
    ):
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        first, second = identify(willing.pid), identify(stubborn.pid)
        assert first is not None
        assert second is not None
        ending = end([first, second, first], 0.2, SystemClock())
        assert ending == processes.Ending(gone=(first,), killed=(second,), refused=())
        assert (willing.wait(), stubborn.wait()) == (-signal.SIGTERM, -signal.SIGKILL)


def test_descendants_are_found_over_generations() -> None:
    nested = ["/bin/sh", "-c", "/bin/sh -c 'echo $$; read line; :'; :"]
    with subprocess.Popen(nested, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as top:
        assert top.stdout is not None
        grandchild = int(top.stdout.readline())
        pids = [one.pid for one in descendants(os.getpid())]
        assert pids.index(top.pid) < pids.index(grandchild)
        assert [one.pid for one in descendants(top.pid)] == [grandchild]
        end(descendants(top.pid), 1.0, SystemClock())
        top.kill()


def test_a_guarded_child_cannot_be_prepared_in_a_passing_thread() -> None:
    caught: list[HostError] = []

    def prepare() -> None:
        try:
            die_with_parent(signal.SIGTERM)
        except HostError as error:
            caught.append(error)

    thread = threading.Thread(target=prepare, name="passing")
    thread.start()
    thread.join()
    assert "'passing'" in str(caught[0])


PARENT = """
import signal, subprocess, sys
from nimmer.host.processes import die_with_parent
child = subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, stdout=sys.stdout,
                         preexec_fn=die_with_parent(signal.SIGTERM), start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_guarded_child_dies_with_its_killed_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = identify(int(parent.stdout.readline()))
        assert child is not None
        handle = os.pidfd_open(child.pid)
        parent.kill()
        assert select.select([handle], [], [], 10.0)[0]  # readable when the child has ended
        os.close(handle)
    assert not alive(child)


def test_processes_are_found_by_what_they_were_started_with() -> None:
    with subprocess.Popen(["/bin/sleep", "60"], env={"NIMMERVERSE_RUN": "0123456789abcdef"}) as child:
        try:
            assert [one.pid for one in carrying("NIMMERVERSE_RUN", "0123456789abcdef")] == [child.pid]
            assert carrying("NIMMERVERSE_RUN", "0123456789abcde") == ()
        finally:
            child.kill()
