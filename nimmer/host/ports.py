"""TCP ports of this host: which are free, and which one a server had the last time.

A server that comes back on another port is never found again by its clients, so a port is chosen once and kept
beside the server's data.
Source: docs/host.md.
"""

import contextlib
import socket
from pathlib import Path

from nimmer.errors import HostError

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` of `host` now; 1 to 65535."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT can be listened on
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = LOOPBACK) -> int:
    """Return a port that was free a moment ago: whoever uses it must be ready to find it taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def remembered(file: Path) -> int | None:
    """Return the port kept in `file` when it is there and free, else None."""
    with contextlib.suppress(OSError, ValueError):
        port = int(file.read_text())
        if 0 < port < 65536 and is_free(port):
            return port
    return None


def taken(key: str, port: int) -> HostError:
    """Return the error for a port that a setting asks for and something else holds."""
    return HostError(
        f"{key} is {port}, and another program listens there: stop it, choose another port, "
        f"or remove {key} to take a free one"
    )
