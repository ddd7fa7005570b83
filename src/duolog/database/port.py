"""What an adapter gives for a database URL, found by its scheme through the entry point group ``duolog.databases``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from duolog.database.examination import Examination
from duolog.database.features import Features
from duolog.database.replicas import ReplicaPace, Replicas
from duolog.database.stored_tables import StoredTable
from duolog.database.transfer import LogTransfer
from duolog.process_managers.states import ProcessStates
from duolog.projections.materialized_view import Contents
from duolog.projections.view_database import ViewSession
from duolog.scheduling.command_schedule import CommandSchedule
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.tables.ports import QuerySnapshot
from duolog.tables.view_changes import ReadsViewChanges
from duolog.write.idempotency import IdempotencyStore
from duolog.write.sealed_work import WorkCommitter
from duolog.write.snapshots import SnapshotStore


@dataclass(frozen=True, slots=True)
class View:
    """A view's tables as a projection declares them.

    Attributes:
        subscription: the projection's name.
        version: the projection's version.
        tables: by table name, the DDL that makes it (and its indexes).
        partitions: how many shares a new generation of it starts with, 1 to 256.
        indexes: by name, the DDL of indexes that handlers do not need; a rebuild makes them when it has loaded.
        dependants: by name, the DDL of the application's views that read its tables; a switch makes them anew.
        contents: of a materialized view, which is made instead of the table where there are some; it begins empty.
    """

    subscription: str
    version: int
    tables: Mapping[str, str]
    partitions: int = 1
    indexes: Mapping[str, str] = field(default_factory=dict[str, str])
    dependants: Mapping[str, str] = field(default_factory=dict[str, str])
    contents: Contents | None = None


class Database(SubscriptionSource, ReadsViewChanges, Protocol):
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
    def schedule(self) -> CommandSchedule:
        """Which commands are due later."""
        ...

    @property
    def process_states(self) -> ProcessStates:
        """What process managers remember."""
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

    async def prepare_view(self, view: View, *, lease: Lease | None = None) -> Sequence[Checkpoint]:
        """Create a view's first generation, which is live, where there is none: tables, shares and checkpoints.

        A view without a live generation begins at the beginning, so its tables must be missing or empty; its indexes
        and dependants are made with them. A live generation of another version is left alone. If one of this version
        lost a table, an owner's call drops its tables and makes them anew, and its shares, checkpoints and parked
        events start again, in one transaction, so that it is built from the beginning.

        Args:
            view: what it is to be.
            lease: on any share of the live generation; None for somebody who owns nothing, and leaves what is there
                alone, as does one whose share is divided anew.

        Returns:
            The checkpoints of the live generation as they are now, by bucket, whatever its version.

        Raises:
            LeaseLostError: somebody else took the share after ``lease`` was given out; nothing was changed.
            ConfigurationError: ``view.partitions`` is not from 1 to 256.
            StatementError: the DDL is wrong.
            ViewNotEmptyError: the view has no checkpoint, and a table of it has rows; nothing was changed.
        """
        ...

    async def create_shadow(self, view: View) -> Generation:
        """Create a further generation of a view that has a live one: empty tables, shares and checkpoints at 0.

        Its tables are where queries do not see them; `open_view` with its share and role reaches them. If there is a
        shadow of this version already, it is left as it is.

        Args:
            view: what it is to be.

        Returns:
            The shadow: the one that was there, or a new one, with a number that no generation had before.

        Raises:
            ConfigurationError: there is no live generation.
            StatementError: the DDL is wrong, or the user may not create schemas; nothing was changed.
        """
        ...

    async def finish_load(self, view: View, number: int) -> None:
        """Bring a generation that was loaded into the state in which queries are to find it: indexes, statistics.

        Whoever works on the generation waits meanwhile. What is there already is left as it is.

        Args:
            view: what the generation is.
            number: its number.

        Raises:
            GenerationGoneError: there is no such generation.
            StatementError: the DDL of an index is wrong; nothing was changed.
        """
        ...

    async def switch_view(self, view: View, number: int, *, accept_behind: bool = False) -> Generation:
        """Try once to let queries read another generation, all its tables at once; the live one becomes a previous one.

        Owners of both are fenced off, and go on with new leases. Whoever reads waits for a moment at most: where
        somebody uses the tables for long, this fails. Grants stay, and ``view.dependants`` are made anew.

        Args:
            view: what the generation is; its dependants.
            number: its number; if it is live already, nothing is done.
            accept_behind: let queries go back in time.

        Returns:
            The generation, which is live now.

        Raises:
            GenerationGoneError: there is no such generation, or no live one.
            ViewBehindError: the live one is ahead of it; nothing was changed.
            SwitchRefusedError: something undeclared hangs on the live tables; nothing was changed.
            SwitchBlockedError: the tables are in use; nothing was changed.
            StatementError: the DDL of a dependant is wrong; nothing was changed.
        """
        ...

    async def stored_tables(self, generation: Generation) -> Sequence[StoredTable]:
        """Return the tables of a generation as they are stored, in their order; those that are missing are left out.

        Args:
            generation: as it is now: its role says where they are.
        """
        ...

    async def drop_generation(self, subscription: str, number: int) -> None:
        """Remove a generation that is not live: tables, checkpoints, what it has parked; in one transaction.

        Whoever works on it loses it: its next commit fails. Does nothing if there is no such generation.

        Args:
            subscription: the view's name.
            number: the generation's number.

        Raises:
            ConfigurationError: it is live; nothing was changed.
        """
        ...

    async def forget_view(
        self, subscription: str, *, leases: Collection[Lease] = (), tables: Sequence[str] = ()
    ) -> None:
        """Remove a view that no code has any more: its checkpoints, what it has parked, and tables; in one transaction.

        Generations that are not live go with their tables. Of a process manager, what it remembers goes, and its
        deadlines; commands that it has sent stay. The leases' tokens stay: a later owner's will be greater.

        Args:
            subscription: the projection's or process's name.
            leases: on all of its shares.
            tables: names of tables to drop, the last one first.

        Raises:
            LeaseLostError: a share was ever leased to somebody, and since then not to the caller; nothing was changed.
            StatementError: there is no such table, or it is one of duolog's own; nothing was changed.
        """
        ...

    def open_view(self, view: View, share: Share | None = None, role: Role = Role.LIVE) -> ViewSession:
        """Open the session for one batch of a share.

        The names of ``view.tables`` mean the tables of the share's generation: also in a generation that is not live,
        whose tables are kept apart, statements are written as ever.

        Args:
            view: what the generation is.
            share: the share; None for the only one of the first generation.
            role: the generation's role, as it was when the share's lease was taken. Whoever changes it fences owners
                off, so that a session with a former role commits nothing.
        """
        ...

    def open_reader(self, *, seconds: float | None = None) -> QuerySnapshot:
        """Open a session that reads one snapshot and cannot write.

        Args:
            seconds: time limit of one statement; None for none.
        """
        ...

    def make_replicas(self, urls: Sequence[str], pace: ReplicaPace) -> Replicas:
        """Make what reads replicas of this database, unopened.

        Args:
            urls: of the replicas, each of one server.
            pace: how they are looked after.

        Raises:
            ConfigurationError: this backend has no replicas, a URL is wrong, or one is named twice.
        """
        ...
