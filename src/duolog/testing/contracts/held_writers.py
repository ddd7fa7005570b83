"""The contract of `HeldWriter`: it reads its own writes for a limited time, while others wait for what it changes."""

import asyncio

import pytest

from duolog.database.port import Database
from duolog.errors import DatabaseBusyError, ReadOnlyError, StaleRowError, WrongExpectedVersionError
from duolog.eventstore.appends import NOTHING_APPENDED, Append
from duolog.eventstore.expectations import NO_STREAM
from duolog.testing.contracts.accounts import ACCOUNTS, EmailTakenError, accounts, change, insertion
from duolog.testing.contracts.samples import SECONDS, new_events, stays_pending
from duolog.write.sealed_work import SealedWork


class HeldWriterContract:
    """Every backend's writer is held in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture(autouse=True)
    async def _tables(self, database: Database) -> None:
        await database.create_tables(ACCOUNTS)

    async def test_it_reads_its_own_writes(self, database: Database) -> None:
        """What was run is seen by the writer's own fetches, and committed with the events."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        assert await writer.run(insertion("1")) == 1
        assert await writer.run(change("1", version=1)) == 1
        assert await accounts(writer) == {"1": 2}
        assert await writer.fetch_one("SELECT id FROM contract_accounts WHERE id = :id", {"id": "2"}) is None
        assert await writer.fetch_value("SELECT version FROM contract_accounts") == 2
        work = SealedWork("", (insertion("2"),), (Append("account-1", tuple(new_events(1)), NO_STREAM),))
        outcome = await writer.commit(work)
        await writer.close()
        assert outcome.versions == {"account-1": 1}
        assert await accounts(database.open_reader()) == {"1": 2, "2": 1}

    async def test_nobody_sees_what_is_not_committed(self, database: Database) -> None:
        """A reader waits or sees the state before; rolled back rows are seen by nobody."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        await writer.run(insertion("1"))
        reading = asyncio.create_task(accounts(database.open_reader()))
        await asyncio.wait({reading}, timeout=0.05)
        await writer.close()
        assert await reading == {}
        assert await accounts(database.open_reader()) == {}

    async def test_other_units_wait_for_it(self, database: Database) -> None:
        """A unit that fights over a row waits; with a single writer every unit does, and is recorded behind it."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        await writer.run(insertion("1"))
        same_email = SealedWork(statements=(insertion("2", "1@b.c"),))
        rival = asyncio.create_task(database.committer.commit(same_email))
        assert await stays_pending(rival)
        other = asyncio.create_task(database.store.append("other-1", new_events(1)))
        if database.features.single_writer:
            assert await stays_pending(other)
        else:
            async with asyncio.timeout(SECONDS):
                await asyncio.wait({other})
        mine = await writer.commit(SealedWork("", (), (Append("account-1", tuple(new_events(1))),)))
        with pytest.raises(EmailTakenError):
            await rival
        async with asyncio.timeout(SECONDS):
            assert ((await other).position > mine.position) is database.features.single_writer

    async def test_two_writers_take_turns(self, database: Database) -> None:
        """Where there is one, the second one gets it when the first one ends, and sees what that committed."""
        first = await database.committer.hold_writer(seconds=SECONDS)
        waiting = asyncio.create_task(database.committer.hold_writer(seconds=SECONDS))
        await first.run(insertion("1"))
        assert await stays_pending(waiting) is database.features.single_writer
        await first.commit(SealedWork())
        second = await waiting
        assert await accounts(second) == {"1": 1}
        await second.close()

    async def test_it_cannot_be_had_forever(self, database: Database) -> None:
        """Whoever cannot get the writer in time is told so; the one who holds it goes on."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        if database.features.single_writer:
            with pytest.raises(DatabaseBusyError):
                await database.committer.hold_writer(seconds=0.05)
        else:
            other = await database.committer.hold_writer(seconds=SECONDS)
            await other.close()
        await writer.run(insertion("1"))
        assert await writer.commit(SealedWork()) == NOTHING_APPENDED
        assert await accounts(database.open_reader()) == {"1": 1}

    async def test_it_is_taken_back_after_its_time(self, database: Database) -> None:
        """A writer that is held for too long is rolled back, so that others go on, and its holder is told."""
        writer = await database.committer.hold_writer(seconds=0.2)
        await writer.run(insertion("1"))
        async with asyncio.timeout(SECONDS):  # it waits for the writer, or for its row
            await database.committer.commit(SealedWork(statements=(insertion("2", "1@b.c"),)))
        with pytest.raises(DatabaseBusyError):
            await writer.run(insertion("2"))
        with pytest.raises(DatabaseBusyError):
            await writer.fetch("SELECT id FROM contract_accounts")
        with pytest.raises(DatabaseBusyError):
            await writer.commit(SealedWork("", (), (Append("account-1", tuple(new_events(1))),)))
        await writer.close()
        assert await accounts(database.open_reader()) == {"2": 1}
        assert not await database.store.read_stream("account-1")

    async def test_a_refused_statement_leaves_nothing_behind(self, database: Database) -> None:
        """A statement that fails is undone by itself; the writer goes on with what was run before."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        await writer.run(insertion("1", "a@b.c"))
        with pytest.raises(EmailTakenError):
            await writer.run(insertion("2", "a@b.c"))
        with pytest.raises(StaleRowError):
            await writer.run(change("1", version=7))
        await writer.commit(SealedWork())
        assert await accounts(database.open_reader()) == {"1": 1}

    async def test_a_refused_commit_rolls_everything_back(self, database: Database) -> None:
        """A conflict at the commit takes back what was run before, and gives the writer back."""
        await database.store.append("account-1", new_events(1))
        writer = await database.committer.hold_writer(seconds=SECONDS)
        await writer.run(insertion("1"))
        with pytest.raises(WrongExpectedVersionError):
            await writer.commit(SealedWork("", (), (Append("account-1", tuple(new_events(1)), NO_STREAM),)))
        await writer.close()
        assert await accounts(database.open_reader()) == {}
        await database.store.append("account-1", new_events(1))

    async def test_closing_rolls_back(self, database: Database) -> None:
        """A writer that is closed, twice even, leaves nothing and blocks nobody."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        await writer.run(insertion("1"))
        await writer.close()
        await writer.close()
        await database.store.append("other-1", new_events(1))
        assert await accounts(database.open_reader()) == {}

    async def test_a_fetch_does_not_write(self, database: Database) -> None:
        """The writer's fetches only read; writing goes through `run`."""
        writer = await database.committer.hold_writer(seconds=SECONDS)
        await writer.run(insertion("1"))
        with pytest.raises(ReadOnlyError):
            await writer.fetch("DELETE FROM contract_accounts RETURNING id")
        await writer.commit(SealedWork())
        assert await accounts(database.open_reader()) == {"1": 1}
