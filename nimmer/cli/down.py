"""`nimmer down`: stops the running village of this environment, or clears what a killed launcher left."""

import os
import signal
from collections.abc import Callable
from typing import Annotated

import typer

from nimmer.cli.console import emit_json, screen
from nimmer.cli.options import ConfigOption, JsonOption
from nimmer.clock import Clock, SystemClock
from nimmer.config import load
from nimmer.errors import HostError
from nimmer.host.clearing import clear
from nimmer.host.household import RUN_FILE, last_known, running
from nimmer.host.processes import alive

LOOK_S = 0.05


def down(
    config: ConfigOption = None,
    json_output: JsonOption = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the village to end.")] = 60.0,
) -> None:
    """Stop the running village and clean up after it.

    [bold]Examples[/bold]

    [dim]$[/dim] nimmer down

    [dim]$[/dim] NIMMERVERSE_ENV=staging nimmer down
    """
    settings = load({}, config).settings
    clock = SystemClock()
    state = settings.state_path
    village = running(state)
    if village is not None:
        os.kill(village.launcher.pid, signal.SIGTERM)
        _await_end(village.launcher.pid, timeout, lambda: not alive(village.launcher), clock)
        cleared: list[str] = []
    else:
        left = last_known(state)
        cleared = list(clear(left, clock)) if left else []
        now = last_known(state)
        if left and now and now.run == left.run:  # not of a village that has begun meanwhile
            (state / RUN_FILE).unlink(missing_ok=True)
    if json_output:
        emit_json({"state_dir": str(state), "stopped": village.run if village else None, "cleared": cleared})
        return
    console = screen()
    console.print(f"run {village.run} has ended" if village else f"no village was running in {state}")
    for line in cleared:
        console.print(f"cleared: {line}")


def _await_end(pid: int, timeout_s: float, ended: Callable[[], bool], clock: Clock) -> None:
    deadline_s = clock.monotonic_s() + timeout_s
    while not ended():
        if clock.monotonic_s() >= deadline_s:
            raise HostError(
                f"the launcher, pid {pid}, has not ended within {timeout_s:g} s: give it longer with --timeout, "
                f"or kill -9 {pid} and run `nimmer down` again"
            )
        clock.wait_s(LOOK_S)
