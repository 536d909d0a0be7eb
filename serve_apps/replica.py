"""One replica of a Serve app as all of ours are run: kept, admitting many, with a queue of its own inside.

With Serve's default of five requests at a time its router backs off and tries again, in an order that is nobody's.
Source: docs/decisions/0032 and 0034.
"""

from collections.abc import Mapping
from typing import Any

from ray import serve
from ray.serve import Deployment

LITTLE_CPU = 0.05
"""What a replica is admitted with."""
ADMITTED = 2000


def replica(kind: type[Any], name: str, asks: Mapping[str, object], health_s: float = 5.0) -> Deployment:
    """Return `kind` as a deployment of one replica.

    Args:
        kind: a plain class.
        name: of the deployment.
        asks: what its actor asks Ray for: num_cpus, num_gpus, resources.
        health_s: how often Serve looks whether it lives.
    """
    deployment: Deployment = serve.deployment(
        name=name,
        num_replicas=1,
        max_ongoing_requests=ADMITTED,
        ray_actor_options=dict(asks),
        health_check_period_s=health_s,
        health_check_timeout_s=30.0,
        graceful_shutdown_wait_loop_s=0.1,
        graceful_shutdown_timeout_s=2.0,
    )(kind)
    return deployment
