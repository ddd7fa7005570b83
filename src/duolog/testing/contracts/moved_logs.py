"""The contract of `LogTransfer` for a log that leaves: its writers are stopped, and then it is only read."""

import asyncio
from collections.abc import Callable

import pytest

from duolog.database.port import Database
from duolog.database.transfer import InUse, Moved
from duolog.errors import HoldExpiredError, LogClosedError, LogMovedError
from duolog.testing.contracts.sample_log import recorded
from duolog.testing.contracts.samples import SECONDS, new_events, stays_pending
from duolog.testing.contracts.scheduling import command, schedule


class MovedLogContract:
    """Every backend gives logs away like this.

    Supply a ``database`` fixture: an open, empty `Database`; and ``make_database``: makes another one, unopened, of the
    same place.
    """

    async def test_writers_are_stopped_and_go_on(self, database: Database) -> None:
        """Nothing is appended while they are stopped; reading goes on, and afterwards all of it is appended."""
        first = await database.store.append("thing-1", new_events(1))
        async with database.transfer.stop_writers(seconds=SECONDS):
            waiting = asyncio.create_task(database.store.append("thing-1", new_events(1)))
            assert await stays_pending(waiting)
            assert await database.store.head() == first.position
            assert len((await database.store.read_all()).events) == 1
        async with asyncio.timeout(SECONDS):
            assert (await waiting).versions == {"thing-1": 2}

    async def test_writers_that_are_stopped_for_too_long_go_on(self, database: Database) -> None:
        """Who stops them is told so, and the log stays in use."""
        async with database.transfer.stop_writers(seconds=0.1) as stopped:
            async with asyncio.timeout(SECONDS):
                await database.store.append("thing-1", new_events(1))
            with pytest.raises(HoldExpiredError):
                await stopped.mark_moved("postgresql://elsewhere/db")
        assert await database.transfer.state() == InUse()

    async def test_a_log_that_was_moved_is_only_read(
        self, database: Database, make_database: Callable[[], Database]
    ) -> None:
        """Appends are refused in every process, whoever opens it is told where it went, and it can be read."""
        await database.store.append("thing-1", new_events(1))
        await schedule(database, command())
        (waiting_command,) = await database.schedule.read(limit=9)
        async with database.transfer.stop_writers(seconds=SECONDS) as stopped:
            waiting = asyncio.create_task(database.store.append("thing-1", new_events(1)))
            assert await stays_pending(waiting)
            await stopped.mark_moved("postgresql://elsewhere/db")
        with pytest.raises(LogClosedError):
            await waiting
        with pytest.raises(LogClosedError):
            await database.store.append("thing-2", new_events(2))
        with pytest.raises(LogClosedError):
            await schedule(database, command())
        if database.features.durable:
            with pytest.raises(LogClosedError):
                await database.schedule.remove_executed([waiting_command])
        state = await database.transfer.state()
        assert isinstance(state, Moved)
        assert state.target == "postgresql://elsewhere/db"
        assert len((await database.store.read_all()).events) == 1
        with pytest.raises(LogMovedError):
            await database.transfer.finish()
        other = make_database() if database.features.durable else database
        with pytest.raises(LogMovedError, match="postgresql://elsewhere/db"):
            await other.open()
        await other.close()

    async def test_a_moved_log_is_taken_back(self, database: Database) -> None:
        """Deliberately, where the place that it went to is lost."""
        async with database.transfer.stop_writers(seconds=SECONDS) as stopped:
            await stopped.mark_moved("postgresql://elsewhere/db")
        await database.transfer.take_back()
        await database.store.append("thing-1", new_events(1))
        await database.transfer.take_back()
        assert await database.transfer.state() == InUse()

    async def test_a_moved_log_comes_back_with_what_was_recorded_meanwhile(self, database: Database) -> None:
        """The place that it was moved from takes it in again, from the last event that is there."""
        outcome = await database.store.append("thing-1", new_events(2))
        identity = await database.transfer.identity()
        async with database.transfer.stop_writers(seconds=SECONDS) as stopped:
            await stopped.mark_moved("postgresql://elsewhere/db")
        assert await database.transfer.begin(identity, "postgresql://elsewhere/db") == outcome.position
        later = recorded(outcome.position + 5, "thing-1", 3)
        await database.transfer.receive([later])
        await database.transfer.finish()
        assert (await database.store.read_all()).events[-1] == later
        assert (await database.store.append("thing-1", new_events(1))).versions == {"thing-1": 4}
