"""A SQLite file as duolog's database."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NoReturn, TypeVar

from duolog.adapters._sql.generation_tables import Redirection
from duolog.adapters._sql.stored_tables import read_stored_tables
from duolog.adapters.sqlite.checkpoints import SqliteCheckpoints
from duolog.adapters.sqlite.committer import SqliteWorkCommitter
from duolog.adapters.sqlite.event_store import SqliteEventStore
from duolog.adapters.sqlite.examination import examine
from duolog.adapters.sqlite.generations import SqliteGenerations
from duolog.adapters.sqlite.idempotency import SqliteIdempotencyStore
from duolog.adapters.sqlite.leases import SqliteLeases, SqliteMembers
from duolog.adapters.sqlite.location import Location, parse_location
from duolog.adapters.sqlite.migrations import pending_names
from duolog.adapters.sqlite.opened import OpenDatabase
from duolog.adapters.sqlite.parking import SqliteParking
from duolog.adapters.sqlite.pauses import SqlitePauses
from duolog.adapters.sqlite.process_states import SqliteProcessStates
from duolog.adapters.sqlite.read_session import SqliteReadSession
from duolog.adapters.sqlite.scheduled_commands import SqliteCommandSchedule
from duolog.adapters.sqlite.shares import SqliteShares
from duolog.adapters.sqlite.snapshots import SqliteSnapshots
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.switch import finish_load, switch_view
from duolog.adapters.sqlite.transfer import SqliteTransfer
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.view_changes import read_view_changes
from duolog.adapters.sqlite.view_session import SqliteViewSession
from duolog.adapters.sqlite.views import create_shadow, create_tables, drop_generation, forget_view, prepare_view
from duolog.database.examination import Examination
from duolog.database.features import Features
from duolog.database.port import View
from duolog.database.replicas import ReplicaPace, refuse_replicas
from duolog.database.stored_tables import StoredTable
from duolog.errors import NotStartedError
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share
from duolog.tables.view_changes import ViewChanges

T = TypeVar("T")


_KEEP_SECRET_CHECK: Final = load_sql("keep_secret_check")
_READ_SECRET_CHECK: Final = load_sql("read_secret_check")


class SqliteDatabase:
    """A `Database` in one file, which other processes may open too.

    Args:
        location: where it is, and its options.
    """

    __slots__ = ("_location", "_open")

    def __init__(self, location: Location) -> None:
        self._location = location
        self._open: OpenDatabase | None = None

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
            opened = OpenDatabase(self._location, read_only=read_only, for_transfer=for_transfer)
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

    async def prepare_view(self, view: View, *, lease: Lease | None = None) -> Sequence[Checkpoint]:
        """Create a view's first generation where there is none; see `Database.prepare_view`."""
        return await self._write(lambda connection: prepare_view(connection, view, lease))

    async def create_shadow(self, view: View) -> Generation:
        """Create a further generation of a view; see `Database.create_shadow`."""
        return await self._write(lambda connection: create_shadow(connection, view))

    async def finish_load(self, view: View, number: int) -> None:
        """Bring a loaded generation into the state in which queries are to find it; see `Database.finish_load`."""
        await self._write(lambda connection: finish_load(connection, view, number))

    async def switch_view(self, view: View, number: int, *, accept_behind: bool = False) -> Generation:
        """Let queries read another generation; see `Database.switch_view`."""
        return await self._write(lambda connection: switch_view(connection, view, number, accept_behind=accept_behind))

    async def stored_tables(self, generation: Generation) -> Sequence[StoredTable]:
        """Return the tables of a generation as they are stored; see `Database.stored_tables`."""
        return await self._opened().sessions.run(lambda connection: read_stored_tables(connection, generation))

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
        share = share or Share(view.subscription)
        redirection = Redirection(tuple(view.tables), share, role)
        return SqliteViewSession(opened.writer, opened.sessions, redirection, share, patience=opened.patience)

    def open_reader(self, *, seconds: float | None = None) -> SqliteReadSession:
        """Open a session that reads one snapshot and cannot write; see `Database.open_reader`."""
        return SqliteReadSession(self._opened().sessions, seconds=seconds)

    def make_replicas(self, urls: Sequence[str], pace: ReplicaPace) -> NoReturn:  # noqa: ARG002 - there are none
        """Refuse; see `Database.make_replicas`."""
        refuse_replicas("sqlite")

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to; see `ReadsViewChanges`."""
        return await self._opened().sessions.run(lambda connection: read_view_changes(connection, views))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._opened().writer.run(Action(work))

    def _opened(self) -> OpenDatabase:
        if self._open is None:
            message = "the database is not open"
            raise NotStartedError(message, hint="Call `await database.open()` first.")
        return self._open


def open_database(url: str, /) -> SqliteDatabase:
    """Make the database of a URL like ``sqlite:///users.db``, unopened.

    Raises:
        ConfigurationError: the URL is not of this form, or an option is unknown.
    """
    return SqliteDatabase(parse_location(url))
