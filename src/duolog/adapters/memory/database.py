"""A database in this process's memory: the log in Python, tables in SQLite's memory; for tests and first steps."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NoReturn

from duolog.adapters._sql.ddl import create_missing
from duolog.adapters._sql.generation_tables import Redirection
from duolog.adapters._sql.stored_tables import read_stored_tables
from duolog.adapters.memory.clock import DatabaseClock
from duolog.adapters.memory.committer import MemoryCommitter
from duolog.adapters.memory.event_store import MemoryEventStore
from duolog.adapters.memory.idempotency import MemoryIdempotencyStore
from duolog.adapters.memory.leases import MemoryLeases, MemoryMembers
from duolog.adapters.memory.log import MemoryLog
from duolog.adapters.memory.pauses import MemoryPauses
from duolog.adapters.memory.process_states import MemoryProcessStates
from duolog.adapters.memory.reading import MemoryQuerySnapshot
from duolog.adapters.memory.scheduled_commands import MemoryCommandSchedule
from duolog.adapters.memory.shares import MemoryShares
from duolog.adapters.memory.snapshots import MemorySnapshots
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryGenerations, MemoryParking
from duolog.adapters.memory.switch import MemorySwitch
from duolog.adapters.memory.tables import Tables
from duolog.adapters.memory.transfer import Memory, MemoryTransfer
from duolog.adapters.memory.view_session import MemoryViewSession
from duolog.adapters.memory.views import MemoryViews
from duolog.database.closed_log import check_in_use
from duolog.database.examination import Examination
from duolog.database.features import Features
from duolog.database.port import Database, View
from duolog.database.replicas import ReplicaPace, refuse_replicas
from duolog.database.stored_tables import StoredTable
from duolog.errors import ConfigurationError, DatabaseError
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share
from duolog.tables.ports import QuerySnapshot
from duolog.tables.view_changes import ViewChanges

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
        self._log = log
        self._tables = Tables()
        self._keys = MemoryIdempotencyStore(clock)
        self._snapshots = MemorySnapshots()
        self._schedule = MemoryCommandSchedule(self._tables, clock)
        self._process_states = MemoryProcessStates(self._tables, clock)
        self._leases = MemoryLeases(clock)
        self._members = MemoryMembers(clock)
        self._pauses = MemoryPauses(clock)
        self._generations = MemoryGenerations(clock)
        self._checkpoints = MemoryCheckpoints(clock, self._generations, self._leases)
        self._parking = MemoryParking(clock, self._generations)
        self._committer = MemoryCommitter(log, self._tables, self._keys, self._snapshots, self._checkpoints)
        self._store = MemoryEventStore(log, self._committer)
        self._shares = MemoryShares(self._generations, self._checkpoints, self._leases, self._members)
        self._views = MemoryViews(self._tables, self._generations, self._checkpoints, self._parking, self._leases)
        self._switch = MemorySwitch(self._tables, self._generations, self._checkpoints, self._leases)
        memory = Memory(self._generations, self._checkpoints, self._pauses, self._parking, self._snapshots, self._keys)
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
    def generations(self) -> MemoryGenerations:
        """Which generations of views there are."""
        return self._generations

    @property
    def shares(self) -> MemoryShares:
        """How generations are divided, and who holds what."""
        return self._shares

    @property
    def members(self) -> MemoryMembers:
        """Who works on subscriptions."""
        return self._members

    @property
    def pauses(self) -> MemoryPauses:
        """Which subscriptions stand still on purpose."""
        return self._pauses

    @property
    def leases(self) -> MemoryLeases:
        """Who may advance a share."""
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
    def schedule(self) -> MemoryCommandSchedule:
        """Which commands are due later."""
        return self._schedule

    @property
    def process_states(self) -> MemoryProcessStates:
        """What process managers remember."""
        return self._process_states

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

    async def prepare_view(self, view: View, *, lease: Lease | None = None) -> Sequence[Checkpoint]:
        """Create a view's first generation, or begin it again for another version; see `Database.prepare_view`."""
        return await self._views.prepare(view, lease)

    async def create_shadow(self, view: View) -> Generation:
        """Create a further generation of a view; see `Database.create_shadow`."""
        return await self._views.create_shadow(view)

    async def finish_load(self, view: View, number: int) -> None:
        """Bring a loaded generation into the state in which queries are to find it; see `Database.finish_load`."""
        await self._switch.finish_load(view, number)

    async def switch_view(self, view: View, number: int, *, accept_behind: bool = False) -> Generation:
        """Let queries read another generation; see `Database.switch_view`."""
        return await self._switch.switch(view, number, accept_behind=accept_behind)

    async def stored_tables(self, generation: Generation) -> Sequence[StoredTable]:
        """Return the tables of a generation as they are stored; see `Database.stored_tables`."""
        async with self._tables.turn:
            return read_stored_tables(self._tables.connection, generation)

    async def drop_generation(self, subscription: str, number: int) -> None:
        """Remove a generation that is not live; see `Database.drop_generation`."""
        await self._views.drop_generation(subscription, number)

    async def forget_view(
        self, subscription: str, *, leases: Collection[Lease] = (), tables: Sequence[str] = ()
    ) -> None:
        """Remove a view that no code has any more; see `Database.forget_view`."""
        await self._views.forget(subscription, leases, tables)

    def open_view(self, view: View, share: Share | None = None, role: Role = Role.LIVE) -> ViewSession:
        """Open the session for one batch of a share; see `Database.open_view`."""
        share = share or Share(view.subscription)
        redirection = Redirection(tuple(view.tables), share, role)
        return MemoryViewSession(
            self._tables, self._checkpoints, self._parking, redirection, share=share, log=self._log
        )

    def open_reader(self, *, seconds: float | None = None) -> QuerySnapshot:
        """Open a session that reads what is committed; see `Database.open_reader`."""
        return MemoryQuerySnapshot(self._tables, self._checkpoints, seconds=seconds)

    def make_replicas(self, urls: Sequence[str], pace: ReplicaPace) -> NoReturn:  # noqa: ARG002 - there are none
        """Refuse; see `Database.make_replicas`."""
        refuse_replicas("memory")

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to; see `ReadsViewChanges`."""
        return self._checkpoints.view_changes(views)
