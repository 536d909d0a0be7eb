"""A local Ray as `nimmer up` starts it, for benches: loopback, an own directory, the quiet settings.

Ray reads its settings when it is imported, so benches take `ray` from here. The token is left out (it protects a
socket, it costs nothing that is measured here); the dashboard is there where a bench asks for it.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from nimmer.cli.cluster import NODE_ADDRESS, QUIET

os.environ.update(QUIET)
os.environ["RAY_AUTH_MODE"] = "disabled"
os.environ.pop("RAY_ADDRESS", None)

import ray  # after its settings

__all__ = ["quiet_ray", "ray"]


@contextmanager
def quiet_ray(*, dashboard: bool = False) -> Iterator[str]:
    """Run a local Ray for a while; gives its session directory."""
    with tempfile.TemporaryDirectory(prefix="nb-", ignore_cleanup_errors=True) as place:
        ray.init(
            address="local",
            num_cpus=max(os.cpu_count() or 1, 2),
            include_dashboard=dashboard,
            object_store_memory=100_000_000,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address=NODE_ADDRESS,
            _temp_dir=place,
        )
        try:
            yield place
        finally:
            ray.shutdown()
