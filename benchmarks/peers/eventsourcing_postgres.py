"""eventsourcing 9.5 over PostgreSQL, by psycopg 3, set up as its documentation advises.

Environment variables: https://eventsourcing.readthedocs.io/en/stable/topics/persistence.html#postgresql-module
The mode that inserts by functions in the database, ``POSTGRES_ENABLE_DB_FUNCTIONS``: its ``eventsourcing/postgres.py``.
Its pool has as many connections as there are threads, so that no thread waits for one.
Projection, and the runner that subscribes: https://eventsourcing.readthedocs.io/en/stable/topics/projection.html
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL, Identifier

from benchmarks.peers.eventsourcing_accounts import Account, Accounts

THREADS: Final = 16
DB_FUNCTIONS: Final = {"POSTGRES_ENABLE_DB_FUNCTIONS": "y"}


def environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.removeprefix("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": unquote(parts.username or ""),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
        "POSTGRES_POOL_SIZE": str(THREADS),
    }


@contextmanager
def open_application(url: str, settings: Mapping[str, str] | None = None) -> Generator[Accounts]:
    app = Accounts(env={**environment(url), **(settings or {})})
    try:
        yield app
    finally:
        app.close()


class AccountsView(PostgresTrackingRecorder):
    """Each projection's view has a table of its own, beside its tracking table."""

    def __init__(self, datastore: PostgresDatastore, *, tracking_table_name: str, **others: Any) -> None:
        super().__init__(datastore, tracking_table_name=tracking_table_name, **others)
        table = (Identifier(datastore.schema), Identifier(tracking_table_name.replace("tracking", "view")))
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {}.{} (id uuid PRIMARY KEY, name text NOT NULL, email text NOT NULL)"
            ).format(*table)
        )
        self._insert = SQL("INSERT INTO {}.{} VALUES (%s, %s, %s)").format(*table)
        self._count = SQL("SELECT count(*) AS n FROM {}.{}").format(*table)

    def add_account(self, account_id: UUID, name: str, email: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._insert, (account_id, name, email), prepare=True)

    def count(self) -> int:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(self._count)
            row = cursor.fetchone()
            assert row is not None
            return int(row["n"])


class AccountsProjection(Projection[AccountsView]):
    name = "accounts"
    topics = (get_topic(Account.Opened),)  # type: ignore[attr-defined]  # `@event` makes the class

    def process_event(self, domain_event: DomainEventProtocol[UUID], tracking: Tracking) -> None:
        assert isinstance(domain_event, Account.Opened)  # type: ignore[attr-defined]  # as above
        self.view.add_account(domain_event.originator_id, domain_event.name, domain_event.email, tracking)


def project(url: str, number: int, events: int, seconds: float) -> None:
    """Run a projection that has not run yet until it has processed so many events.

    Args:
        url: of the database of the application.
        number: of the projection, which gives it tables of its own.
        events: the greatest notification's number.
        seconds: how long it may take.
    """
    projection = type(f"AccountsProjection{number}", (AccountsProjection,), {"name": f"accounts{number}"})
    with ProjectionRunner(
        application_class=Accounts, projection_class=projection, view_class=AccountsView, env=environment(url)
    ) as runner:
        runner.wait(events, timeout=seconds)
        assert runner.view.count() == events
