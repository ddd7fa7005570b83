"""A data directory, which PostgreSQL calls a cluster: made once, used by one server at a time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from duolog.testing.servers import process_table
from duolog.testing.servers.account import Account
from duolog.testing.servers.binaries import PostgresBinaries
from duolog.testing.servers.new_data import LOGIN_FILE, make_data, unpack_data

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
        return (self.directory / LOGIN_FILE).read_text(encoding="utf-8")

    def make(self, binaries: PostgresBinaries, *, temporary: bool) -> None:
        """Make the data directory and its password, unless they are there.

        Args:
            binaries: the programs to use.
            temporary: it need not survive a power cut, nor be unlike any other.

        Raises:
            ConfigurationError: it cannot be made by this account.
            ServerStartError: it could not be made.
        """
        if (self.data / "PG_VERSION").exists():
            return
        if temporary:
            unpack_data(self.directory, self.account, binaries)
        else:
            make_data(self.directory, self.account, binaries, sync=True)

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
