"""What an adapter gives for a database URL, found by its scheme through the entry point group ``duolog.databases``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from duolog.database.examination import Examination
from duolog.database.transfer import LogTransfer
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.source import SubscriptionSource
from duolog.tables.ports import ReadSession
from duolog.write.idempotency import IdempotencyStore
from duolog.write.sealed_work import WorkCommitter
from duolog.write.snapshots import SnapshotStore


@dataclass(frozen=True, slots=True)
class Features:
    """What a backend does differently, as data; tests and code ask here instead of for a name.

    Attributes:
        durable: what is committed survives the process.
        shared: other processes can open the same database.
        snapshot_reads: all fetches of one read session see one state.
        single_writer: units of work are written one after another; otherwise they wait for each other only where they
            change the same rows.
        keys_shared: an idempotency key that another process executes is refused at once; otherwise its command is run,
            and finds out when it commits.
    """

    durable: bool
    shared: bool
    snapshot_reads: bool
    single_writer: bool
    keys_shared: bool


@dataclass(frozen=True, slots=True)
class View:
    """A view's tables as a projection declares them.

    Attributes:
        subscription: the projection's name.
        version: the projection's version.
        tables: by table name, the DDL that makes it (and its indexes).
    """

    subscription: str
    version: int
    tables: Mapping[str, str]


class Database(SubscriptionSource, Protocol):
    """One database: the log, the application's tables, the views, and who may advance them.

    `open` comes first and `close` last, on one event loop; in between everything may be used by any number of tasks.
    """

    @property
    def url(self) -> str:
        """Its URL, without a password."""
        ...

    @property
    def features(self) -> Features:
        """What it does differently."""
        ...

    @property
    def committer(self) -> WorkCommitter:
        """Commits units of work."""
        ...

    @property
    def snapshots(self) -> SnapshotStore:
        """The latest snapshots of streams."""
        ...

    @property
    def idempotency(self) -> IdempotencyStore:
        """Which commands were executed under which keys."""
        ...

    @property
    def transfer(self) -> LogTransfer:
        """Gives the log away, or takes one in."""
        ...

    async def open(self, *, read_only: bool = False, for_transfer: bool = False) -> None:
        """Connect and bring the schema up to date.

        Args:
            read_only: neither create nor migrate the database; log, checkpoints, leases, parked events and tables can
                be read, and what would write raises `ReadOnlyError`.
            for_transfer: also open a log that was moved or is on its way in.

        Raises:
            LogMovedError: the log was moved, and would be written here.
            LogIncompleteError: the log is on its way in, and would be written here.
            SchemaError: the schema is newer than this release, or was tampered with; with ``read_only`` also if it is
                older or missing.
            DatabaseError: it cannot be opened; with ``read_only`` also if there is no such database.
        """
        ...

    async def close(self) -> None:
        """Finish what was sent, and disconnect. May be called twice."""
        ...

    async def pending_migrations(self) -> list[str]:
        """Return the names of the migrations that are not applied yet; needs no `open`."""
        ...

    async def examine(self, *, quick: bool = False) -> Sequence[Examination]:
        """Look at the database from outside: whether it is reachable and whole, its schema, its software, its room.

        Nothing is written, and it needs no `open`; what cannot be looked at is a fault, not an error.

        Args:
            quick: leave out what takes as long as reading all of it several times, and say so.
        """
        ...

    async def keep_secret_check(self, check: str) -> str:
        """Keep a check value of the application's secret with the log, if it has none yet, and return the kept one."""
        ...

    async def create_tables(self, tables: Mapping[str, str]) -> None:
        """Create the application's own tables where they are missing.

        Args:
            tables: by table name, the DDL that makes it (and its indexes).

        Raises:
            StatementError: the DDL is wrong.
        """
        ...

    async def prepare_view(self, view: View, *, token: int | None = None) -> Checkpoint:
        """Create a view's tables and checkpoint where they are missing.

        A view without a checkpoint begins at the beginning, so its tables must be missing or empty. If the view has
        another version, or lost a table, an owner's call drops its tables and makes them anew, and its checkpoint and
        parked events are reset, in one transaction, so that it is built again from the beginning.

        Args:
            view: what it is to be.
            token: the token of its owner's lease; None for somebody who owns nothing, and leaves what is there alone.

        Returns:
            The checkpoint as it is now, whatever its version.

        Raises:
            LeaseLostError: somebody else took the lease after ``token`` was given out; nothing was changed.
            StatementError: the DDL is wrong.
            ViewNotEmptyError: the view has no checkpoint, and a table of it has rows; nothing was changed.
        """
        ...

    async def forget_view(self, subscription: str, *, token: int, tables: Sequence[str] = ()) -> None:
        """Remove a view that no code has any more: its checkpoint, what it has parked, and tables; in one transaction.

        Its lease's token stays, so that a later owner of the same name gets a greater one.

        Args:
            subscription: the projection's name.
            token: the token of the lease on it.
            tables: names of tables to drop, the last one first.

        Raises:
            LeaseLostError: somebody else took the lease after ``token`` was given out; nothing was changed.
            StatementError: there is no such table, or it is one of duolog's own; nothing was changed.
        """
        ...

    def open_view(self, view: View) -> ViewSession:
        """Open the session for one batch of a projection."""
        ...

    def open_reader(self, *, seconds: float | None = None) -> ReadSession:
        """Open a session that reads one snapshot and cannot write.

        Args:
            seconds: time limit of one statement; None for none.
        """
        ...


class DatabaseFactory(Protocol):
    """What an entry point of the group ``duolog.databases`` names: makes the database of a URL, unopened."""

    def __call__(self, url: str, /) -> Database:
        """Make the database of ``url``.

        Raises:
            ConfigurationError: the URL is not of the scheme's form, or an option is unknown.
        """
        ...
