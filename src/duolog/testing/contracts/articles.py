"""The table that the contracts of gateways and streams read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from duolog.database.port import Database
from duolog.read.filtering import FilterPart, at_least, at_most, between, equals, one_of, prefix
from duolog.read.relation import Relation
from duolog.read.sorting import nullable
from duolog.read.text_search import Fts5, matches
from duolog.tables.ports import FullText
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork

_COLUMNS: Final = """
    id UUID PRIMARY KEY, tenant TEXT NOT NULL, title TEXT NOT NULL, topic TEXT NOT NULL, stars BIGINT NOT NULL,
    rating DOUBLE PRECISION NOT NULL, price NUMERIC(12, 2) NOT NULL, is_open BOOLEAN NOT NULL,
    written_at TIMESTAMPTZ NOT NULL, day DATE NOT NULL, read_at TIMESTAMPTZ, tags TEXT NOT NULL, words TEXT NOT NULL
"""
_TABLES: Final = {
    FullText.TSVECTOR: {
        "contract_articles": f"""
            CREATE TABLE contract_articles (
                {_COLUMNS}, searched tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED
            );
            CREATE INDEX contract_articles_searched ON contract_articles USING gin (searched)
        """
    },
    FullText.FTS5: {
        "contract_articles": f"CREATE TABLE contract_articles ({_COLUMNS})",
        "contract_articles_fts": "CREATE VIRTUAL TABLE contract_articles_fts USING fts5(words, id UNINDEXED)",
    },
}
_INSERT: Final = """
    INSERT INTO contract_articles
        (id, tenant, title, topic, stars, rating, price, is_open, written_at, day, read_at, tags, words)
    VALUES (:id, :tenant, :title, :topic, :stars, :rating, :price, :is_open, :written_at, :day, :read_at, :tags, :words)
"""
_INSERT_WORDS: Final = "INSERT INTO contract_articles_fts (words, id) VALUES (:words, :id)"

TITLES: Final = (
    "Zero",
    "50% off",
    "a_b",
    "Éclair",
    'say "so"',
    "back\\slash",
    "Zebra",
    "tab\there",
    "한국어",
    "line\nend",
)
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ArticleDTO:
    """An article, with a field of every kind that tables hold."""

    id: UUID
    title: str
    topic: str
    stars: int
    rating: float
    price: Decimal
    is_open: bool
    written_at: datetime
    day: date
    read_at: datetime | None
    tags: list[str]


@dataclass(frozen=True, slots=True)
class PlainArticleDTO:
    """An article without what is kept as a document."""

    id: UUID
    title: str
    topic: str
    stars: int
    rating: float
    price: Decimal
    is_open: bool
    written_at: datetime
    day: date
    read_at: datetime | None


FILTERABLE: Final[Mapping[str, FilterPart]] = {
    "topic": equals("topic"),
    "topics": one_of("topic"),
    "stars": equals("stars"),
    "at_least": at_least("stars"),
    "at_most": at_most("stars"),
    "written": between("written_at"),
    "title": prefix("title"),
    "is_open": equals("is_open"),
    "words": matches("searched", fts5=Fts5("contract_articles_fts", key="id", row_key="id")),
}
ARTICLES: Final = Relation(
    "contract_articles",
    ArticleDTO,
    key="id",
    sortable={
        "title": "title",
        "topic": "topic",
        "stars": "stars",
        "price": "price",
        "rating": "rating",
        "written_at": "written_at",
        "read_at": nullable("read_at"),
    },
    filterable=FILTERABLE,
)
PLAIN_ARTICLES: Final = Relation(
    "contract_articles", PlainArticleDTO, key="id", sortable={"topic": "topic"}, filterable=FILTERABLE
)


def article(number: int) -> dict[str, Any]:
    """Return the row of an article."""
    return {
        "id": UUID(int=(number * 7919) % 10_007 + (7 << 76) + (2 << 62)),
        "tenant": "ab"[number % 2],
        "title": f"{TITLES[number % len(TITLES)]} {number // len(TITLES)}",
        "topic": ("art", "food", "sport")[number % 3],
        "stars": number % 5,
        "rating": (number - 20) / 7 if number % 4 else float(number),
        "price": Decimal(number * 15) / 100,
        "is_open": number % 3 == 0,
        "written_at": BEGIN + timedelta(hours=number, microseconds=number % 2 * 120_030),
        "day": date(2026, 1, 1 + number % 28),
        "read_at": None if number % 4 else BEGIN + timedelta(days=number),
        "tags": f'["t{number % 3}", "é"]',
        "words": f"{'red' if number % 2 else 'blue'} {'fox' if number % 3 else 'quick dog'} number{number}",
    }


def expected(number: int) -> ArticleDTO:
    """Return the DTO of an article."""
    row = article(number)
    fields = {name: row[name] for name in ArticleDTO.__dataclass_fields__ if name != "tags"}
    return ArticleDTO(**fields, tags=[f"t{number % 3}", "é"])


async def write_articles(database: Database, count: int) -> None:
    """Create the tables and write articles 0, 1, 2, ..."""
    reader = database.open_reader()
    full_text = reader.full_text
    await reader.close()
    await database.create_tables(_TABLES[full_text])
    statements = [Statement(_INSERT, article(number)) for number in range(count)]
    if full_text is FullText.FTS5:
        words = [{name: article(number)[name] for name in ("words", "id")} for number in range(count)]
        statements += [Statement(_INSERT_WORDS, values) for values in words]
    await database.committer.commit(SealedWork(statements=tuple(statements)))
