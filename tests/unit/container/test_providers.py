from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from dishka import Provider, Scope, provide

from duolog import (
    Clock,
    Command,
    EventStore,
    Metadata,
    Projection,
    ReadDatabase,
    Secret,
    UnitOfWork,
    ViewDatabase,
    WriteDatabase,
    event,
)
from duolog.codec.event_codec import EventCodec
from duolog.database.port import Database
from duolog.dispatch.context import current_metadata
from duolog.testing import FixedClock, application

MILLENNIUM = datetime(2000, 1, 1, tzinfo=UTC)


@event("bell.rung")
@dataclass(frozen=True, slots=True)
class Rung:
    at: datetime


@dataclass(frozen=True, slots=True)
class Ring(Command[datetime]):
    pass


class Everything:
    """What a repository or gateway of a command may take."""

    def __init__(  # noqa: PLR0917 - the container passes them
        self,
        metadata: Metadata,
        secret: Secret,
        codec: EventCodec,
        store: EventStore,
        database: Database,
        reader: ReadDatabase,
        writer: WriteDatabase,
    ) -> None:
        self.metadata = metadata
        self.secret = secret
        self.codec = codec
        self.store = store
        self.database = database
        self.reader = reader
        self.writer = writer


class RingInteractor:
    def __init__(self, unit: UnitOfWork, clock: Clock, everything: Everything) -> None:
        self._unit = unit
        self._clock = clock
        self._everything = everything

    async def execute(self, cmd: Ring) -> datetime:
        del cmd
        everything = self._everything
        assert everything.metadata is current_metadata()
        assert everything.codec is self._unit.codec
        assert everything.store is everything.database.store
        assert len(everything.secret.value) >= 16
        assert await everything.reader.fetch_value("SELECT 1") == await everything.writer.fetch_value("SELECT 1")
        self._unit.stage("bell-1", [Rung(self._clock.now())])
        return self._clock.now()


class BellsProjection(Projection):
    name, version = "bells_view", 1
    tables: ClassVar[Mapping[str, str]] = {"bells_view": "CREATE TABLE bells_view (at TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase, reader: ReadDatabase) -> None:
        self._db = db
        self._reader = reader

    async def on_rung(self, event: Rung) -> None:
        assert self._reader is self._db  # one transaction: it reads what it wrote
        await self._db.execute("INSERT INTO bells_view (at) VALUES (:at)", {"at": event.at})


class RingProvider(Provider):
    everything = provide(Everything, scope=Scope.REQUEST)

    @provide(scope=Scope.APP)
    def clock(self) -> Clock:
        return FixedClock(MILLENNIUM)


async def test_a_command_gets_its_ports_and_the_applications_own_provider_wins(url: str) -> None:
    app = application(
        Ring.handled_by(RingInteractor), database=url, providers=[RingProvider()], projections=[BellsProjection]
    )
    async with app:
        assert await app.execute(Ring()) == MILLENNIUM
        await app.caught_up()
        reader = app.database.open_reader()
        assert await reader.fetch_value("SELECT count(*) FROM bells_view") == 1
        await reader.close()
        assert (await app.database.parking.read()) == []
