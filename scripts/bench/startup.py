"""From the command `nimmer up` to the 25th NPC's first tick, against ray.init and 25 empty actors answering.

    scripts/bench/run startup

Ours: `nimmer up --npcs 25` as a process of its own on a state directory that a first run has made, with all its
servers (NATS, PostgreSQL, Chroma), Ray with its dashboard, and all actors. The clock starts with the process and
stops when the arena shows a tick of every NPC, watched from outside. Rival: a process that calls `ray.init` with the
same settings, dashboard on, and waits for 25 empty actors to answer. Two rows: the rival's time from its call of
`ray.init`, and from the start of its process, as ours is counted. Medians of interleaved pairs; the ratio is
ours / rival, the goal at most 1.5. With --quick one pair.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hamlet import CLOCK, awaited
from measurement import Measurement, meets

from nimmer.arena.memory import Arena
from nimmer.errors import ArenaError

NPCS = 25
GOAL = "<= 1.5"
SLOWEST_S = 180.0
NIMMER = Path(sys.prefix) / "bin" / "nimmer"
ENVIRONMENT = "dev"
RIVAL = f"""
import time
from empty import Empty
from quiet_ray import quiet_ray, ray
called_s = time.monotonic()
with quiet_ray(dashboard=True):
    kind = ray.remote(Empty)
    ray.get([one.ready.remote() for one in [kind.options(num_cpus=0.02).remote() for _ in range({NPCS})]])
    print(called_s, time.monotonic(), flush=True)
"""


class Start(NamedTuple):
    """One start, s: from the process's beginning, and from the call that a launcher makes once it is imported."""

    process_s: float
    call_s: float


def village(state: Path) -> Start:
    """Raise a village of 25 and take it down; return how long its first ticks took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = surroundings() | {
        "NIMMER_STATE_DIR": str(state),
        "NIMMER_RAY__DASHBOARD_PORT": str(port),
        "NIMMERVERSE_ENV": ENVIRONMENT,
    }
    begun_s = CLOCK.monotonic_s()
    with subprocess.Popen(
        [str(NIMMER), "up", "--npcs", str(NPCS), "--seed", "7", "--for", "1s", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        lives = Watch(state / ENVIRONMENT / "run.json")

        def reached() -> bool:
            return lives.everyone() or launcher.poll() is not None

        awaited(reached, SLOWEST_S, "a village's start")
        ticked_s = CLOCK.monotonic_s()
        said, complained = launcher.communicate(timeout=SLOWEST_S)
    if launcher.returncode:
        raise RuntimeError(f"nimmer up ended with {launcher.returncode}: {complained[-2000:]}")
    return Start(ticked_s - begun_s, float(json.loads(said)["startup_s"]))


class Watch:
    """Looks at a village being raised through its run.json and its arena."""

    def __init__(self, run: Path) -> None:
        """Watch for `run`, which is not there yet."""
        self._run = run
        self._arena: Arena | None = None

    def everyone(self) -> bool:
        """Return whether every NPC has ticked."""
        if self._arena is None:
            try:
                self._arena = Arena.attach(Path(json.loads(self._run.read_bytes())["arena"] or ""))
            except (OSError, ValueError, KeyError, ArenaError):
                return False
        return bool((self._arena.view("vitals")["ticks_done"] > 0).all())


def empty_actors() -> Start:
    """Start Ray and 25 empty actors in a process of its own; return how long their answers took."""
    begun_s = CLOCK.monotonic_s()
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", RIVAL],
        env=surroundings() | {"PYTHONPATH": f"{here}:{here.parents[1]}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=SLOWEST_S,
    )
    called_s, answered_s = map(float, done.stdout.split())
    return Start(answered_s - begun_s, answered_s - called_s)


def surroundings() -> dict[str, str]:
    """Return the environment without what would forbid byte-code or name another village."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NIMMER", "RAY_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def measure(quick: bool) -> list[Measurement]:
    """Run the pairs."""
    pairs = 1 if quick else 3
    with tempfile.TemporaryDirectory(prefix="nimmer-bench-", ignore_cleanup_errors=True) as place:
        state = Path(place)
        state.chmod(0o711)  # the user that PostgreSQL runs as must be able to pass
        village(state)  # makes the state directory, and whatever else only a first start makes
        taken = []
        for index in range(pairs):
            if index % 2:
                rival = empty_actors()
                taken.append((village(state), rival))
            else:
                taken.append((village(state), empty_actors()))

    def row(rival: str, of_rival: Callable[[Start], float]) -> Measurement:
        ratios = [ours.process_s / of_rival(theirs) for ours, theirs in taken]
        ratio = statistics.median(ratios)
        launch_s = statistics.median(ours.call_s for ours, _ in taken)
        return Measurement(
            f"command to the tick of NPC {NPCS}",
            statistics.median(ours.process_s for ours, _ in taken),
            "s",
            rival,
            statistics.median(of_rival(theirs) for _, theirs in taken),
            ratio,
            GOAL,
            meets(ratio, GOAL),
            f"{pairs} pairs, ratio {min(ratios):.3g} to {max(ratios):.3g}; startup_s of our own telling {launch_s:.2f}",
        )

    return [
        row(f"ray.init + {NPCS} empty actors", lambda theirs: theirs.call_s),
        row("the same, from the start of its process", lambda theirs: theirs.process_s),
    ]
