"""What `duolog check` says of lists: how long they may get, and in which order their pages are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from dishka import Provider, Scope

from duolog import (
    Binding,
    Json,
    PaginatedResult,
    Projection,
    Query,
    QueryGateway,
    ReadDatabase,
    Relation,
    SortableFields,
    ViewDatabase,
)
from duolog.admin.checks.all_rules import check_application
from duolog.admin.declared_keys import unique_columns
from duolog.application.structure import structure_of
from duolog.testing import application

SELECT = "SELECT id, title FROM books"
SORTABLE = SortableFields({"title": "title"}, tie_break="id")


@dataclass(frozen=True, slots=True)
class BookDTO:
    id: int
    title: str


BY_ID = Relation("books", BookDTO, key="id")
BY_TITLE = Relation("books", BookDTO, key="title")


class BookProjection(Projection):
    name, version = "books", 1
    tables: ClassVar[Mapping[str, str]] = {"books": "CREATE TABLE books (id BIGINT PRIMARY KEY, title TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db


@dataclass(frozen=True, slots=True)
class ListAllBooksQuery(Query[list[BookDTO]]):
    shelf: str = ""


@dataclass(frozen=True, slots=True)
class ListJsonBooksQuery(Query[Json[list[BookDTO]] | None]):
    shelf: str = ""


@dataclass(frozen=True, slots=True)
class ListSomeBooksQuery(Query[tuple[BookDTO, ...]]):
    limit: int = 20


@dataclass(frozen=True, slots=True)
class PageBooksQuery(Query[PaginatedResult[BookDTO]]):
    page: int = 1


@dataclass(frozen=True, slots=True)
# duolog: allow unbounded-list - there are never more than ten
class ListKnownBooksQuery(Query[list[BookDTO]]):
    pass


class ListAllBooksQueryService:
    async def execute(self, _: ListAllBooksQuery) -> list[BookDTO]:
        return []


class ListJsonBooksQueryService:
    async def execute(self, _: ListJsonBooksQuery) -> Json[list[BookDTO]] | None:
        return None


class ListSomeBooksQueryService:
    async def execute(self, _: ListSomeBooksQuery) -> tuple[BookDTO, ...]:
        return ()


class PageBooksQueryService:
    async def execute(self, _: PageBooksQuery) -> PaginatedResult[BookDTO]:
        return PaginatedResult([], 0, 20, 0)


class Reader:
    def __init__(self, db: ReadDatabase) -> None:
        self.db = db


class UnorderedReader(Reader):
    async def page(self, limit: int) -> object:
        return await self.db.fetch(f"{SELECT} LIMIT :limit", {"limit": limit})


class TitleReader(Reader):
    async def page(self, limit: int) -> object:
        return await self.db.fetch("SELECT id, title FROM books ORDER BY title DESC LIMIT :limit", {"limit": limit})


class FreeReader(Reader):
    async def page(self, sort_by: str, limit: int) -> object:
        return await self.db.fetch(f"{SELECT} ORDER BY {sort_by} LIMIT :limit", {"limit": limit})


class WrongKeyReader(Reader):
    async def page(self, limit: int) -> object:
        return await QueryGateway(BY_TITLE, self.db).list_all(limit=limit)


class DeclaredReader(Reader):
    async def page(self, limit: int) -> object:
        return await QueryGateway(BY_ID, self.db).list_all(limit=limit)


class SortableReader(Reader):
    async def page(self, sort_by: str, limit: int) -> object:
        return await self.db.fetch(f"{SELECT} ORDER BY {SORTABLE.order_by(sort_by)} LIMIT :limit", {"limit": limit})


class NewestReader(Reader):
    async def newest(self) -> object:
        return await self.db.fetch_one("SELECT id, title FROM books WHERE id = 5 LIMIT 1")

    async def page(self) -> object:
        return await self.db.fetch("SELECT b.id FROM books b ORDER BY b.title, b.id DESC LIMIT 10")


class AnyReader(Reader):  # duolog: allow tie-break - any ten will do
    async def page(self) -> object:
        return await self.db.fetch("SELECT id FROM books LIMIT 10")


def messages(rule: str, *bindings: Binding[Any, Any], readers: tuple[type, ...] = ()) -> list[str]:
    provider = Provider(scope=Scope.REQUEST)
    for reader in readers:
        provider.provide(reader)
    app = application(*bindings, projections=[BookProjection], providers=[provider])
    return [each.message for each in check_application(structure_of(app)) if each.rule == rule]


def test_a_list_without_a_limit_is_found() -> None:
    for binding in (
        ListAllBooksQuery.handled_by(ListAllBooksQueryService),
        ListJsonBooksQuery.handled_by(ListJsonBooksQueryService),
    ):
        assert messages("unbounded-list", binding) == [
            "it is answered with a list, and nothing says how long that may get"
        ]


def test_a_list_with_a_limit_a_page_and_an_allowed_list_are_not() -> None:
    class ListKnownBooksQueryService:
        async def execute(self, _: ListKnownBooksQuery) -> list[BookDTO]:
            return []

    bounded = (
        ListSomeBooksQuery.handled_by(ListSomeBooksQueryService),
        PageBooksQuery.handled_by(PageBooksQueryService),
        ListKnownBooksQuery.handled_by(ListKnownBooksQueryService),
    )
    assert messages("unbounded-list", *bounded) == []


@pytest.mark.parametrize(
    ("reader", "problem"),
    [
        (UnorderedReader, "it reads a page of 'books' without ORDER BY"),
        (TitleReader, "its order of 'books' ends with no unique column"),
        (FreeReader, "its order of 'books' is not one of SortableFields"),
        (WrongKeyReader, "the key of 'books' is 'title', which its table does not keep unique"),
        (DeclaredReader, None),
        (SortableReader, None),
        (NewestReader, None),
        (AnyReader, None),
    ],
)
def test_a_gateway_whose_pages_have_no_definite_order_is_found(reader: type, problem: str | None) -> None:
    class PageBooksQueryService:
        def __init__(self, reader: Reader) -> None:
            self._reader = reader

        async def execute(self, _: PageBooksQuery) -> PaginatedResult[BookDTO]:
            return PaginatedResult([], 0, 20, 0)

    PageBooksQueryService.__init__.__annotations__["reader"] = reader
    found = messages("tie-break", PageBooksQuery.handled_by(PageBooksQueryService), readers=(reader,))
    assert found == ([] if problem is None else [problem])


def test_unique_columns_are_read_from_the_ddl() -> None:
    ddl = """
        -- PRIMARY KEY (nothing)
        CREATE TABLE IF NOT EXISTS "a" (
            id UUID NOT NULL PRIMARY KEY, email TEXT UNIQUE, price NUMERIC(12, 2) DEFAULT (1 + 2), note TEXT
        );
        CREATE UNIQUE INDEX a_note ON a (note);
        CREATE UNIQUE INDEX a_some ON a (price) WHERE price > 0;
        CREATE TABLE app.b (x INT, y INT, z INT, PRIMARY KEY (x, y), CONSTRAINT b_z UNIQUE (z), CHECK (x > 0))
    """
    assert unique_columns(ddl) == {"a": {"id", "email", "note"}, "b": {"z"}}
