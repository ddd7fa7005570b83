"""Documents on every backend."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from duolog.database.port import Database, View
from duolog.errors import StatementError
from duolog.projections.document_view import DocumentView
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from duolog.tables.documents import Documents, documents_table
from tests.contract.backends import MakeDatabase, make_empty

__all__ = ["make_empty"]

VIEW = View("baskets_view", 1, {"baskets": DocumentView.table("baskets")})


@dataclass(frozen=True, slots=True)
class Basket:
    owner: UUID
    items: dict[str, int] = field(default_factory=dict[str, int])
    price: float = 0.0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class OtherBasket:
    owner: int


OWNER = UUID(int=7)


@pytest.fixture
async def database(make_empty: MakeDatabase, tmp_path: Path) -> AsyncIterator[Database]:
    opened = make_empty(tmp_path)
    await opened.open()
    await opened.prepare_view(VIEW)
    yield opened
    await opened.close()


async def test_documents_are_read_as_they_were_written(database: Database) -> None:
    """In the batch that writes them, and by others when it is committed."""
    session = database.open_view(VIEW)
    baskets = DocumentView("baskets", Basket, session)
    first = Basket(OWNER, {"lamp": 2, "ünder": 2**60}, 9.75, 'a "note"')
    assert await baskets.get("1") is None
    await baskets.put("1", Basket(OWNER))
    await baskets.put("1", first)
    for number in range(2, 200):
        await baskets.put(str(number), Basket(OWNER, {"lamp": number}))
    await baskets.delete("3")
    assert await baskets.get("1") == first
    assert await baskets.get("3") is None
    await session.commit(CheckpointMove(Share(VIEW.subscription), 1, 0, 0, 7))
    reader = database.open_reader()
    read = Documents("baskets", Basket, reader)
    assert await read.get("1") == first
    found = await read.get_all([str(number) for number in range(300)])
    assert list(found) == ["1", "2", *(str(number) for number in range(4, 200))]
    assert found["150"] == Basket(OWNER, {"lamp": 150})
    await reader.close()


async def test_a_batch_reads_each_document_once(database: Database) -> None:
    """What was read or written is not asked for again, so that buffered writes stay buffered."""
    session = database.open_view(VIEW)
    baskets = DocumentView("baskets", Basket, session)
    await baskets.get_all(["1", "2"])
    for number in range(50):
        basket = await baskets.get("1") or Basket(OWNER)
        await baskets.put("1", Basket(OWNER, {**basket.items, str(number): 1}))
    assert session.held_for == 0 or not database.features.durable  # in memory, reading holds the tables
    assert len((await baskets.get_all(["1"]))["1"].items) == 50
    await session.close()


async def test_a_document_of_another_shape_is_refused_without_its_values(database: Database) -> None:
    """The class was changed without a new version of the view."""
    session = database.open_view(VIEW)
    await DocumentView("baskets", Basket, session).put("1", Basket(OWNER))
    with pytest.raises(StatementError, match="does not fit its class") as refused:
        await DocumentView("baskets", OtherBasket, session).get("1")
    assert str(OWNER) not in str(refused.value)
    await session.close()


def test_a_name_that_is_no_tables_is_refused() -> None:
    """It would stand in SQL."""
    with pytest.raises(StatementError, match="no name of a table"):
        documents_table("baskets; DROP TABLE baskets")
