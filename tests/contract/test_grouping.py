"""Statements that are buffered are sent in groups; what they do is what they do one by one."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duolog.database.port import Database, View
from duolog.errors import ConstraintViolationError
from duolog.tables.ports import Row
from tests.contract.backends import MakeDatabase, make_empty

__all__ = ["make_empty"]

Written = tuple[str, Mapping[str, Any]]

VIEW: Final = View(
    "grouped_view",
    1,
    {
        "grouped_view": """
            CREATE TABLE grouped_view (
                id TEXT PRIMARY KEY, mail TEXT UNIQUE, hits BIGINT NOT NULL CHECK (hits < 100), note TEXT
            )""",
        "grouped_log": "CREATE TABLE grouped_log (id TEXT NOT NULL, hits BIGINT NOT NULL, note TEXT)",
    },
)
ROW: Final = "INSERT INTO grouped_view (id, mail, hits, note)"
IN_SETS: Final = (
    f"{ROW} VALUES (:id, :mail, :hits, :note)",
    f"{ROW} VALUES (:id, :mail, :hits, lower(:note)) ON CONFLICT DO NOTHING",
    f"{ROW} VALUES (:id, NULL, :hits, :note) ON CONFLICT (id) DO UPDATE SET hits = :hits, note = :note",
    (
        "INSERT INTO grouped_view AS g (id, hits) VALUES (:id, :hits)"
        " ON CONFLICT (id) DO UPDATE SET hits = g.hits + excluded.hits WHERE g.hits >= excluded.hits"
    ),
    "INSERT INTO grouped_log (id, hits, note) VALUES (:id, CAST(:hits AS BIGINT), coalesce(:note, 'none'))",
)
ONE_BY_ONE: Final = (
    "INSERT INTO grouped_log (id, hits, note) SELECT :id, count(*), :note FROM grouped_log",
    "INSERT INTO grouped_log (id, hits) VALUES (:id, (SELECT count(*) FROM grouped_view))",
    "UPDATE grouped_view SET hits = hits + :hits WHERE id = :id",
    "UPDATE grouped_view SET mail = :mail WHERE id = :id",
    "DELETE FROM grouped_view WHERE id = :id",
)
KEYS: Final = st.sampled_from(["a", "b", "c", "d", "e\x1f", "\x1e", "", "ü", "F"])
VALUES: Final = st.fixed_dictionaries(
    {
        "id": KEYS,
        "mail": st.none() | KEYS,
        "hits": st.integers(0, 40),
        "note": st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3),
    }
)


@st.composite
def runs(draw: st.DrawFn) -> list[Written]:
    sql = draw(st.sampled_from(IN_SETS * 2 + ONE_BY_ONE))
    rows = draw(st.lists(VALUES, min_size=1, max_size=24))
    return [(sql, {name: value for name, value in row.items() if f":{name}" in sql}) for row in rows]


def test_grouped_statements_do_what_they_do_one_by_one(make_empty: MakeDatabase, tmp_path: Path) -> None:
    """The same rows, or a refusal, whatever is sent together."""
    database = make_empty(tmp_path)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.lists(runs(), min_size=1, max_size=6))
    def check(batches: list[list[Written]]) -> None:
        written = [each for batch in batches for each in batch]
        assert runner.run(grouped(database, written)) == runner.run(one_by_one(database, written))

    with asyncio.Runner() as runner:
        runner.run(database.open())
        runner.run(database.prepare_view(VIEW))
        try:
            check()
        finally:
            runner.run(database.close())


async def grouped(database: Database, written: Sequence[Written]) -> Sequence[Row] | None:
    session = database.open_view(VIEW)
    try:
        for sql, values in written:
            await session.execute(sql, values)
        return [*await session.fetch(ROWS), *await session.fetch(LOGGED)]
    except ConstraintViolationError:
        return None
    finally:
        await session.close()


async def one_by_one(database: Database, written: Sequence[Written]) -> Sequence[Row] | None:
    session = database.open_view(VIEW)
    try:
        for sql, values in written:
            await session.execute_now(sql, values)
        return [*await session.fetch(ROWS), *await session.fetch(LOGGED)]
    except ConstraintViolationError:
        return None
    finally:
        await session.close()


ROWS: Final = "SELECT id, mail, hits, note FROM grouped_view ORDER BY id"
LOGGED: Final = "SELECT id, hits, note FROM grouped_log ORDER BY id, hits, note"
