"""A database in this process's memory: the log in Python, tables in SQLite's memory; for tests and first steps."""

from collections.abc import Mapping, Sequence
from typing import Final

from duolog.adapters._sql.ddl import check_empty, check_tables, create_missing, drop_named, drop_tables
from duolog.adapters.memory.clock import DatabaseClock
from duolog.adapters.memory.committer import MemoryCommitter
from duolog.adapters.memory.event_store import MemoryEventStore
from duolog.adapters.memory.idempotency import MemoryIdempotencyStore
from duolog.adapters.memory.log import MemoryLog
from duolog.adapters.memory.reading import MemoryReadSession
from duolog.adapters.memory.snapshots import MemorySnapshots
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryLeases, MemoryParking
from duolog.adapters.memory.tables import Tables
from duolog.adapters.memory.transfer import Memory, MemoryTransfer
from duolog.adapters.memory.view_session import MemoryViewSession
from duolog.database.closed_log import check_in_use
from duolog.database.examination import Examination
from duolog.database.port import Database, Features, View
from duolog.errors import ConfigurationError, DatabaseError
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.tables.ports import ReadSession

_URL: Final = "memory://"


def open_database(url: str, /) -> Database:
    """Make a new, empty database in memory, unopened; every call makes another one.

    Args:
        url: ``memory://``.

    Raises:
        ConfigurationError: the URL says more than that.
    """
    if url != _URL:
        message = "the database URL is not that of a database in memory"
        raise ConfigurationError(message, hint=f"Write {_URL!r}; it takes no name and no options.")
    return MemoryDatabase()


class MemoryDatabase:
    """A `Database` that is gone when it is closed, and that no other process sees."""

    def __init__(self) -> None:
        clock = DatabaseClock()
        log = MemoryLog(clock)
        self._tables = Tables()
        self._keys = MemoryIdempotencyStore(clock)
        self._snapshots = MemorySnapshots()
        self._committer = MemoryCommitter(log, self._tables, self._keys, self._snapshots)
        self._store = MemoryEventStore(log, self._committer)
        self._leases = MemoryLeases(clock)
        self._checkpoints = MemoryCheckpoints(clock, self._leases)
        self._parking = MemoryParking(clock)
        memory = Memory(self._checkpoints, self._parking, self._snapshots, self._keys)
        self._transfer = MemoryTransfer(log, memory, self._tables, clock)

    @property
    def url(self) -> str:
        """Its URL."""
        return _URL

    @property
    def features(self) -> Features:
        """What it does differently."""
        return Features(durable=False, shared=False, snapshot_reads=False, single_writer=True, keys_shared=False)

    @property
    def store(self) -> MemoryEventStore:
        """The log."""
        return self._store

    @property
    def committer(self) -> MemoryCommitter:
        """Commits units of work."""
        return self._committer

    @property
    def snapshots(self) -> MemorySnapshots:
        """The latest snapshots of streams."""
        return self._snapshots

    @property
    def checkpoints(self) -> MemoryCheckpoints:
        """How far subscriptions are."""
        return self._checkpoints

    @property
    def leases(self) -> MemoryLeases:
        """Who may advance a subscription."""
        return self._leases

    @property
    def parking(self) -> MemoryParking:
        """What subscriptions set aside."""
        return self._parking

    @property
    def idempotency(self) -> MemoryIdempotencyStore:
        """Which commands were executed under which keys."""
        return self._keys

    @property
    def transfer(self) -> MemoryTransfer:
        """Gives the log away, or takes one in."""
        return self._transfer

    async def open(self, *, read_only: bool = False, for_transfer: bool = False) -> None:
        """Make room for tables.

        Raises:
            LogClosedError: the log was moved, or is on its way in.
            DatabaseError: it is to be only read, but nobody can have written it.
        """
        if read_only:
            message = "a database in memory is empty when it is opened"
            raise DatabaseError(message, hint="Open a database that lasts, like sqlite:///app.db.")
        if not for_transfer:
            check_in_use(await self._transfer.state(), _URL)
        self._tables.open()

    async def close(self) -> None:
        """Drop the tables. May be called twice."""
        self._tables.close()

    async def pending_migrations(self) -> list[str]:
        """Return no migrations: there is nothing older to migrate."""
        return []

    async def examine(self, *, quick: bool = False) -> Sequence[Examination]:  # noqa: ARG002 - the port's
        """Return nothing: there is no file and no disk."""
        return ()

    async def keep_secret_check(self, check: str) -> str:
        """Keep a check value of the application's secret; see `Database.keep_secret_check`."""
        return self._transfer.keep_secret_check(check)

    async def create_tables(self, tables: Mapping[str, str]) -> None:
        """Create the application's own tables where they are missing; see `Database.create_tables`."""
        async with self._tables.turn:
            with self._tables.transaction() as connection:
                create_missing(connection, tables)
                self._tables.commit()

    async def prepare_view(self, view: View, *, token: int | None = None) -> Checkpoint:
        """Create a view's tables and checkpoint, or reset them for another version; see `Database.prepare_view`."""
        async with self._tables.turn:
            known = await self._checkpoints.read(view.subscription)
            if token is not None:
                self._checkpoints.check_token(view.subscription, token)
            is_current = known is not None and known.version == view.version
            if known is not None and not is_current and token is None:
                return known
            with self._tables.transaction() as connection:
                check_tables(view.tables)
                if known is None:
                    check_empty(connection, view.subscription, view.tables)
                elif not is_current:
                    drop_tables(connection, view.tables)
                create_missing(connection, view.tables)
                self._tables.commit()
            if known is not None and is_current:
                return known
            self._parking.forget(view.subscription)
            return self._checkpoints.reset(view.subscription, view.version)

    async def forget_view(self, subscription: str, *, token: int, tables: Sequence[str] = ()) -> None:
        """Remove a view that no code has any more; see `Database.forget_view`."""
        async with self._tables.turn:
            self._checkpoints.check_token(subscription, token)
            with self._tables.transaction() as connection:
                drop_named(connection, tables)
                self._tables.commit()
            self._parking.forget(subscription)
            self._checkpoints.drop(subscription)

    def open_view(self, view: View) -> ViewSession:  # noqa: ARG002 - where its tables are is the same for all views
        """Open the session for one batch of a projection."""
        return MemoryViewSession(self._tables, self._checkpoints, self._parking)

    def open_reader(self, *, seconds: float | None = None) -> ReadSession:
        """Open a session that reads what is committed; see `Database.open_reader`."""
        return MemoryReadSession(self._tables, seconds=seconds)
