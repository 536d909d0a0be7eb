import os
import subprocess
import sys

from nimmer.host import levers

HOARD = "import sys; sys.stdin.readline()\ntry: bytearray(64 << 20)\nexcept MemoryError: print('refused')\nelse: print('taken')"


def hoard(growth_bytes: int | None) -> bytes:
    with subprocess.Popen(
        [sys.executable, "-c", HOARD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        held = levers.data_bytes(process.pid)
        assert held is not None
        assert levers.limit_data(process.pid, held + (256 << 20))
        assert levers.limit_data(process.pid, None if growth_bytes is None else held + growth_bytes)
        answer, _ = process.communicate(b"\n")
    return answer.strip()


def test_a_process_cannot_grow_beyond_its_data_limit() -> None:
    assert hoard(32 << 20) == b"refused"


def test_a_lifted_data_limit_lets_it_grow_again() -> None:
    assert hoard(None) == b"taken"


def test_this_process_uses_something() -> None:
    use = levers.use(os.getpid())
    assert use is not None
    assert use.cpu_s > 0
    assert use.memory_bytes > 1 << 20


def test_a_process_that_is_gone_uses_nothing_and_resists_nothing() -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        ended.wait()
    assert levers.use(ended.pid) is None
    assert levers.data_bytes(ended.pid) is None
    assert levers.set_nice(ended.pid, 5)
    assert levers.limit_data(ended.pid, 1 << 20)
