"""A query gateway whose answers are JSON."""

from typing import Generic, TypeVar

from duolog.read.json_answer import Json
from duolog.read.keyset import Keyset
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult
from duolog.read.relation_pages import Listing, RelationPages
from duolog.read.relation_sql import RelationSql, Select
from duolog.read.sorting import SortOrder
from duolog.tables.ports import ReadDatabase

T = TypeVar("T")


class JsonGateway(Generic[T]):
    """`QueryGateway.as_json`: the same calls, arguments and errors, whose answers are ready to be written as JSON.

    Args:
        sql: writes the statements.
        db: runs them.
        keyset: makes pages by cursor, or None.
    """

    __slots__ = ("_db", "_into", "_pages", "_sql")

    def __init__(self, sql: RelationSql[T], db: ReadDatabase, keyset: Keyset | None) -> None:
        self._sql = sql
        self._db = db
        self._into = sql.relation.into
        self._pages = RelationPages(sql, db, self._fetch, keyset, self._into)

    async def get_by_id(self, key: object) -> Json[T] | None:
        """Return the row that has a key, or None; see `QueryGateway.get_by_id`."""
        rows = await self._fetch(self._sql.of_key(key))
        return Json(rows[0]) if rows else None

    async def list_all(
        self,
        *,
        limit: int,
        offset: int = 0,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
    ) -> Json[list[T]]:
        """Return some rows, sorted; see `QueryGateway.list_all`."""
        return Json(await self._pages.rows(Listing(sort_by, order, filters), limit, offset))

    async def paginate(
        self,
        *,
        limit: int,
        offset: int = 0,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
    ) -> Json[PaginatedResult[T]]:
        """Return a page with the total; see `QueryGateway.paginate`."""
        return Json(await self._pages.paginate(Listing(sort_by, order, filters), limit, offset))

    async def offset_page(
        self,
        *,
        limit: int,
        offset: int = 0,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
        estimate: bool = False,
    ) -> Json[OffsetPage[T]]:
        """Return a page without counting; see `QueryGateway.offset_page`."""
        page = await self._pages.offset_page(Listing(sort_by, order, filters), limit, offset, estimate=estimate)
        return Json(page)

    async def cursor_page(
        self,
        *,
        cursor: str | None,
        limit: int,
        sort_by: str | None = None,
        order: SortOrder = SortOrder.ASC,
        filters: object = None,
    ) -> Json[CursorPage[T]]:
        """Return a page by cursor; see `QueryGateway.cursor_page`."""
        return Json(await self._pages.cursor_page(Listing(sort_by, order, filters), limit, cursor))

    async def _fetch(self, select: Select) -> list[object]:
        return [*await self._db.fetch_for_json(select.sql, select.parameters, like=self._into)]
