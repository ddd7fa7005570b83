"""The read port on tables: what query gateways take."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, overload

from duolog.tables.statements import Parameters
from duolog.tables.view_changes import ReadsViewChanges

T = TypeVar("T")

Row = Mapping[str, Any]


class ReadDatabase(Protocol):
    """Reads tables and views with SQL; the parameters are ``:name`` on every database.

    All fetches of one query scope read one snapshot. The database itself refuses writes. One scope's fetches run one
    after another; scopes run side by side.
    """

    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]: ...
    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> Sequence[T] | Sequence[Row]:
        """Run a statement and return all its rows.

        Args:
            sql: one ``SELECT`` with ``:name`` parameters.
            parameters: a value for each name: str, int, float, bool, bytes, None, UUID, aware datetime, date,
                Decimal, Enum.
            into: decode each row into this dataclass, struct or TypedDict by column name; None gives mappings.

        Raises:
            StatementError: the SQL or its parameters are wrong, or a row does not fit ``into``.
            ReadOnlyError: the statement writes.
            TimeLimitExceededError: it took longer than the session allows.
            DatabaseError: the database failed.
        """
        ...

    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None: ...
    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> T | None: ...
    async def fetch_one(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> T | Row | None:
        """Run a statement and return its first row, or None; otherwise like `fetch`."""
        ...

    async def fetch_value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run a statement and return the first column of its first row, or None; otherwise like `fetch`."""
        ...


class ReadSession(ReadDatabase, Protocol):
    """A `ReadDatabase` with a life: one snapshot, taken at its first fetch, until `close`."""

    def end(self) -> bool:
        """Let no further fetch begin, at once, and tell whether `close` still has something to give back."""
        ...

    async def close(self) -> None:
        """Give the connection back; also right after a cancelled fetch. May be called twice."""
        ...


class QuerySnapshot(ReadSession, ReadsViewChanges, Protocol):
    """The session of a query's scope: it tells what views have come to in the very snapshot that its fetches read.

    Where the backend has no snapshots (``Features.snapshot_reads``), it tells what they have come to now.
    """
