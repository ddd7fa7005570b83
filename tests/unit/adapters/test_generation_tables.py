"""Statements of a view reach the tables of its generation wherever a table stands, and nothing else is renamed."""

import sqlite3

import pytest

from duolog.adapters._sql.ddl import single_statements
from duolog.adapters._sql.generation_tables import Redirection, is_set_apart, redirected, stored_tables
from duolog.errors import StatementError
from duolog.subscriptions.generations import Role
from duolog.subscriptions.share import Share

TABLES = frozenset({"hits", "users"})

UNCHANGED = [
    "SELECT 'hits', \"id\" FROM other -- hits",
    "SELECT hits FROM other ORDER BY hits /* FROM hits */",
    "INSERT INTO other (hits, users) VALUES (:hits, :users)",
    "UPDATE other SET hits = hits + 1 WHERE users > hits",
    "SELECT other.hits FROM other JOIN more USING (hits)",
]
CHANGED = [
    ("SELECT * FROM hits", "SELECT * FROM hits__g2"),
    ('select a.hits from HITS a, "users" b', 'select a.hits from HITS__g2 a, "users__g2" b'),
    ("UPDATE hits SET hits = hits.hits + 1", "UPDATE hits__g2 SET hits = hits__g2.hits + 1"),
    ("INSERT OR REPLACE INTO hits (hits) VALUES (1)", "INSERT OR REPLACE INTO hits__g2 (hits) VALUES (1)"),
    ("UPDATE OR IGNORE hits SET hits = 1", "UPDATE OR IGNORE hits__g2 SET hits = 1"),
    (
        (
            "INSERT INTO hits (id) SELECT id FROM users WHERE EXISTS (SELECT 1 FROM hits, users) "
            "ON CONFLICT (id) DO UPDATE SET hits = hits.hits + excluded.hits WHERE hits.id > 1 RETURNING hits"
        ),
        (
            "INSERT INTO hits__g2 (id) SELECT id FROM users__g2 WHERE EXISTS (SELECT 1 FROM hits__g2, users__g2) "
            "ON CONFLICT (id) DO UPDATE SET hits = hits__g2.hits + excluded.hits WHERE hits__g2.id > 1 RETURNING hits"
        ),
    ),
    (
        "WITH few AS (SELECT * FROM hits LIMIT 3) DELETE FROM users WHERE id IN (SELECT hits FROM few, users AS hits)",
        (
            "WITH few AS (SELECT * FROM hits__g2 LIMIT 3) DELETE FROM users__g2 "
            "WHERE id IN (SELECT hits FROM few, users__g2 AS hits)"
        ),
    ),
    (
        "SELECT id FROM (hits JOIN users USING (id)), (SELECT 1 FROM users) WHERE hits > 1",
        "SELECT id FROM (hits__g2 JOIN users__g2 USING (id)), (SELECT 1 FROM users__g2) WHERE hits > 1",
    ),
    ("UPDATE hits SET hits = u.id FROM users AS u", "UPDATE hits__g2 SET hits = u.id FROM users__g2 AS u"),
]
DDL = {
    "users": "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, hits INTEGER)",
    "hits": """
        CREATE TABLE hits (
            id INTEGER PRIMARY KEY, hits INTEGER CHECK (hits >= 0), users INTEGER REFERENCES users (id)
        );
        CREATE UNIQUE INDEX IF NOT EXISTS hits_users ON hits (users);
        CREATE INDEX hits_hits ON hits (hits) WHERE hits > 0;
        CREATE TRIGGER hits_counted AFTER UPDATE OF hits ON hits BEGIN
            UPDATE users SET hits = hits + 1 WHERE id = NEW.users;
        END;
    """,
}


@pytest.mark.parametrize("sql", UNCHANGED)
def test_what_is_no_table_stays(sql: str) -> None:
    assert redirected(sql, TABLES, 2) == sql


@pytest.mark.parametrize(("sql", "expected"), CHANGED)
def test_tables_are_renamed_wherever_they_stand(sql: str, expected: str) -> None:
    assert redirected(sql, TABLES, 2) == expected


def test_two_generations_stand_side_by_side_with_indexes_and_triggers() -> None:
    connection = sqlite3.connect(":memory:")
    for tables in (DDL, stored_tables(DDL, 2), stored_tables(DDL, 3)):
        for ddl in tables.values():
            for statement in single_statements(ddl):
                connection.execute(statement)
    for number in (2, 3):
        connection.execute(redirected("INSERT INTO users (id, hits) VALUES (1, 0)", TABLES, number))
        connection.execute(redirected("INSERT INTO hits (id, hits, users) VALUES (1, 1, 1)", TABLES, number))
    connection.execute(redirected("UPDATE hits SET hits = hits + 1", TABLES, 2))
    counted = [connection.execute(f"SELECT hits FROM users{each}").fetchall() for each in ("", "__g2", "__g3")]  # noqa: S608 - constants
    assert counted == [[], [(1,)], [(0,)]]
    connection.close()


def test_a_schemas_name_is_refused() -> None:
    """It would lead a rebuild to the live table."""
    with pytest.raises(StatementError, match="names the schema"):
        redirected("DELETE FROM main.hits", TABLES, 2)


def test_a_live_generation_has_the_declared_names() -> None:
    share = Share("view", 3)
    assert Redirection(["hits"], share, Role.LIVE)("SELECT * FROM hits") == "SELECT * FROM hits"
    assert Redirection(["hits"], share, Role.PREVIOUS)("SELECT * FROM hits") == "SELECT * FROM hits__g3"
    assert is_set_apart("hits__g3")
    assert not is_set_apart("hits_g3")
