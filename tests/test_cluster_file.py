"""The cluster file is one that Ray accepts, starts what exists and stays closed to strangers."""

import copy
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # no stubs among the dependencies
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start

FILE = Path(__file__).parents[1] / "cluster.yaml"
STARTS = ("head_start_ray_commands", "worker_start_ray_commands")


@pytest.fixture(name="cluster", scope="module")
def _cluster() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return loaded


def commands(cluster: dict[str, Any]) -> list[str]:
    return [command for key in STARTS for command in cluster[key]]


def test_ray_accepts_the_file(cluster: dict[str, Any]) -> None:
    prepared = prepare_config(copy.deepcopy(cluster))
    validate_config(prepared)
    assert prepared["max_workers"] == len(cluster["provider"]["worker_ips"])


def test_the_file_names_no_node_types_which_machines_of_ones_own_may_not_have(
    cluster: dict[str, Any],
) -> None:
    assert not {"available_node_types", "head_node_type", "head_node", "worker_nodes"} & cluster.keys()


def test_every_option_is_one_of_ray_start(cluster: dict[str, Any]) -> None:
    known = {name for parameter in start.params for name in parameter.opts}
    used = {option for command in commands(cluster) for option in re.findall(r"(?<=\s|')--[a-z-]+", command)}
    assert used
    assert used <= known


def test_every_command_is_a_shell_command(cluster: dict[str, Any]) -> None:
    for command in [*cluster["setup_commands"], *commands(cluster)]:
        assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0, command


@pytest.mark.parametrize("key", STARTS)
def test_no_node_starts_without_the_token(cluster: dict[str, Any], key: str) -> None:
    (started,) = [command for command in cluster[key] if " start " in command]
    assert "RAY_AUTH_MODE=token" in started
    assert "0.0.0.0" not in started
    assert any(target.endswith("auth_token") for target in cluster["file_mounts"])


@pytest.mark.parametrize(
    ("key", "host", "expected"),
    [
        (STARTS[0], "theia", '--num-gpus=1 --resources={"theia":1}'),
        (
            STARTS[1],
            "dioscuri",
            '--num-gpus=2 --resources={"dioscuri":1,"dioscuri_card_0":1,"dioscuri_card_1":1}',
        ),
    ],
)
def test_a_host_says_what_it_has(cluster: dict[str, Any], key: str, host: str, expected: str) -> None:
    (started,) = [command for command in cluster[key] if " start " in command]
    head, _, tail = started.partition("case $(hostname -s)")
    said = f"case {host}{tail}".replace("/opt/nimmer/.venv/bin/ray start", "printf '%s ' start")
    shown = subprocess.run(["bash", "-c", said], check=True, capture_output=True, text=True).stdout
    assert expected in shown
    assert head
