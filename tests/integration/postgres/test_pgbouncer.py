"""PostgreSQL behind PgBouncer in transaction mode: applications, migrations and many tasks over few sessions."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from duolog.container.databases import open_database
from duolog.errors import ConfigurationError, IdempotencyKeyReusedError
from duolog.eventstore.expectations import NO_STREAM
from duolog.testing.contracts.samples import new_events
from duolog.testing.servers import PostgresDatabases
from tests.pgbouncer import OPTIONS, find_pgbouncer, pgbouncer
from tests.unit.examples_users.service import ADMIN, PASSWORD, Service, make_service
from users.application.commands.create_user import CreateUserCommand
from users.application.queries.list_users import ListUsersQuery
from users.infrastructure.providers import WriteModel
from users.infrastructure.schema import migrate

FEW = 4
TASKS = 64


@pytest.fixture(scope="module")
def few_sessions(postgres: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabases]:
    """A PgBouncer with few sessions, so that tasks get one another's."""
    if find_pgbouncer() is None:
        pytest.skip("PgBouncer is not installed: no program pgbouncer in PATH or in a usual place (Debian: pgbouncer)")
    with pgbouncer(postgres, tmp_path_factory.mktemp("few"), sessions=FEW) as databases:
        yield databases


@pytest.fixture
def url(few_sessions: PostgresDatabases, empty_postgres_url: str) -> str:
    return few_sessions.url(urlsplit(empty_postgres_url).path.removeprefix("/"))


@pytest.fixture(params=WriteModel, ids=lambda model: model.value)
async def service(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Service]:
    service = make_service(request.param, database_url=url)
    async with service.app:
        yield service


async def test_the_users_example_runs_with_many_clients(service: Service) -> None:
    """Commands with keys, retries, projections and pages share sessions without meeting each other's statements."""

    async def join(number: int) -> None:
        email = f"user{number}@example.org"
        create = CreateUserCommand(email, PASSWORD)
        user_id = await service.app.execute(create, metadata=ADMIN, idempotency_key=f"key-{number}")
        assert await service.app.execute(create, metadata=ADMIN, idempotency_key=f"key-{number}") == user_id
        with pytest.raises(IdempotencyKeyReusedError):
            await service.app.execute(
                CreateUserCommand(f"x{email}", PASSWORD), metadata=ADMIN, idempotency_key=f"key-{number}"
            )
        assert (await service.get(user_id)).email == email

    await asyncio.gather(*(join(number) for number in range(12)))
    page = await service.app.query(ListUsersQuery(limit=20), metadata=ADMIN)
    assert page.total == 12


async def test_migrations_run_any_number_of_times(url: str) -> None:
    """Those of duolog and of the application, on sessions that others have used, leave nothing behind."""
    for _ in range(2 * FEW):
        await asyncio.to_thread(migrate, url)
        database = open_database(url)
        await database.open()
        await database.close()


async def test_many_tasks_share_few_sessions(url: str) -> None:
    """Statements of one call go to one session, also outside of transactions, however many tasks there are."""
    database = open_database(url)
    await database.open()
    try:

        async def work(number: int) -> None:
            stream = f"user-{uuid4()}"
            await database.store.append(stream, new_events(number % 3 + 1), NO_STREAM)
            assert len(await database.store.read_stream(stream)) == number % 3 + 1
            reader = database.open_reader()
            try:
                assert await reader.fetch("SELECT :number AS number", {"number": f"{number}"})
            finally:
                await reader.close()

        for _ in range(5):
            await asyncio.gather(*(work(number) for number in range(TASKS)))
    finally:
        await database.close()


async def test_its_sessions_are_left_as_they_were(url: str) -> None:
    """No setting, no prepared statement and no lock stays in a session that the next client gets."""
    database = open_database(url)
    await database.open()
    await database.store.append(f"user-{uuid4()}", new_events(1), NO_STREAM)
    reader = database.open_reader()
    for sql, left in (
        ("SELECT count(*) AS n FROM pg_prepared_statements WHERE name <> ''", 0),
        ("SELECT count(*) AS n FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'", 0),
        ("SELECT count(*) AS n FROM pg_settings WHERE source = 'session' AND name LIKE 'default_%'", 0),
    ):
        assert (await reader.fetch(sql))[0]["n"] == left
    await reader.close()
    await database.close()


async def test_a_url_that_says_nothing_of_a_pooler_is_told_what_to_say(url: str) -> None:
    """PgBouncer refuses the settings of a session, and the error names the option."""
    database = open_database(url.removesuffix(f"?{OPTIONS}"))
    with pytest.raises(ConfigurationError) as raised:
        await database.open()
    assert OPTIONS in str(raised.value.hint)


def test_the_features_tell_of_a_pooler() -> None:
    """Behind a pooler processes do not share the keys that they hold."""
    assert not open_database(f"postgresql://ann@db/shop?{OPTIONS}").features.keys_shared
    assert open_database("postgresql://ann@db/shop").features.keys_shared
