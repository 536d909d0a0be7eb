"""Ray for a training: the cluster a job was submitted to, or one of our own on loopback that ends with the training.

Source: docs/operations.md; Ray documentation, "Ray Jobs" (a job finds its cluster in RAY_ADDRESS).
"""

import logging
import os
import tempfile

import ray

from nimmer.errors import HostError

NODE_ADDRESS = "127.0.0.2"
"""A loopback address of its own: Ray rewrites 127.0.0.1 to the machine's outward address."""
_OBJECT_STORE_BYTES = 200_000_000


class TrainingRay:
    """A Ray to train on. Make it before anything of RLlib runs, close it at the end."""

    def __init__(self) -> None:
        """Attach to the cluster that RAY_ADDRESS names, else start one. Raises HostError when there is none to be had."""
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            if os.environ.get("RAY_ADDRESS"):
                ray.init(log_to_driver=False, logging_level=logging.ERROR)
                return
            self._directory = tempfile.TemporaryDirectory(prefix="nimmer-ray-", ignore_cleanup_errors=True)
            ray.init(
                address="local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=_OBJECT_STORE_BYTES,
                _node_ip_address=NODE_ADDRESS,
                _temp_dir=self._directory.name,
            )
        except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
            self.close()
            raise HostError(f"no Ray to train on: {error}; unset RAY_ADDRESS to start one here") from error

    def close(self) -> None:
        """Leave the cluster; end it and remove its files when it was our own."""
        ray.shutdown()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None
