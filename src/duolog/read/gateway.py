"""The building blocks of a query gateway's adapter: one row, lists, pages and streams of a declared relation."""

from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

from duolog.read.cursors import Cursors
from duolog.read.json_gateway import JsonGateway
from duolog.read.keyset import Keyset
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult
from duolog.read.relation import Relation
from duolog.read.relation_pages import Listing, RelationPages
from duolog.read.relation_sql import RelationSql, Select
from duolog.read.sorting import SortOrder
from duolog.tables.ports import ReadDatabase

T = TypeVar("T")


class QueryGateway(Generic[T]):
    """Reads a relation as DTOs. An adapter of a port like ``UserQueryGateway`` has one, beside SQL of its own.

    ```python
    class PostgresUserReader:
        def __init__(self, db: ReadDatabase, cursors: Cursors) -> None:
            self._users = QueryGateway(USERS, db, cursors)

        async def get_by_id(self, user_id: UUID) -> UserDTO | None:
            return await self._users.get_by_id(user_id)
    ```

    Filters are given by public name, as a mapping or as a dataclass with fields of these names; None filters nothing.
    Every order ends with the relation's key. Limits are checked against the relation's.

    Args:
        relation: what is read.
        db: reads it.
        cursors: signs cursors, for `cursor_page`.
        tenant: whose rows are read, where the relation has tenants.

    Raises:
        ConfigurationError: the relation has a column for tenants and none is given, or the other way round.
    """

    __slots__ = ("_db", "_keyset", "_pages", "_sql")

    def __init__(
        self, relation: Relation[T], db: ReadDatabase, cursors: Cursors | None = None, *, tenant: str | None = None
    ) -> None:
        self._db = db
        self._sql = RelationSql(relation, db.full_text, tenant)
        self._keyset = None if cursors is None else Keyset(relation.name, relation.sortable, cursors)
        self._pages = RelationPages(self._sql, db, self._fetch, self._keyset)

    @property
    def as_json(self) -> "JsonGateway[T]":
        """The same answers as JSON, made without objects in between; for answers over HTTP."""
        return JsonGateway(self._sql, self._db, self._keyset)

    async def get_by_id(self, key: object) -> T | None:
        """Return the row that has a key, or None; errors as `ReadDatabase.fetch`."""
        select = self._sql.of_key(key)
        return await self._db.fetch_one(select.sql, select.parameters, into=self._sql.relation.into)

    async def exists(self, key: object) -> bool:
        """Tell whether there is a row with a key; errors as `ReadDatabase.fetch`."""
        select = self._sql.presence(key)
        return await self._db.fetch_value(select.sql, select.parameters) is not None

    async def count(self, filters: object = None) -> int:
        """Count rows.

        Raises:
            UnknownFieldError: the relation cannot be filtered like this.
            DuologError: as `ReadDatabase.fetch`.
        """
        select = self._sql.count(filters)
        return int(await self._db.fetch_value(select.sql, select.parameters))

    async def list_all(
        self,
        *,
        limit: int,
        offset: int = 0,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
    ) -> list[T]:
        """Return some rows, sorted.

        Args:
            limit: at most so many.
            offset: so many are left out before.
            sort_by: a public name; None sorts by the key.
            order: the direction.
            filters: which rows.

        Raises:
            LimitOutOfRangeError: the limit or the offset is out of the relation's range.
            InvalidSortOrderError: the order is no `SortOrder`.
            UnknownFieldError: the relation cannot be sorted or filtered like this.
            InvalidMessageError: a value is none for its filter.
            DuologError: as `ReadDatabase.fetch`.
        """
        return await self._pages.rows(Listing(sort_by, order, filters), limit, offset)

    async def paginate(
        self,
        *,
        limit: int,
        offset: int = 0,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
    ) -> PaginatedResult[T]:
        """Return a page with the total, which is counted, or kept by a projection where that is declared.

        Arguments and errors are those of `list_all`.
        """
        return await self._pages.paginate(Listing(sort_by, order, filters), limit, offset)

    async def offset_page(
        self,
        *,
        limit: int,
        offset: int = 0,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
        estimate: bool = False,
    ) -> OffsetPage[T]:
        """Return a page without counting; otherwise like `paginate`.

        Args:
            limit: as in `list_all`.
            offset: as in `list_all`.
            sort_by: as in `list_all`.
            order: as in `list_all`.
            filters: as in `list_all`.
            estimate: say about how many rows there are, see `ReadDatabase.estimate`; exactly where the page is the last
                one, and never less than it shows. None where the database knows nothing to estimate from, as SQLite
                does of a condition, and of a table before ``ANALYZE``.

        Raises:
            DuologError: as `list_all`.
        """
        return await self._pages.offset_page(Listing(sort_by, order, filters), limit, offset, estimate=estimate)

    async def cursor_page(
        self,
        *,
        cursor: str | None,
        limit: int,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
    ) -> CursorPage[T]:
        """Return a page by cursor, which is as fast at the end as at the beginning.

        Args:
            cursor: from the page before or after; None or empty for the first page.
            limit: as in `list_all`.
            sort_by: as in `list_all`.
            order: as in `list_all`.
            filters: as in `list_all`.

        Raises:
            InvalidCursorError: the cursor was altered, or belongs to another list, order, filter or tenant.
            ConfigurationError: the gateway was made without cursors.
            DuologError: as `list_all`.
        """
        return await self._pages.cursor_page(Listing(sort_by, order, filters), limit, cursor)

    def stream(
        self, *, sort_by: str | None = None, order: SortOrder = SortOrder.ASC, filters: object = None
    ) -> AsyncGenerator[T, None]:
        """Give all rows one after another, sorted, with few of them in memory; see `ReadDatabase.stream`.

        Leave the loop early only with ``contextlib.aclosing`` around the iterator, so that its cursor is closed at
        once; the scope's end closes it in any case. Arguments and errors are those of `list_all`.
        """
        select = self._sql.rows(filters, sort_by, order)
        return self._db.stream(select.sql, select.parameters, into=self._sql.relation.into)

    async def _fetch(self, select: Select) -> list[T]:
        return [*await self._db.fetch(select.sql, select.parameters, into=self._sql.relation.into)]
