"""A data directory, which PostgreSQL calls a cluster: made once, used by one server at a time."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from duolog.errors import ConfigurationError, ServerStartError
from duolog.testing.servers import process_table
from duolog.testing.servers.account import Account
from duolog.testing.servers.binaries import PostgresBinaries

SUPERUSER: Final = "postgres"
_LOG_LINES: Final = 30
_PID, _PORT, _STATUS = 0, 3, 7  # lines of postmaster.pid, see src/include/utils/pidfile.h of PostgreSQL


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The process that started a server, and the parent of its others.

    Attributes:
        pid: its number.
        port: where it listens.
        ready: whether it takes connections.
    """

    pid: int
    port: int
    ready: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory with its password, and the log of the servers that ran on it.

    Attributes:
        directory: where everything is.
        account: who runs the servers, and owns the data.
    """

    directory: Path
    account: Account

    @property
    def data(self) -> Path:
        """The data directory itself."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the servers wrote."""
        return self.directory / "server.log"

    @property
    def log_size(self) -> int:
        """How long the log is, in bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def logged(self, since: int = 0) -> str:
        """Return the last lines of the log.

        Args:
            since: leave out what was written before the log had this size.
        """
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(since)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-_LOG_LINES:])

    @property
    def password(self) -> str:
        """The superuser's password."""
        return (self.directory / "password").read_text(encoding="utf-8")

    def make(self, binaries: PostgresBinaries, *, sync: bool) -> None:
        """Make the data directory, unless it is there.

        Passwords are SCRAM's, also from this machine. The new one reaches `initdb` by a file that is removed.

        Args:
            binaries: the programs to use.
            sync: let the new files reach the disk.

        Raises:
            ServerStartError: `initdb` failed.
        """
        if (self.data / "PG_VERSION").exists():
            return
        password = secrets.token_urlsafe(24)
        handed_over = self.directory / "handed-over"
        self.data.mkdir(mode=0o700, exist_ok=True)
        try:
            for path, content in ((handed_over, password), (self.directory / "password", password)):
                path.unlink(missing_ok=True)
                path.touch(mode=0o600)
                path.write_text(content, encoding="utf-8")
            if self.account.uid != os.geteuid():
                os.chown(self.data, self.account.uid, self.account.gid)
                os.chown(handed_over, self.account.uid, self.account.gid)
            command: list[str | Path] = [
                *(binaries.directory / "initdb", "--pgdata", self.data, "--username", SUPERUSER),
                *("--auth", "scram-sha-256", "--pwfile", handed_over),
                *("--encoding", "UTF8", "--no-locale", "--no-instructions"),
                *(() if sync else ("--no-sync",)),
            ]
            try:
                ended = self.account.run(command, binaries.environment)
            except OSError as error:
                message = f"the user {self.account.name} cannot run initdb: {error}"
                raise ConfigurationError(message) from error
        finally:
            handed_over.unlink(missing_ok=True)
        if ended.returncode != 0:
            message = f"initdb failed in {self.directory}:\n{ended.stdout.strip()}"
            hint = f"The server runs as the user {self.account.name}, who must be able to enter this folder."
            raise ServerStartError(message, hint=hint)

    def postmaster(self) -> Postmaster | None:
        """Return the process of the server that runs, or is starting, on this data directory."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        if len(lines) <= _PORT or not process_table.running({int(lines[_PID])}):
            return None  # left behind by a server that was killed, or only begun
        ready = len(lines) > _STATUS and lines[_STATUS].strip() == "ready"
        return Postmaster(int(lines[_PID]), int(lines[_PORT]), ready)
