"""A SQLite file as duolog's database."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from duolog.adapters._sql.generation_tables import Redirection
from duolog.adapters.sqlite.batch_counter import batch_counter
from duolog.adapters.sqlite.checkpoints import SqliteCheckpoints
from duolog.adapters.sqlite.committer import SqliteWorkCommitter
from duolog.adapters.sqlite.connections import check_version, connect_reader, connect_writer
from duolog.adapters.sqlite.event_store import SqliteEventStore
from duolog.adapters.sqlite.examination import examine
from duolog.adapters.sqlite.generations import SqliteGenerations
from duolog.adapters.sqlite.idempotency import SqliteIdempotencyStore
from duolog.adapters.sqlite.leases import SqliteLeases, SqliteMembers
from duolog.adapters.sqlite.location import Location, parse_location
from duolog.adapters.sqlite.migrations import migrate, pending_names, read_log_id
from duolog.adapters.sqlite.parking import SqliteParking
from duolog.adapters.sqlite.pauses import SqlitePauses
from duolog.adapters.sqlite.process_states import SqliteProcessStates
from duolog.adapters.sqlite.read_session import SqliteReadSession
from duolog.adapters.sqlite.readers import Reader, Readers
from duolog.adapters.sqlite.scheduled_commands import SqliteCommandSchedule
from duolog.adapters.sqlite.shares import SqliteShares
from duolog.adapters.sqlite.snapshots import SqliteSnapshots
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.tail import Tail
from duolog.adapters.sqlite.threads import Threads
from duolog.adapters.sqlite.transfer import SqliteTransfer, read_state
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.view_session import SqliteViewSession
from duolog.adapters.sqlite.views import create_shadow, create_tables, drop_generation, forget_view, prepare_view
from duolog.adapters.sqlite.writer import Writer
from duolog.database.closed_log import check_in_use
from duolog.database.examination import Examination
from duolog.database.port import Features, View
from duolog.errors import DatabaseError, NotStartedError, ReadOnlyError
from duolog.eventstore.appends import Appended
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share

T = TypeVar("T")

READING_THREADS: Final = 8
LOG_THREADS: Final = 4
MOST_LOG_READERS: Final = 8

_KEEP_SECRET_CHECK: Final = load_sql("keep_secret_check")
_READ_SECRET_CHECK: Final = load_sql("read_secret_check")
MOST_SESSIONS: Final = 64
SESSION_PATIENCE: Final = 30.0
LEAST_PATIENCE: Final = 5.0


class SqliteDatabase:
    """A `Database` in one file, which other processes may open too.

    Args:
        location: where it is, and its options.
    """

    __slots__ = ("_location", "_open")

    def __init__(self, location: Location) -> None:
        self._location = location
        self._open: _Open | None = None

    @property
    def url(self) -> str:
        """Its URL."""
        return self._location.url

    @property
    def features(self) -> Features:
        """What it does differently."""
        return Features(durable=True, shared=True, snapshot_reads=True, single_writer=True, keys_shared=False)

    @property
    def store(self) -> SqliteEventStore:
        """The log."""
        return self._opened().store

    @property
    def committer(self) -> SqliteWorkCommitter:
        """Commits units of work."""
        return self._opened().committer

    @property
    def snapshots(self) -> SqliteSnapshots:
        """The latest snapshots of streams."""
        return self._opened().snapshots

    @property
    def checkpoints(self) -> SqliteCheckpoints:
        """How far subscriptions are."""
        return self._opened().checkpoints

    @property
    def generations(self) -> SqliteGenerations:
        """Which generations of views there are."""
        return self._opened().generations

    @property
    def shares(self) -> SqliteShares:
        """How generations are divided, and who holds what."""
        return self._opened().shares

    @property
    def members(self) -> SqliteMembers:
        """Who works on subscriptions."""
        return self._opened().members

    @property
    def pauses(self) -> SqlitePauses:
        """Which subscriptions stand still on purpose."""
        return self._opened().pauses

    @property
    def leases(self) -> SqliteLeases:
        """Who may advance a share."""
        return self._opened().leases

    @property
    def parking(self) -> SqliteParking:
        """What subscriptions set aside."""
        return self._opened().parking

    @property
    def idempotency(self) -> SqliteIdempotencyStore:
        """Which commands were executed under which keys."""
        return self._opened().idempotency

    @property
    def schedule(self) -> SqliteCommandSchedule:
        """Which commands are due later."""
        return self._opened().schedule

    @property
    def process_states(self) -> SqliteProcessStates:
        """What process managers remember."""
        return self._opened().process_states

    @property
    def transfer(self) -> SqliteTransfer:
        """Gives the log away, or takes one in."""
        return self._opened().transfer

    async def open(self, *, read_only: bool = False, for_transfer: bool = False) -> None:
        """Connect and bring the schema up to date, or check it; see `Database.open`."""
        if self._open is None:
            opened = _Open(self._location, read_only=read_only, for_transfer=for_transfer)
            try:
                await (opened.start_reading() if read_only else opened.start())
            except BaseException:
                await opened.close()
                raise
            self._open = opened

    async def close(self) -> None:
        """Finish what was sent, and disconnect. May be called twice."""
        if self._open is not None:
            await self._open.close()

    async def pending_migrations(self) -> list[str]:
        """Return the names of the migrations that are not applied yet; makes no file."""
        return await asyncio.to_thread(pending_names, self._location)

    async def examine(self, *, quick: bool = False) -> Sequence[Examination]:
        """Look at the file, its disk and the SQLite that reads it; see `Database.examine`."""
        return await asyncio.to_thread(lambda: tuple(examine(self._location, quick=quick)))

    async def keep_secret_check(self, check: str) -> str:
        """Keep a check value of the application's secret; see `Database.keep_secret_check`."""

        def keep(connection: sqlite3.Connection) -> str:
            connection.execute(_KEEP_SECRET_CHECK, {"secret_check": check})
            return str(connection.execute(_READ_SECRET_CHECK).fetchone()[0])

        return await self._write(keep)

    async def create_tables(self, tables: Mapping[str, str]) -> None:
        """Create the application's own tables where they are missing; see `Database.create_tables`."""
        await self._write(lambda connection: create_tables(connection, tables))

    async def prepare_view(self, view: View, *, token: int | None = None) -> Sequence[Checkpoint]:
        """Create a view's first generation where there is none; see `Database.prepare_view`."""
        return await self._write(lambda connection: prepare_view(connection, view, token))

    async def create_shadow(self, view: View) -> Generation:
        """Create a further generation of a view; see `Database.create_shadow`."""
        return await self._write(lambda connection: create_shadow(connection, view))

    async def drop_generation(self, subscription: str, number: int) -> None:
        """Remove a generation that is not live; see `Database.drop_generation`."""
        await self._write(lambda connection: drop_generation(connection, subscription, number))

    async def forget_view(
        self, subscription: str, *, leases: Collection[Lease] = (), tables: Sequence[str] = ()
    ) -> None:
        """Remove a view that no code has any more; see `Database.forget_view`."""
        await self._write(lambda connection: forget_view(connection, subscription, leases, tables))

    def open_view(self, view: View, share: Share | None = None, role: Role = Role.LIVE) -> SqliteViewSession:
        """Open the session for one batch of a share; see `Database.open_view`."""
        opened = self._opened()
        redirection = Redirection(tuple(view.tables), share or Share(view.subscription), role)
        return SqliteViewSession(opened.writer, opened.sessions, redirection, patience=opened.patience)

    def open_reader(self, *, seconds: float | None = None) -> SqliteReadSession:
        """Open a session that reads one snapshot and cannot write; see `Database.open_reader`."""
        return SqliteReadSession(self._opened().sessions, seconds=seconds)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._opened().writer.run(Action(work))

    def _opened(self) -> "_Open":
        if self._open is None:
            message = "the database is not open"
            raise NotStartedError(message, hint="Call `await database.open()` first.")
        return self._open


class _Open:
    """Everything that lives between open and close.

    Sessions have connections and threads of their own: one that keeps its snapshot while it reads the log must not
    wait for a connection that another such session keeps, and slow queries must not stop commands and projections,
    which read the log.
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
        check_version()
        await self.writer.start()
        self._make_store()

    async def start_reading(self) -> None:
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


def open_database(url: str, /) -> SqliteDatabase:
    """Make the database of a URL like ``sqlite:///users.db``, unopened.

    Raises:
        ConfigurationError: the URL is not of this form, or an option is unknown.
    """
    return SqliteDatabase(parse_location(url))
