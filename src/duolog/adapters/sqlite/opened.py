"""Everything of an SQLite database that lives between open and close."""

import sqlite3
from contextlib import suppress
from typing import Final

from duolog.adapters.sqlite.batch_counter import batch_counter
from duolog.adapters.sqlite.checkpoints import SqliteCheckpoints
from duolog.adapters.sqlite.committer import SqliteWorkCommitter
from duolog.adapters.sqlite.connections import check_version, connect_reader, connect_writer
from duolog.adapters.sqlite.event_store import SqliteEventStore
from duolog.adapters.sqlite.generations import SqliteGenerations
from duolog.adapters.sqlite.idempotency import SqliteIdempotencyStore
from duolog.adapters.sqlite.leases import SqliteLeases, SqliteMembers
from duolog.adapters.sqlite.location import Location
from duolog.adapters.sqlite.migrations import migrate, read_log_id
from duolog.adapters.sqlite.parking import SqliteParking
from duolog.adapters.sqlite.pauses import SqlitePauses
from duolog.adapters.sqlite.process_states import SqliteProcessStates
from duolog.adapters.sqlite.readers import Reader, Readers
from duolog.adapters.sqlite.scheduled_commands import SqliteCommandSchedule
from duolog.adapters.sqlite.shares import SqliteShares
from duolog.adapters.sqlite.snapshots import SqliteSnapshots
from duolog.adapters.sqlite.tail import Tail
from duolog.adapters.sqlite.threads import Threads
from duolog.adapters.sqlite.transfer import SqliteTransfer, read_state
from duolog.adapters.sqlite.writer import Writer
from duolog.database.closed_log import check_in_use
from duolog.errors import DatabaseError, ReadOnlyError
from duolog.eventstore.appends import Appended

READING_THREADS: Final = 8
LOG_THREADS: Final = 4
MOST_LOG_READERS: Final = 8
MOST_SESSIONS: Final = 64
SESSION_PATIENCE: Final = 30.0
LEAST_PATIENCE: Final = 5.0


class OpenDatabase:
    """Everything that lives between open and close.

    Sessions have connections and threads of their own: one that keeps its snapshot while it reads the log must not
    wait for a connection that another such session keeps, and slow queries must not stop commands and projections,
    which read the log.

    Args:
        location: where it is, and its options.
        read_only: its writer refuses everybody.
        for_transfer: a log that was moved or is on its way in may be written.
    """

    def __init__(self, location: Location, *, read_only: bool, for_transfer: bool) -> None:
        def connect() -> sqlite3.Connection:
            return connect_reader(location)

        self._location = location
        self._for_transfer = for_transfer
        self._log_id = ""
        self._threads = Threads(READING_THREADS, name="duolog-sqlite-reader")
        self._log_threads = Threads(LOG_THREADS, name="duolog-sqlite-log-reader")
        self._log_readers = Readers(connect, self._log_threads, most=MOST_LOG_READERS, patience=SESSION_PATIENCE)
        self._tail_reader = Reader(connect, self._log_threads)
        self._tail = Tail(self._tail_reader)
        self.patience = max(location.busy_timeout / 1_000, LEAST_PATIENCE)
        self.sessions = Readers(connect, self._threads, most=MOST_SESSIONS, patience=SESSION_PATIENCE)
        self.writer = Writer(
            _refuse_writing if read_only else self._connect_writer, on_commit=self._committed, on_batch=batch_counter()
        )
        self.committer = SqliteWorkCommitter(self.writer, self.sessions)
        self.snapshots = SqliteSnapshots(self._log_readers)
        self.checkpoints = SqliteCheckpoints(self._log_readers)
        self.generations = SqliteGenerations(self._log_readers)
        self.shares = SqliteShares(self.writer, self._log_readers)
        self.members = SqliteMembers(self.writer)
        self.pauses = SqlitePauses(self.writer, self._log_readers)
        self.leases = SqliteLeases(self.writer, self._log_readers)
        self.parking = SqliteParking(self._log_readers)
        self.idempotency = SqliteIdempotencyStore(self.writer, self._log_readers)
        self.schedule = SqliteCommandSchedule(self.writer, self._log_readers)
        self.process_states = SqliteProcessStates(self.writer, self._log_readers)
        self.transfer = SqliteTransfer(location.url, self.writer, self._log_readers)

    async def start(self) -> None:
        """Connect to be written; errors as `Database.open`."""
        check_version()
        await self.writer.start()
        self._make_store()

    async def start_reading(self) -> None:
        """Connect to be read only; errors as `Database.open`."""
        if not self._location.path.is_file():
            message = f"there is no database {self._location.path}"
            raise DatabaseError(message, hint="Check the path; an application, or `duolog migrate`, makes it.")
        self._log_id = await self._log_readers.run(read_log_id)
        with suppress(ReadOnlyError):  # its thread runs, and refuses everybody
            await self.writer.start()
        self._make_store()

    def _make_store(self) -> None:
        self.store = SqliteEventStore(
            log_id=self._log_id, writer=self.writer, readers=self._log_readers, tail=self._tail
        )

    async def close(self) -> None:
        """Finish what was sent, and disconnect."""
        await self._tail.close()
        self.sessions.refuse()
        self._log_readers.refuse()
        await self._threads.close()
        await self._log_threads.close()
        self.sessions.close()
        self._log_readers.close()
        self._tail_reader.close()
        await self.writer.close()  # the last one to close a file takes its WAL away, which a reader could not

    def _connect_writer(self) -> sqlite3.Connection:
        connection = connect_writer(self._location)
        try:
            self._log_id = migrate(connection)
            if not self._for_transfer:
                check_in_use(read_state(connection), self._location.url)
        except BaseException:
            connection.close()
            raise
        return connection

    def _committed(self, result: object) -> None:
        if isinstance(result, Appended):
            self._tail.advance(result.position)


def _refuse_writing() -> sqlite3.Connection:
    message = "the database was opened to be read only"
    raise ReadOnlyError(message)
