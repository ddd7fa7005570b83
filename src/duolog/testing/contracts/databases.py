"""The contract of `Database` itself: opening, closing, what lasts and what is shared, as its features say."""

import asyncio
from collections.abc import Callable

import pytest

from duolog.database.examination import Level
from duolog.database.port import Database, View
from duolog.errors import DatabaseError, ReadOnlyError
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.testing.contracts.samples import SECONDS, following, new_events
from duolog.write.sealed_work import SealedWork

VIEW = View("contract_view", 1, {"contract_view": "CREATE TABLE contract_view (id TEXT PRIMARY KEY)"})


class DatabaseContract:
    """Every backend opens and closes in this way.

    Supply a ``database`` fixture: an open, empty `Database`; and ``make_database``: a callable that makes another one,
    unopened, on the same URL.
    """

    async def test_its_url_and_features_are_known(self, database: Database) -> None:
        """A database says what it is."""
        assert "://" in database.url
        assert isinstance(database.features.durable, bool)

    async def test_an_open_database_has_nothing_to_migrate(self, database: Database) -> None:
        """Opening brings the schema up to date."""
        assert await database.pending_migrations() == []

    async def test_an_open_database_is_well(self, database: Database) -> None:
        """Looking at a database that works finds no fault."""
        assert [each for each in await database.examine() if each.level is Level.FAULT] == []

    async def test_it_may_be_closed_twice(self, database: Database) -> None:
        """Closing again does nothing."""
        await database.store.append("user-1", new_events(1))
        await database.close()
        await database.close()

    async def test_what_is_committed_lasts(self, database: Database, make_database: Callable[[], Database]) -> None:
        """Where the backend is durable, a database that is opened again has its log, tables and checkpoints."""
        await database.create_tables(ACCOUNTS)
        await database.committer.commit(SealedWork(statements=(insertion("1"),)))
        outcome = await database.store.append("user-1", new_events(2))
        await database.prepare_view(VIEW)
        session = database.open_view(VIEW)
        await session.commit(CheckpointMove(Share(VIEW.subscription), 1, 0, 0, outcome.position))
        log_id, log = database.store.log_id, await database.store.read_all()
        await database.close()
        again = make_database()
        await again.open()
        try:
            if again.features.durable:
                assert again.store.log_id == log_id
                assert await again.store.read_all() == log
                assert await accounts(again.open_reader()) == {"1": 1}
                assert [each.position for each in await again.prepare_view(VIEW)] == [outcome.position]
            else:
                assert again.store.log_id != log_id
                assert await again.store.head() == 0
        finally:
            await again.close()

    async def test_two_open_databases_share_one_log(
        self, database: Database, make_database: Callable[[], Database]
    ) -> None:
        """Where the backend is shared, another one's appends arrive, and versions are contested between them."""
        other = make_database()
        await other.open()
        try:
            async with following(database.store.subscribe()) as pages:
                waiting = asyncio.ensure_future(anext(pages))
                await other.store.append("user-1", new_events(1))
                if database.features.shared:
                    assert len((await waiting).events) == 1
                    both = [store.append("user-1", new_events(1)) for store in (database.store, other.store)]
                    async with asyncio.timeout(SECONDS):
                        outcomes = await asyncio.gather(*both)
                    assert sorted(outcome.versions["user-1"] for outcome in outcomes) == [2, 3]
                else:
                    assert await database.store.head() == 0
                    waiting.cancel()
                    await asyncio.wait({waiting})
        finally:
            await other.close()

    async def test_a_read_only_database_does_not_write(
        self, database: Database, make_database: Callable[[], Database]
    ) -> None:
        """What lasts can be opened for reading only; there is nothing to read where nothing lasts."""
        await database.store.append("user-1", new_events(1))
        other = make_database()
        if not database.features.durable:
            with pytest.raises(DatabaseError):
                await other.open(read_only=True)
            return
        await other.open(read_only=True)
        try:
            assert len(await other.store.read_stream("user-1")) == 1
            with pytest.raises(ReadOnlyError):
                await other.store.append("user-1", new_events(1))
            with pytest.raises(ReadOnlyError):
                await other.create_tables(ACCOUNTS)
            with pytest.raises(ReadOnlyError):
                await other.prepare_view(VIEW)
            with pytest.raises(ReadOnlyError):
                await other.leases.acquire(Share("users_view"), "one", seconds=1)
        finally:
            await other.close()
