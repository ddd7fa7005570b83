"""An inline projection of who holds which badge, with a command and a query."""

from dataclasses import dataclass
from typing import Any, ClassVar

from duolog import Command, Query, event
from duolog.application.application import Application
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.tables.ports import ReadDatabase
from duolog.testing.applications import application
from duolog.write.event_publisher import EventPublisher
from duolog.write.transaction_manager import TransactionManager
from duolog.write.write_database import WriteDatabase


@event("inline.badge_given", stream="badge-{badge_id}")
@dataclass(frozen=True, slots=True)
class BadgeGiven:
    badge_id: str
    holder: str


@event("inline.locker_taken")
@dataclass(frozen=True, slots=True)
class LockerTaken:
    locker: str
    holder: str


class BadgeHolders(Projection):
    name, version, inline = "badge_holders", 1, True
    tables: ClassVar = {"badge_holders": "CREATE TABLE badge_holders (badge TEXT PRIMARY KEY, holder TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_given(self, event: BadgeGiven) -> None:
        if event.holder == "":
            raise ValueError(event.badge_id)
        sql = "INSERT INTO badge_holders (badge, holder) VALUES (:badge, :holder)"
        await self._db.execute(sql, {"badge": event.badge_id, "holder": event.holder})

    async def on_taken(self, event: LockerTaken) -> None:
        await self._db.execute("DELETE FROM badge_holders WHERE badge = :badge", {"badge": event.locker})
        await self.on_given(BadgeGiven(event.locker, event.holder))


@dataclass(frozen=True, slots=True)
class GiveBadge(Command[None]):
    badge_id: str
    holder: str
    with_row: bool = False


class GiveBadgeInteractor:
    def __init__(self, events: EventPublisher, rows: WriteDatabase, tx: TransactionManager) -> None:
        self._events = events
        self._rows = rows
        self._tx = tx

    async def execute(self, cmd: GiveBadge) -> None:
        if cmd.with_row:
            await self._rows.execute("INSERT INTO desks (id) VALUES (:id)", {"id": cmd.badge_id})
        await self._tx.commit()
        await self._events.publish(BadgeGiven(cmd.badge_id, cmd.holder))


@dataclass(frozen=True, slots=True)
class HolderOf(Query[str | None]):
    badge_id: str


class HolderOfQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: HolderOf) -> str | None:
        sql = "SELECT holder FROM badge_holders WHERE badge = :badge"
        holder: str | None = await self._db.fetch_value(sql, {"badge": query.badge_id})
        return holder


def badges(url: str, **others: Any) -> Application:
    """Make an application with the projection."""
    return application(
        GiveBadge.handled_by(GiveBadgeInteractor),
        HolderOf.handled_by(HolderOfQueryService, reads=[BadgeHolders]),
        database=url,
        projections=[BadgeHolders],
        tables={"desks": "CREATE TABLE desks (id TEXT PRIMARY KEY)"},
        **others,
    )
