"""An application that has one of each kind of what follows the log or is written with it."""

import os
from dataclasses import dataclass
from typing import ClassVar

from duolog import (
    Application,
    Command,
    EventPublisher,
    MaterializedView,
    Process,
    ProcessManager,
    Projection,
    Reaction,
    Reactor,
    TransactionManager,
    ViewDatabase,
    command,
    event,
)
from duolog.testing import application


@event("kinds.parcel_sent", stream="errand-{parcel}")
@dataclass(frozen=True, slots=True)
class ParcelSent:
    parcel: str
    town: str


@dataclass(frozen=True, slots=True)
class SendParcel(Command[None]):
    parcel: str
    town: str


class SendParcelInteractor:
    def __init__(self, events: EventPublisher, tx: TransactionManager) -> None:
        self._events = events
        self._tx = tx

    async def execute(self, cmd: SendParcel) -> None:
        await self._events.publish(ParcelSent(cmd.parcel, cmd.town))
        await self._tx.commit()


@command("kinds.note_town")
@dataclass(frozen=True, slots=True)
class NoteTown(Command[None]):
    town: str


class NoteTownInteractor:
    async def execute(self, cmd: NoteTown) -> None:
        """Do nothing: that it comes is enough."""


class Parcels(Projection):
    name, version = "parcels", 1
    tables: ClassVar = {"parcels": "CREATE TABLE parcels (id TEXT PRIMARY KEY, town TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_sent(self, happened: ParcelSent) -> None:
        sql = f"INSERT INTO {self.name} (id, town) VALUES (:id, :town)"  # noqa: S608 - the table is called like it
        await self._db.execute(sql, {"id": happened.parcel, "town": happened.town})


class ParcelsNow(Parcels):
    name, version, inline = "parcels_now", 1, True
    tables: ClassVar = {"parcels_now": "CREATE TABLE parcels_now (id TEXT PRIMARY KEY, town TEXT NOT NULL)"}


class Towns(MaterializedView):
    name, version = "towns", 1
    reads = (Parcels,)
    key = ("town",)
    select = "SELECT town, count(*) AS parcels FROM parcels GROUP BY town"
    interval, delay = 0.05, 0.1


class Noter(Reactor):
    name = "noter"

    async def on_sent(self, happened: ParcelSent, reaction: Reaction) -> None:
        reaction.send(NoteTown(happened.town))


@dataclass(frozen=True, slots=True)
class Trip:
    town: str


class Trips(ProcessManager[Trip]):
    name, key = "trips", "parcel"

    async def on_sent(self, happened: ParcelSent, process: Process[Trip]) -> None:
        process.state = Trip(happened.town)


def make_application(url: str) -> Application:
    return application(
        SendParcel.handled_by(SendParcelInteractor),
        NoteTown.handled_by(NoteTownInteractor),
        database=url,
        projections=[Parcels, ParcelsNow],
        materialized_views=[Towns],
        processes=[Noter, Trips],
    )


def made_of_environment() -> Application:
    """Make it on the database that the environment names."""
    return make_application(os.environ["KINDS_DATABASE"])
