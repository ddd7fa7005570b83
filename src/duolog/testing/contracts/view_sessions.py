"""The contract of view sessions: rows and checkpoint move together or not at all."""

import asyncio
import contextlib

import pytest

from duolog.database.port import Database
from duolog.errors import (
    CheckpointConflictError,
    ConstraintViolationError,
    DuologError,
    NotStartedError,
    ReadOnlyError,
    StatementError,
)
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.testing.contracts.contract_view import (
    INSERT,
    SELECT,
    SHARE,
    VIEW,
    PreparedView,
    insert_row,
    moved,
    parked_event,
    view_checkpoint,
    view_position,
    view_rows,
)


class ViewSessionContract(PreparedView):
    """Every backend's views are written in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_rows_and_checkpoint_move_together(self, database: Database, session: ViewSession) -> None:
        """What is executed is there when the commit returns, and so is the new position."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.execute("UPDATE contract_view SET hits = hits + 1 WHERE id = :id", {"id": "a"})
        await session.commit(moved(0, 7, token=3))
        await session.close()
        assert await view_rows(database) == {"a": 2}
        checkpoint = await view_checkpoint(database)
        assert (checkpoint.version, checkpoint.position, checkpoint.token) == (1, 7, 3)
        assert checkpoint.updated_at > 1_577_836_800_000_000

    async def test_a_batch_may_write_nothing(self, database: Database, session: ViewSession) -> None:
        """A checkpoint moves on also where nothing was to be applied."""
        await session.commit(moved(0, 7))
        assert await view_position(database) == 7

    async def test_a_fetch_sees_what_is_buffered(self, database: Database, session: ViewSession) -> None:
        """Reads of a batch see its own writes, in order; nobody else does before the commit."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        assert list(await session.fetch(SELECT)) == [{"id": "a", "hits": 1}]
        await session.execute("UPDATE contract_view SET hits = 5 WHERE id = :id", {"id": "a"})
        assert await session.fetch_value("SELECT hits FROM contract_view WHERE id = :id", {"id": "a"}) == 5
        assert await session.fetch_one("SELECT id FROM contract_view WHERE id = :id", {"id": "b"}) is None
        await session.close()
        assert await view_rows(database) == {}

    async def test_many_rows_are_written_in_their_order(self, database: Database, session: ViewSession) -> None:
        """A statement for many rows stands in order with those before and behind it."""
        rows = [{"id": f"{number:03}", "hits": number} for number in range(50)]
        await session.execute(INSERT, {"id": "000", "hits": 7})
        await session.execute("DELETE FROM contract_view")
        await session.execute_many(INSERT, rows)
        await session.execute_many("UPDATE contract_view SET hits = hits + :hits WHERE id = :id", rows)
        await session.execute_many(INSERT, [])
        await session.commit(moved(0, 7))
        assert await view_rows(database) == {row["id"]: 2 * number for number, row in enumerate(rows)}

    async def test_a_row_count_is_known_at_once(self, session: ViewSession) -> None:
        """`execute_now` runs behind what is buffered and counts."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.execute(INSERT, {"id": "b", "hits": 1})
        assert await session.execute_now("UPDATE contract_view SET hits = 2") == 2
        assert await session.execute_now("DELETE FROM contract_view WHERE id = :id", {"id": "c"}) == 0
        await session.close()

    async def test_a_fetch_of_a_view_does_not_write(self, session: ViewSession) -> None:
        """Fetching reads only; writing goes through `execute`."""
        with pytest.raises(ReadOnlyError):
            await session.fetch("DELETE FROM contract_view RETURNING id")
        await session.close()

    @pytest.mark.parametrize("move", [moved(3, 9), moved(0, 9, version=2)])
    async def test_another_position_writes_nothing(
        self, database: Database, session: ViewSession, move: CheckpointMove
    ) -> None:
        """A checkpoint that is not where its owner believes refuses rows, parked events and the move."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        with pytest.raises(CheckpointConflictError):
            await session.commit(move, [parked_event(2)])
        await session.close()
        assert await view_rows(database) == {}
        assert await view_position(database) == 0
        assert await database.parking.counts() == {}

    async def test_one_of_two_batches_is_committed(self, database: Database) -> None:
        """Two owners that apply the same stretch: one is refused as a whole."""
        await database.prepare_view(VIEW)
        await insert_row(database, "a", moved(0, 7))
        with pytest.raises(CheckpointConflictError):
            await insert_row(database, "b", moved(0, 7))
        assert await view_rows(database) == {"a": 1}

    async def test_a_former_owners_token_is_refused(self, database: Database) -> None:
        """Once somebody else holds the lease, the former owner's batch fails, though the position fits."""
        await database.prepare_view(VIEW)
        former = await database.leases.acquire(SHARE, "one", seconds=0)
        assert former is not None
        await insert_row(database, "a", moved(0, 3, token=former.token))
        owner = await database.leases.acquire(SHARE, "two", seconds=3_600)
        assert owner is not None
        with pytest.raises(CheckpointConflictError):
            await insert_row(database, "b", moved(3, 7, token=former.token))
        await insert_row(database, "c", moved(3, 7, token=owner.token))
        with pytest.raises(CheckpointConflictError):
            await insert_row(database, "d", moved(7, 9, token=former.token))
        assert await view_rows(database) == {"a": 1, "c": 1}
        assert await view_position(database) == 7

    async def test_a_refused_statement_writes_nothing(self, database: Database, session: ViewSession) -> None:
        """A broken constraint or wrong SQL takes the whole batch back."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.execute(INSERT, {"id": "b", "hits": None})
        with pytest.raises(ConstraintViolationError):
            await session.commit(moved(0, 7))
        await session.close()
        wrong = database.open_view(VIEW)
        await wrong.execute(INSERT, {"id": "a", "hits": 1})
        await wrong.execute("INSERT INTO contract_nowhere (id) VALUES (1)")
        with pytest.raises(StatementError):
            await wrong.commit(moved(0, 7))
        await wrong.close()
        assert await view_rows(database) == {}
        assert await view_position(database) == 0

    async def test_parameters_are_checked_when_buffered(self, session: ViewSession) -> None:
        """A missing or unknown parameter is refused by the call that gives it."""
        with pytest.raises(StatementError):
            await session.execute(INSERT, {"id": "a"})
        with pytest.raises(StatementError):
            await session.execute(INSERT, {"id": "a", "hits": 1, "more": 2})
        await session.close()

    async def test_a_failing_flush_shows_now(self, database: Database, session: ViewSession) -> None:
        """A flush raises what its statements break; the batch is lost even if the caller goes on."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.flush()
        await session.execute(INSERT, {"id": "b", "hits": 1})
        await session.execute(INSERT, {"id": "a", "hits": 2})
        with pytest.raises(ConstraintViolationError):
            await session.flush()
        for again in (
            session.execute(INSERT, {"id": "c", "hits": 1}),
            session.execute_now(INSERT, {"id": "c", "hits": 1}),
            session.fetch(SELECT),
            session.flush(),
            session.commit(moved(0, 7)),
        ):
            with pytest.raises(ConstraintViolationError):
                await again
        await session.close()
        assert await view_rows(database) == {}
        assert await view_position(database) == 0

    async def test_a_statement_that_runs_at_once_fails_alone(self, database: Database, session: ViewSession) -> None:
        """What `execute_now` breaks is its caller's to handle; the batch goes on without it."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        with pytest.raises(ConstraintViolationError):
            await session.execute_now(INSERT, {"id": "a", "hits": 2})
        await session.execute(INSERT, {"id": "c", "hits": 1})
        await session.commit(moved(0, 7))
        assert await view_rows(database) == {"a": 1, "c": 1}

    async def test_a_session_tells_for_how_long_it_keeps_others_from_writing(self, session: ViewSession) -> None:
        """It does so from its first fetch of its own writes to its end."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        assert session.held_for == 0
        await session.fetch(SELECT)
        await asyncio.sleep(0.001)
        assert 0 < session.held_for < 5
        await session.close()
        assert session.held_for == 0

    async def test_a_closed_session_is_of_no_use(self, database: Database, session: ViewSession) -> None:
        """Whatever is asked of it is refused, and nobody waits for it."""
        await session.close()
        for late in (
            session.execute(INSERT, {"id": "c", "hits": 1}),
            session.execute_now(INSERT, {"id": "c", "hits": 1}),
            session.fetch(SELECT),
            session.flush(),
            session.commit(moved(0, 7)),
        ):
            with pytest.raises(NotStartedError):
                await late
        assert await view_rows(database) == {}

    async def test_closing_rolls_back(self, database: Database, session: ViewSession) -> None:
        """A batch that is closed, twice even, leaves nothing and blocks nobody."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.flush()
        await session.close()
        await session.close()
        await insert_row(database, "b", moved(0, 7))
        assert await view_rows(database) == {"b": 1}

    async def test_a_cancelled_batch_is_whole_or_nothing(self, database: Database) -> None:
        """Whenever a batch's commit is cancelled, view and checkpoint agree, and the next batch goes on."""
        await database.prepare_view(VIEW)
        for turns in range(6):
            before = await view_position(database)
            task = asyncio.create_task(insert_row(database, f"{turns}", moved(before, before + 1)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, DuologError):
                await task
            await self._settled(database)
            assert (f"{turns}" in await view_rows(database)) is (await view_position(database) == before + 1)

    async def _settled(self, database: Database) -> None:
        """Wait until whatever was sent before has been done or dropped, by a unit behind it."""
        await database.create_tables({"contract_settled": "CREATE TABLE contract_settled (id INTEGER PRIMARY KEY)"})
