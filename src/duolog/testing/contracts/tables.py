"""The contract of tables: how they are created, and that every value comes back as it was."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, ClassVar, TypedDict
from uuid import UUID

import msgspec
import pytest

from duolog.database.port import Database
from duolog.errors import StatementError, UnstorableValueError
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork


class Role(Enum):
    """A text of a closed set."""

    USER = "user"
    ADMIN = "admin"


class Level(IntEnum):
    """A number of a closed set."""

    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Values:
    """One value of every kind, as a dataclass."""

    id: UUID
    text: str
    whole: int
    real: float
    yes: bool
    raw: bytes
    at: datetime
    day: date
    price: Decimal
    role: Role
    level: Level
    note: str | None


class ValuesStruct(msgspec.Struct, frozen=True):
    """Some of the values, as a struct."""

    id: UUID
    yes: bool
    at: datetime
    price: Decimal
    role: Role
    note: str | None


class ValuesDict(TypedDict):
    """Some of the values, as a TypedDict."""

    id: UUID
    yes: bool
    at: datetime
    price: Decimal
    role: Role
    note: str | None


VALUES = Values(
    id=UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    text="Zoë 'quoted' :name 🙂 \\u0000",
    whole=2**63 - 1,
    real=0.1,
    yes=True,
    raw=b"\x00\xff",
    at=datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
    day=date(2026, 2, 3),
    price=Decimal("1234567890.10"),
    role=Role.ADMIN,
    level=Level.HIGH,
    note=None,
)
COLUMNS = tuple(Values.__dataclass_fields__)
INSERT = f"INSERT INTO contract_values ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"  # noqa: S608 - names from this file


class TablesContract:
    """Every backend keeps values in this way. Supply a ``database`` fixture: an open, empty `Database`.

    Attributes:
        ddl: a table ``contract_values``, with column types that every backend takes; a backend may name its own.
    """

    ddl: ClassVar[str] = """
        CREATE TABLE contract_values (
            id TEXT, text TEXT, whole BIGINT, real DOUBLE PRECISION, yes INTEGER, raw BYTEA,
            at TEXT, day TEXT, price TEXT, role TEXT, level INTEGER, note TEXT
        )
    """

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables({"contract_values": self.ddl})

    async def _store(self, database: Database, **changed: object) -> None:
        values = {name: getattr(VALUES, name) for name in COLUMNS} | changed
        await database.committer.commit(SealedWork(statements=(Statement(INSERT, values),)))

    async def test_every_value_comes_back_as_it_was(self, database: Database) -> None:
        """What a dataclass declares is what a row is decoded into."""
        await self._store(database)
        assert await database.open_reader().fetch_one("SELECT * FROM contract_values", into=Values) == VALUES

    async def test_structs_and_typed_dicts_are_decoded_too(self, database: Database) -> None:
        """A msgspec struct and a TypedDict get the same values, by column name."""
        await self._store(database)
        reader = database.open_reader()
        sql = "SELECT note, role, price, at, yes, id FROM contract_values"
        expected = {name: getattr(VALUES, name) for name in ValuesStruct.__struct_fields__}
        (struct,) = await reader.fetch(sql, into=ValuesStruct)
        assert struct == ValuesStruct(**expected)
        (mapping,) = await reader.fetch(sql, into=ValuesDict)
        assert mapping == expected
        await reader.close()

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("whole", -(2**63)),
            ("whole", 0),
            ("real", -1e300),
            ("real", 5e-324),
            ("yes", False),
            ("text", ""),
            ("text", "\n\t"),
            ("text", "x" * 100_000),
            ("raw", b""),
            ("price", Decimal("-0.001")),
            ("price", Decimal("12345678901234567890.123456789")),
            ("at", datetime(1, 1, 1, tzinfo=UTC)),
            ("at", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
            ("note", "something"),
        ],
    )
    async def test_values_at_the_edge_come_back(self, database: Database, column: str, value: object) -> None:
        """The greatest, the least and the empty value round-trip as any other."""
        await self._store(database, **{column: value})
        found = await database.open_reader().fetch_one("SELECT * FROM contract_values", into=Values)
        assert getattr(found, column) == value

    async def test_times_are_the_same_in_every_zone(self, database: Database) -> None:
        """A time is found by the same time in another zone, and times sort by when they are."""
        east = timezone(timedelta(hours=5, minutes=30))
        early = datetime(2026, 1, 1, 12, 0, tzinfo=east)
        late = early + timedelta(microseconds=1)
        for number, at in enumerate([late.astimezone(UTC), early]):
            await self._store(database, at=at, whole=number)
        reader = database.open_reader()
        sql = "SELECT whole FROM contract_values WHERE at = :at"
        assert await reader.fetch_value(sql, {"at": early.astimezone(UTC)}) == 1
        ordered = await reader.fetch("SELECT whole FROM contract_values ORDER BY at")
        assert [row["whole"] for row in ordered] == [1, 0]
        await reader.close()

    @pytest.mark.parametrize("column", ["id", "role", "yes", "at", "day", "price", "whole", "raw", "level"])
    async def test_a_value_is_found_by_itself(self, database: Database, column: str) -> None:
        """A parameter of any kind compares equal to what was stored from the same value."""
        await self._store(database)
        sql = f"SELECT count(*) FROM contract_values WHERE {column} = :value"  # noqa: S608 - a name from this file
        assert await database.open_reader().fetch_value(sql, {"value": getattr(VALUES, column)}) == 1

    @pytest.mark.parametrize(
        "value",
        [2**63, -(2**63) - 1, "a\x00b", "\ud800", float("nan")],
        ids=["2**63", "-2**63-1", "NUL", "surrogate", "NaN"],
    )
    async def test_a_value_that_no_database_can_store_is_refused_as_such(self, database: Database, value: Any) -> None:
        """It may be what a client sent, so it is told apart from a statement that is wrong; its name is said."""
        with pytest.raises(UnstorableValueError, match="'text'"):
            await self._store(database, text=value)
        with pytest.raises(UnstorableValueError, match="'value'"):
            await database.open_reader().fetch("SELECT :value AS value", {"value": value})

    @pytest.mark.parametrize(
        "value",
        [
            datetime(2026, 1, 1),  # noqa: DTZ001 - a naive time is what is refused
            object(),
            ["list"],
            {"a": 1},
        ],
        ids=["naive", "object", "list", "dict"],
    )
    async def test_a_value_of_a_kind_that_would_change_is_refused(self, database: Database, value: object) -> None:
        """What no database gives back as it was is refused by the parameter's name: it has to be converted."""
        with pytest.raises(StatementError, match="'text'") as unstored:
            await self._store(database, text=value)
        with pytest.raises(StatementError, match="'value'") as unread:
            await database.open_reader().fetch("SELECT :value AS value", {"value": value})
        assert {type(unstored.value), type(unread.value)} == {StatementError}

    async def test_errors_do_not_show_values(self, database: Database) -> None:
        """A refused parameter and a row that does not fit are named without what they hold."""
        with pytest.raises(StatementError) as refused:
            await self._store(database, text="secret\x00")
        await self._store(database, role="secret")
        with pytest.raises(StatementError) as unfit:
            await database.open_reader().fetch("SELECT * FROM contract_values", into=Values)
        assert "secret" not in str(refused.value) + str(unfit.value)
        assert "role" in str(unfit.value)

    async def test_a_row_must_fit(self, database: Database) -> None:
        """A missing column, a NULL where none may be and two columns of one name are `StatementError`."""
        await self._store(database, text=None)
        for sql in ("SELECT id FROM contract_values", "SELECT * FROM contract_values"):
            with pytest.raises(StatementError):
                await database.open_reader().fetch(sql, into=Values)
        with pytest.raises(StatementError):
            await database.open_reader().fetch("SELECT id, text AS id FROM contract_values")

    async def test_creating_again_changes_nothing(self, database: Database) -> None:
        """Tables that are there stay as they are; those that are missing are made."""
        await self._store(database)
        more = {"contract_more": "CREATE TABLE contract_more (id INTEGER PRIMARY KEY)"}
        await database.create_tables({"contract_values": self.ddl} | more)
        reader = database.open_reader()
        assert await reader.fetch_value("SELECT count(*) FROM contract_values") == 1
        assert await reader.fetch_value("SELECT count(*) FROM contract_more") == 0
        await reader.close()

    @pytest.mark.parametrize(
        ("name", "ddl"),
        [
            ("contract_wrong", "CREATE TABLE contract_wrong (id TEXT,, x)"),
            ("contract_wrong", "CREATE TABLE contract_other (id TEXT)"),
            ("contract wrong", 'CREATE TABLE "contract wrong" (id TEXT)'),
            ("contract_wrong", "CREATE TABLE contract_wrong (id TEXT); COMMIT"),
        ],
    )
    async def test_wrong_ddl_creates_nothing(self, database: Database, name: str, ddl: str) -> None:
        """DDL that is wrong, or does not make its table, is refused together with all the others."""
        more = {"contract_more": "CREATE TABLE contract_more (id INTEGER PRIMARY KEY)"}
        with pytest.raises(StatementError):
            await database.create_tables(more | {name: ddl})
        with pytest.raises(StatementError):
            await database.open_reader().fetch("SELECT * FROM contract_more")
