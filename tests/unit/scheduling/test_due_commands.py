"""Due commands are executed once in effect, tried again or set aside, in order where they have a key."""

import asyncio
from datetime import timedelta
from typing import Any

from duolog import Settings
from duolog.errors import ConflictError, DatabaseBusyError
from duolog.scheduling.encoding import metadata_of
from duolog.scheduling.scheduled_command import ScheduledId, ScheduledState
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork
from tests.unit.scheduling.reminders import AskReminder, Diary, GiveReminder, RefusedError, given, reminders
from tests.unit.subscriptions.eventually import eventually


class Gate:
    """Lets those who come through only once it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.reached = asyncio.Event()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.open.wait()


async def test_what_fails_for_no_fault_of_its_own_is_tried_again(url: str) -> None:
    errors: list[Exception] = [DatabaseBusyError("busy"), ConnectionError("mail"), ConflictError("again", key="x")]

    def fail(_: str) -> None:
        if errors:
            raise errors.pop(0)

    diary = Diary(does=fail)
    async with reminders(url, diary, settings=Settings(attempts=1)) as app:
        scheduled = await app.execute(AskReminder())
        await eventually(lambda: not errors)
        await eventually(lambda: _is_given(app, ["a"]))
        await app.caught_up()
        assert await app.database.schedule.find(scheduled) is None
    assert diary.given == ["a"] * 4


async def _is_given(app: Any, texts: list[str]) -> bool:
    return await given(app) == texts


async def test_what_is_refused_is_set_aside_until_it_is_retried(url: str) -> None:
    refuses = True

    def refuse(_: str) -> None:
        if refuses:
            message = "not today"
            raise RefusedError(message)

    async with reminders(url, Diary(does=refuse)) as app:
        scheduled = await app.execute(AskReminder())
        await eventually(lambda: _state(app, scheduled, ScheduledState.FAILED))
        await app.caught_up()
        found = await app.database.schedule.find(scheduled)
        assert found is not None
        assert found.error == "RefusedError: not today"
        assert "in refuse" in found.traceback
        assert await given(app) == []
        refuses = False
        assert await app.database.schedule.retry(scheduled)
        await app.caught_up()
        assert await given(app) == ["a"]


async def _are_all_given(app: Any, texts: list[str]) -> bool:
    return sorted(await given(app)) == texts


async def _state(app: Any, scheduled: ScheduledId, state: ScheduledState) -> bool:
    found = await app.database.schedule.find(scheduled)
    return found is not None and found.state is state


async def test_commands_of_one_key_are_executed_in_order_and_others_beside_them(url: str) -> None:
    gate = Gate()
    diary = Diary(does=lambda text: gate.pass_through() if text == "a1" else None)
    async with reminders(url, diary) as app:
        for text in ("a1", "a2", "b1"):
            await app.execute(AskReminder(text, key=text[0]))
        await eventually(lambda: _is_given(app, ["b1"]))
        gate.open.set()
        await app.caught_up()
        assert await given(app) == ["b1", "a1", "a2"]


async def test_no_more_are_executed_at_once_than_the_settings_say(url: str) -> None:
    gate = Gate()
    diary = Diary(does=lambda _: gate.pass_through())
    async with reminders(url, diary, settings=Settings(due_at_once=3)) as app:
        for number in range(10):
            await app.execute(AskReminder(f"{number}"))
        await eventually(lambda: diary.running == 3)
        gate.open.set()
        await app.caught_up()
        assert len(await given(app)) == 10
    assert diary.most == 3


async def test_one_that_was_executed_by_somebody_who_died_takes_effect_once(url: str) -> None:
    """Its key was committed with its effect: whoever takes it over gets the stored answer, and forgets it."""
    diary = Diary()
    async with reminders(url, diary) as app:
        schedule = app.database.schedule
        scheduled = await app.execute(AskReminder(after=timedelta(days=1)))
        row = await schedule.find(scheduled)
        assert row is not None
        command = GiveReminder("a")
        for _ in range(2):
            await app._assembly.followers._execute_due(command, metadata_of(row), scheduled)  # noqa: SLF001 - as above
        assert await given(app) == ["a"]
    assert diary.given == ["a"]


async def test_a_release_leaves_alone_what_it_does_not_know(url: str) -> None:
    """In a rolling deploy a newer process executes it."""
    if url.startswith("memory"):
        return
    async with reminders(url, handlers=()) as old, reminders(url) as new:
        scheduled = await new.execute(AskReminder())
        await new.caught_up()
        assert await given(new) == ["a"]
        assert await old.database.schedule.find(scheduled) is None


async def test_what_cannot_be_decoded_waits_with_its_error(url: str) -> None:
    async with reminders(url) as app:
        scheduled = await app.execute(AskReminder(after=timedelta(days=1)))
        row = await app.database.schedule.find(scheduled)
        assert row is not None
        table = "duolog.scheduled_commands" if url.startswith("postgres") else "duolog_scheduled_commands"
        spoil = f"UPDATE {table} SET payload = :other, next_at = 0, due_at = 0"  # noqa: S608 - two names of this test
        await app.database.committer.commit(SealedWork(statements=(Statement(spoil, {"other": '{"words":"a"}'}),)))
        await eventually(lambda: _has_error(app, scheduled))
        found = await app.database.schedule.find(scheduled)
        assert found is not None
        assert found.state is ScheduledState.WAITING
        assert "does not fit GiveReminder" in found.error


async def _has_error(app: Any, scheduled: ScheduledId) -> bool:
    found = await app.database.schedule.find(scheduled)
    return bool(found is not None and found.error)


async def test_closing_lets_what_runs_end_and_gives_back_what_takes_too_long(url: str) -> None:
    if url.startswith("memory"):
        return
    gate = Gate()
    diary = Diary(does=lambda text: gate.pass_through() if text == "slow" else None)
    async with reminders(url, diary, settings=Settings(drain_seconds=0.05)) as app:
        scheduled = await app.execute(AskReminder("slow"))
        await gate.reached.wait()
    gate.open.set()
    async with reminders(url, diary) as app:
        found = await app.database.schedule.find(scheduled)
        assert found is None or found.attempts <= 2
        await app.caught_up()
        assert await given(app) == ["slow"]


async def test_any_number_of_processes_share_the_work(url: str) -> None:
    if url.startswith("memory"):
        return
    diary = Diary()
    async with reminders(url, diary) as one, reminders(url, diary):
        await asyncio.gather(*(one.execute(AskReminder(f"{number:02}")) for number in range(40)))
        await eventually(lambda: _are_all_given(one, [f"{number:02}" for number in range(40)]))
    assert len(diary.given) == 40


async def test_an_application_that_runs_no_projections_executes_nothing(url: str) -> None:
    app = reminders(url)
    await app.start(projections=False)
    try:
        await app.execute(AskReminder())
        await asyncio.sleep(0.02)
        assert await given(app) == []
    finally:
        await app.close()
