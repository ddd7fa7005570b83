"""Interactors schedule commands, in the transaction of whatever else they do."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from duolog import Actor, Command, Metadata, ScheduledId, command
from duolog.errors import (
    InvalidMessageError,
    MissingHandlerError,
    NotAuthorizedError,
    UnitOfWorkError,
    UnnamedTypeError,
)
from duolog.ids import uuid7
from duolog.scheduling.scheduled_command import ScheduledState
from duolog.testing import application
from duolog.write.command_scheduler import MOST_COMMANDS, CommandScheduler
from tests.unit.scheduling.reminders import (
    AskReminder,
    Diary,
    GiveReminder,
    GiveReminderInteractor,
    RefusedError,
    ReminderProvider,
    TakeBack,
    given,
    reminders,
)
from tests.unit.subscriptions.eventually import eventually


@pytest.mark.parametrize("way", ["nothing", "events", "tables", "held"])
async def test_a_command_is_executed_after_the_commit_of_the_one_that_scheduled_it(url: str, way: str) -> None:
    async with reminders(url) as app:
        scheduled = await app.execute(AskReminder("a", way=way))
        await app.caught_up()
        assert await given(app) == ["a"]
        assert await app.database.schedule.find(scheduled) is None


async def test_what_is_rolled_back_schedules_nothing(url: str) -> None:
    async with reminders(url) as app:
        with pytest.raises(RefusedError):
            await app.execute(AskReminder(way="refused"))
        await app.execute(AskReminder("taken", way="tables"))
        with pytest.raises(Exception, match="asked"):
            await app.execute(AskReminder("taken", way="tables"))
        await app.caught_up()
        assert await given(app) == ["taken"]


@pytest.mark.parametrize(
    "asked", [AskReminder(after=timedelta(days=30)), AskReminder(at=datetime(2999, 1, 1, tzinfo=UTC))]
)
async def test_a_command_waits_until_it_is_due(url: str, asked: AskReminder) -> None:
    async with reminders(url) as app:
        scheduled = await app.execute(asked)
        await app.caught_up()
        assert await given(app) == []
        found = await app.database.schedule.find(scheduled)
        assert found is not None
        assert found.state is ScheduledState.WAITING


async def test_one_that_becomes_due_wakes_nobody_too_early_or_too_late(url: str) -> None:
    diary = Diary()
    async with reminders(url, diary) as app:
        scheduled = await app.execute(AskReminder(after=timedelta(milliseconds=80)))
        found = await app.database.schedule.find(scheduled)
        assert found is not None
        await eventually(lambda: given(app))
        (event,) = (await app.database.store.read_all()).events
        assert found.due_at <= event.recorded_at < found.due_at + 500_000


async def test_a_cancelled_command_is_never_executed(url: str) -> None:
    async with reminders(url) as app:
        scheduled = await app.execute(AskReminder(after=timedelta(days=1)))
        await app.execute(TakeBack(scheduled), metadata=Metadata(tenant="other"))
        assert await app.database.schedule.find(scheduled) is not None
        await app.execute(TakeBack(scheduled))
        assert await app.database.schedule.find(scheduled) is None
        await app.execute(TakeBack(ScheduledId(uuid7())))


async def test_its_metadata_are_those_of_the_message_that_scheduled_it(url: str) -> None:
    diary = Diary()
    sent = Metadata(actor=Actor("ann", frozenset({"admin"})), tenant="acme", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    async with reminders(url, diary) as app:
        scheduled = await app.execute(AskReminder(), metadata=sent)
        await app.caught_up()
    (metadata,) = diary.metadata
    assert metadata == Metadata(
        message_id=scheduled,
        correlation_id=sent.correlation_id,
        causation_id=sent.message_id,
        actor=Actor("ann"),
        tenant="acme",
        traceparent=sent.traceparent,
    )


async def test_the_authorizer_is_asked_about_the_one_who_schedules_only(url: str) -> None:
    """A scheduled command's actor has no roles any more; whoever scheduled it was allowed to."""

    class Admins:
        async def authorize(self, message: object, metadata: Metadata) -> None:
            if metadata.actor is None or not metadata.actor.has_role("admin"):
                raise NotAuthorizedError(type(message).__name__)

    async with reminders(url, authorizer=Admins()) as app:
        with pytest.raises(NotAuthorizedError):
            await app.execute(AskReminder("b"))
        await app.execute(AskReminder("a"), metadata=Metadata(actor=Actor("ann", frozenset({"admin"}))))
        await app.caught_up()
        assert await given(app) == ["a"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (AskReminder(at=datetime(2999, 1, 1, tzinfo=UTC), after=timedelta(1)), "either at a time or after"),
        (AskReminder(at=datetime(2999, 1, 1)), "without a time zone"),  # noqa: DTZ001 - that is refused
        (AskReminder(after=timedelta(-1)), "between nothing and 100 years"),
        (AskReminder(after=timedelta(days=40_000)), "between nothing and 100 years"),
        (AskReminder(key=""), "1 to 200 characters"),
        (AskReminder(key="a\0"), "1 to 200 characters"),
        (AskReminder(key="a" * 201), "1 to 200 characters"),
    ],
)
async def test_times_and_keys_have_limits(asked: AskReminder, said: str) -> None:
    async with reminders("memory://") as app:
        with pytest.raises(InvalidMessageError, match=said):
            await app.execute(asked)


@dataclass(frozen=True, slots=True)
class Unnamed(Command[None]):
    text: str


@command("reminder.lose")
@dataclass(frozen=True, slots=True)
class LoseReminder(Command[None]):
    text: str


@dataclass(frozen=True, slots=True)
class ScheduleThing(Command[None]):
    thing: object
    times: int = 1


class ScheduleThingInteractor:
    def __init__(self, scheduler: CommandScheduler) -> None:
        self._scheduler = scheduler

    async def execute(self, cmd: ScheduleThing) -> None:
        for _ in range(cmd.times):
            await self._scheduler.schedule(cmd.thing, after=timedelta(days=1))


@pytest.mark.parametrize(
    ("thing", "error"), [(Unnamed("a"), UnnamedTypeError), (LoseReminder("a"), MissingHandlerError)]
)
async def test_only_named_commands_with_a_handler_are_scheduled(thing: object, error: type[Exception]) -> None:
    async with application(ScheduleThing.handled_by(ScheduleThingInteractor)) as app:
        with pytest.raises(error):
            await app.execute(ScheduleThing(thing))


async def test_a_unit_of_work_schedules_a_limited_number() -> None:
    handlers = (ScheduleThing.handled_by(ScheduleThingInteractor), GiveReminder.handled_by(GiveReminderInteractor))
    async with application(*handlers, providers=[ReminderProvider(Diary())]) as app:
        await app.execute(ScheduleThing(GiveReminder("a"), MOST_COMMANDS))
        with pytest.raises(UnitOfWorkError, match="1000 commands at most"):
            await app.execute(ScheduleThing(GiveReminder("a"), MOST_COMMANDS + 1))


async def test_two_commands_cannot_share_a_stored_name() -> None:
    @command("reminder.give")
    @dataclass(frozen=True, slots=True)
    class Other(Command[None]):
        text: str

    class OtherInteractor:
        async def execute(self, cmd: Other) -> None: ...

    with pytest.raises(UnnamedTypeError, match=r"both stored as 'reminder\.give'"):
        reminders(
            "memory://",
            handlers=(GiveReminder.handled_by(GiveReminderInteractor), Other.handled_by(OtherInteractor)),
        )
