"""The contract of preparing views: tables and checkpoint are made together, by their owner."""

from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.errors import (
    CheckpointConflictError,
    LeaseLostError,
    StatementError,
    ViewNotEmptyError,
)
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.leases import Lease
from duolog.tables.statements import Statement
from duolog.testing.contracts.contract_view import (
    INSERT,
    SHARE,
    TABLES,
    VIEW,
    PreparedView,
    insert_row,
    moved,
    parked_event,
    view_checkpoint,
    view_position,
    view_rows,
)
from duolog.write.sealed_work import SealedWork

OWNED: Final = Lease(SHARE, "one", 0, 0)


class ViewPreparationContract(PreparedView):
    """Every backend's views are written in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_a_view_starts_at_the_beginning(self, database: Database) -> None:
        """Preparing makes the tables, empty, and a checkpoint at position 0."""
        assert not await database.checkpoints.read(VIEW.subscription)
        (checkpoint,) = await database.prepare_view(VIEW)
        assert (checkpoint.subscription, checkpoint.version, checkpoint.position) == ("contract_view", 1, 0)
        assert await database.checkpoints.read_all() == [checkpoint]
        assert await view_rows(database) == {}

    async def test_preparing_again_changes_nothing(self, database: Database) -> None:
        """A view that is there keeps its rows, its checkpoint and what is parked."""
        await database.prepare_view(VIEW)
        await insert_row(database, "a", moved(0, 7))
        assert [each.position for each in await database.prepare_view(VIEW)] == [7]
        assert await view_rows(database) == {"a": 1}

    async def test_a_view_that_lost_a_table_starts_anew(self, database: Database) -> None:
        """Its owner drops rows and parked events, and goes back to the beginning."""
        tables = TABLES | {"contract_more": "CREATE TABLE contract_more (id TEXT PRIMARY KEY)"}
        await database.prepare_view(VIEW)
        session = database.open_view(VIEW)
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.commit(moved(0, 7), [parked_event(3)])
        view = View(VIEW.subscription, 1, tables)
        assert [each.position for each in await database.prepare_view(view)] == [7]
        (checkpoint,) = await database.prepare_view(view, lease=OWNED)
        assert (checkpoint.version, checkpoint.position) == (1, 0)
        assert await view_checkpoint(database) == checkpoint
        assert await view_rows(database) == {}
        assert await database.open_reader().fetch("SELECT id FROM contract_more") == []
        assert await database.parking.counts() == {}

    async def test_a_view_does_not_begin_with_rows(self, database: Database) -> None:
        """Without a checkpoint, rows that are there already refuse it, and stay; empty tables are taken over."""
        await database.create_tables(TABLES)
        insert = Statement(INSERT, {"id": "a", "hits": 1})
        await database.committer.commit(SealedWork(statements=(insert,)))
        for lease in (None, OWNED):
            with pytest.raises(ViewNotEmptyError, match="'contract_view' has no checkpoint") as refused:
                await database.prepare_view(VIEW, lease=lease)
            assert refused.value.table == "contract_view"
        assert not await database.checkpoints.read(VIEW.subscription)
        assert await view_rows(database) == {"a": 1}
        await database.committer.commit(SealedWork(statements=(Statement("DELETE FROM contract_view"),)))
        assert (await database.prepare_view(VIEW))[0].position == 0

    async def test_a_batch_of_a_view_that_began_anew_is_refused(self, database: Database, session: ViewSession) -> None:
        """What was begun before cannot be committed over it."""
        await session.execute(INSERT, {"id": "b", "hits": 1})
        await insert_row(database, "a", moved(0, 7))
        tables = TABLES | {"contract_more": "CREATE TABLE contract_more (id TEXT PRIMARY KEY)"}
        await database.prepare_view(View(VIEW.subscription, 1, tables), lease=OWNED)
        with pytest.raises(CheckpointConflictError):
            await session.commit(moved(7, 8))
        await session.close()
        assert await view_rows(database) == {}
        assert await view_position(database) == 0

    @pytest.mark.parametrize("lease", [None, OWNED], ids=["nobody", "an owner"])
    async def test_another_version_is_left_alone(self, database: Database, lease: Lease | None) -> None:
        """Tables, rows and checkpoint stay as they are, also for an owner: what it has is built beside it."""
        await database.prepare_view(VIEW)
        await insert_row(database, "a", moved(0, 7))
        other = View(VIEW.subscription, 2, {"contract_view": "CREATE TABLE contract_view (x TEXT)"})
        (found,) = await database.prepare_view(other, lease=lease)
        assert (found.version, found.position) == (1, 7)
        assert await view_rows(database) == {"a": 1}

    async def test_a_former_owner_prepares_nothing(self, database: Database) -> None:
        """A token that is not the latest one changes nothing."""
        await database.prepare_view(VIEW)
        former = await database.leases.acquire(SHARE, "one", seconds=0)
        assert former is not None
        owner = await database.leases.acquire(SHARE, "two", seconds=3_600)
        assert owner is not None
        await database.leases.release(owner)
        tables = TABLES | {"contract_more": "CREATE TABLE contract_more (id TEXT PRIMARY KEY)"}
        for view in (VIEW, View(VIEW.subscription, 1, tables)):
            with pytest.raises(LeaseLostError):
                await database.prepare_view(view, lease=former)
        assert (await view_checkpoint(database)).version == 1

    async def test_a_forgotten_view_leaves_nothing(self, database: Database) -> None:
        """Checkpoint, parked events and the tables that are named are gone; a view of that name begins anew."""
        await database.prepare_view(VIEW)
        owner = await database.leases.acquire(SHARE, "one", seconds=3_600)
        assert owner is not None
        session = database.open_view(VIEW)
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.commit(moved(0, 7, token=owner.token), [parked_event(3)])
        await session.close()
        await database.forget_view(VIEW.subscription, leases=[owner], tables=list(TABLES))
        await database.leases.release(owner)
        assert await database.checkpoints.read_all() == []
        assert await database.parking.counts() == {}
        with pytest.raises(StatementError):
            await view_rows(database)
        assert [each.position for each in await database.prepare_view(VIEW)] == [0]
        assert await view_rows(database) == {}
        later = await database.leases.acquire(SHARE, "two", seconds=3_600)
        assert later is not None
        assert later.token > owner.token

    async def test_forgetting_takes_nothing_but_what_is_named(self, database: Database) -> None:
        """Tables stay that nobody names, and another view keeps its checkpoint and what it has parked."""
        other = View("other_view", 1, {})
        await database.prepare_view(VIEW)
        await database.prepare_view(other)
        await insert_row(database, "a", moved(0, 7))
        await database.forget_view(other.subscription)
        assert await view_rows(database) == {"a": 1}
        assert [each.subscription for each in await database.checkpoints.read_all()] == [VIEW.subscription]

    async def test_a_former_owner_forgets_nothing(self, database: Database) -> None:
        """A token that is not the latest one changes nothing."""
        await database.prepare_view(VIEW)
        former = await database.leases.acquire(SHARE, "one", seconds=0)
        assert former is not None
        assert await database.leases.acquire(SHARE, "two", seconds=3_600) is not None
        with pytest.raises(LeaseLostError):
            await database.forget_view(VIEW.subscription, leases=[former], tables=list(TABLES))
        assert await view_position(database) == 0
        assert await view_rows(database) == {}

    @pytest.mark.parametrize("table", ["no_such_table", "duolog_events", 'x" ; DROP TABLE contract_view; --'])
    async def test_forgetting_drops_no_table_that_is_not_an_applications(self, database: Database, table: str) -> None:
        """One that is missing, or duolog's own, refuses it all."""
        await database.prepare_view(VIEW)
        await insert_row(database, "a", moved(0, 7))
        with pytest.raises(StatementError):
            await database.forget_view(VIEW.subscription, tables=["contract_view", table])
        assert await view_position(database) == 7
        assert await view_rows(database) == {"a": 1}

    async def test_wrong_tables_prepare_nothing(self, database: Database) -> None:
        """DDL that is wrong leaves neither tables nor a checkpoint."""
        tables = TABLES | {"contract_wrong": "CREATE TABLE contract_wrong (id TEXT PRIMARY KEY,, hits)"}
        with pytest.raises(StatementError):
            await database.prepare_view(View(VIEW.subscription, 1, tables))
        assert not await database.checkpoints.read(VIEW.subscription)
        with pytest.raises(StatementError):
            await view_rows(database)
