"""Pages of a relation, of whatever rows become: DTOs, or mappings that are ready to be encoded."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from duolog.errors import ConfigurationError
from duolog.read.filtering import filter_values
from duolog.read.keyset import Keyset
from duolog.read.pages import CursorPage, OffsetPage, PaginatedResult
from duolog.read.relation_sql import RelationSql, Select
from duolog.read.sorting import SortOrder
from duolog.tables.ports import ReadDatabase

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows of a relation are wanted, in which order.

    Attributes:
        sort_by: a public name; None sorts by the key.
        order: the direction.
        filters: which rows.
    """

    sort_by: str | None
    order: SortOrder
    filters: object


class RelationPages(Generic[R]):
    """Reads the pages of one relation.

    Args:
        sql: writes the statements.
        db: runs those that return a number.
        fetch: runs those that return rows.
        keyset: makes pages by cursor, or None.
        like: what rows stand for, if they are ready for JSON only.
    """

    __slots__ = ("_db", "_fetch", "_keyset", "_like", "_sql")

    def __init__(
        self,
        sql: RelationSql[Any],
        db: ReadDatabase,
        fetch: Callable[[Select], Awaitable[list[R]]],
        keyset: Keyset | None,
        like: type | None = None,
    ) -> None:
        self._sql = sql
        self._db = db
        self._fetch = fetch
        self._keyset = keyset
        self._like = like

    async def rows(self, listing: Listing, limit: int, offset: int, *, more: int = 0) -> list[R]:
        """Return some rows, and ``more`` behind them; see `QueryGateway.list_all`."""
        self._sql.relation.limits.check(limit, offset)
        return await self._fetch(self._sql.rows(listing.filters, listing.sort_by, listing.order, limit + more, offset))

    async def paginate(self, listing: Listing, limit: int, offset: int) -> PaginatedResult[R]:
        """Return a page with the total; see `QueryGateway.paginate`."""
        items = await self.rows(listing, limit, offset)
        total = self._sql.total(listing.filters)
        return PaginatedResult(items, int(await self._db.fetch_value(total.sql, total.parameters)), limit, offset)

    async def offset_page(self, listing: Listing, limit: int, offset: int, *, estimate: bool) -> OffsetPage[R]:
        """Return a page without counting; see `QueryGateway.offset_page`."""
        rows = await self.rows(listing, limit, offset, more=1)
        has_next = len(rows) > limit
        total = await self._estimated(listing, offset + len(rows), rows, has_next=has_next) if estimate else None
        return OffsetPage(rows[:limit], limit, offset, has_next, total)

    async def _estimated(self, listing: Listing, seen: int, rows: list[R], *, has_next: bool) -> int | None:
        """Return about how many rows there are: exactly where the page says it, else in no contradiction to it.

        Args:
            listing: which rows.
            seen: how many rows there are up to the last one that was read, if any was.
            rows: those that were read.
            has_next: the page has a next one.
        """
        if not has_next and (rows or not seen):
            return seen
        where, parameters = self._sql.condition(listing.filters)
        estimated = await self._db.estimate(self._sql.relation.source, where, parameters)
        if estimated is None:
            return None
        return max(estimated, seen) if has_next else min(estimated, seen)

    async def cursor_page(self, listing: Listing, limit: int, cursor: str | None) -> CursorPage[R]:
        """Return a page by cursor; see `QueryGateway.cursor_page`."""
        relation = self._sql.relation
        if self._keyset is None:
            message = f"the gateway of {relation.name!r} was made without cursors"
            raise ConfigurationError(message, hint="Say QueryGateway(relation, db, cursors).")
        relation.limits.check(limit)
        window = self._keyset.window(
            sort_by=listing.sort_by,
            order=listing.order,
            limit=limit,
            cursor=cursor,
            filters=filter_values(listing.filters),
            tenant=self._sql.tenant or "",
        )
        return window.page(await self._fetch(self._sql.walk(window, listing.filters)), self._like)
