"""Values round-trip between SQLAlchemy's types and duolog's own SQL, and are the same on every database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import JSON, Date, DateTime, Float, LargeBinary, Numeric, Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from duolog import Application, ReadDatabase
from duolog.adapters.sqlalchemy import SqlAlchemyProvider
from duolog.errors import StatementError, UnstorableValueError
from duolog.testing.applications import TEST_SECRET
from tests.integration.sqlalchemy.clubs import (
    Club,
    DoCommand,
    DoInteractor,
    Eyes,
    Hands,
    LookQuery,
    LookQueryService,
)

ZONE = timezone(timedelta(hours=5, minutes=30))
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=ZONE)


class Colour(Enum):
    RED = "red"


class Model(DeclarativeBase):
    pass


class Thing(Model):
    __tablename__ = "things"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    text_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    local: Mapped[datetime | None] = mapped_column(DateTime)
    day: Mapped[date | None] = mapped_column(Date)
    price: Mapped[Decimal | None] = mapped_column(Numeric(20, 8))
    share: Mapped[float | None] = mapped_column(Float)
    is_on: Mapped[bool | None]
    data: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    colour: Mapped[str | None] = mapped_column(Text)


def ddl(*, postgres: bool) -> str:
    kinds = {"FLOAT": "DOUBLE PRECISION", "JSONTEXT": "JSON", "BLOB": "BYTEA", "LOCALTIME": "TIMESTAMP"}
    sql = """
        CREATE TABLE things (
            id UUID NOT NULL PRIMARY KEY, text_id UUID, at TIMESTAMPTZ, local LOCALTIME, day DATE, price DECIMALTEXT,
            share FLOAT, is_on BOOLEAN, data JSONTEXT, raw BLOB, colour TEXT
        )
    """
    kinds["DECIMALTEXT"] = "NUMERIC(20, 8)" if postgres else "TEXT"
    for name, kind in kinds.items():
        if postgres or name in {"DECIMALTEXT", "LOCALTIME"}:
            sql = sql.replace(name, kind)
    return sql


@dataclass(frozen=True, slots=True)
class ThingDTO:
    id: UUID
    text_id: str | None
    at: datetime | None
    day: date | None
    price: Decimal | None
    share: float | None
    is_on: bool | None
    raw: bytes | None
    colour: str | None


@pytest.fixture
async def things(url: str) -> AsyncIterator[Club]:
    app = Application(
        "things",
        database=url,
        secret=TEST_SECRET,
        handlers=[DoCommand.handled_by(DoInteractor), LookQuery.handled_by(LookQueryService)],
        tables={"things": ddl(postgres=url.startswith("postgres"))},
        providers=[SqlAlchemyProvider()],
    )
    async with app:
        yield Club(app)


def full(number: int) -> Thing:
    return Thing(
        id=UUID(int=number),
        text_id=str(UUID(int=7)),
        at=AT,
        local=datetime(2026, 1, 2, 3, 4, 5, 678901),  # noqa: DTZ001 - a local time has no zone
        day=date(2026, 2, 3),
        price=Decimal("123456789012.12345678"),
        share=0.1,
        is_on=True,
        data={"a": [1, "ü", None]},
        raw=b"\x00\xff",
        colour="red",
    )


async def _kept(session: AsyncSession, db: ReadDatabase, number: int) -> tuple[Thing, ThingDTO]:
    thing = (await session.scalars(select(Thing).where(Thing.id == UUID(int=number)))).one()
    dto = await db.fetch_one(
        "SELECT id, text_id, at, day, price, share, is_on, raw, colour FROM things WHERE id = :id",
        {"id": UUID(int=number)},
        into=ThingDTO,
    )
    assert dto is not None
    return thing, dto


@pytest.mark.parametrize("flushes", [False, True])
async def test_what_a_session_writes_is_read_by_both(things: Club, *, flushes: bool) -> None:
    """An entity's values are the same in SQLAlchemy and in duolog's SQL, whichever way they were written."""

    async def write(hands: Hands) -> None:
        hands.session.add(full(1))
        if flushes:
            await hands.session.flush()
        await hands.tx.commit()

    async def look(eyes: Eyes) -> None:
        thing, dto = await _kept(eyes.session, eyes.db, 1)
        written = full(1)
        for name in Thing.__table__.c.keys():  # noqa: SIM118 - a collection of columns iterates over columns
            assert getattr(thing, name) == getattr(written, name), name
            if name in ThingDTO.__slots__:
                assert getattr(dto, name) == getattr(written, name), name
        assert isinstance(thing.id, UUID)
        assert thing.at is not None
        assert thing.at.utcoffset() is not None

    await things.do(write)
    await things.look(look)


async def test_what_duolog_writes_is_read_by_a_session(things: Club) -> None:
    """Rows written with duolog's SQL are entities with the same values; conditions on them find the row."""

    async def write(hands: Hands) -> None:
        await hands.db.execute(
            "INSERT INTO things (id, at, day, is_on, colour) VALUES (:id, :at, :day, :is_on, :colour)",
            {"id": UUID(int=2), "at": AT, "day": date(2026, 2, 3), "is_on": False, "colour": Colour.RED},
        )
        await hands.tx.commit()

    async def look(eyes: Eyes) -> None:
        thing, _ = await _kept(eyes.session, eyes.db, 2)
        assert (thing.at, thing.day, thing.is_on, thing.colour) == (AT, date(2026, 2, 3), False, "red")
        assert (thing.price, thing.share, thing.data, thing.raw, thing.text_id) == (None,) * 5
        found = select(Thing.id).where(Thing.at == AT.astimezone(UTC), Thing.is_on.is_(False), Thing.day <= thing.day)
        assert (await eyes.session.scalars(found)).all() == [UUID(int=2)]
        assert (await eyes.session.scalars(select(Thing).where(Thing.id.in_([UUID(int=2)])))).one() is thing

    await things.do(write)
    await things.look(look)


async def test_text_with_nul_is_refused_as_what_no_database_stores(things: Club) -> None:
    """In an entity and in a condition, as duolog's own SQL refuses it."""

    async def write(hands: Hands) -> None:
        hands.session.add(Thing(id=UUID(int=1), colour="red\x00"))
        await hands.tx.commit()

    async def look(eyes: Eyes) -> None:
        await eyes.session.scalars(select(Thing.id).where(Thing.colour == "red\x00"))

    with pytest.raises(UnstorableValueError):
        await things.do(write)
    with pytest.raises(UnstorableValueError):
        await things.look(look)


async def test_a_time_without_a_zone_is_refused(things: Club) -> None:
    """A column of moments takes aware times only, on every database."""

    async def write(hands: Hands) -> None:
        hands.session.add(Thing(id=UUID(int=1), at=datetime(2026, 1, 2)))  # noqa: DTZ001 - what is refused
        await hands.tx.commit()

    with pytest.raises(StatementError):
        await things.do(write)
