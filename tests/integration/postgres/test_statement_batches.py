"""Statements of different texts reach the server in few round trips, and in their order."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.migrations import migrate
from duolog.adapters.postgres.statement_batches import MOST_AT_ONCE, WORTH_A_TRIP, run_in_order
from duolog.adapters.postgres.statements import Statements
from duolog.errors import ConstraintViolationError, DuologError, StatementError

KINDS = {
    "uuid": UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    "text": "Zoë 'quoted' \\ \" :name 🙂 {a,NULL}",
    "varchar": "",
    "bigint": -(2**63),
    "smallint": 7,
    "double precision": 5e-324,
    "real": 0.5,
    "numeric": Decimal("12345678901234567890.123456789"),
    "boolean": False,
    "bytea": b"\x00\xff'\\",
    "timestamptz": datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
    "timestamp": datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
    "date": date(2026, 2, 3),
    "json": '{"b": 1,  "a": "\\u00e4"}',
    "inet": "10.0.0.1",
}


@pytest.fixture
async def migrated(make_connections: Callable[..., Connections]) -> Connections:
    connections = make_connections()
    await migrate(connections)
    return connections


async def run(connections: Connections, statements: Statements, *buffered: tuple[str, dict[str, Any]]) -> None:
    async with connections.transaction() as connection:
        await run_in_order(statements, connection, "duolog", buffered)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_value_is_the_same_by_either_way(migrated: Connections, statements: Statements, kind: str) -> None:
    """Alone, where the driver sends it, and between others, where the database's function gets it as text."""
    await migrated.fetch("DROP TABLE IF EXISTS kinds")
    await migrated.fetch(f"CREATE TABLE kinds (id TEXT, value {kind})")
    insert, update = "INSERT INTO kinds VALUES (:id, :value)", "UPDATE kinds SET id = :id WHERE id = 'old'"
    value = KINDS[kind]
    await run(migrated, statements, (insert, {"id": "alone", "value": value}))
    await run(
        migrated,
        statements,
        (insert, {"id": "old", "value": value}),
        (update, {"id": "mixed"}),
        (insert, {"id": "none", "value": None}),
    )
    rows = {row["id"]: row["value"] for row in await migrated.fetch("SELECT id, value FROM kinds")}
    assert rows["mixed"] == rows["alone"]
    assert rows["none"] is None
    assert len(rows) == 3


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.tuples(st.integers(0, 3), st.integers(1, WORTH_A_TRIP + 2)), max_size=12))
async def test_every_order_is_kept(migrated: Connections, statements: Statements, turns: list[tuple[int, int]]) -> None:
    """Whatever texts stand together, and how many of them: each statement sees what those before it did."""
    await migrated.fetch("CREATE TABLE IF NOT EXISTS trail (steps TEXT)")
    await migrated.fetch("TRUNCATE trail")
    await migrated.fetch("INSERT INTO trail VALUES ('')")
    texts = [f"UPDATE trail SET steps = steps || CAST(:step AS TEXT) || '{letter}'" for letter in "abcd"]  # noqa: S608 - texts from here
    buffered = [(texts[text], {"step": f"{number}"}) for text, count in turns for number in range(count)]
    await run(migrated, statements, *buffered)
    expected = "".join(f"{number}{'abcd'[text]}" for text, count in turns for number in range(count))
    assert (await migrated.fetch("SELECT steps FROM trail"))[0]["steps"] == expected


async def test_more_than_fit_in_one_call_are_sent_in_several(migrated: Connections, statements: Statements) -> None:
    """None is left out, and none comes twice."""
    await migrated.fetch("CREATE TABLE many (id INTEGER PRIMARY KEY, other TEXT)")
    texts = ("INSERT INTO many VALUES (:id, 'a')", "INSERT INTO many VALUES (:id, 'b')")
    count = 2 * MOST_AT_ONCE + 3
    await run(migrated, statements, *((texts[number % 2], {"id": number}) for number in range(count)))
    (row,) = await migrated.fetch("SELECT count(*) AS all, max(id) AS last FROM many")
    assert tuple(row) == (count, count - 1)


async def test_what_a_statement_breaks_is_said_as_if_it_stood_alone(
    migrated: Connections, statements: Statements
) -> None:
    """A constraint with its table and columns, wrong SQL and wrong values; and nothing is changed."""
    await migrated.fetch("CREATE TABLE broken (id INTEGER PRIMARY KEY, hits INTEGER NOT NULL)")
    insert, other = "INSERT INTO broken VALUES (:id, :hits)", "INSERT INTO broken SELECT :id, 1 WHERE 1 = 1"
    for wrong, error in (
        ((insert, {"id": 1, "hits": 1}), ConstraintViolationError),
        ((insert, {"id": 2, "hits": None}), ConstraintViolationError),
        (("INSERT INTO nowhere VALUES (:id)", {"id": 2}), StatementError),
        (("INSERT INTO broken VALUES (:id, 1); COMMIT", {"id": 2}), StatementError),
        ((insert, {"id": 2, "hits": "hunter2"}), StatementError),
        (("INSERT INTO broken SELECT :id, CAST(:hits AS TEXT)::integer", {"id": 2, "hits": "hunter2"}), StatementError),
    ):
        with pytest.raises(DuologError) as raised:
            await run(migrated, statements, (other, {"id": 1}), wrong)
        assert isinstance(raised.value, error)
        assert "hunter2" not in str(raised.value)
        if isinstance(raised.value, ConstraintViolationError):
            assert raised.value.table == "broken"
            assert raised.value.columns
        assert await migrated.fetch("SELECT id FROM broken") == []
