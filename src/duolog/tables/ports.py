"""The read port on tables: what query gateways take."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Protocol, TypeVar, overload

from duolog.tables.statements import Parameters
from duolog.tables.view_changes import ReadsViewChanges

T = TypeVar("T")

Row = Mapping[str, Any]

BATCH_ROWS: Final = 500
"""So many rows of a stream are fetched at once."""


class FullText(Enum):
    """How a database searches texts: what a condition on them looks like."""

    TSVECTOR = "tsvector"
    """A column of that type, by ``websearch_to_tsquery``."""
    FTS5 = "fts5"
    """A table of its own, by ``MATCH``."""


class ReadDatabase(Protocol):
    """Reads tables and views with SQL; the parameters are ``:name`` on every database.

    All fetches of one query scope read one snapshot. The database itself refuses writes. One scope's fetches run one
    after another; scopes run side by side.
    """

    @property
    def full_text(self) -> FullText:
        """How it searches texts."""
        ...

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

    async def fetch_for_json(self, sql: str, parameters: Parameters | None = None, *, like: type) -> Sequence[object]:
        """Run a statement and return its rows ready to be encoded as JSON, for the most part without making objects.

        Args:
            sql: as in `fetch`.
            parameters: as in `fetch`.
            like: a dataclass, struct or TypedDict; the rows' JSON is that of its instances, byte for byte.

        Returns:
            For each row a mapping of ``like``'s fields or an instance of it; to be encoded, not to be looked into.

        Raises:
            DuologError: as `fetch`.
        """
        ...

    @overload
    def stream(
        self, sql: str, parameters: Parameters | None = None, *, size: int = ...
    ) -> AsyncGenerator[Row, None]: ...
    @overload
    def stream(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T], size: int = ...
    ) -> AsyncGenerator[T, None]: ...
    def stream(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None, size: int = BATCH_ROWS
    ) -> AsyncGenerator[T, None] | AsyncGenerator[Row, None]:
        """Run a statement and give its rows one after another, of which only ``size`` are in memory at once.

        The next ones are read when they are asked for. In a query's scope the database keeps a cursor meanwhile, other
        fetches may run between two rows, and the scope's end closes what was left early; the time limit is that of
        each batch. In a command's scope and a projection's, which write, all rows are read at the first one.

        Args:
            sql: as in `fetch`.
            parameters: as in `fetch`.
            into: as in `fetch`.
            size: so many rows are read at once, 1 or more.

        Raises:
            DuologError: as `fetch`, at the first row or at a later one.
        """
        ...

    async def estimate(self, source: str, where: str = "TRUE", parameters: Parameters | None = None) -> int | None:
        """Return about how many rows there are, without counting them; None where nothing is known to estimate from.

        PostgreSQL's planner estimates any condition. SQLite knows whole tables only, and only since ``ANALYZE``.

        Args:
            source: a table or view; in SQL, so never what a client sent.
            where: a condition with ``:name`` parameters; in SQL as well.
            parameters: a value for each name.

        Raises:
            StatementError: the SQL or its parameters are wrong, where the database looks at them for this.
            DatabaseError: the database failed.
        """
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
