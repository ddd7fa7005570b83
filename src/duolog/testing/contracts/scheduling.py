"""The contract of scheduled commands: written with the work that schedules them, given out when due, one owner each."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from duolog.database.port import Database, View
from duolog.errors import CheckpointConflictError, ConflictError
from duolog.eventstore.appends import Append
from duolog.eventstore.expectations import Exactly
from duolog.ids import uuid7
from duolog.scheduling.command_schedule import Overdue
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.testing.contracts.samples import SECONDS, new_events
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope
from duolog.write.sealed_work import SealedWork

KNOWN = {"user.remind": 2}
HOUR = 3_600_000_000
VIEW = View("contract_process", 1, {})


def command(key: str | None = None, *, at: int | None = None, after: int = 0, name: str = "user.remind") -> NewCommand:
    """A command that is due at once, if nothing else is said."""
    return NewCommand(
        ScheduledId(uuid7()), "acme", name, 2, '{"text":"ä"}'.encode(), b'{"actor":"ann"}', key, at, after
    )


async def schedule(database: Database, *commands: NewCommand) -> None:
    """Commit a unit that does nothing but schedule."""
    statements = tuple(database.schedule.adding(each) for each in commands)
    await database.committer.commit(SealedWork("acme", statements))


async def take(database: Database, owner: str = "one", *, seconds: float = 60, limit: int = 99) -> Sequence[NewCommand]:
    """Take what is due, as it was scheduled."""
    return [as_new(each) for each in await taken(database, owner, seconds=seconds, limit=limit)]


async def taken(
    database: Database, owner: str = "one", *, seconds: float = 60, limit: int = 99
) -> Sequence[ScheduledCommand]:
    """Take what is due."""
    return await database.schedule.take(KNOWN, owner=owner, seconds=seconds, limit=limit)


def as_new(scheduled: ScheduledCommand) -> NewCommand:
    """The parts of a command that it was scheduled with, without its time."""
    return NewCommand(
        scheduled.id,
        scheduled.tenant,
        scheduled.command,
        scheduled.version,
        scheduled.payload,
        scheduled.metadata,
        scheduled.key,
    )


class SchedulingContract:
    """Every backend keeps scheduled commands in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)

    async def test_a_command_is_given_out_as_it_was_scheduled(self, database: Database) -> None:
        """Everything that was said of it comes back, and nothing before it is due."""
        now, later = command("key"), command(after=HOUR)
        await schedule(database, now, later)
        found = await database.schedule.find(later.id)
        assert found is not None
        assert (found.state, found.attempts, found.due_at - found.scheduled_at) == (ScheduledState.WAITING, 0, HOUR)
        assert await take(database) == [now]
        assert await take(database, "two") == []

    async def test_a_time_in_the_past_is_due_at_once(self, database: Database) -> None:
        """So is one that was overdue while nothing ran; the longest waiting comes first."""
        late, later = command(at=2_000_000), command(at=1_000_000)
        await schedule(database, late, later)
        assert [each.id for each in await take(database)] == [later.id, late.id]

    async def test_it_is_scheduled_with_the_events_or_not_at_all(self, database: Database) -> None:
        """A unit that meets a conflict schedules nothing; one that is committed schedules with events and rows."""
        new = command()
        appends = (Append("user-1", tuple(new_events(1)), Exactly(7)),)
        refused = SealedWork("acme", (insertion("1"), database.schedule.adding(new)), appends)
        with pytest.raises(ConflictError):
            await database.committer.commit(refused)
        assert await database.schedule.find(new.id) is None
        await database.committer.commit(replace(refused, appends=(replace(appends[0], expected=Exactly(0)),)))
        assert await database.schedule.find(new.id) is not None
        assert len(await database.store.read_stream("user-1", tenant="acme")) == 1

    async def test_the_held_writer_schedules_with_what_it_wrote(self, database: Database) -> None:
        """Given up, nothing of it is there; committed, all of it is."""
        new = command()
        work = SealedWork("acme", (database.schedule.adding(new),))
        held = await database.committer.hold_writer(seconds=SECONDS)
        await held.run(insertion("1"))
        await held.close()
        assert await database.schedule.find(new.id) is None
        held = await database.committer.hold_writer(seconds=SECONDS)
        await held.run(insertion("1"))
        await held.commit(work)
        await held.close()
        assert await database.schedule.find(new.id) is not None

    async def test_a_page_of_events_schedules_with_its_checkpoint(self, database: Database) -> None:
        """What a batch schedules is there when its checkpoint has moved, and only then."""
        await database.store.append("user-1", new_events(1))
        await database.prepare_view(VIEW)
        new = command()
        statement = database.schedule.adding(new)
        move = CheckpointMove(Share(VIEW.subscription), 1, 0, 0, 8)
        session = database.open_view(VIEW)
        await session.execute(statement.sql, statement.parameters)
        with pytest.raises(CheckpointConflictError):
            await session.commit(replace(move, old=7))
        await session.close()
        assert await database.schedule.find(new.id) is None
        session = database.open_view(VIEW)
        await session.execute(statement.sql, statement.parameters)
        await session.commit(move)
        assert await database.schedule.find(new.id) is not None

    async def test_the_same_id_again_changes_nothing(self, database: Database) -> None:
        """The first command of an id stays."""
        first = command()
        await schedule(database, first)
        await schedule(database, replace(first, payload=b"{}"))
        assert await take(database) == [first]

    async def test_a_cancelled_command_is_gone_for_its_own_tenant_only(self, database: Database) -> None:
        """Another tenant's cancellation changes nothing; cancelling again neither."""
        new = command(after=HOUR)
        await schedule(database, new)
        for tenant, is_there in (("other", True), ("acme", False), ("acme", False)):
            statement = database.schedule.cancelling(new.id, tenant=tenant)
            await database.committer.commit(SealedWork(tenant, (statement,)))
            assert (await database.schedule.find(new.id) is not None) is is_there

    async def test_commands_that_are_not_known_wait(self, database: Database) -> None:
        """An owner gets neither unknown names nor newer versions than it can decode; others may."""
        unknown, newer = command(name="user.forget"), replace(command(), version=3)
        await schedule(database, unknown, newer)
        assert await database.schedule.seconds_until_due(KNOWN) is None
        assert await take(database) == []
        for known, expected in (({"user.forget": 2}, unknown), ({"user.remind": 3}, newer)):
            assert await database.schedule.seconds_until_due(known) == 0
            (found,) = await database.schedule.take(known, owner="one", seconds=60, limit=9)
            assert found.id == expected.id

    async def test_it_tells_when_the_next_one_is_due(self, database: Database) -> None:
        """By the database's clock; None while nothing waits."""
        assert await database.schedule.seconds_until_due(KNOWN) is None
        await schedule(database, command(after=HOUR))
        until = await database.schedule.seconds_until_due(KNOWN)
        assert until is not None
        assert 3_500 < until <= 3_600
        await schedule(database, command())
        assert await database.schedule.seconds_until_due(KNOWN) == 0

    async def test_one_command_has_one_owner(self, database: Database) -> None:
        """Of many that take side by side, each gets commands that nobody else gets, up to its limit."""
        await schedule(database, *(command() for _ in range(20)))
        async with asyncio.timeout(SECONDS):
            shares = await asyncio.gather(*(take(database, f"{owner}", limit=3) for owner in range(8)))
        ids = [each.id for share in shares for each in share]
        assert len(ids) == len(set(ids))
        assert all(len(share) <= 3 for share in shares)
        rest = await take(database)
        assert len({*ids, *(each.id for each in rest)}) == 20

    async def test_a_lease_that_is_over_goes_to_the_next_owner(self, database: Database) -> None:
        """What the former owner then says of it changes nothing."""
        await schedule(database, command())
        (first,) = await taken(database, "one", seconds=0)
        (second,) = await taken(database, "two")
        assert (first.attempts, second.attempts, second.owner) == (1, 2, "two")
        await database.schedule.try_again(first, seconds=0, error="late")
        await database.schedule.set_aside(first, error="late", traceback="late")
        await database.schedule.renew([first], seconds=0)
        assert await database.schedule.find(second.id) == second

    async def test_a_renewed_lease_lasts_longer(self, database: Database) -> None:
        """Its owner keeps it."""
        await schedule(database, command(), command())
        held = await taken(database, seconds=60)
        await database.schedule.renew(held[:1], seconds=0)
        assert [each.id for each in await take(database, "two")] == [held[0].id]

    async def test_executed_commands_are_forgotten(self, database: Database) -> None:
        """Also when somebody else has taken them meanwhile: they have taken effect."""
        await schedule(database, command(), command())
        (first,) = await taken(database, seconds=0, limit=1)
        await database.schedule.remove_executed([first])
        assert await database.schedule.find(first.id) is None
        assert len(await take(database, "two")) == 1

    async def test_a_command_that_failed_comes_again_after_its_pause(self, database: Database) -> None:
        """With the error of its last failure."""
        await schedule(database, command())
        (first,) = await taken(database)
        await database.schedule.try_again(first, seconds=60, error="DatabaseBusyError: ä")
        assert await take(database) == []
        found = await database.schedule.find(first.id)
        assert found is not None
        assert (found.state, found.owner, found.error) == (ScheduledState.WAITING, "", "DatabaseBusyError: ä")
        assert await database.schedule.retry(first.id)
        (again,) = await taken(database)
        assert (again.id, again.attempts) == (first.id, 2)

    async def test_a_failed_command_stays_until_it_is_retried_or_removed(self, database: Database) -> None:
        """It is given out no more, and shows its error and traceback."""
        await schedule(database, command(), command())
        for each in await taken(database):
            await database.schedule.set_aside(each, error="ValueError: no", traceback="in execute")
        assert await database.schedule.seconds_until_due(KNOWN) is None
        one, two = await database.schedule.read(state=ScheduledState.FAILED, limit=9)
        assert (one.error, one.traceback, one.owner) == ("ValueError: no", "in execute", "")
        assert await database.schedule.retry(one.id)
        assert [each.id for each in await take(database)] == [one.id]
        assert not await database.schedule.retry(one.id), "it is being executed"
        assert not await database.schedule.remove(two.id, state=ScheduledState.WAITING)
        assert await database.schedule.remove(two.id, state=ScheduledState.FAILED)
        assert not await database.schedule.retry(two.id)
        assert await database.schedule.find(two.id) is None

    async def test_a_command_that_runs_is_not_removed(self, database: Database) -> None:
        """Only one that waits is."""
        await schedule(database, command())
        (running,) = await taken(database)
        assert not await database.schedule.remove(running.id, state=ScheduledState.WAITING)
        await database.schedule.try_again(running, seconds=60, error="")
        assert await database.schedule.remove(running.id, state=ScheduledState.WAITING)

    async def test_commands_of_one_key_come_one_after_another(self, database: Database) -> None:
        """The next one is given out when the one before is executed, those of other keys and tenants beside it."""
        first, second = command("a", at=1), command("a", at=2)
        other, foreign = command("b", at=3), replace(command("a", at=0), tenant="other")
        await schedule(database, second, first, other, foreign)
        found = await taken(database)
        assert {each.id for each in found} == {first.id, other.id, foreign.id}
        assert await database.schedule.seconds_until_due(KNOWN) != 0
        await database.schedule.remove_executed([each for each in found if each.id == first.id])
        assert await take(database) == [replace(second, at=None)]

    async def test_what_is_behind_a_failed_command_of_its_key_waits(self, database: Database) -> None:
        """Until that is retried or removed; nobody looks for it in vain meanwhile."""
        first, second = command("a", at=1), command("a", at=1)
        await schedule(database, first, second)
        (failing,) = await taken(database)
        await database.schedule.set_aside(failing, error="ValueError: no", traceback="")
        assert await take(database) == []
        assert await database.schedule.seconds_until_due(KNOWN) is None
        assert await database.schedule.remove(first.id, state=ScheduledState.FAILED)
        assert [each.id for each in await take(database)] == [second.id]

    async def test_they_are_read_by_choice_in_the_order_they_are_due(self, database: Database) -> None:
        """By state, command and tenant, no more than the limit."""
        commands = [command(at=3), command(at=2), command(at=1, name="user.forget"), replace(command(at=4), tenant="b")]
        await schedule(database, *commands)
        read = database.schedule.read
        third, second, first, fourth = (each.id for each in commands)
        assert [each.id for each in await read(limit=9)] == [first, second, third, fourth]
        assert [each.id for each in await read(limit=2)] == [first, second]
        assert [each.id for each in await read(command="user.forget", limit=9)] == [first]
        assert [each.id for each in await read(tenant="b", limit=9)] == [fourth]
        assert await read(state=ScheduledState.FAILED, limit=9) == []

    async def test_what_is_overdue_is_counted(self, database: Database) -> None:
        """With the longest waiting one's time; what is due later does not count."""
        assert await database.schedule.overdue(seconds=60) == Overdue(0, 0, 0, "")
        await schedule(database, command(at=1_000), command(at=2_000), command(), command(after=HOUR))
        assert await database.schedule.overdue(seconds=60) == Overdue(2, 0, 1_000, "")
        for each in await taken(database, limit=2):
            if each.due_at == 1_000:
                await database.schedule.set_aside(each, error="ValueError: no", traceback="")
            else:
                await database.schedule.try_again(each, seconds=60, error="DatabaseBusyError: busy")
        assert await database.schedule.overdue(seconds=60) == Overdue(1, 1, 2_000, "DatabaseBusyError: busy")

    async def test_the_key_of_a_command_that_is_still_scheduled_is_not_swept(self, database: Database) -> None:
        """Whoever executed it may have died before it was forgotten; without the key it would take effect twice."""
        if not database.features.durable:
            return  # nobody takes it over
        new = command(after=HOUR)
        await schedule(database, new)
        for key in (str(new.id), "another", "-" * 36):
            record = IdempotencyRecord(IdempotencyScope("acme", "ann", "user.remind"), key, b"", b"null")
            await database.committer.commit(SealedWork("acme", idempotency=record))
        assert await database.idempotency.sweep(seconds=0) == 2
        cancelling = database.schedule.cancelling(new.id, tenant="acme")
        await database.committer.commit(SealedWork("acme", (cancelling,)))
        assert await database.idempotency.sweep(seconds=0) == 1

    async def test_a_schedule_lasts(self, database: Database) -> None:
        """Rows of the application are not disturbed, and a scheduled command is none of its tables."""
        await schedule(database, command())
        reader = database.open_reader()
        assert await accounts(reader) == {}
        await reader.close()
        assert list(await database.transfer.other_tables()) == ["contract_accounts"]
