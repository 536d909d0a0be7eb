"""Runs one engine and ends it with whoever asked for it: python -m nimmer.engines.guardian ENGINE...

The kernel's own guard (`die_with_parent`) is bound to the thread that starts a child, and a Serve replica works on
threads that end. So a guardian stands between: its standard input is a pipe that only its launcher holds, and when that
closes, because the launcher stopped, crashed or was killed, the engine and all it started are killed. Should the guardian
itself be killed, the kernel ends the engine, which was started from the guardian's main thread.
Its exit status is the engine's. Source: docs/decisions/0032-the-engine-is-a-child.md.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys

from nimmer.host.processes import die_with_parent


def guard(argv: list[str]) -> int:
    """Run `argv` until it ends or standard input is closed; return its exit status."""
    for ignored in (signal.SIGINT, signal.SIGTERM):  # only the pipe ends an engine
        signal.signal(ignored, signal.SIG_IGN)
    engine = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL)
    )
    ended = os.pidfd_open(engine.pid)
    poller = select.poll()
    poller.register(0, select.POLLIN | select.POLLHUP)
    poller.register(ended, select.POLLIN)
    try:
        while True:
            ready = {fd for fd, _ in poller.poll()}
            if ended in ready or (0 in ready and not os.read(0, 512)):
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(engine.pid, signal.SIGKILL)  # the engine, and what it started and left
        os.close(ended)
    return engine.wait()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]) & 0xFF)
