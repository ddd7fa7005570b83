"""The contract of `WorkCommitter`: statements, appends and conditions of a unit of work are one transaction."""

import asyncio
import contextlib

import pytest

from duolog.database.port import Database
from duolog.errors import (
    AppendConditionFailedError,
    ConstraintViolationError,
    EventIdReusedError,
    StaleRowError,
    StatementError,
    WrongExpectedVersionError,
)
from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import EventQuery, QueryItem
from duolog.eventstore.expectations import NO_STREAM
from duolog.tables.statements import Statement
from duolog.testing.contracts.accounts import ACCOUNTS, EMAIL, EmailTakenError, accounts, change, insertion
from duolog.testing.contracts.samples import SECONDS, new_event, new_events, outcomes
from duolog.write.sealed_work import SealedWork


async def _accounts(database: Database) -> dict[str, int]:
    reader = database.open_reader()
    try:
        return await accounts(reader)
    finally:
        await reader.close()


class UnitOfWorkContract:
    """Every backend commits units of work in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)

    async def test_statements_and_events_are_committed_together(self, database: Database) -> None:
        """A unit's rows and events are there when its commit returns, with the outcome of its appends."""
        work = SealedWork("acme", (insertion("1"),), (Append("account-1", tuple(new_events(2)), NO_STREAM),))
        outcome = await database.committer.commit(work)
        recorded = await database.store.read_stream("account-1", tenant="acme")
        assert outcome.versions == {"account-1": 2}
        assert [event.position for event in recorded] == [outcome.first_position, outcome.position]
        assert await _accounts(database) == {"1": 1}

    async def test_statements_alone_have_no_position(self, database: Database) -> None:
        """A unit without events is committed, and its outcome is empty."""
        outcome = await database.committer.commit(SealedWork(statements=(insertion("1"),)))
        assert (outcome.position, outcome.versions) == (0, {})
        assert await _accounts(database) == {"1": 1}

    async def test_statements_run_in_order(self, database: Database) -> None:
        """Each statement of a unit sees those before it."""
        work = SealedWork(statements=(insertion("1"), change("1", version=1), change("1", version=2)))
        await database.committer.commit(work)
        assert await _accounts(database) == {"1": 3}

    async def test_a_refused_append_takes_the_rows_back(self, database: Database) -> None:
        """A conflict on a stream leaves none of the unit's rows."""
        await database.store.append("account-1", new_events(1))
        work = SealedWork("", (insertion("1"),), (Append("account-1", tuple(new_events(1)), NO_STREAM),))
        with pytest.raises(WrongExpectedVersionError):
            await database.committer.commit(work)
        assert await _accounts(database) == {}

    async def test_a_failed_condition_takes_rows_and_events_back(self, database: Database) -> None:
        """A boundary that was crossed leaves nothing of the unit."""
        boundary = await database.store.read_boundary(EventQuery((QueryItem(tags=("email:a",)),)))
        await database.store.append("other-1", [new_event("seen", "email:a")])
        appends = (Append("account-1", tuple(new_events(1))),)
        with pytest.raises(AppendConditionFailedError):
            await database.committer.commit(SealedWork("", (insertion("1"),), appends, (boundary.condition,)))
        assert await _accounts(database) == {}
        assert not await database.store.read_stream("account-1")

    async def test_a_condition_that_holds_lets_rows_and_events_in(self, database: Database) -> None:
        """Statements, appends and conditions go together."""
        boundary = await database.store.read_boundary(EventQuery((QueryItem(tags=("email:a",)),)))
        appends = (Append("account-1", (new_event("seen", "email:a"),)),)
        await database.committer.commit(SealedWork("", (insertion("1"),), appends, (boundary.condition,)))
        assert await _accounts(database) == {"1": 1}

    async def test_a_refused_statement_keeps_the_events_out(self, database: Database) -> None:
        """A broken constraint leaves neither the unit's events nor its other rows."""
        await database.committer.commit(SealedWork(statements=(insertion("1", "a@b.c"),)))
        statements = (insertion("2"), insertion("3", "a@b.c"))
        with pytest.raises(EmailTakenError):
            await database.committer.commit(SealedWork("", statements, (Append("account-3", tuple(new_events(1))),)))
        assert await _accounts(database) == {"1": 1}
        assert not await database.store.read_stream("account-3")

    async def test_an_undeclared_violation_names_the_constraint(self, database: Database) -> None:
        """Where no domain error is declared, the violation says which constraint broke, but never a value."""
        await database.committer.commit(SealedWork(statements=(insertion("1", "secret@b.c"),)))
        statement = Statement(
            "INSERT INTO contract_accounts (id, email, version) VALUES (:id, :email, 1)",
            {"id": "2", "email": "secret@b.c"},
        )
        with pytest.raises(ConstraintViolationError) as caught:
            await database.committer.commit(SealedWork(statements=(statement,)))
        assert EMAIL.is_broken_by(caught.value)
        assert "secret" not in str(caught.value)
        assert "secret" not in repr(statement)

    async def test_a_guarded_row_that_is_stale_is_a_conflict(self, database: Database) -> None:
        """A guarded statement that changes another number of rows fails its unit, and says what over."""
        await database.committer.commit(SealedWork(statements=(insertion("1"), change("1", version=1))))
        appends = (Append("account-1", tuple(new_events(1))),)
        with pytest.raises(StaleRowError) as caught:
            await database.committer.commit(SealedWork("", (insertion("2"), change("1", version=1)), appends))
        assert (caught.value.key, caught.value.expected, caught.value.actual) == ("account 1", 1, 0)
        assert await _accounts(database) == {"1": 2}
        assert not await database.store.read_stream("account-1")

    async def test_a_wrong_statement_is_named(self, database: Database) -> None:
        """Wrong SQL, and parameters that do not fit, are the application's errors; nothing is changed."""
        for statement in (
            Statement("INSERT INTO contract_nowhere (id) VALUES (:id)", {"id": 1}),
            Statement("INSERT INTO contract_accounts (id) VALUES (:id)", {}),
            Statement("INSERT INTO contract_accounts (id) VALUES (:id)", {"id": "1", "email": "a@b.c"}),
            Statement("COMMIT"),
        ):
            with pytest.raises(StatementError):
                await database.committer.commit(SealedWork(statements=(insertion("1"), statement)))
        assert await _accounts(database) == {}

    async def test_a_repeated_unit_changes_nothing(self, database: Database) -> None:
        """A unit whose events are in the log already returns the first outcome, and its statements do not run again."""
        work = SealedWork("", (insertion("1"),), (Append("account-1", tuple(new_events(1)), NO_STREAM),))
        first = await database.committer.commit(work)
        assert await database.committer.commit(work) == first
        assert await _accounts(database) == {"1": 1}

    async def test_a_reused_event_id_takes_the_rows_back(self, database: Database) -> None:
        """An event id with other content fails its unit as a whole."""
        event = new_event()
        await database.store.append("account-1", [event])
        with pytest.raises(EventIdReusedError):
            await database.committer.commit(SealedWork("", (insertion("2"),), (Append("account-2", (event,)),)))
        assert await _accounts(database) == {}

    async def test_a_failed_unit_does_not_fail_its_neighbours(self, database: Database) -> None:
        """Units that are committed side by side are recorded or refused each for itself."""
        await database.committer.commit(SealedWork(statements=(insertion("taken", "taken@b.c"),)))

        def unit(number: int) -> SealedWork:
            appends = (Append(f"account-{number}", tuple(new_events(2)), NO_STREAM),)
            email = "taken@b.c" if number % 3 == 1 else None
            statements = [insertion(f"{number:02}", email)]
            if number % 3 == 2:
                statements.append(change("taken", version=9))
            return SealedWork("", tuple(statements), appends)

        committed, errors = await outcomes(database.committer.commit(unit(number)) for number in range(30))
        assert len(committed) == 10
        assert sorted(type(error).__name__ for error in errors) == ["EmailTakenError"] * 10 + ["StaleRowError"] * 10
        expected = {f"{number:02}": 1 for number in range(0, 30, 3)} | {"taken": 1}
        assert await _accounts(database) == expected
        streams = {event.stream for event in (await database.store.read_all()).events}
        assert streams == {f"account-{number}" for number in range(0, 30, 3)}

    async def test_one_of_many_units_wins_a_row(self, database: Database) -> None:
        """Of units that guard one row at one version, side by side, exactly one is committed."""
        await database.committer.commit(SealedWork(statements=(insertion("1"),)))
        units = [
            SealedWork("", (change("1", version=1),), (Append("account-1", tuple(new_events(1))),)) for _ in range(12)
        ]
        committed, errors = await outcomes(database.committer.commit(unit) for unit in units)
        assert len(committed) == 1
        assert [type(error) for error in errors] == [StaleRowError] * 11
        assert len(await database.store.read_stream("account-1")) == 1

    async def test_a_cancelled_commit_is_whole_or_nothing(self, database: Database) -> None:
        """Whenever a commit is cancelled, its row and its event are there both or neither; later units go on."""
        for turns in range(6):
            work = SealedWork("", (insertion(f"{turns}"),), (Append(f"account-{turns}", tuple(new_events(1))),))
            task = asyncio.create_task(database.committer.commit(work))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            async with asyncio.timeout(SECONDS):
                await database.committer.commit(SealedWork(statements=(insertion(f"after {turns}"),)))
            rows = await _accounts(database)
            assert (f"{turns}" in rows) is bool(await database.store.read_stream(f"account-{turns}"))
            assert f"after {turns}" in rows
