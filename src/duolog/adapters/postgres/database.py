"""A PostgreSQL database as duolog's database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from duolog.adapters.postgres.checkpoints import PostgresCheckpoints
from duolog.adapters.postgres.committer import PostgresWorkCommitter
from duolog.adapters.postgres.connecting import connect
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.event_store import PostgresEventStore
from duolog.adapters.postgres.examination import examine
from duolog.adapters.postgres.generations import PostgresGenerations, generation_schema
from duolog.adapters.postgres.idempotency import PostgresIdempotencyStore
from duolog.adapters.postgres.leases import PostgresLeases, PostgresMembers
from duolog.adapters.postgres.location import Location, parse_location
from duolog.adapters.postgres.log import PostgresLog
from duolog.adapters.postgres.migrations import check_schema, migrate, pending
from duolog.adapters.postgres.parking import PostgresParking
from duolog.adapters.postgres.pauses import PostgresPauses
from duolog.adapters.postgres.process_states import PostgresProcessStates
from duolog.adapters.postgres.read_session import PostgresReadSession
from duolog.adapters.postgres.replicas import PostgresReplicas, Primary
from duolog.adapters.postgres.scheduled_commands import PostgresCommandSchedule
from duolog.adapters.postgres.shares import PostgresShares
from duolog.adapters.postgres.snapshots import PostgresSnapshots
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.statements import Statements
from duolog.adapters.postgres.switch import finish_load, stored_tables, switch_view
from duolog.adapters.postgres.transfer import PostgresTransfer
from duolog.adapters.postgres.view_changes import read_view_changes
from duolog.adapters.postgres.view_session import PostgresViewSession
from duolog.adapters.postgres.views import create_shadow, create_tables, drop_generation, forget_view, prepare_view
from duolog.database.closed_log import check_in_use
from duolog.database.examination import Examination
from duolog.database.features import Features
from duolog.database.port import View
from duolog.database.replicas import ReplicaPace
from duolog.database.stored_tables import StoredTable
from duolog.errors import NotStartedError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share
from duolog.tables.view_changes import ViewChanges

MOST_LOG_CONNECTIONS: Final = 8


class PostgresDatabase:
    """A `Database` on a PostgreSQL server, which any number of processes and machines may open.

    Args:
        location: where it is, and its options.
    """

    __slots__ = ("_location", "_open")

    def __init__(self, location: Location) -> None:
        self._location = location
        self._open: _Open | None = None

    @property
    def url(self) -> str:
        """Its URL, without a password."""
        return self._location.url

    @property
    def features(self) -> Features:
        """What it does differently."""
        return Features(
            durable=True,
            shared=True,
            snapshot_reads=True,
            single_writer=False,
            keys_shared=self._location.prepared_statements,
        )

    @property
    def store(self) -> PostgresEventStore:
        """The log."""
        return self._opened().log.store

    @property
    def committer(self) -> PostgresWorkCommitter:
        """Commits units of work."""
        return self._opened().log.committer

    @property
    def snapshots(self) -> PostgresSnapshots:
        """The latest snapshots of streams."""
        return self._opened().snapshots

    @property
    def checkpoints(self) -> PostgresCheckpoints:
        """How far subscriptions are."""
        return self._opened().checkpoints

    @property
    def generations(self) -> PostgresGenerations:
        """Which generations of views there are."""
        return self._opened().generations

    @property
    def shares(self) -> PostgresShares:
        """How generations are divided, and who holds what."""
        return self._opened().shares

    @property
    def members(self) -> PostgresMembers:
        """Who works on subscriptions."""
        return self._opened().members

    @property
    def pauses(self) -> PostgresPauses:
        """Which subscriptions stand still on purpose."""
        return self._opened().pauses

    @property
    def leases(self) -> PostgresLeases:
        """Who may advance a share."""
        return self._opened().leases

    @property
    def parking(self) -> PostgresParking:
        """What subscriptions set aside."""
        return self._opened().parking

    @property
    def idempotency(self) -> PostgresIdempotencyStore:
        """Which commands were executed under which keys."""
        return self._opened().idempotency

    @property
    def schedule(self) -> PostgresCommandSchedule:
        """Which commands are due later."""
        return self._opened().schedule

    @property
    def process_states(self) -> PostgresProcessStates:
        """What process managers remember."""
        return self._opened().process_states

    @property
    def transfer(self) -> PostgresTransfer:
        """Gives the log away, or takes one in."""
        return self._opened().transfer

    async def open(self, *, read_only: bool = False, for_transfer: bool = False) -> None:
        """Connect and bring the schema up to date, or check it; see `Database.open`."""
        if self._open is None:
            opened = _Open(self._location, read_only=read_only)
            try:
                await (opened.start_reading() if read_only else opened.start(for_transfer=for_transfer))
            except BaseException:
                await opened.close()
                raise
            self._open = opened

    async def close(self) -> None:
        """Finish what was sent, and disconnect. May be called twice."""
        if self._open is not None:
            await self._open.close()

    async def pending_migrations(self) -> list[str]:
        """Return the names of the migrations that are not applied yet; makes nothing."""
        connection = await connect(self._location, read_only=True)
        try:
            return [migration.name for migration in await pending(connection, self._location.schema)]
        finally:
            with reported():
                await connection.close(timeout=1)

    async def examine(self, *, quick: bool = False) -> Sequence[Examination]:  # noqa: ARG002 - all of it is quick
        """Look at the server, its settings and clock, and the schema; see `Database.examine`."""
        return [each async for each in examine(self._location)]

    async def keep_secret_check(self, check: str) -> str:
        """Keep a check value of the application's secret; see `Database.keep_secret_check`."""
        schema = self._location.schema
        async with self._opened().log_connections.transaction() as connection:
            await connection.execute(load_sql("keep_secret_check", schema), check)
            return str(await connection.fetchval(load_sql("read_secret_check", schema)))

    async def create_tables(self, tables: Mapping[str, str]) -> None:
        """Create the application's own tables where they are missing; see `Database.create_tables`."""
        await create_tables(self._opened().log_connections, tables)

    async def prepare_view(self, view: View, *, lease: Lease | None = None) -> Sequence[Checkpoint]:
        """Create a view's first generation where there is none; see `Database.prepare_view`."""
        return await prepare_view(self._opened().log_connections, view, lease)

    async def create_shadow(self, view: View) -> Generation:
        """Create a further generation of a view; see `Database.create_shadow`."""
        return await create_shadow(self._opened().log_connections, view)

    async def finish_load(self, view: View, number: int) -> None:
        """Bring a loaded generation into the state in which queries are to find it; see `Database.finish_load`."""
        await finish_load(self._opened().log_connections, view, number)

    async def switch_view(self, view: View, number: int, *, accept_behind: bool = False) -> Generation:
        """Let queries read another generation; see `Database.switch_view`."""
        return await switch_view(self._opened().log_connections, view, number, accept_behind=accept_behind)

    async def stored_tables(self, generation: Generation) -> Sequence[StoredTable]:
        """Return the tables of a generation as they are stored; see `Database.stored_tables`."""
        return await stored_tables(self._opened().log_connections, generation)

    async def drop_generation(self, subscription: str, number: int) -> None:
        """Remove a generation that is not live; see `Database.drop_generation`."""
        await drop_generation(self._opened().log_connections, subscription, number)

    async def forget_view(
        self, subscription: str, *, leases: Collection[Lease] = (), tables: Sequence[str] = ()
    ) -> None:
        """Remove a view that no code has any more; see `Database.forget_view`."""
        await forget_view(self._opened().log_connections, subscription, leases, tables)

    def open_view(self, view: View, share: Share | None = None, role: Role = Role.LIVE) -> PostgresViewSession:
        """Open the session for one batch of a share; see `Database.open_view`."""
        opened = self._opened()
        share = share or Share(view.subscription)
        apart = None
        if role is not Role.LIVE:
            apart = generation_schema(self._location.schema, share.subscription, share.generation)
        return PostgresViewSession(opened.sessions, opened.statements, share, apart)

    def open_reader(self, *, seconds: float | None = None) -> PostgresReadSession:
        """Open a session that reads one snapshot and cannot write; see `Database.open_reader`."""
        opened = self._opened()
        return PostgresReadSession(opened.sessions, opened.statements, seconds=seconds)

    def make_replicas(self, urls: Sequence[str], pace: ReplicaPace) -> PostgresReplicas:
        """Make what reads replicas of this database; see `Database.make_replicas`."""
        return PostgresReplicas(self._location, urls, pace, self._primary)

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to; see `ReadsViewChanges`."""
        connections = self._opened().log_connections
        async with connections.use() as connection:
            return await read_view_changes(connection, connections.location.schema, views)

    def _primary(self) -> Primary:
        opened = self._opened()
        return Primary(opened.sessions, opened.log_connections, opened.statements, opened.log.commits)

    def _opened(self) -> "_Open":
        if self._open is None:
            message = "the database is not open"
            raise NotStartedError(message, hint="Call `await database.open()` first.")
        return self._open


class _Open:
    """Everything that lives between open and close.

    Sessions have connections of their own: slow queries, and batches that read the log, must not wait for each other,
    and commands and subscriptions must not wait for any of them.
    """

    def __init__(self, location: Location, *, read_only: bool) -> None:
        self.statements = Statements()
        self.sessions = Connections(location, least=location.pool_min, read_only=read_only)
        self.log_connections = Connections(location, most=MOST_LOG_CONNECTIONS, least=1, read_only=read_only)
        self.snapshots = PostgresSnapshots(self.log_connections)
        self.checkpoints = PostgresCheckpoints(self.log_connections)
        self.generations = PostgresGenerations(self.log_connections)
        self.shares = PostgresShares(self.log_connections)
        self.members = PostgresMembers(self.log_connections)
        self.pauses = PostgresPauses(self.log_connections)
        self.leases = PostgresLeases(self.log_connections)
        self.parking = PostgresParking(self.log_connections)
        self.idempotency = PostgresIdempotencyStore(self.log_connections)
        self.schedule = PostgresCommandSchedule(self.log_connections)
        self.process_states = PostgresProcessStates(self.log_connections)
        self.transfer = PostgresTransfer(self.log_connections)
        self.log = PostgresLog(
            location,
            readers=self.log_connections,
            sessions=self.sessions,
            statements=self.statements,
            read_only=read_only,
        )

    async def start(self, *, for_transfer: bool) -> None:
        await migrate(self.log_connections)
        if not for_transfer:
            check_in_use(await self.transfer.state(), self.log_connections.location.url)
        await self.log.start()

    async def start_reading(self) -> None:
        async with self.log_connections.use() as connection:
            await check_schema(connection, self.log_connections.location.schema)
        await self.log.start()

    async def close(self) -> None:
        await self.idempotency.close()
        await self.log.close()
        await self.sessions.close()
        await self.log_connections.close()


def open_database(url: str, /) -> PostgresDatabase:
    """Make the database of a URL like ``postgresql://user:password@host:5432/name``, unopened.

    Raises:
        ConfigurationError: the URL is not of this form, or an option is unknown.
    """
    return PostgresDatabase(parse_location(url))
