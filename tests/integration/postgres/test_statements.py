"""The application's statements as PostgreSQL gets them, and what comes back."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duolog.adapters.postgres.compiled_statements import compile_statement
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_scripts import single_statements
from duolog.adapters.postgres.statements import StaleStatementError, Statements
from duolog.errors import ConstraintViolationError, DatabaseError, StaleRowError, StatementError, UnstorableValueError
from duolog.tables.statements import Constraint, Statement

SECRET = "hunter2"
# SQL expressions, and what they are worth when :a is 1 and :b is 'x'.
EXPRESSIONS = st.sampled_from(
    [
        ("CAST(:a AS integer)", 1),
        (":a::integer", 1),
        (":b::text", "x"),
        ("':a'", ":a"),
        ("'it''s :b'", "it's :b"),
        (r"E'\':a\\'", "':a\\"),
        ("$$:a $ :b$$", ":a $ :b"),
        ("$q$ $$ :a $$ $q$", " $$ :a $$ "),
        ("(ARRAY[7, 8, 9])[:a::integer + 1]", 8),
        ("(ARRAY[7, 8, 9])[2:3]", [8, 9]),
        ("(ARRAY[7, 8, 9])[one:2]", [7, 8]),
        ("/* :a /* ' */ :b */ :b::text", "x"),
        ("3 -- :a '\n", 3),
        ('":col"', "quoted"),
        ("U&'d\\0061t'", "dat"),
        ("to_char(timestamp '2026-01-02 12:30:00', 'HH24:MI')", "12:30"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(EXPRESSIONS, min_size=1, max_size=6))
async def test_parameters_are_those_that_the_server_sees(chosen: list[tuple[str, Any]], postgres_url: str) -> None:
    """Whatever texts, comments, casts and slices stand around them."""
    sql = f"SELECT {', '.join(text for text, _ in chosen)} FROM (SELECT 'quoted' AS \":col\", 1 AS one) AS t"  # noqa: S608 - texts from this file
    compiled = compile_statement(sql)
    values = {"a": 1, "b": "x"}
    connection = await asyncpg.connect(postgres_url)
    try:
        row = await connection.fetchrow(compiled.text, *(values[name] for name in compiled.names))
    finally:
        await connection.close()
    assert row is not None
    assert list(row.values()) == [value for _, value in chosen]


class Role(Enum):
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything as the text and the numbers that SQLite keeps."""

    id: str
    at: str
    day: str
    yes: int
    total: int


ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
AT = datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "given_value", "stored"),
    [
        ("uuid", str(ID), str(ID)),
        ("uuid", ID, str(ID)),
        ("text", ID, str(ID)),
        ("text", AT, "2026-02-03T04:05:06.000007+00:00"),
        ("text", True, "1"),
        ("text", 7, "7"),
        ("text", Decimal("1.50"), "1.50"),
        ("text", Role.ADMIN, "admin"),
        ("varchar(10)", date(2026, 2, 3), "2026-02-03"),
        ("timestamptz", AT, "2026-02-03T04:05:06.000007+00:00"),
        ("timestamptz", "2026-02-03T05:05:06.000007+01:00", "2026-02-03T04:05:06.000007+00:00"),
        ("timestamp", AT, "2026-02-03T04:05:06.000007+00:00"),
        ("date", "2026-02-03", "2026-02-03"),
        ("bigint", True, 1),
        ("bigint", "7", 7),
        ("smallint", 7.0, 7),
        ("boolean", 1, True),
        ("numeric", "1.50", Decimal("1.50")),
        ("numeric", 0.1, Decimal("0.1")),
        ("numeric", 7, 7),
        ("double precision", 7, 7.0),
        ("double precision", Decimal("1.5"), 1.5),
        ("json", '{"a": 1}', '{"a": 1}'),
        ("bytea", b"\x00", b"\x00"),
    ],
)
async def test_a_value_fits_the_type_of_its_place(
    connections: Connections, statements: Statements, kind: str, given_value: object, stored: object
) -> None:
    """As far as SQLite would store it there as well; it comes back as SQLite would give it."""
    async with connections.use() as connection:
        sql = f"SELECT CAST(:value AS {kind}) AS value"
        assert await statements.fetch_value(connection, sql, {"value": given_value}) == stored
        assert await statements.fetch_value(connection, sql, {"value": None}) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uuid", SECRET), ("bigint", SECRET), ("bigint", 1.5), ("integer", 2**40), ("boolean", 2), ("date", SECRET),
        ("timestamptz", "2026-02-03T04:05:06"), ("text", b"hunter2"), ("bytea", SECRET), ("numeric", SECRET),
        ("double precision", SECRET), ("json", SECRET), ("interval", SECRET), ("inet", SECRET),
    ],
)  # fmt: skip
async def test_a_value_that_does_not_fit_is_refused_without_being_shown(
    connections: Connections, statements: Statements, kind: str, value: object
) -> None:
    """Whether the adapter, the driver or the server finds it out."""
    async with connections.use() as connection:
        with pytest.raises(StatementError) as refused:
            await statements.fetch(connection, f"SELECT CAST(:value AS {kind}) AS value", {"value": value}, None)
    shown = f"{refused.value!s} {refused.value.__cause__} {refused.value.__suppress_context__}"
    assert SECRET not in shown
    assert shown.endswith("True")


@pytest.mark.parametrize(
    ("kind", "least", "most"), [("smallint", -(2**15), 2**15 - 1), ("integer", -(2**31), 2**31 - 1)]
)
async def test_a_number_is_told_to_be_out_of_its_places_range(
    connections: Connections, statements: Statements, kind: str, least: int, most: int
) -> None:
    """It may be what a client sent, so it is told apart from a value of another kind."""
    sql = f"SELECT CAST(:value AS {kind}) AS value"
    async with connections.use() as connection:
        for number in (least, most):
            assert await statements.fetch_value(connection, sql, {"value": number}) == number
        for value in (least - 1, most + 1, float(most + 1), str(least - 1)):
            with pytest.raises(UnstorableValueError, match="out of the range of its place"):
                await statements.fetch_value(connection, sql, {"value": value})


async def test_a_dto_gets_what_it_asks_for(connections: Connections, statements: Statements) -> None:
    """Text for a UUID or a time, and a number for a bool or a sum, as on SQLite."""
    sql = """
        SELECT CAST(:id AS uuid) AS id, CAST(:at AS timestamptz) AS at, DATE '2026-02-03' AS day, TRUE AS yes,
            (SELECT sum(n) FROM (VALUES (1::bigint), (2)) AS t (n)) AS total
    """
    async with connections.use() as connection:
        (row,) = await statements.fetch(connection, sql, {"id": ID, "at": AT}, Stored)
        (mapping,) = await statements.fetch(connection, sql, {"id": ID, "at": AT}, None)
    assert row == Stored(str(ID), "2026-02-03T04:05:06.000007+00:00", "2026-02-03", 1, 3)
    assert mapping == {"id": row.id, "at": row.at, "day": row.day, "yes": 1, "total": 3}


async def test_a_constraint_is_reported_by_what_it_is_about(connections: Connections, statements: Statements) -> None:
    """So that one declaration of domain errors serves every database."""
    ddl = """
        CREATE TABLE members (
            id TEXT PRIMARY KEY, email TEXT NOT NULL CONSTRAINT members_email UNIQUE, age INTEGER CHECK (age > 0),
            boss TEXT REFERENCES members (id), "Odd, name" TEXT UNIQUE, UNIQUE (age, email)
        );
        INSERT INTO members (id, email, age, "Odd, name") VALUES ('1', 'hunter2', 5, 'x')
    """
    async with connections.use() as connection:
        await connection.execute(ddl)
    found: list[tuple[str, tuple[str, ...], str]] = []
    for row in (
        {"id": "1", "email": "b", "age": 1, "boss": None},
        {"id": "2", "email": "hunter2", "age": 1, "boss": None},
        {"id": "2", "email": None, "age": 1, "boss": None},
        {"id": "2", "email": "b", "age": -1, "boss": None},
        {"id": "2", "email": "b", "age": 1, "boss": "hunter2"},
    ):
        sql = "INSERT INTO members (id, email, age, boss) VALUES (:id, :email, :age, :boss)"
        with pytest.raises(ConstraintViolationError) as broken:
            await execute(connections, statements, sql, row)
        assert SECRET not in str(broken.value)
        found.append((broken.value.table, broken.value.columns, broken.value.constraint))
    assert found == [
        ("members", ("id",), "members_pkey"),
        ("members", ("email",), "members_email"),
        ("members", ("email",), ""),
        ("members", (), "members_age_check"),
        ("members", (), "members_boss_fkey"),
    ]


async def test_a_guarded_statement_counts_its_rows(connections: Connections, statements: Statements) -> None:
    """With and without parameters; a domain error takes the place of a constraint's."""
    await connections.fetch("CREATE TABLE guarded (id INTEGER PRIMARY KEY)")
    insert = Statement("INSERT INTO guarded VALUES (:id)", {"id": 1}, errors={Constraint("guarded", ("id",)): KeyError})
    async with connections.transaction() as connection:
        assert await statements.run(connection, insert) == 1
        assert await statements.execute(connection, "INSERT INTO guarded SELECT id + 1 FROM guarded", None) == 1
        assert await statements.execute(connection, "UPDATE guarded SET id = id + 10 RETURNING id", None) == 2
        await statements.execute_many(connection, insert.sql, [{"id": 1}, {"id": 2}, {"id": 3}])
        with pytest.raises(StaleRowError, match="guarded"):
            await statements.run(connection, Statement("DELETE FROM guarded WHERE id > :id", {"id": 99}, rows=1))
    with pytest.raises(KeyError):
        await run(connections, statements, insert)


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "SET search_path = x",
        "/* x */ -- y\n ; rollback",
        "NOTIFY x",
        "PREPARE x AS SELECT 1",
        "SELECT 1; COMMIT",
    ],
)
async def test_the_transaction_and_the_session_are_duologs(
    connections: Connections, statements: Statements, sql: str
) -> None:
    """A statement that would change them, alone or behind another one, is refused."""
    with pytest.raises(StatementError):
        await execute(connections, statements, sql, {})


async def test_a_statement_may_be_used_again_after_its_table_has_changed(
    connections: Connections, statements: Statements
) -> None:
    """What was remembered of it is asked for again, at the second try at the latest."""
    await connections.fetch("CREATE TABLE changing (id TEXT)")
    sql = "INSERT INTO changing (id) VALUES (:id)"
    await execute(connections, statements, sql, {"id": ID})
    await connections.fetch("DROP TABLE changing")
    await connections.fetch("CREATE TABLE changing (id UUID)")
    for _ in range(2):
        try:
            await execute(connections, statements, sql, {"id": ID})
        except DatabaseError:
            continue
        break
    assert [row["id"] for row in await connections.fetch("SELECT id FROM changing")] == [ID]


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("SELECT 1; SELECT ';'; -- ;\n", ["SELECT 1", "SELECT ';'"]),
        ("CREATE TABLE a (b TEXT);;", ["CREATE TABLE a (b TEXT)"]),
        ("DO $$ BEGIN PERFORM 1; END $$; SELECT 2", ["DO $$ BEGIN PERFORM 1; END $$", "SELECT 2"]),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN 1 = 1 THEN 1 END; SELECT 2; END; SELECT 3",
            [
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN 1 = 1 THEN 1 END; SELECT 2; END",
                "SELECT 3",
            ],
        ),
    ],
)
def test_a_script_is_split_where_its_statements_end(script: str, statements: list[str]) -> None:
    """Bodies of functions, texts and comments are whole."""
    assert list(single_statements(script)) == statements


def test_a_name_that_stands_twice_is_one_parameter() -> None:
    """And parameters are numbered in the order in which they come first."""
    compiled = compile_statement("SELECT :b, :a, :b::text")
    assert compiled.names == ("b", "a")
    assert re.findall(r"\$\d", compiled.text) == ["$1", "$2", "$1"]


async def execute(connections: Connections, statements: Statements, sql: str, values: dict[str, Any]) -> int:
    async with connections.transaction() as connection:
        return await statements.execute(connection, sql, values)


async def run(connections: Connections, statements: Statements, statement: Statement) -> int:
    async with connections.transaction() as connection:
        return await statements.run(connection, statement)


async def test_a_statement_that_stays_wrong_raises_its_own_error(
    connections: Connections, statements: Statements
) -> None:
    """It is tried again once only, so that it is not taken for a failure that passes."""
    await connections.fetch("""
        CREATE FUNCTION refuse_all() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'never' USING ERRCODE = '42883'; END $$
    """)
    await connections.fetch("CREATE TABLE refusing (id TEXT)")
    await connections.fetch("CREATE TRIGGER refuse BEFORE INSERT ON refusing EXECUTE FUNCTION refuse_all()")
    sql = "INSERT INTO refusing (id) VALUES (:id)"
    for expected in (StaleStatementError, StatementError):
        with pytest.raises(DatabaseError, match="never") as raised:
            await execute(connections, statements, sql, {"id": "a"})
        assert type(raised.value) is expected
