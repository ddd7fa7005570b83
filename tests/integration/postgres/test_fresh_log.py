"""The log that tests get one after another is as its migrations made it, whatever the test before has done."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database, View
from duolog.testing.contracts.samples import new_events
from duolog.testing.servers import PostgresDatabases
from tests.fresh_log import SCHEMA, FreshLog

VIEW: Final = View("fresh_view", 1, {"fresh_view": "CREATE TABLE fresh_view (id TEXT PRIMARY KEY)"})

LOOKS: Final = (
    "SELECT nspname, nspowner, nspacl FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)' ORDER BY nspname",
    """
    SELECT c.oid::regclass, c.relkind, CASE WHEN c.relkind = 'r' THEN pg_relation_size(c.oid) END
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY n.nspname, c.relname
    """,
    "SELECT sequencename, last_value FROM pg_sequences ORDER BY sequencename",
    "SELECT number, name, checksum FROM duolog.migrations ORDER BY number",
    "SELECT h.*, (SELECT count(*) FROM duolog.meta) FROM duolog.horizon AS h",
)


@pytest.fixture(scope="module")
def own_log(postgres: PostgresDatabases) -> Iterator[FreshLog]:
    with FreshLog(postgres) as log:
        yield log


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.open()
    yield database
    await database.close()


def run_sql(databases: PostgresDatabases, url: str, sql: str) -> str:
    return databases.run_sql(sql, database=urlsplit(url).path.removeprefix("/"))


async def used(url: str) -> str:
    """Write to the log, have a view with a further generation, pause it, and return the log's identity."""
    async with opened(url) as database:
        await database.store.append("user-1", new_events(3))
        await database.prepare_view(VIEW)
        await database.create_shadow(VIEW)
        await database.pauses.pause(VIEW.subscription, by="ada")
        return str(database.store.log_id)


async def test_a_log_that_was_used_is_as_a_new_one(own_log: FreshLog, postgres: PostgresDatabases) -> None:
    """It has nothing but what migrations make, another identity, and begins at position 1."""
    url = await asyncio.to_thread(own_log.url)
    identity = await used(url)
    assert await asyncio.to_thread(own_log.url) == url
    with postgres.new_database() as new:
        async with opened(new):
            pass
        for look in LOOKS:
            assert run_sql(postgres, url, look) == run_sql(postgres, new, look)
    async with opened(url) as database:
        assert str(database.store.log_id) != identity
        assert (await database.store.append("user-1", new_events(1))).position == 1


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE duolog.events ALTER COLUMN data SET DEFAULT '{}'",
        "ALTER TABLE duolog.events SET (fillfactor = 50)",
        "CREATE INDEX another ON duolog.events (recorded_at)",
        "CREATE TABLE duolog.another (id bigint)",
        "ALTER SEQUENCE duolog.positions CACHE 10",
        "CREATE OR REPLACE FUNCTION duolog.take_fence() RETURNS void LANGUAGE sql AS ''",
        "CREATE TRIGGER gate BEFORE INSERT ON duolog.events EXECUTE FUNCTION duolog.pass_gate()",
        "DELETE FROM duolog.migrations WHERE number = 1",
        "INSERT INTO duolog.meta SELECT gen_random_uuid()",
        "DELETE FROM duolog.horizon",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 65', current_database()); END $$",
        "GRANT SELECT ON duolog.events TO PUBLIC",
    ],
)
async def test_whatever_is_changed_in_its_schema_is_noticed(
    change: str, own_log: FreshLog, postgres: PostgresDatabases
) -> None:
    """The one value that stands for all that migrations made is another one then."""
    url = await asyncio.to_thread(own_log.url)
    before = run_sql(postgres, url, SCHEMA)
    changed = run_sql(postgres, url, f"BEGIN; {change}; {SCHEMA}; ROLLBACK")
    assert len(before) == len(changed) == 32
    assert before != changed


@pytest.mark.parametrize("change", ["ALTER TABLE duolog.events ADD COLUMN note text", "DROP SCHEMA duolog CASCADE"])
async def test_a_log_whose_schema_was_changed_is_not_given_out_again(
    change: str, own_log: FreshLog, postgres: PostgresDatabases
) -> None:
    """A new one takes its place."""
    changed = await asyncio.to_thread(own_log.url)
    run_sql(postgres, changed, change)
    url = await asyncio.to_thread(own_log.url)
    assert url != changed
    assert await used(url)
