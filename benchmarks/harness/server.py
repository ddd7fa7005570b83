"""The PostgreSQL server of a run: started when the first row needs it, on the same disk, and durable."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks.harness.case import Costs
from duolog.testing.servers import PostgresBinaries, PostgresServer, PostgresSettings, process_table

SETTINGS: Final = PostgresSettings(
    max_connections=400,
    shared_buffers="512MB",
    fsync=True,
    others={"synchronous_commit": "on", "max_wal_size": "4GB"},
)
_SHOWN: Final = (
    *("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "commit_delay"),
    *("shared_buffers", "max_wal_size", "max_connections"),
)
# In PostgreSQL 18 the write-ahead log's fsyncs are counted here. A session's counts arrive when it ends, at the latest.
_FSYNCS: Final = "SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'"
_SESSIONS: Final = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    AND datname = current_database()
"""
_PROC: Final = Path("/proc")
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


class BenchServer:
    """A server that is started by whoever needs it first; ``with`` closes it.

    Args:
        folder: where its data are kept; None for the folder of temporary files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder / f"postgres-{os.getpid()}"
        self._server: PostgresServer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def is_started(self) -> bool:
        return self._server is not None

    @property
    def binaries(self) -> PostgresBinaries:
        return self._started().binaries

    def describe(self) -> list[str]:
        """Return lines that say which server this is, and how it is set up."""
        server = self._started()
        version = server.databases.run_sql("SHOW server_version")
        shown = server.databases.run_sql("; ".join(f"SHOW {name}" for name in _SHOWN)).splitlines()
        settings = ", ".join(f"{name} = {value}" for name, value in zip(_SHOWN, shown, strict=True))
        return [f"PostgreSQL {version} on this machine's loopback address", settings]

    @contextmanager
    def new_database(self) -> Generator[str]:
        """Have an empty database for the length of a ``with`` block, which gets its URL."""
        with self._started().databases.new_database() as url:
            yield url

    def fsyncs(self) -> int:
        """Return how often the write-ahead log was made to reach the disk, by sessions that have ended."""
        return int(self._started().databases.run_sql(_FSYNCS))

    def sessions(self, database: str) -> int:
        """Return how many sessions a database has."""
        return int(self._started().databases.run_sql(_SESSIONS, database=database))

    def run_sql(self, sql: str, *, database: str) -> str:
        """Run a statement in a database, and return its rows as text."""
        return self._started().databases.run_sql(sql, database=database)

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its processes, also of those that have ended; Linux only."""
        postmaster = self._started().pid
        pids = [postmaster, *process_table.children(postmaster)]
        return sum(_on_cpu(pid) for pid in pids) + _of_ended_children(postmaster)

    def _started(self) -> PostgresServer:
        if self._server is None:
            server = PostgresServer(self._folder, settings=SETTINGS, temporary=True)
            server.start()
            self._server = server
            print("\n".join(self.describe()), flush=True)
        return self._server


def costs(operations: int, client: float, server: float, fsyncs: int) -> Costs:
    """Divide what a round cost by its operations."""
    return Costs(client / operations, server / operations, fsyncs / operations)


def _on_cpu(pid: int) -> float:
    """Return a process's own CPU time to the nanosecond; its `stat` is in hundredths of a second."""
    try:
        return int((_PROC / str(pid) / "schedstat").read_bytes().split()[0]) / 1e9
    except OSError:
        return 0.0  # ended while we looked


def _of_ended_children(pid: int) -> float:
    # See proc(5): the fields cutime and cstime; what is before them may hold blanks, up to the last parenthesis.
    fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[13]) + int(fields[14])) * _TICK
