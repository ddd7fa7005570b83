"""The session of a query that may read a replica."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.read_session import PostgresReadSession
from duolog.adapters.postgres.replica import Begun, PostgresReplica
from duolog.adapters.postgres.statements import Statements
from duolog.adapters.postgres.view_changes import read_view_changes
from duolog.errors import DatabaseError
from duolog.tables.replica_snapshots import SnapshotNeed
from duolog.tables.view_changes import ViewChanges

R = TypeVar("R")


class ReplicaChoice(Protocol):
    """Chooses replicas for sessions."""

    async def begin(self, need: SnapshotNeed, seconds: float | None) -> tuple[PostgresReplica, Begun] | None:
        """Begin a snapshot on a replica that has what is needed; None if there is none."""
        ...

    def failed(self, replica: PostgresReplica, connection: Connection | None, error: DatabaseError) -> None:
        """Hear that something failed there."""
        ...


class ReplicaReadSession(PostgresReadSession):
    """A `ReplicaSnapshot`.

    Where nothing was read of the replica yet, whatever fails there is run again on the primary. If something was, the
    session is lost: another snapshot would not fit what was read.

    Args:
        choice: chooses the replica at the first read.
        need: what the snapshot must have.
        primary: connections to the primary.
        statements: runs the statements there.
        seconds: time limit of one statement.
    """

    __slots__ = ("_changes", "_choice", "_failure", "_has_read", "_is_chosen", "_need", "_primary", "_replica")

    def __init__(
        self,
        choice: ReplicaChoice,
        need: SnapshotNeed,
        primary: Connections,
        statements: Statements,
        *,
        seconds: float | None = None,
    ) -> None:
        super().__init__(primary, statements, seconds=seconds)
        self._choice = choice
        self._need = need
        self._primary = (primary, statements)
        self._replica: PostgresReplica | None = None
        self._changes: Mapping[str, ViewChanges] = {}
        self._failure: DatabaseError | None = None
        self._is_chosen = False
        self._has_read = False

    @property
    def is_behind(self) -> bool:
        """Whether it reads a replica; see `ReplicaSnapshot.is_behind`."""
        return self._replica is not None

    @property
    def is_lost(self) -> bool:
        """Whether it must all be read again; see `ReplicaSnapshot.is_lost`."""
        return self._failure is not None

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to in this snapshot; see `ReadsViewChanges`."""

        async def found(connection: Connection) -> Mapping[str, ViewChanges]:
            if self._replica is not None and set(views).issubset(self._need.looked_at):
                return {view: self._changes[view] for view in views if view in self._changes}
            return await read_view_changes(connection, self._connections.location.schema, views)

        return await self.read(found)

    async def _run(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        if self._failure is not None:
            raise self._failure
        try:
            result = await super()._run(work)
        except DatabaseError as error:
            if self._replica is None:
                raise
            has_read = self._has_read
            await self._leave(self._replica, error)
            if has_read:
                self._failure = error
                raise
            return await super()._run(work)
        self._has_read = True
        return result

    async def _ready(self) -> Connection:
        if not self._is_chosen:
            self._is_chosen = True
            found = await self._choice.begin(self._need, self._seconds)
            if found is not None:
                self._replica, begun = found
                self._changes = begun.changes
                self._connections, self.statements = self._replica.connections, self._replica.statements
                self._connection, self._is_marked = begun.connection, True
                return begun.connection
        return await super()._ready()

    async def _leave(self, replica: PostgresReplica, error: DatabaseError) -> None:
        connection, self._connection = self._connection, None
        self._choice.failed(replica, connection, error)
        self._replica = None
        self._is_marked, self._is_clean = False, True
        try:
            if connection is not None:
                await replica.connections.give_back(connection, doubtful=True)
        finally:
            self._connections, self.statements = self._primary
