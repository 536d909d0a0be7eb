"""Ray as nimmer starts it: local, on loopback, with a token, its own directory and a quiet temper; or somebody else's.

An idle Ray actor is not free: event statistics, task events and frequent heartbeats cost a quarter of it. What is
turned down here is only what nobody looks at in a village; the dashboard's actors, nodes and logs stay.
Source: docs/host.md; Ray documentation, "Token authentication" and "Ray event export".
"""

import logging
import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nimmer.config import Settings
from nimmer.errors import HostError
from nimmer.host.private_file import write_private

NODE_ADDRESS = "127.0.0.2"
"""A loopback address of its own: Ray rewrites 127.0.0.1 to the machine's outward address."""
QUIET = {
    "RAY_event_stats": "0",
    "RAY_task_events_report_interval_ms": "0",
    "RAY_core_worker_internal_heartbeat_ms": "30000",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "OMP_NUM_THREADS": "1",
}
EVENTS = "ACTOR_DEFINITION_EVENT,ACTOR_LIFECYCLE_EVENT,NODE_DEFINITION_EVENT,NODE_LIFECYCLE_EVENT"
RUN_VARIABLE = "NIMMERVERSE_RUN"
"""By this a launcher knows the processes of its own Ray, whatever has become of their parents."""
CPUS_PER_NPC = 0.01
SPARE_MEMORY = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray this process is connected to. own: whether we started it, and so end it."""

    address: str
    dashboard_url: str
    own: bool


def prepare(settings: Settings, token: str, events_port: int, run: str) -> None:
    """Set what Ray reads from the environment, before it is imported; every process of a Ray of ours carries the run."""
    token_path = settings.state_path / "ray.token"
    write_private(token_path, token.encode())
    os.environ.update(QUIET)
    if settings.ray.address is None:
        os.environ.update(
            {
                RUN_VARIABLE: run,
                "RAY_AUTH_MODE": "token",
                "RAY_AUTH_TOKEN_PATH": str(token_path),
                "RAY_enable_ray_event": "1",
                "RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR": f"http://127.0.0.1:{events_port}/ray-events",
                "RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES": EVENTS,
            }
        )
        os.environ.pop("RAY_ADDRESS", None)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back the handlers that Ray replaces: on SIGTERM its own print a stack and leave at once, or abort."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def connect(settings: Settings, namespace: str, temp_dir: Path) -> Cluster:
    """Start a local Ray, or attach to the one at `ray.address`.

    Raises HostError naming the setting and the fix when it does not come up.
    """
    import ray

    if settings.ray.address is not None:
        try:
            with _signals_kept():
                context = ray.init(
                    settings.ray.address,
                    namespace=namespace,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise HostError(
                f"no Ray answers at ray.address = {settings.ray.address}: {error}; is RAY_AUTH_TOKEN_PATH set to its token?"
            ) from error
        return Cluster(settings.ray.address, f"http://{context.dashboard_url or ''}", own=False)
    npcs = settings.village.npcs
    try:
        with _signals_kept():
            context = ray.init(
                address="local",
                namespace=namespace,
                num_cpus=settings.ray.num_cpus
                or max(os.cpu_count() or 1, math.ceil(npcs * CPUS_PER_NPC + 0.5)),
                include_dashboard=True,
                dashboard_host=settings.ray.dashboard_host,
                dashboard_port=settings.ray.dashboard_port,
                object_store_memory=settings.ray.object_store_mb * 1_000_000,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address=NODE_ADDRESS,
                _temp_dir=str(temp_dir / "ray"),
                # admission only: what an NPC may really take is its control group's business
                _memory=npcs * settings.village.memory_mb * 1_000_000 + SPARE_MEMORY,
            )
    except (RuntimeError, ValueError, OSError) as error:
        raise HostError(f"Ray does not start: {error}; see {temp_dir / 'ray'} and `nimmer doctor`") from error
    return Cluster(ray.get_runtime_context().gcs_address, f"http://{context.dashboard_url}", own=True)
