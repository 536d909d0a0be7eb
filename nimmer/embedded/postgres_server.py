"""The embedded PostgreSQL server (phoebe): a child of the launcher, made, kept and recovered by it.

Clients connect over loopback with a generated password; the launcher itself over a private socket, where the
kernel vouches for its Unix user.
Source: docs/domain.md sections 11 and 12; docs/host.md.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from nimmer.clock import Clock
from nimmer.embedded import postgres_files, postgres_roles
from nimmer.embedded.child import Child, RunAs, plain_env
from nimmer.embedded.credentials import Credentials
from nimmer.embedded.postgres_place import SHELTER, Place, drop_to, settle
from nimmer.errors import HostError
from nimmer.host import ports
from nimmer.host.binaries import PostgresBinaries, postgres
from nimmer.host.processes import ProcessId, identify, working_in
from nimmer.host.reach import barrier

READY_S = 60.0
_SOCKET_BYTES = 107


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    """What may be chosen; all None: found or generated."""

    port: int | None = None
    user: str | None = None
    """The Unix user root drops to; None: nobody."""
    binaries: PostgresBinaries | None = None
    shelter: Path = SHELTER
    """Where copies and data go that the dropped user could not reach otherwise."""


class PostgresServer:
    """A postgres with its data in `<state_dir>/pg<major>` and its log in `<state_dir>/logs`."""

    def __init__(
        self,
        state_dir: Path,
        environment: str,
        credentials: Credentials,
        temp_dir: Path,
        clock: Clock,
        options: PostgresOptions | None = None,
    ) -> None:
        """Prepare; nothing runs or is written yet.

        Args:
            state_dir: of the environment.
            environment: dev, staging or prod.
            credentials: passwords of the roles nimmer and watch.
            temp_dir: an existing short directory for the socket, e.g. the household's.
            clock: for deadlines.
            options: what may be chosen.
        """
        self._options = options or PostgresOptions()
        self._state_dir = state_dir
        self.database = f"nimmer_{environment}"
        self._passwords = {
            postgres_roles.OWNER: credentials.postgres,
            postgres_roles.WATCH: credentials.postgres_watch,
        }
        self._socket_dir = temp_dir / "pg"
        self._clock = clock
        self._port = self._options.port
        self._place: Place | None = None
        self._child = Child("postgres", state_dir / "logs" / "postgres.log", clock, signal.SIGINT)

    @property
    def dsn(self) -> str:
        """Where clients connect as the owner, without the password; raises HostError before the first start."""
        if self._port is None:
            raise HostError("postgres has no port before it is started")
        return f"postgresql://{postgres_roles.OWNER}@{ports.LOOPBACK}:{self._port}/{self.database}"

    @property
    def watch_dsn(self) -> str:
        """Where clients connect as the read-only role, without the password."""
        return self.dsn.replace(f"//{postgres_roles.OWNER}@", f"//{postgres_roles.WATCH}@")

    @property
    def place(self) -> Place:
        """Where it lives and as whom it runs; raises HostError before the first start."""
        if self._place is None:
            raise HostError("postgres has no place before it is started")
        return self._place

    @property
    def identity(self) -> ProcessId:
        """The running postmaster."""
        return self._child.identity

    def start(self) -> str:
        """Make the data where missing, start, recover, wait until ready, set up roles; return `dsn`.

        Raises:
            HostError: no binaries, the fixed port is taken, or it does not become ready.
        """
        if self._options.port is not None and not ports.is_free(self._options.port):
            raise ports.taken("stores.postgres_port", self._options.port)
        binaries = self._options.binaries or postgres()
        run_as = drop_to(self._options.user)
        self._private_socket_dir(run_as)
        self._place = settle(self._state_dir, binaries, run_as, self._options.shelter)
        self._create(self._place)
        note = self._state_dir / "postgres.port"
        self._port = self._options.port or ports.remembered(note) or ports.free_port()
        self._run()
        note.write_text(f"{self._port}\n")
        self._set_up()
        return self.dsn

    def restart(self) -> str:
        """Stop it if it runs and start it again on the same port, recovering what a kill had left open."""
        if self._port is None:
            return self.start()
        self.stop()
        if not ports.is_free(self._port):
            raise ports.taken("the port of the running postgres", self._port)
        self._run()
        return self.dsn

    def _private_socket_dir(self, run_as: RunAs | None) -> None:
        """Make the socket's directory, for the server's user and root only."""
        longest = self._socket_dir / ".s.PGSQL.65535.lock"
        if len(os.fsencode(longest)) > _SOCKET_BYTES:
            raise HostError(
                f"{longest} is too long for a socket (at most {_SOCKET_BYTES} bytes): set a shorter TMPDIR"
            )
        if run_as is not None:
            closed = barrier(self._socket_dir.parent, run_as.uid, run_as.gid)
            if closed is not None:
                raise HostError(f"uid {run_as.uid} cannot pass {closed} to the socket: chmod o+x {closed}")
        self._socket_dir.mkdir(mode=0o700, exist_ok=True)
        if run_as is not None:
            os.chown(self._socket_dir, run_as.uid, run_as.gid)

    def _create(self, place: Place) -> None:
        """Run initdb in a fresh directory and move it into place, so that a killed initdb leaves nothing half."""
        if (place.data / "PG_VERSION").exists():
            return
        fresh = place.data.with_name(f"{place.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        user = place.run_as
        if user is not None:
            os.chown(fresh, user.uid, user.gid)
        words = f"-D {fresh} -U {postgres_roles.ADMIN} -E UTF8 --locale=C.UTF-8 --no-instructions --data-checksums"
        argv = [
            str(place.bin / "initdb"),
            *words.split(" "),
            "--auth-local=peer",
            "--auth-host=scram-sha-256",
        ]
        argv[2] = str(fresh)  # may hold blanks
        made = subprocess.run(
            argv,
            env=plain_env(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise HostError(f"initdb failed in {fresh}: {made.stderr.strip()[-600:]}")
        fresh.rename(place.data)

    def _run(self) -> None:
        place = self.place
        self._write_access()
        self._settle_old_postmaster(place.data)
        argv = [str(place.bin / "postgres"), "-D", str(place.data)]
        argv += postgres_files.settings(int(self._port or 0), self._socket_dir.parent, self._socket_dir)
        self._child.start(argv, plain_env(), place.run_as)
        self._child.wait_ready(self._ready, READY_S)

    def _write_access(self) -> None:
        """Write who may connect."""
        try:
            user = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            raise HostError(
                f"uid {os.geteuid()} has no name on this host, which PostgreSQL needs: add it to /etc/passwd, "
                "or set stores.postgres_url"
            ) from None
        texts = {"pg_hba.conf": postgres_files.HBA, "pg_ident.conf": postgres_files.ident(user)}
        for name, text in texts.items():
            file = self._socket_dir.parent / name
            file.write_text(text)
            file.chmod(0o644)

    def _settle_old_postmaster(self, data: Path) -> None:
        """Wait for the processes of a killed launcher's server to end; forget a recycled postmaster pid.

        PostgreSQL itself handles a dead pid, but takes any living one for a postmaster.
        """
        file = data / "postmaster.pid"
        deadline_s = self._clock.monotonic_s() + 20.0
        while file.exists() and (serving := working_in(data)):
            if self._clock.monotonic_s() >= deadline_s:
                raise HostError(
                    f"another PostgreSQL (pid {serving[0]}) serves {data}: stop it, or set another state_dir"
                )
            self._clock.wait_s(0.02)
        with contextlib.suppress(FileNotFoundError, ValueError):
            if identify(int(file.read_text().split("\n")[0])) is not None:
                file.unlink()

    def _ready(self) -> bool | None:
        with contextlib.suppress(OSError, HostError):
            content = (self.place.data / "postmaster.pid").read_text()
            return True if postgres_files.ready(content, self._child.identity.pid) else None
        return None

    def _set_up(self) -> None:
        admin = psycopg.conninfo.make_conninfo(
            host=str(self._socket_dir), port=self._port, user=postgres_roles.ADMIN, dbname="postgres"
        )
        try:
            postgres_roles.apply(admin, self.database, self._passwords)
        except psycopg.Error as error:
            self.stop()
            raise HostError(f"the roles of {self.database} cannot be set up: {error}") from error

    def poll(self) -> int | None:
        """Return None while it runs, else its exit status."""
        return self._child.poll()

    def stop(self) -> None:
        """Stop it in order (running statements are cut off); may be called twice."""
        self._child.stop(grace_s=20.0)
