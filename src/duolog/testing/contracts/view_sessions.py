"""The contract of views: tables and checkpoint are prepared together, and move together or not at all."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.errors import (
    CheckpointConflictError,
    ConstraintViolationError,
    DuologError,
    LeaseLostError,
    NotStartedError,
    ReadOnlyError,
    StatementError,
)
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkedEvent, ParkReason

TABLES: Final = {
    "contract_view": """
        CREATE TABLE contract_view (id TEXT PRIMARY KEY, hits INTEGER NOT NULL);
        CREATE INDEX contract_view_hits ON contract_view (hits);
    """
}
VIEW: Final = View("contract_view", 1, TABLES)
INSERT: Final = "INSERT INTO contract_view (id, hits) VALUES (:id, :hits)"
SELECT: Final = "SELECT id, hits FROM contract_view ORDER BY id"


def _move(old: int, new: int, *, token: int = 0, version: int = 1) -> CheckpointMove:
    return CheckpointMove(VIEW.subscription, version, token, old, new)


def _parked(position: int, key: str = "user-1") -> ParkedEvent:
    return ParkedEvent(VIEW.subscription, "acme", key, position, "user.created", ParkReason.HANDLER_RAISED, "E", "T")


async def _rows(database: Database) -> dict[str, int]:
    reader = database.open_reader()
    try:
        return {row["id"]: row["hits"] for row in await reader.fetch(SELECT)}
    finally:
        await reader.close()


async def _position(database: Database) -> int:
    checkpoint = await database.checkpoints.read(VIEW.subscription)
    assert checkpoint is not None
    return checkpoint.position


async def _insert(database: Database, key: str, move: CheckpointMove) -> None:
    session = database.open_view(VIEW)
    try:
        await session.execute(INSERT, {"id": key, "hits": 1})
        await session.commit(move)
    finally:
        await session.close()


class ViewSessionContract:
    """Every backend's views are written in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture
    async def session(self, database: Database) -> ViewSession:
        """The session of one batch of a view that is prepared."""
        await database.prepare_view(VIEW)
        return database.open_view(VIEW)

    # --- preparing -------------------------------------------------------------------------------------------

    async def test_a_view_starts_at_the_beginning(self, database: Database) -> None:
        """Preparing makes the tables, empty, and a checkpoint at position 0."""
        assert await database.checkpoints.read(VIEW.subscription) is None
        checkpoint = await database.prepare_view(VIEW)
        assert (checkpoint.subscription, checkpoint.version, checkpoint.position) == ("contract_view", 1, 0)
        assert await database.checkpoints.read_all() == [checkpoint]
        assert await _rows(database) == {}

    async def test_preparing_again_changes_nothing(self, database: Database) -> None:
        """A view that is there keeps its rows, its checkpoint and what is parked."""
        await database.prepare_view(VIEW)
        await _insert(database, "a", _move(0, 7))
        assert (await database.prepare_view(VIEW)).position == 7
        assert await _rows(database) == {"a": 1}

    async def test_another_version_starts_anew(self, database: Database) -> None:
        """Another version drops rows and parked events and goes back to the beginning, with its own tables."""
        session = await self._prepared(database)
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.commit(_move(0, 7), [_parked(3)])
        changed = {"contract_view": "CREATE TABLE contract_view (id TEXT PRIMARY KEY, hits INTEGER, extra TEXT)"}
        checkpoint = await database.prepare_view(View(VIEW.subscription, 2, changed), token=0)
        assert (checkpoint.version, checkpoint.position) == (2, 0)
        assert await database.checkpoints.read(VIEW.subscription) == checkpoint
        assert await _rows(database) == {}
        assert await database.open_reader().fetch("SELECT extra FROM contract_view") == []
        assert await database.parking.counts() == {}

    async def test_an_old_versions_batch_is_refused(self, database: Database, session: ViewSession) -> None:
        """A batch that an older version has begun cannot be committed over the new one."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await database.prepare_view(View(VIEW.subscription, 2, TABLES), token=0)
        with pytest.raises(CheckpointConflictError):
            await session.commit(_move(0, 7))
        await session.close()
        assert await _rows(database) == {}
        assert await _position(database) == 0

    async def test_who_owns_nothing_leaves_another_version_alone(self, database: Database) -> None:
        """Without a lease's token, tables, rows and checkpoint of another version stay as they are."""
        await database.prepare_view(VIEW)
        await _insert(database, "a", _move(0, 7))
        found = await database.prepare_view(
            View(VIEW.subscription, 2, {"contract_view": "CREATE TABLE contract_view (x TEXT)"})
        )
        assert (found.version, found.position) == (1, 7)
        assert await _rows(database) == {"a": 1}

    async def test_a_former_owner_prepares_nothing(self, database: Database) -> None:
        """A token that is not the latest one changes nothing, whatever the version."""
        await database.prepare_view(VIEW)
        former = await database.leases.acquire(VIEW.subscription, "one", seconds=0)
        assert former is not None
        owner = await database.leases.acquire(VIEW.subscription, "two", seconds=3_600)
        assert owner is not None
        second = View(VIEW.subscription, 2, TABLES)
        assert (await database.prepare_view(second, token=owner.token)).version == 2
        await database.leases.release(owner)
        for view in (VIEW, second):
            with pytest.raises(LeaseLostError):
                await database.prepare_view(view, token=former.token)
        checkpoint = await database.checkpoints.read(VIEW.subscription)
        assert checkpoint is not None
        assert (checkpoint.version, checkpoint.token) == (2, owner.token)

    async def test_wrong_tables_prepare_nothing(self, database: Database) -> None:
        """DDL that is wrong leaves neither tables nor a checkpoint."""
        tables = TABLES | {"contract_wrong": "CREATE TABLE contract_wrong (id TEXT PRIMARY KEY,, hits)"}
        with pytest.raises(StatementError):
            await database.prepare_view(View(VIEW.subscription, 1, tables))
        assert await database.checkpoints.read(VIEW.subscription) is None
        with pytest.raises(StatementError):
            await _rows(database)

    # --- committing ------------------------------------------------------------------------------------------

    async def test_rows_and_checkpoint_move_together(self, database: Database, session: ViewSession) -> None:
        """What is executed is there when the commit returns, and so is the new position."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.execute("UPDATE contract_view SET hits = hits + 1 WHERE id = :id", {"id": "a"})
        await session.commit(_move(0, 7, token=3))
        await session.close()
        assert await _rows(database) == {"a": 2}
        checkpoint = await database.checkpoints.read(VIEW.subscription)
        assert checkpoint is not None
        assert (checkpoint.version, checkpoint.position, checkpoint.token) == (1, 7, 3)
        assert checkpoint.updated_at > 1_577_836_800_000_000

    async def test_a_batch_may_write_nothing(self, database: Database, session: ViewSession) -> None:
        """A checkpoint moves on also where nothing was to be applied."""
        await session.commit(_move(0, 7))
        assert await _position(database) == 7

    async def test_a_fetch_sees_what_is_buffered(self, database: Database, session: ViewSession) -> None:
        """Reads of a batch see its own writes, in order; nobody else does before the commit."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        assert list(await session.fetch(SELECT)) == [{"id": "a", "hits": 1}]
        await session.execute("UPDATE contract_view SET hits = 5 WHERE id = :id", {"id": "a"})
        assert await session.fetch_value("SELECT hits FROM contract_view WHERE id = :id", {"id": "a"}) == 5
        assert await session.fetch_one("SELECT id FROM contract_view WHERE id = :id", {"id": "b"}) is None
        await session.close()
        assert await _rows(database) == {}

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

    @pytest.mark.parametrize("move", [_move(3, 9), _move(0, 9, version=2)])
    async def test_another_position_writes_nothing(
        self, database: Database, session: ViewSession, move: CheckpointMove
    ) -> None:
        """A checkpoint that is not where its owner believes refuses rows, parked events and the move."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        with pytest.raises(CheckpointConflictError):
            await session.commit(move, [_parked(2)])
        await session.close()
        assert await _rows(database) == {}
        assert await _position(database) == 0
        assert await database.parking.counts() == {}

    async def test_one_of_two_batches_is_committed(self, database: Database) -> None:
        """Two owners that apply the same stretch: one is refused as a whole."""
        await database.prepare_view(VIEW)
        await _insert(database, "a", _move(0, 7))
        with pytest.raises(CheckpointConflictError):
            await _insert(database, "b", _move(0, 7))
        assert await _rows(database) == {"a": 1}

    async def test_a_former_owners_token_is_refused(self, database: Database) -> None:
        """Once somebody else holds the lease, the former owner's batch fails, though the position fits."""
        await database.prepare_view(VIEW)
        former = await database.leases.acquire(VIEW.subscription, "one", seconds=0)
        assert former is not None
        await _insert(database, "a", _move(0, 3, token=former.token))
        owner = await database.leases.acquire(VIEW.subscription, "two", seconds=3_600)
        assert owner is not None
        with pytest.raises(CheckpointConflictError):
            await _insert(database, "b", _move(3, 7, token=former.token))
        await _insert(database, "c", _move(3, 7, token=owner.token))
        with pytest.raises(CheckpointConflictError):
            await _insert(database, "d", _move(7, 9, token=former.token))
        assert await _rows(database) == {"a": 1, "c": 1}
        assert await _position(database) == 7

    async def test_a_refused_statement_writes_nothing(self, database: Database, session: ViewSession) -> None:
        """A broken constraint or wrong SQL takes the whole batch back."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.execute(INSERT, {"id": "b", "hits": None})
        with pytest.raises(ConstraintViolationError):
            await session.commit(_move(0, 7))
        await session.close()
        wrong = database.open_view(VIEW)
        await wrong.execute(INSERT, {"id": "a", "hits": 1})
        await wrong.execute("INSERT INTO contract_nowhere (id) VALUES (1)")
        with pytest.raises(StatementError):
            await wrong.commit(_move(0, 7))
        await wrong.close()
        assert await _rows(database) == {}
        assert await _position(database) == 0

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
            session.commit(_move(0, 7)),
        ):
            with pytest.raises(ConstraintViolationError):
                await again
        await session.close()
        assert await _rows(database) == {}
        assert await _position(database) == 0

    async def test_a_statement_that_runs_at_once_fails_alone(self, database: Database, session: ViewSession) -> None:
        """What `execute_now` breaks is its caller's to handle; the batch goes on without it."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        with pytest.raises(ConstraintViolationError):
            await session.execute_now(INSERT, {"id": "a", "hits": 2})
        await session.execute(INSERT, {"id": "c", "hits": 1})
        await session.commit(_move(0, 7))
        assert await _rows(database) == {"a": 1, "c": 1}

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
            session.commit(_move(0, 7)),
        ):
            with pytest.raises(NotStartedError):
                await late
        assert await _rows(database) == {}

    async def test_closing_rolls_back(self, database: Database, session: ViewSession) -> None:
        """A batch that is closed, twice even, leaves nothing and blocks nobody."""
        await session.execute(INSERT, {"id": "a", "hits": 1})
        await session.flush()
        await session.close()
        await session.close()
        await _insert(database, "b", _move(0, 7))
        assert await _rows(database) == {"b": 1}

    async def test_a_cancelled_batch_is_whole_or_nothing(self, database: Database) -> None:
        """Whenever a batch's commit is cancelled, view and checkpoint agree, and the next batch goes on."""
        await database.prepare_view(VIEW)
        for turns in range(6):
            before = await _position(database)
            task = asyncio.create_task(_insert(database, f"{turns}", _move(before, before + 1)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, DuologError):
                await task
            await self._settled(database)
            assert (f"{turns}" in await _rows(database)) is (await _position(database) == before + 1)

    # --- parking ---------------------------------------------------------------------------------------------

    async def test_parked_events_appear_with_the_move(self, database: Database, session: ViewSession) -> None:
        """What is parked is listed by position, found by key and position, and counted."""
        await session.commit(_move(0, 7), [_parked(5, "user-2"), _parked(2)])
        events = await database.parking.read(VIEW.subscription)
        assert [(event.position, event.key, event.tenant) for event in events] == [
            (2, "user-1", "acme"),
            (5, "user-2", "acme"),
        ]
        assert (events[0].type, events[0].reason) == ("user.created", ParkReason.HANDLER_RAISED)
        assert (events[0].error, events[0].traceback) == ("E", "T")
        assert events[0].parked_at > 1_577_836_800_000_000
        assert await database.parking.read() == events
        assert list(await database.parking.read(limit=1)) == list(events[:1])
        assert not await database.parking.read("other_view")
        assert await database.parking.keys(VIEW.subscription) == {("acme", "user-1"), ("acme", "user-2")}
        assert await database.parking.keys("other_view") == frozenset()
        assert await database.parking.is_parked(VIEW.subscription, range(1, 3))
        assert not await database.parking.is_parked(VIEW.subscription, range(3, 5))
        assert not await database.parking.is_parked("other_view", range(1, 9))
        assert await database.parking.counts() == {VIEW.subscription: 2}

    async def test_parked_events_are_chosen_by_what_they_are_of(self, database: Database, session: ViewSession) -> None:
        """They are read by tenant, key and position, alone or together."""
        await session.commit(_move(0, 7), [_parked(2), _parked(5, "user-2"), _parked(6)])
        read = database.parking.read
        assert [event.position for event in await read(key="user-1")] == [2, 6]
        assert [event.position for event in await read(key="user-1", position=6)] == [6]
        assert [event.position for event in await read(tenant="acme", limit=None)] == [2, 5, 6]
        assert not await read(tenant="")
        assert not await read(position=3)

    async def test_parked_events_go_with_what_replaces_them(self, database: Database, session: ViewSession) -> None:
        """Rows, the removal of parked events and a new reason for one that stays are one step."""
        await session.commit(_move(0, 7), [_parked(2), _parked(5), _parked(6, "user-2")])
        retry = database.open_view(VIEW)
        await retry.execute(INSERT, {"id": "a", "hits": 1})
        again = replace(_parked(5), reason=ParkReason.DATABASE_REFUSED, error="again")
        await retry.commit(_move(7, 7), [again], unparked=[2])
        assert await _rows(database) == {"a": 1}
        left = await database.parking.read(VIEW.subscription)
        assert [(event.position, event.reason, event.error) for event in left] == [
            (5, ParkReason.DATABASE_REFUSED, "again"),
            (6, ParkReason.HANDLER_RAISED, "E"),
        ]

    async def test_a_refused_batch_unparks_nothing(self, database: Database, session: ViewSession) -> None:
        """Where the checkpoint is not what the batch says, what is parked stays so."""
        await session.commit(_move(0, 7), [_parked(2)])
        retry = database.open_view(VIEW)
        with pytest.raises(CheckpointConflictError):
            await retry.commit(_move(3, 3), unparked=[2])
        assert await database.parking.counts() == {VIEW.subscription: 1}

    async def _prepared(self, database: Database) -> ViewSession:
        await database.prepare_view(VIEW)
        return database.open_view(VIEW)

    async def _settled(self, database: Database) -> None:
        """Wait until whatever was sent before has been done or dropped, by a unit behind it."""
        await database.create_tables({"contract_settled": "CREATE TABLE contract_settled (id INTEGER PRIMARY KEY)"})
