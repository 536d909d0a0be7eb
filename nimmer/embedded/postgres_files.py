"""The files an embedded PostgreSQL is steered by: who may connect, and its settings.

Source: docs/domain.md section 12 (roles, loopback, generated credentials); PostgreSQL, Client Authentication.
"""

from pathlib import Path

HBA = """\
# Written by nimmer at every start.
local  all       postgres                    peer map=launcher
local  all       all                         scram-sha-256
host   all       postgres  0.0.0.0/0         reject
host   all       all       127.0.0.1/32      scram-sha-256
"""


def ident(user: str) -> str:
    """Return pg_ident.conf: the launcher's Unix user may be the superuser, over the socket only."""
    return f'# Written by nimmer at every start.\nlauncher  "{user}"  postgres\n'


def settings(port: int, access_dir: Path, socket_dir: Path) -> list[str]:
    """Return the options of the postgres command: loopback, a private socket, durable commits, modest memory.

    The access files are in `access_dir`, which is the launcher's: it never writes into the server's own
    directory, where a name could lead elsewhere.
    """
    values = {
        "hba_file": str(access_dir / "pg_hba.conf"),
        "ident_file": str(access_dir / "pg_ident.conf"),
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "50",
        "shared_buffers": "128MB",
        # files below the data directory: what a killed server leaves is gone at its next start, and none is in /dev/shm
        "dynamic_shared_memory_type": "mmap",
        "max_wal_size": "1GB",
        "fsync": "on",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "warning",
        "log_checkpoints": "off",
    }
    return [word for key, value in values.items() for word in ("-c", f"{key}={value}")]


def ready(postmaster_pid: str, pid: int) -> bool:
    """Tell from the content of postmaster.pid whether the postmaster `pid` takes connections."""
    lines = postmaster_pid.splitlines()
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
