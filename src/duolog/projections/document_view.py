"""Views of documents: a projection that keeps one JSON document for each key."""

from typing import TypeVar

import msgspec

from duolog.projections.view_database import ViewDatabase
from duolog.tables.documents import Documents, documents_table

T = TypeVar("T")


class DocumentView(Documents[T]):
    """Typed documents of one table, for the projection that owns it.

    ```python
    class BasketProjection(Projection):
        name, version = "baskets_view", 1
        tables = {"baskets": DocumentView.table("baskets")}

        def __init__(self, db: ViewDatabase) -> None:
            self._baskets = DocumentView("baskets", Basket, db)

        async def on_item_added(self, event: ItemAdded) -> None:
            basket = await self._baskets.get(event.basket_id) or Basket()
            await self._baskets.put(event.basket_id, basket.with_item(event.article))
    ```

    A batch reads each document once, however many events change it; `get_all` reads those of many events at once.

    Args:
        table: the table's name, declared with `table`.
        of: a dataclass, msgspec struct or TypedDict; one that cannot be changed, as it is handed out again.
        db: writes the view.

    Raises:
        StatementError: ``table`` is no name of a table.
    """

    def __init__(self, table: str, of: type[T], db: ViewDatabase) -> None:
        super().__init__(table, of, db)
        self._writing = db
        self._put = (
            f"INSERT INTO {self._table} (key, document) VALUES (:key, :document)"  # noqa: S608 - the name is checked
            " ON CONFLICT (key) DO UPDATE SET document = :document"
        )
        self._delete = f"DELETE FROM {self._table} WHERE key = :key"  # noqa: S608 - the name is checked

    @staticmethod
    def table(name: str) -> str:
        """Return the DDL of a table for documents; see `documents_table`."""
        return documents_table(name)

    async def put(self, key: str, document: T) -> None:
        """Write a document, in the place of the one that is there.

        Raises:
            TypeError: a value in it has no JSON form.
            DatabaseError: the database failed.
        """
        encoded = msgspec.json.encode(document).decode()
        await self._writing.execute(self._put, {"key": key, "document": encoded})
        self._known[key] = document

    async def delete(self, key: str) -> None:
        """Remove a document; does nothing if there is none.

        Raises:
            DatabaseError: the database failed.
        """
        await self._writing.execute(self._delete, {"key": key})
        self._known[key] = None
