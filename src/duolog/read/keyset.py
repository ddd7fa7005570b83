"""Paging by keys (the seek method): each page goes on from the row where the last one ended.

See Markus Winand, "We need tool support for keyset pagination", https://use-the-index-luke.com/no-offset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar, cast

import msgspec

from duolog.errors import InvalidCursorError, StatementError
from duolog.read.cursors import Cursor, Cursors, Direction, KeyValue, query_fingerprint
from duolog.read.pages import CursorPage
from duolog.read.sorting import SortableFields, SortColumn, SortOrder, check_order

T = TypeVar("T")

_NO_FILTERS: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True)
class Window:
    """The rows of one page as SQL, and the page made from them.

    Attributes:
        where: the condition that starts the page; ``TRUE`` for the first one.
        order_by: the terms of the ORDER BY clause; a page that is read backward has them the other way round.
        parameters: for ``where``, and ``keyset_limit`` for the LIMIT clause: one row more than a page has.
        limit: at most so many items stand on the page.
    """

    where: str
    order_by: str
    parameters: Mapping[str, Any] = field(repr=False)
    limit: int
    _start: Cursor | None
    _column: SortColumn
    _tie_break: SortColumn
    _fingerprint: bytes
    _cursors: Cursors

    def page(self, rows: Sequence[T], like: type | None = None) -> CursorPage[T]:
        """Make the page.

        Args:
            rows: what the statement returned: objects or mappings that have the sort column and the tie-break under
                the columns' names, with the columns' types.
            like: what the rows stand for, if they are ready for JSON only, see `ReadDatabase.fetch_for_json`.

        Raises:
            StatementError: a row has no such field, or NULL where the column is not declared ``nullable``.
        """
        backward = self._start is not None and self._start.direction is Direction.BACKWARD
        more = len(rows) > self.limit
        items = list(rows[: self.limit])
        if backward:
            items.reverse()
        if not items:
            return self._empty_page()
        has_next, has_prev = (True, more) if backward else (more, self._start is not None)
        return CursorPage(
            items,
            self.limit,
            next_cursor=self._cursor(items[-1], like, Direction.FORWARD) if has_next else None,
            prev_cursor=self._cursor(items[0], like, Direction.BACKWARD) if has_prev else None,
        )

    def _empty_page(self) -> CursorPage[Any]:
        """Offer the way back, including the row that the page would have gone on from."""
        start = self._start
        if start is None:
            return CursorPage([], self.limit)
        if start.direction is Direction.FORWARD:
            back = replace(start, direction=Direction.BACKWARD, inclusive=True)
            return CursorPage([], self.limit, prev_cursor=self._cursors.write(back))
        back = replace(start, direction=Direction.FORWARD, inclusive=True)
        return CursorPage([], self.limit, next_cursor=self._cursors.write(back))

    def _cursor(self, row: object, like: type | None, direction: Direction) -> str:
        if like is not None:
            row = cast("object", msgspec.convert(row, like, strict=False, from_attributes=True))
        value, tie_break = _value(row, self._column), _value(row, self._tie_break)
        return self._cursors.write(Cursor(self._fingerprint, direction, value, tie_break))


class Keyset:
    """Pages of one list by signed cursors.

    ```python
    window = keyset.window(sort_by="created_at", order=SortOrder.DESC, limit=20, cursor=cursor, filters=filters)
    rows = await db.fetch(
        f"SELECT … FROM users_view WHERE {where} AND {window.where} ORDER BY {window.order_by} LIMIT :keyset_limit",
        {**parameters, **window.parameters},
        into=UserDTO,
    )
    return window.page(rows)
    ```

    Args:
        name: of the list; a cursor of another list is refused.
        fields: what the list may be sorted by.
        cursors: signs and verifies.
    """

    __slots__ = ("_cursors", "_fields", "_name")

    def __init__(self, name: str, fields: SortableFields, cursors: Cursors) -> None:
        self._name = name
        self._fields = fields
        self._cursors = cursors

    def window(
        self,
        *,
        sort_by: str | None,
        order: SortOrder,
        limit: int,
        cursor: str | None = None,
        filters: Mapping[str, object] = _NO_FILTERS,
        tenant: str = "",
    ) -> Window:
        """Return the rows of one page as SQL.

        Args:
            sort_by: public name of the field; None sorts by the tie-break alone.
            order: direction of the list.
            limit: at most so many items; checked by `Limits` before.
            cursor: from the page before or after; None or empty for the first page.
            filters: what the list is filtered by; a cursor belongs to its filters.
            tenant: whose list it is; a cursor belongs to its tenant.

        Raises:
            InvalidSortOrderError: ``order`` is no `SortOrder`.
            UnknownFieldError: the list cannot be sorted by ``sort_by``.
            InvalidCursorError: the cursor was altered, or belongs to another query.
        """
        check_order(order)
        column, tie_break = self._fields.column(sort_by), self._fields.tie_break
        fingerprint = query_fingerprint(self._name, sort_by=sort_by or "", order=order, filters=filters, tenant=tenant)
        start = self._cursors.read(cursor, fingerprint=fingerprint) if cursor else None
        backward = start is not None and start.direction is Direction.BACKWARD
        walked = order.reversed if backward else order
        where, parameters = _start_of(start, column, tie_break, walked)
        return Window(
            where,
            self._fields.order_by(sort_by, walked),
            {**parameters, "keyset_limit": limit + 1},
            limit,
            start,
            column,
            tie_break,
            fingerprint,
            self._cursors,
        )


def _start_of(
    start: Cursor | None, column: SortColumn, tie_break: SortColumn, walked: SortOrder
) -> tuple[str, dict[str, KeyValue]]:
    """Return the condition for rows that come after ``start`` on the way that is walked; NULL is the greatest value."""
    if start is None:
        return "TRUE", {}
    sign = (">" if walked is SortOrder.ASC else "<") + ("=" if start.inclusive else "")
    tie = f"{tie_break.column} {sign} :keyset_tie"
    parameters: dict[str, KeyValue] = {"keyset_tie": start.tie_break}
    if column.column == tie_break.column:
        return tie, parameters
    if start.value is None:
        if not column.nullable:
            message = "the cursor is of a release that sorted in another way"
            raise InvalidCursorError(message)
        if walked is SortOrder.ASC:
            return f"({column.column} IS NULL AND {tie})", parameters
        return f"({column.column} IS NOT NULL OR {tie})", parameters
    parameters["keyset_value"] = start.value
    after = f"({column.column}, {tie_break.column}) {sign} (:keyset_value, :keyset_tie)"
    if column.nullable and walked is SortOrder.ASC:
        return f"({after} OR {column.column} IS NULL)", parameters
    return after, parameters


def _value(row: object, column: SortColumn) -> KeyValue:
    name = column.column.rpartition(".")[2]
    try:
        value = cast("Mapping[str, Any]", row)[name] if isinstance(row, Mapping) else getattr(row, name)
    except (KeyError, AttributeError):
        message = f"the rows of this page have no {name!r}"
        raise StatementError(message, hint="Select the sort column and the tie-break under their own names.") from None
    if value is None and not column.nullable:
        message = f"column {column.column!r} is NULL, but it is not declared so"
        raise StatementError(message, hint=f'Declare it as nullable("{column.column}"); a tie-break is never NULL.')
    return cast("KeyValue", value)
