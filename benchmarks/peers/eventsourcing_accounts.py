"""The same work with eventsourcing 9.5, set up as its documentation advises.

Application and aggregate: https://eventsourcing.readthedocs.io/en/stable/topics/tutorial/part1.html
SQLite by environment variables (it chooses WAL for files itself; ``synchronous`` stays at SQLite's default, FULL):
https://eventsourcing.readthedocs.io/en/stable/topics/persistence.html#sqlite-module
Projection and materialised view: https://eventsourcing.readthedocs.io/en/stable/topics/projection.html
Snapshots and the aggregate cache: https://eventsourcing.readthedocs.io/en/stable/topics/application.html
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, DomainEventProtocol, event
from eventsourcing.persistence import InfrastructureFactory, Recorder, Tracking
from eventsourcing.projection import Projection
from eventsourcing.sqlite import SQLiteDatastore, SQLiteRecorder, SQLiteTrackingRecorder
from eventsourcing.utils import Environment, get_topic

from benchmarks.workloads.payload import EMAIL, NAME, OPENED_AT, ROLE

FULL = 2


class Account(Aggregate):
    @event("Opened")
    def __init__(self, name: str, email: str, role: str, opened_at: datetime) -> None:
        self.name = name
        self.email = email
        self.role = role
        self.opened_at = opened_at

    @event("Renamed")
    def rename(self, name: str) -> None:
        self.name = name


class Accounts(Application[UUID]):
    def open_account(self) -> UUID:
        account = Account(NAME, EMAIL, ROLE, OPENED_AT)
        self.save(account)
        return account.id


class AccountsView(SQLiteTrackingRecorder):
    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL)"
        )

    def add_account(self, account_id: UUID, name: str, email: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("INSERT INTO accounts VALUES (?, ?, ?)", (str(account_id), name, email))


class AccountsProjection(Projection[AccountsView]):
    name = "accounts"
    topics = (get_topic(Account.Opened),)  # type: ignore[attr-defined]  # `@event` makes the class

    def process_event(self, domain_event: DomainEventProtocol[UUID], tracking: Tracking) -> None:
        assert isinstance(domain_event, Account.Opened)  # type: ignore[attr-defined]  # as above
        self.view.add_account(domain_event.originator_id, domain_event.name, domain_event.email, tracking)


def environment(path: Path) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}


SNAPSHOTS = {"IS_SNAPSHOTTING_ENABLED": "y"}
CACHE = {"AGGREGATE_CACHE_MAXSIZE": "1024"}  # by default it reads the events that came since, and copies the aggregate


def open_application(path: Path, settings: Mapping[str, str] | None = None) -> Accounts:
    app = Accounts(env={**environment(path), **(settings or {})})
    check_durability(app.recorder)
    return app


def check_durability(recorder: Recorder) -> None:
    """Make sure that its commits reach the disk as duolog's do: the same journal, the same synchronous setting."""
    assert isinstance(recorder, SQLiteRecorder)
    with recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == FULL


def open_view(path: Path) -> AccountsView:
    """Open a view in a file of its own, as ``ProjectionRunner`` does."""
    factory = InfrastructureFactory[AccountsView].construct(Environment("accounts", environment(path)))
    view = factory.tracking_recorder(AccountsView)
    check_durability(view)
    return view


def project(app: Accounts, view: AccountsView, page: int) -> None:
    """Do what the processing thread of ``ProjectionRunner`` does, which refuses SQLite: it cannot subscribe there.

    Without its threads and queues, which is to its advantage.
    """
    projection = AccountsProjection(view)
    start = 1
    while notifications := app.recorder.select_notifications(start, page, topics=projection.topics):
        for notification in notifications:
            projection.process_event(app.mapper.to_domain_event(notification), Tracking(app.name, notification.id))
        start = notifications[-1].id + 1


def fill(app: Accounts, streams: int, events_each: int = 1) -> list[UUID]:
    """Store streams in one transaction each thousand, which is no part of any measured time."""
    ids: list[UUID] = []
    stored = []
    for _ in range(streams):
        account = Account(NAME, EMAIL, ROLE, OPENED_AT)
        for _ in range(events_each - 1):
            account.rename(NAME)
        ids.append(account.id)
        stored += [app.mapper.to_stored_event(pending) for pending in account.collect_events()]
        if len(stored) > 1_000:  # noqa: PLR2004 - a thousand a transaction
            app.recorder.insert_events(stored)
            stored = []
    if stored:
        app.recorder.insert_events(stored)
    return ids
