"""A list of rows in a real SQLite table, walked page by page."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from duolog.read.cursors import Cursors
from duolog.read.keyset import Keyset
from duolog.read.pages import CursorPage
from duolog.read.sorting import SortableFields, SortOrder, nullable

Row = Mapping[str, Any]

CURSORS = Cursors.with_secret(b"a secret for tests")
SORTABLE = SortableFields({"name": "name", "score": nullable("score"), "id": "id"}, tie_break="id")
MOST_PAGES = 100


class Table:
    """Rows of an id, a name and a score that may be NULL."""

    def __init__(self, rows: Sequence[tuple[int, str, float | None]]) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, score REAL)")
        self._connection.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        self._connection.close()

    def delete(self, ids: Sequence[int]) -> None:
        self._connection.executemany("DELETE FROM items WHERE id = ?", [(id_,) for id_ in ids])

    def insert(self, row: tuple[int, str, float | None]) -> None:
        self._connection.execute("INSERT INTO items VALUES (?, ?, ?)", row)

    def page(self, sort_by: str, order: SortOrder, limit: int, cursor: str | None = None) -> CursorPage[Row]:
        window = Keyset("items", SORTABLE, CURSORS).window(sort_by=sort_by, order=order, limit=limit, cursor=cursor)
        sql = f"SELECT * FROM items WHERE {window.where} ORDER BY {window.order_by} LIMIT :keyset_limit"  # noqa: S608 - checked
        return window.page([dict(row) for row in self._connection.execute(sql, window.parameters)])

    def forward(self, sort_by: str, order: SortOrder, limit: int) -> list[CursorPage[Row]]:
        pages = [self.page(sort_by, order, limit)]
        while pages[-1].next_cursor is not None:
            assert len(pages) <= MOST_PAGES, "the walk does not end"
            pages.append(self.page(sort_by, order, limit, pages[-1].next_cursor))
        return pages

    def backward(self, sort_by: str, order: SortOrder, limit: int, last: CursorPage[Row]) -> list[CursorPage[Row]]:
        pages = [last]
        while pages[0].prev_cursor is not None:
            assert len(pages) <= MOST_PAGES, "the walk does not end"
            pages.insert(0, self.page(sort_by, order, limit, pages[0].prev_cursor))
        return pages


def ids(pages: Sequence[CursorPage[Row]]) -> list[int]:
    """The ids on the pages, in order."""
    return [row["id"] for page in pages for row in page.items]
