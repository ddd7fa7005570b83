"""A small application for these tests: reminders that are asked for, and given when they are due."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dishka import Provider, Scope, provide

from duolog import (
    Aggregate,
    Application,
    Authorizer,
    Binding,
    Command,
    CommandScheduler,
    EventPublisher,
    EventSourcedRepository,
    Metadata,
    ScheduledId,
    Settings,
    TransactionManager,
    UnitOfWork,
    WriteDatabase,
    command,
    event,
)
from duolog.testing import application

TABLES = {"asked": "CREATE TABLE asked (text TEXT PRIMARY KEY)"}


@event("reminder.given", stream="reminders-{text}")
@dataclass(frozen=True, slots=True)
class Given:
    text: str


@event("note.taken")
@dataclass(frozen=True, slots=True)
class Taken:
    text: str


class Note(Aggregate[str]):
    category = "note"

    def on_taken(self, event: Taken) -> None: ...


@command("reminder.give")
@dataclass(frozen=True, slots=True)
class GiveReminder(Command[None]):
    text: str


@dataclass(frozen=True, slots=True)
class AskReminder(Command[ScheduledId]):
    text: str = "a"
    at: datetime | None = None
    after: timedelta | None = None
    key: str | None = None
    way: str = "nothing"


@dataclass(frozen=True, slots=True)
class TakeBack(Command[None]):
    scheduled: ScheduledId


class RefusedError(Exception):
    """What an interactor refuses a command with."""


@dataclass(slots=True)
class Diary:
    """What happens to reminders, shared by all of a test's applications.

    Attributes:
        given: the texts that were begun, with their metadata.
        does: called with each text before it is given.
        running: so many at once.
        most: so many were at once.
    """

    given: list[str] = field(default_factory=list[str])
    metadata: list[Metadata] = field(default_factory=list[Metadata])
    does: Callable[[str], Any] = lambda _: None
    running: int = 0
    most: int = 0


class GiveReminderInteractor:
    def __init__(self, diary: Diary, metadata: Metadata, events: EventPublisher, tx: TransactionManager) -> None:
        self._diary = diary
        self._metadata = metadata
        self._events = events
        self._tx = tx

    async def execute(self, cmd: GiveReminder) -> None:
        diary = self._diary
        diary.given.append(cmd.text)
        diary.metadata.append(self._metadata)
        diary.running += 1
        diary.most = max(diary.most, diary.running)
        try:
            done = diary.does(cmd.text)
            if asyncio.iscoroutine(done):
                await done
            await self._events.publish(Given(cmd.text))
            await self._tx.commit()
        finally:
            diary.running -= 1


class AskReminderInteractor:
    def __init__(
        self, scheduler: CommandScheduler, unit: UnitOfWork, notes: EventSourcedRepository[Note], db: WriteDatabase
    ) -> None:
        self._scheduler = scheduler
        self._unit = unit
        self._notes = notes
        self._db = db

    async def execute(self, cmd: AskReminder) -> ScheduledId:
        if cmd.way == "held":
            await self._db.hold_writer()
        scheduled = await self._scheduler.schedule(GiveReminder(cmd.text), at=cmd.at, after=cmd.after, key=cmd.key)
        if cmd.way == "events":
            note = Note(cmd.text)
            note.raise_event(Taken(cmd.text))
            await self._notes.save(note)
        elif cmd.way in {"tables", "held"}:
            await self._db.fetch("SELECT text FROM asked")  # which a scheduled command does not stand in the way of
            await self._db.execute("INSERT INTO asked (text) VALUES (:text)", {"text": cmd.text})
        elif cmd.way == "refused":
            raise RefusedError
        return scheduled


class TakeBackInteractor:
    def __init__(self, scheduler: CommandScheduler) -> None:
        self._scheduler = scheduler

    async def execute(self, cmd: TakeBack) -> None:
        await self._scheduler.cancel(cmd.scheduled)


class ReminderProvider(Provider):
    scope = Scope.REQUEST

    def __init__(self, diary: Diary) -> None:
        super().__init__()
        self._diary = diary

    @provide
    def diary(self) -> Diary:
        return self._diary

    @provide
    def notes(self, unit: UnitOfWork) -> EventSourcedRepository[Note]:
        return EventSourcedRepository(Note, unit)


def reminders(
    url: str,
    diary: Diary | None = None,
    *,
    handlers: Sequence[Binding[Any, Any]] = (GiveReminder.handled_by(GiveReminderInteractor),),
    authorizer: Authorizer | None = None,
    settings: Settings | None = None,
) -> Application:
    return application(
        *handlers,
        AskReminder.handled_by(AskReminderInteractor),
        TakeBack.handled_by(TakeBackInteractor),
        database=url,
        providers=[ReminderProvider(diary or Diary())],
        events=[Given, Taken],
        tables=TABLES,
        authorizer=authorizer,
        settings=settings,
    )


async def given(app: Application) -> list[str]:
    """The texts of the reminders that are in the log, in its order."""
    page = await app.database.store.read_all()
    return [event.stream.removeprefix("reminders-") for event in page.events if event.type == "reminder.given"]
