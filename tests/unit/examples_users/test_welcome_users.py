from uuid import uuid4

from duolog.testing import ProcessScenario
from tests.unit.examples_users.service import ADMIN, Service
from users.application.commands.send_reminder import SendReminderCommand
from users.application.processes.welcome_users import PATIENCE, Welcome, WelcomeUsers
from users.domain.events import UserDeleted, UserEmailChanged, UserRegistered, UserRoleChanged

USER = uuid4()
REGISTERED = UserRegistered(USER, "ann@example.com", "user", "hash")


async def test_a_user_who_does_nothing_is_reminded_once() -> None:
    scenario = await ProcessScenario(WelcomeUsers()).when(REGISTERED)
    scenario.then_deadline("inactive", key=str(USER), after=PATIENCE).then_sends_nothing()
    await scenario.when_deadline("inactive", key=str(USER))
    scenario.then_sends(SendReminderCommand(str(USER))).then_is_over(str(USER))


async def test_whatever_happens_begins_the_time_anew() -> None:
    scenario = await ProcessScenario(WelcomeUsers()).given(REGISTERED)
    await scenario.when(UserEmailChanged(USER, "ann@example.com", "ann@example.org"), UserRoleChanged(USER, "admin"))
    scenario.then_deadline("inactive", key=str(USER)).then_state(str(USER), Welcome(2)).then_sends_nothing()


async def test_a_user_who_left_is_not_reminded() -> None:
    scenario = await ProcessScenario(WelcomeUsers()).given(REGISTERED, UserDeleted(USER, "ann@example.com"))
    scenario.then_is_over(str(USER)).then_sends_nothing()


async def test_activity_of_users_who_were_there_before_starts_nothing() -> None:
    scenario = await ProcessScenario(WelcomeUsers()).when(UserRoleChanged(USER, "admin"))
    scenario.then_is_over(str(USER)).then_sends_nothing()


async def test_a_reminder_is_recorded_for_those_who_are_there(service: Service) -> None:
    user_id = await service.register()
    assert await service.app.execute(SendReminderCommand(str(user_id)), metadata=ADMIN)
    assert not await service.app.execute(SendReminderCommand(str(USER)), metadata=ADMIN)
    await service.app.caught_up()
    events = (await service.app.database.store.read_all()).events
    assert [event.stream for event in events if event.type == "user.reminded"] == [f"user_notices-{user_id}"]
    (deadline,) = await service.app.database.schedule.read(limit=9)
    assert (deadline.due_at - deadline.scheduled_at) // 1_000_000 == PATIENCE.total_seconds()
