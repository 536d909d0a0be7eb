"""Record how a real village fares per NPC and epoch, for the governor's training world to be measured against.

    python scripts/recipes/governor_trace.py --seed 11 --out docs/bench/governor_trace.csv

Raises 25 NPCs on level 2 with `nimmer up` in a directory of its own, the governor off and every NPC at a rate of its
own between 1 and 20 Hz, waits, and turns what `nimmer trails` and `nimmer trails nerves` tell into one row per NPC and
epoch of 100 world ticks. Two runs make a recording: one to fit, one to be judged by.
"""

import argparse
import csv
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

NPCS, LEVEL, EPOCH_TICKS, WORLD_HZ = 25, 2, 100, 20.0
NIMMER = [sys.executable, "-c", "from nimmer.cli.main import main; main()"]
OPEN = 2
"""A gate's state in the two bits of a trail row, state + 1."""
FIELDS = (
    "run", "seed", "level", "npcs", "epoch", "npc", "tick_hz", "ticks", "cpu_ms", "coverage", "gained", "energy",
    "lifeforce", "earned", "opened_collision", "opened_battery", "opened_exploration",
    "opened_conversation", "succeeded", "failed", "timed_out", "abandoned", "latency_ms",
)  # fmt: skip


def rate(npc: int) -> int:
    """Return the rate NPC `npc` is held at, Hz: 1 to 20, spread over the ids."""
    return npc * 7 % 20 + 1


def tell(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run([*NIMMER, *words], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def live(seed: int, seconds: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the trails and the nerves' runs of a village that lived so long at its NPCs' own rates."""
    with tempfile.TemporaryDirectory(prefix="trace-", dir="/tmp", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)
        environment = {
            **os.environ, "NIMMER_STATE_DIR": home, "NIMMER_GOVERNOR__ENABLED": "false", "NIMMER_VILLAGE__TICK_HZ": "1",
            "NIMMER_WORLD__EPOCH_TICKS": str(EPOCH_TICKS), "NIMMER_RAY__DASHBOARD_PORT": "8299", "NO_COLOR": "1",
        }  # fmt: skip
        village = subprocess.Popen(
            [*NIMMER, "up", "--npcs", str(NPCS), "--level", str(LEVEL), "--seed", str(seed)],
            env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert village.stderr is not None
            for line in village.stderr:
                print(line.rstrip(), file=sys.stderr)
                if "live on level" in line:
                    break
            spread(environment)
            time.sleep(seconds)
            trails = json.loads(tell(environment, "trails", "--limit", "1000000", "--json"))
            nerves = json.loads(tell(environment, "trails", "nerves", "--limit", "100000", "--json"))
        finally:
            village.send_signal(signal.SIGINT)
            village.wait(90)
    return trails, nerves


def spread(environment: dict[str, str]) -> None:
    """Give every NPC its rate, one order per rate."""
    subject = f"npc.{platform.node()}.commands.tick_hz"
    for hz in range(1, 21):
        order = {
            "command": "tick_hz",
            "npcs": [npc for npc in range(NPCS) if rate(npc) == hz],
            "arguments": {"hz": hz},
        }
        if order["npcs"]:
            tell(environment, "bus", "ask", subject, json.dumps(order), "-i", "operator")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def epochs(trails: list[dict[str, Any]], nerves: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Return one row per NPC and whole epoch."""
    lives: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(trails, key=lambda row: (row["npc"], row["tick"])):
        lives[row["npc"]].append(row)
    last_epoch = min(life[-1]["world_tick"] for life in lives.values()) // EPOCH_TICKS
    found = []
    for npc, life in sorted(lives.items()):
        for epoch in range(last_epoch):
            inside = [at for at, row in enumerate(life) if row["world_tick"] // EPOCH_TICKS == epoch]
            if inside:
                found.append(one_epoch(life, inside, epoch, npc, nerves, seed))
    return found


def one_epoch(
    life: list[dict[str, Any]],
    inside: list[int],
    epoch: int,
    npc: int,
    nerves: list[dict[str, Any]],
    seed: int,
) -> dict[str, Any]:
    before = life[max(inside[0] - 1, 0)]
    rows = [life[at] for at in inside]
    began, ended_at = moment(before["at"]), moment(rows[-1]["at"])
    opened = dict.fromkeys(("collision_avoidance", "battery", "exploration", "conversation"), 0)
    for earlier, row in zip([before, *rows], rows, strict=False):
        for gate in opened:
            now, then = row["gates"][f"{gate}_gate"], earlier["gates"][f"{gate}_gate"]
            opened[gate] += now == 1 and then != 1
    runs = [run for run in nerves if run["npc"] == npc and began <= moment(run["ended_at"]) < ended_at]
    ended: dict[str, int] = defaultdict(int)
    for run in runs:
        ended[run["outcome"]] += 1
    latency = [run["latency_ms"] for run in runs if run["latency_ms"] is not None]
    return {
        "run": life[0]["run"], "seed": seed, "level": LEVEL, "npcs": NPCS, "epoch": epoch, "npc": npc,
        "tick_hz": round(len(rows) * WORLD_HZ / EPOCH_TICKS, 2), "ticks": len(rows),
        "cpu_ms": round(sum(row["compute_us"] for row in rows) / 1e3, 3),
        "coverage": before["coverage"], "gained": round(rows[-1]["coverage"] - before["coverage"], 6),
        "energy": round(rows[-1]["energy"], 4), "lifeforce": round(before["lifeforce"], 4),
        "earned": round(rows[-1]["lifeforce"] - before["lifeforce"], 4),
        "opened_collision": opened["collision_avoidance"], "opened_battery": opened["battery"],
        "opened_exploration": opened["exploration"], "opened_conversation": opened["conversation"],
        "succeeded": ended["success"], "failed": ended["failure"], "timed_out": ended["timeout"],
        "abandoned": ended["abandoned"], "latency_ms": round(sum(latency) / len(latency), 1) if latency else "",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seed", type=int, action="append", required=True, help="seed of a run; give it twice"
    )
    parser.add_argument("--seconds", type=float, default=75.0, help="how long each lives (s)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with options.out.open("w", newline="") as file:
        table = csv.DictWriter(file, FIELDS)
        table.writeheader()
        for seed in options.seed:
            trails, nerves = live(seed, options.seconds)
            table.writerows(epochs(trails, nerves, seed))


if __name__ == "__main__":
    main()
