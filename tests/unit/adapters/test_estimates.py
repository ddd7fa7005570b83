"""About how many rows a table of SQLite has."""

import sqlite3
from collections.abc import Iterator

import pytest

from duolog.adapters._sql.estimates import estimated_rows


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, stars INTEGER)")
    connection.executemany("INSERT INTO notes (body, stars) VALUES (?, ?)", [("x", n % 3) for n in range(1_000)])
    yield connection
    connection.close()


STARS = "CREATE INDEX notes_stars ON notes (stars)"
SOME = "CREATE INDEX notes_{} ON notes (stars) WHERE stars > 1"


@pytest.mark.parametrize("indexes", [[], [STARS], [SOME.format("a")], [SOME.format("a"), STARS, SOME.format("z")]])
def test_a_table_that_was_analysed_is_estimated(connection: sqlite3.Connection, indexes: list[str]) -> None:
    for index in indexes:
        connection.execute(index)
    connection.execute("ANALYZE")
    assert estimated_rows(connection, "Notes", "TRUE") == 1_000


def test_nothing_is_said_of_what_is_not_known(connection: sqlite3.Connection) -> None:
    assert estimated_rows(connection, "notes", "TRUE") is None
    connection.execute("ANALYZE")
    for source in ("elsewhere", "(SELECT 1) AS notes"):
        assert estimated_rows(connection, source, "TRUE") is None
    assert estimated_rows(connection, "notes", "stars = 1") is None
