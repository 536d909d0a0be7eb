"""What is left of a village that was killed in every part and then ended by Ctrl-C: its records, and nothing else."""

import json
from pathlib import Path

import pytest

from nimmer.stores.action_log import ActionLog, ActionLogWriter
from nimmer.world.journal import TickFrame
from tests.village.conftest import Ended

pytestmark = pytest.mark.village


def test_ctrl_c_ends_it_in_order_with_one_object_on_stdout(ended: Ended) -> None:
    assert ended.code == 0
    assert ended.summary["npcs"] == 9
    assert ended.summary["world_ticks"] > 0
    assert ended.summary["npc_ticks"] > 0


def test_nothing_is_left_of_it_on_the_host(ended: Ended) -> None:
    assert len(ended.before.processes) > 15
    assert len(ended.before.ports) > 5
    assert len(ended.before.paths) >= 2
    assert ended.before.left() == []
    assert not (ended.raised.state / "run.json").exists()
    assert not (ended.raised.state / "run.lock").exists()


def test_no_row_was_lost(ended: Ended) -> None:
    assert ended.summary["trail_rows_lost"] == 0


def test_the_run_can_be_executed_again_to_the_same_state(ended: Ended) -> None:
    run = ended.summary["run"]
    told = ended.raised.json("replay", run)
    assert told["equal"] is True
    assert told["first_divergence"] is None
    assert told["torn_tail"] is False
    assert told["ticks"] == ended.summary["world_ticks"]
    assert told["digest"] == ended.summary["digest"]


def test_a_log_with_one_altered_action_is_told_by_its_tick(ended: Ended, tmp_path: Path) -> None:
    log = ActionLog(ended.raised.state / "runs" / ended.summary["run"] / "actions.log")
    altered = tmp_path / "actions.log"
    at = 200
    with ActionLogWriter.create(altered, log.header) as writer:
        for frame in log.frames():
            if isinstance(frame, TickFrame) and frame.tick == at:
                present = ~frame.present
                frame = TickFrame(at, frame.verbs, frame.slots, present, frame.permitted, frame.digest)
            writer.append(frame)
    done = ended.raised.nimmer("replay", str(altered), "--json", check=False)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["equal"] is False
    assert told["first_divergence"] == at


def test_a_damaged_log_is_told_by_its_tick(ended: Ended, tmp_path: Path) -> None:
    content = bytearray((ended.raised.state / "runs" / ended.summary["run"] / "actions.log").read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged = tmp_path / "actions.log"
    damaged.write_bytes(content)
    done = ended.raised.nimmer("replay", str(damaged), check=False)
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert "the frame of tick" in done.stderr
