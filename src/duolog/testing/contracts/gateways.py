"""The contract of what `QueryGateway` asks of a database: the same rows, pages and JSON on every one."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from duolog.database.port import Database
from duolog.errors import (
    InvalidCursorError,
    InvalidMessageError,
    InvalidSortOrderError,
    LimitOutOfRangeError,
    UnknownFieldError,
)
from duolog.read.cursors import Cursors
from duolog.read.filtering import equals
from duolog.read.gateway import QueryGateway
from duolog.read.pages import CursorPage
from duolog.read.relation import MaintainedTotal, Relation
from duolog.read.sorting import SortOrder
from duolog.tables.ports import FullText
from duolog.tables.statements import Statement
from duolog.testing.contracts.articles import (
    ARTICLES,
    BEGIN,
    FILTERABLE,
    PLAIN_ARTICLES,
    ArticleDTO,
    PlainArticleDTO,
    article,
    expected,
    write_articles,
)
from duolog.write.sealed_work import SealedWork

COUNT: Final = 60
CURSORS: Final = Cursors.with_secret(b"a secret of the contract suites")
ALL: Final = {number: article(number) for number in range(COUNT)}

_SORTS: Final[dict[str | None, Callable[[int], Any]]] = {
    None: lambda number: ALL[number]["id"],
    "topic": lambda number: (ALL[number]["topic"], ALL[number]["id"]),
    "stars": lambda number: (ALL[number]["stars"], ALL[number]["id"]),
    "rating": lambda number: (ALL[number]["rating"], ALL[number]["id"]),
    "written_at": lambda number: (ALL[number]["written_at"], ALL[number]["id"]),
    "read_at": lambda number: (ALL[number]["read_at"] is None, ALL[number]["read_at"] or BEGIN, ALL[number]["id"]),
}
_FILTERS: Final[list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]]] = [
    ({}, lambda _: True),
    ({"topic": None}, lambda _: True),
    ({"topic": "food"}, lambda row: row["topic"] == "food"),
    ({"is_open": True, "stars": 3}, lambda row: row["is_open"] and row["stars"] == 3),
    ({"topics": ["art", "sport", "none"]}, lambda row: row["topic"] != "food"),
    ({"topics": {"art"}}, lambda row: row["topic"] == "art"),
    ({"topics": ()}, lambda _: False),
    ({"at_least": 2, "at_most": 3}, lambda row: row["stars"] in {2, 3}),
    (
        {"written": (BEGIN + timedelta(hours=10), BEGIN + timedelta(hours=20))},
        lambda row: BEGIN + timedelta(hours=10) <= row["written_at"] <= BEGIN + timedelta(hours=20),
    ),
    ({"written": (None, BEGIN + timedelta(hours=5))}, lambda row: row["written_at"] <= BEGIN + timedelta(hours=5)),
    ({"written": (None, None)}, lambda _: True),
    ({"title": "Ze"}, lambda row: row["title"].startswith("Ze")),
    ({"title": "ze"}, lambda _: False),
    ({"title": "50%"}, lambda row: row["title"].startswith("50%")),
    ({"title": "a_"}, lambda row: row["title"].startswith("a_")),
    ({"title": "back\\"}, lambda row: row["title"].startswith("back\\")),
    ({"words": "red fox"}, lambda row: {"red", "fox"} <= set(row["words"].split())),
    ({"words": '"quick dog"'}, lambda row: "quick dog" in row["words"]),
    ({"words": "dog -red"}, lambda row: "dog" in row["words"] and "red" not in row["words"]),
    ({"words": "number3 or NUMBER5"}, lambda row: row["words"].split()[-1] in {"number3", "number5"}),
    ({"words": 'number3"'}, lambda row: row["words"].endswith(" number3")),
    ({"words": "number3\" OR ' ) *"}, lambda _: False),
    ({"words": "number3 ' ) * NEAR("}, lambda _: False),
    ({"words": " ) * "}, lambda _: False),
]


class GatewayContract:
    """Gateways read every backend like this. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await write_articles(database, COUNT)

    async def test_one_row_is_found_by_its_key(self, database: Database) -> None:
        """A row is read as its DTO, with the type of every field; no row is None."""
        async with reading(database, ARTICLES) as articles:
            for number in (0, 1, 5):
                assert await articles.get_by_id(article(number)["id"]) == expected(number)
            assert await articles.get_by_id(UUID(int=1)) is None
            assert await articles.exists(article(3)["id"])
            assert not await articles.exists(UUID(int=1))

    @pytest.mark.parametrize("at", range(len(_FILTERS)))
    async def test_a_filter_keeps_the_rows_that_it_says(self, database: Database, at: int) -> None:
        """Lists and counts are of the same rows, on every database."""
        filters, keeps = _FILTERS[at]
        wanted = sorted(row["id"] for row in ALL.values() if keeps(row))
        async with reading(database, ARTICLES) as articles:
            assert [row.id for row in await articles.list_all(limit=200, filters=filters)] == wanted
            assert await articles.count(filters) == len(wanted)

    @pytest.mark.parametrize("order", SortOrder)
    @pytest.mark.parametrize("sort_by", _SORTS)
    async def test_pages_by_cursor_give_every_row_once(
        self, database: Database, sort_by: str | None, order: SortOrder
    ) -> None:
        """All pages forward and all backward are the whole list in its order, whatever it is sorted by."""
        wanted = sorted(ALL, key=_SORTS[sort_by], reverse=order is SortOrder.DESC)
        ids = [ALL[number]["id"] for number in wanted]
        async with reading(database, ARTICLES) as articles:
            listed = await articles.list_all(limit=200, sort_by=sort_by, order=order)
            assert [row.id for row in listed] == ids
            page = await articles.cursor_page(cursor=None, limit=7, sort_by=sort_by, order=order)
            forward = [row.id for row in page.items]
            while page.next_cursor is not None:
                page = await articles.cursor_page(cursor=page.next_cursor, limit=7, sort_by=sort_by, order=order)
                forward += [row.id for row in page.items]
            assert forward == ids
            backward = [row.id for row in reversed(page.items)]
            while page.prev_cursor is not None:
                page = await articles.cursor_page(cursor=page.prev_cursor, limit=7, sort_by=sort_by, order=order)
                backward += [row.id for row in reversed(page.items)]
            assert backward == ids[::-1]

    async def test_pages_by_offset_say_what_comes_before_and_after(self, database: Database) -> None:
        """A page has the total or does without it, and says in both cases whether it has neighbours."""
        async with reading(database, ARTICLES) as articles:
            page = await articles.paginate(limit=10, offset=15, filters={"topic": "art"})
            assert (len(page.items), page.total, page.has_next, page.has_prev) == (5, 20, False, True)
            first = await articles.offset_page(limit=10, filters={"topic": "art"})
            assert (len(first.items), first.has_next, first.has_prev) == (10, True, False)
            assert first.estimated_total is None
            last = await articles.offset_page(limit=10, offset=10, filters={"topic": "art"})
            assert (len(last.items), last.has_next, last.has_prev) == (10, False, True)

    @pytest.mark.parametrize("relation", [ARTICLES, PLAIN_ARTICLES], ids=["with a document", "plain"])
    async def test_json_is_that_of_the_objects_byte_for_byte(self, database: Database, relation: Relation[Any]) -> None:
        """One row, lists and pages of every kind are the same text, cursors included, as when objects are encoded."""
        encode = msgspec.json.encode
        async with reading(database, relation) as articles:
            json = articles.as_json
            for number in range(COUNT):
                key = article(number)["id"]
                row = await json.get_by_id(key)
                assert row is not None
                assert row.encode() == encode(await articles.get_by_id(key))
            assert await json.get_by_id(UUID(int=1)) is None
            listing: dict[str, Any] = {"sort_by": "topic", "order": SortOrder.DESC, "filters": {"is_open": False}}
            for limit, offset in ((200, 0), (7, 3), (7, 39), (7, 100)):
                rows = await json.list_all(limit=limit, offset=offset, **listing)
                assert rows.encode() == encode(await articles.list_all(limit=limit, offset=offset, **listing))
                page = await json.paginate(limit=limit, offset=offset, **listing)
                assert page.encode() == encode(await articles.paginate(limit=limit, offset=offset, **listing))
                uncounted = await json.offset_page(limit=limit, offset=offset, **listing)
                assert uncounted.encode() == encode(await articles.offset_page(limit=limit, offset=offset, **listing))
            walked = await articles.cursor_page(cursor=None, limit=7, **listing)
            assert (await json.cursor_page(cursor=None, limit=7, **listing)).encode() == encode(walked)
            for _ in range(3):
                cursor = walked.next_cursor
                walked = await articles.cursor_page(cursor=cursor, limit=7, **listing)
                assert (await json.cursor_page(cursor=cursor, limit=7, **listing)).encode() == encode(walked)
            walked = await articles.cursor_page(cursor=walked.prev_cursor, limit=7, **listing)
            back = await json.cursor_page(cursor=walked.next_cursor, limit=7, **listing)
            again = await articles.cursor_page(cursor=walked.next_cursor, limit=7, **listing)
            assert back.encode() == encode(again)

    async def test_unknown_names_and_limits_are_refused(self, database: Database) -> None:
        """A name that is not declared never reaches the database, and no limit is clamped."""
        async with reading(database, ARTICLES) as articles:
            for name in (*dir(ArticleDTO), "tenant", "words", "id; DROP TABLE contract_articles", ""):
                if name not in ARTICLES.sortable.names:
                    with pytest.raises(UnknownFieldError):
                        await articles.list_all(limit=1, sort_by=name)
                if name not in ARTICLES.filterable.names:
                    with pytest.raises(UnknownFieldError):
                        await articles.count({name: "x"})
            for limit, offset in ((0, 0), (201, 0), (1, -1)):
                with pytest.raises(LimitOutOfRangeError):
                    await articles.list_all(limit=limit, offset=offset)
            with pytest.raises(LimitOutOfRangeError):
                await articles.cursor_page(cursor=None, limit=201)

    @pytest.mark.parametrize("order", ["asc", "desc", "banana", None])
    async def test_an_order_that_is_no_sort_order_is_refused(self, database: Database, order: Any) -> None:
        """A text would name a direction that no list guesses, on pages of every kind."""
        async with reading(database, ARTICLES) as articles:
            for gateway in (articles, articles.as_json):
                first = partial(gateway.cursor_page, cursor=None)
                for page in (gateway.list_all, gateway.paginate, gateway.offset_page, first):
                    with pytest.raises(InvalidSortOrderError):
                        await page(limit=5, sort_by="topic", order=order)
            with pytest.raises(InvalidSortOrderError):
                _ = articles.stream(order=order)

    @pytest.mark.parametrize(
        "filters",
        [
            {"topics": "art"},
            {"topics": ["x"] * 257},
            {"written": (1, 2, 3)},
            {"title": 5},
            {"words": 5},
            {"words": "-red"},
        ],
        ids=str,
    )
    async def test_a_value_that_is_none_for_its_filter_is_refused(
        self, database: Database, filters: dict[str, Any]
    ) -> None:
        """It is the caller's mistake, told before the database is asked."""
        async with reading(database, ARTICLES) as articles:
            with pytest.raises(InvalidMessageError):
                await articles.count(filters)

    async def test_a_tenant_reads_its_own_rows_only(self, database: Database) -> None:
        """No call gives another tenant's row, and no cursor of another tenant is taken."""
        owned = Relation("contract_articles", ArticleDTO, key="id", filterable=FILTERABLE, tenant="tenant")
        own = {row["id"] for row in ALL.values() if row["tenant"] == "a"}
        foreign = next(row["id"] for row in ALL.values() if row["tenant"] == "b")
        async with reading(database, owned, tenant="a") as articles, reading(database, owned, tenant="b") as others:
            assert {row.id for row in await articles.list_all(limit=200)} == own
            assert {row.id async for row in articles.stream()} == own
            assert await articles.count() == len(own)
            assert await articles.get_by_id(foreign) is None
            assert not await articles.exists(foreign)
            cursor = (await others.cursor_page(cursor=None, limit=5)).next_cursor
            with pytest.raises(InvalidCursorError):
                await articles.cursor_page(cursor=cursor, limit=5)

    async def test_a_handwritten_select_is_read_like_a_table(self, database: Database) -> None:
        """Joins and computed columns come as SQL; sorting, filters and pages are the declared ones."""
        select = (
            "SELECT a.id, upper(a.topic) AS title, a.stars * 10 AS stars FROM contract_articles AS a WHERE a.is_open"
        )
        shouted = Relation(
            "shouted",
            Shouted,
            key="id",
            sortable={"stars": "stars"},
            filterable={"title": equals("title")},
            select=select,
        )
        wanted = [row for row in ALL.values() if row["is_open"] and row["topic"] == "art"]
        async with reading(database, shouted) as articles:
            page: CursorPage[Shouted] = await articles.cursor_page(
                cursor=None, limit=200, sort_by="stars", filters={"title": "ART"}
            )
            assert [row.stars for row in page.items] == sorted(row["stars"] * 10 for row in wanted)

    async def test_a_total_is_what_a_projection_keeps(self, database: Database) -> None:
        """Where its filters are known the total is read, not counted; with others it is counted."""
        await database.create_tables(
            {"contract_totals": "CREATE TABLE contract_totals (topic TEXT PRIMARY KEY, articles BIGINT NOT NULL)"}
        )
        sql = "INSERT INTO contract_totals (topic, articles) VALUES (:topic, :articles)"
        kept = [{"topic": "art", "articles": 1_000}, {"topic": "food", "articles": 2_000}]
        await database.committer.commit(SealedWork(statements=tuple(Statement(sql, row) for row in kept)))
        total = MaintainedTotal("contract_totals", "articles", {"topic": equals("topic")})
        counted = Relation("contract_articles", PlainArticleDTO, key="id", filterable=FILTERABLE, total=total)
        async with reading(database, counted) as articles:
            assert (await articles.paginate(limit=1)).total == 3_000
            assert (await articles.paginate(limit=1, filters={"topic": "art"})).total == 1_000
            assert (await articles.paginate(limit=1, filters={"topic": "art", "is_open": True})).total == COUNT // 3
            assert await articles.count({"topic": "art"}) == COUNT // 3

    async def test_a_total_is_estimated_where_the_database_knows_one(self, database: Database) -> None:
        """It is what the database knows without counting, and never less than what the page shows."""
        is_known = await full_text_of(database) is FullText.TSVECTOR
        async with reading(database, PLAIN_ARTICLES) as articles:
            for filters in ({"topic": "art"}, None):
                page = await articles.offset_page(limit=10, offset=5, filters=filters, estimate=True)
                assert (page.estimated_total is not None) is is_known
                assert page.estimated_total is None or page.estimated_total > 15

    async def test_the_last_page_says_how_many_rows_there_are(self, database: Database) -> None:
        """No estimate contradicts a page without a next one: what comes before it and what it has is all there is."""
        pages = ((0, 200, None, COUNT), (15, 5, {"topic": "art"}, COUNT // 3), (0, 5, {"topic": "none"}, 0))
        async with reading(database, PLAIN_ARTICLES) as articles:
            for offset, limit, filters, total in pages:
                page = await articles.offset_page(limit=limit, offset=offset, filters=filters, estimate=True)
                assert (page.has_next, page.estimated_total) == (False, total)
            behind = await articles.offset_page(limit=5, offset=COUNT, estimate=True)
            assert behind.estimated_total is None or behind.estimated_total <= COUNT


class Shouted(msgspec.Struct, frozen=True):
    """A row of handwritten SQL."""

    id: UUID
    title: str
    stars: int


@asynccontextmanager
async def reading(
    database: Database, relation: Relation[Any], *, tenant: str | None = None
) -> AsyncGenerator[QueryGateway[Any]]:
    """Open a query's session with a gateway over it."""
    session = database.open_reader()
    try:
        yield QueryGateway(relation, session, CURSORS, tenant=tenant)
    finally:
        await session.close()


async def full_text_of(database: Database) -> FullText:
    """Return how a database searches texts."""
    session = database.open_reader()
    await session.close()
    return session.full_text
