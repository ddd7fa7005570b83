"""The contract of `LogTransfer`: a log arrives exactly as it was, and is never written in two places."""

from collections.abc import Callable
from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.database.transfer import (
    InUse,
    KeptKey,
    LogIdentity,
    Receiving,
    Remembered,
    TenantSnapshot,
    normalised,
)
from duolog.errors import (
    AnotherSecretError,
    ConstraintViolationError,
    LogClosedError,
    LogIncompleteError,
    LogNotEmptyError,
    StatementError,
    TransferError,
)
from duolog.eventstore.appends import Append
from duolog.eventstore.expectations import Exactly
from duolog.eventstore.filters import EventFilter
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.generations import Generation
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Share
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.testing.contracts.sample_log import LOG, SOURCE, pages_of, recorded, reminder, sample_log, sample_memory
from duolog.testing.contracts.samples import SECONDS, new_event, new_events
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope
from duolog.write.sealed_work import SealedWork
from duolog.write.snapshots import StoredSnapshot

VIEW: Final = View("contract_view", 1, {"contract_view": "CREATE TABLE contract_view (id TEXT PRIMARY KEY)"})


async def everything(database: Database) -> list[Remembered]:
    """Return all that a database remembers."""
    return [each async for page in database.transfer.remembered() for each in page]


class TransferContract:
    """Every backend gives logs away and takes them in like this.

    Supply a ``database`` fixture: an open, empty `Database`; and ``make_database``: a callable that makes another one,
    unopened, on the same URL.
    """

    async def test_events_arrive_exactly_as_they_were(self, database: Database) -> None:
        """Positions, versions, ids, tags, bytes and times are those of the log that came, however they are read."""
        events, transfer = sample_log(), database.transfer
        assert await transfer.begin(LOG, SOURCE) == 0
        await transfer.receive(events[:3])
        await transfer.receive(events[3:])
        await transfer.finish()
        assert list((await database.store.read_all()).events) == events
        assert list(await database.store.read_stream("thing-1")) == [events[0], events[2]]
        assert list(await database.store.read_stream("thing-1", tenant="acme")) == [events[3]]
        red = await database.store.read_all(filter=EventFilter(tags=frozenset({"colour:red"})))
        assert list(red.events) == events[:1]
        assert dict(await database.store.read_events([events[1].event_id])) == {events[1].event_id: events[1]}
        assert await database.store.head() == 1_000

    async def test_a_log_that_was_received_goes_on(self, database: Database) -> None:
        """What is appended after it stands above its last position and above its streams' versions."""
        events, transfer = sample_log(), database.transfer
        await transfer.begin(LOG, SOURCE)
        await transfer.receive(events)
        await transfer.finish()
        assert await transfer.state() == InUse()
        outcome = await database.store.append("thing-1", new_events(2), Exactly(2))
        assert outcome.first_position > 1_000
        assert outcome.versions == {"thing-1": 4}
        assert (await database.store.read_all(after=1_000)).events[0].position == outcome.first_position

    async def test_the_log_keeps_its_identity(self, database: Database, make_database: Callable[[], Database]) -> None:
        """Position tokens of the log that came are accepted, and another secret is noticed."""
        await database.transfer.begin(LOG, SOURCE)
        await database.transfer.receive(sample_log())
        await database.transfer.finish()
        assert await database.transfer.identity() == LOG
        assert await database.keep_secret_check("check of another secret") == LOG.secret_check
        if database.features.durable:
            again = make_database()
            await again.open()
            try:
                assert again.store.log_id == LOG.log_id
            finally:
                await again.close()

    async def test_a_log_on_its_way_in_is_closed(
        self, database: Database, make_database: Callable[[], Database]
    ) -> None:
        """Nobody appends to it, also not who had the database open before; who opens it is told how to go on."""
        await database.transfer.begin(LOG, SOURCE)
        state = await database.transfer.state()
        assert isinstance(state, Receiving)
        assert state.source == SOURCE
        with pytest.raises(LogClosedError):
            await database.store.append("thing-1", new_events(1))
        other = make_database() if database.features.durable else database
        with pytest.raises(LogIncompleteError, match=r"promote sqlite:///source\.db"):
            await other.open()
        await other.close()
        if database.features.durable:
            other = make_database()
            await other.open(read_only=True)
            assert await other.store.head() == 0
            await other.close()

    async def test_an_interrupted_transfer_goes_on(self, database: Database) -> None:
        """Begun again with the same log, it says where it is."""
        events = sample_log()
        await database.transfer.begin(LOG, SOURCE)
        await database.transfer.receive(events[:2])
        assert await database.transfer.begin(LOG, SOURCE) == 4
        await database.transfer.receive(events[2:])
        await database.transfer.finish()
        assert list((await database.store.read_all()).events) == events

    async def test_another_log_is_refused(self, database: Database) -> None:
        """A log is received where nothing is, or where it is itself on its way in."""
        await database.transfer.begin(LOG, SOURCE)
        with pytest.raises(LogNotEmptyError):
            await database.transfer.begin(LogIdentity("log-0002"), SOURCE)
        await database.transfer.receive(sample_log())
        await database.transfer.finish()
        for identity in (LOG, LogIdentity("log-0002")):
            with pytest.raises(LogNotEmptyError):
                await database.transfer.begin(identity, SOURCE)
        assert await database.transfer.state() == InUse()

    async def test_another_secret_is_refused(self, database: Database) -> None:
        """Where an application was started with another secret, the log's personal tags would not be found."""
        await database.keep_secret_check("check of another secret")
        with pytest.raises(AnotherSecretError):
            await database.transfer.begin(LOG, SOURCE)
        assert await database.transfer.state() == InUse()

    async def test_a_page_that_cannot_be_kept_leaves_nothing(self, database: Database) -> None:
        """Positions that do not increase, ids and versions that stand twice: nothing of the page is there."""
        events, transfer = sample_log(), database.transfer
        await transfer.begin(LOG, SOURCE)
        await transfer.receive(events[:2])
        fresh = recorded(10, "thing-3", 1, tags=("colour:red",))
        for wrong in (
            [fresh, recorded(10, "thing-4", 1)],
            [recorded(4, "thing-4", 1)],
            [fresh, recorded(11, "thing-1", 1)],
            [fresh, RecordedEvent(12, "", "thing-4", 1, fresh.event_id, "t", 1, (), 0, b"{}", b"{}", 1)],
        ):
            with pytest.raises(TransferError):
                await transfer.receive(wrong)
        assert list((await database.store.read_all()).events) == events[:2]
        await transfer.receive(events[2:])
        assert await transfer.stream_versions([("", "thing-1"), ("acme", "thing-2"), ("", "thing-9")]) == {
            ("", "thing-1"): 2,
            ("acme", "thing-2"): 1,
        }

    async def test_nothing_is_received_without_a_beginning(self, database: Database) -> None:
        """A log in use takes appends, and nothing else."""
        with pytest.raises(LogClosedError):
            await database.transfer.receive(sample_log())
        with pytest.raises(LogClosedError):
            await database.transfer.replace_remembered(pages_of([]))
        with pytest.raises(LogClosedError):
            await database.transfer.abandon()
        assert await database.store.head() == 0

    async def test_what_is_remembered_arrives_as_it_was(self, database: Database) -> None:
        """All of it (without tokens and owners) is replaced as a whole, in one order, and works on."""
        events = sample_log()
        memory = sample_memory()
        await database.transfer.begin(LOG, SOURCE)
        await database.transfer.receive(events)
        await database.transfer.replace_remembered(pages_of(memory))
        await database.transfer.replace_remembered(pages_of(memory))
        await database.transfer.finish()
        expected = [normalised(each) for page in memory for each in page]
        found = await everything(database)
        assert found == expected
        assert await database.parking.counts() == {"b_view": 2}
        assert await database.snapshots.load("thing-1", tenant="acme") is not None
        kept = found[-1]
        assert isinstance(kept, KeptKey)
        assert await database.idempotency.find(kept.record.scope, kept.record.key) == kept.answer
        assert await database.process_states.begin("remind", 77) == 3
        stored = await database.process_states.read("remind", [("acme", "Émile")])
        assert stored["acme", "Émile"].deadlines == {"inactive": reminder(3).id}
        (due,) = await database.schedule.take({"user.remind": 2}, owner="one", seconds=SECONDS, limit=9)
        assert (due.id, due.attempts) == (reminder(1).id, 2)  # what is of its key waits behind it
        lease = await database.leases.acquire(Share.of("a_view", 3, 0, 127), "one", seconds=SECONDS)
        assert lease is not None
        session = database.open_view(View("a_view", 2, {}))
        await session.commit(CheckpointMove(lease.share, 2, lease.token, 1_000, 1_001))
        assert (await database.checkpoints.read_all())[0].position == 1_001

    async def test_what_was_recorded_in_daily_work_is_remembered(self, database: Database) -> None:
        """A database gives away what its own commits have left."""
        record = IdempotencyRecord(IdempotencyScope("", "ada", "thing.do"), "key-1", b"f", b'{"id":1}')
        snapshot = StoredSnapshot("thing-1", 1, "thing", 1, b"\x01")
        work = SealedWork("", (), (Append("thing-1", (new_event(),)),), (), (snapshot,), record)
        outcome = await database.committer.commit(work)
        (checkpoint,) = await database.prepare_view(VIEW)
        parked = ParkedEvent("contract_view", "", "thing-1", outcome.position, "t", ParkReason.UNDECODABLE)
        session = database.open_view(VIEW)
        await session.commit(CheckpointMove(checkpoint.share, 1, checkpoint.token, 0, outcome.position), [parked])
        found = await everything(database)
        assert [type(each) for each in found] == [Generation, Checkpoint, ParkedEvent, TenantSnapshot, KeptKey]
        assert found[3] == TenantSnapshot("", snapshot)
        assert isinstance(found[4], KeptKey)
        assert found[4].answer.outcome == outcome

    async def test_an_unfinished_transfer_is_abandoned(self, database: Database) -> None:
        """The log is empty again, in use, and another one."""
        await database.transfer.begin(LOG, SOURCE)
        await database.transfer.receive(sample_log())
        await database.transfer.replace_remembered(pages_of(sample_memory()))
        await database.transfer.abandon()
        assert await database.transfer.state() == InUse()
        assert await database.transfer.identity() != LOG
        assert await everything(database) == []
        assert await database.store.head() == 0
        red = await database.store.read_all(filter=EventFilter(tags=frozenset({"colour:red"})))
        assert not red.events
        assert (await database.store.append("thing-1", new_events(1))).position == 1

    async def test_rows_of_other_tables_are_given_and_taken(self, database: Database) -> None:
        """The application's own tables are told from duolog's, read as a whole, and filled as a whole or not at all."""
        await database.create_tables(ACCOUNTS)
        await database.committer.commit(SealedWork(statements=(insertion("1"), insertion("2"))))
        assert list(await database.transfer.other_tables()) == ["contract_accounts"]
        rows = [row async for page in database.transfer.table_rows("contract_accounts") for row in page]
        assert [row["id"] for row in rows] == ["1", "2"]
        await database.transfer.receive_rows("contract_accounts", pages_of([[{**rows[0], "id": "3", "email": "3"}]]))
        assert len(await accounts(database.open_reader())) == 3
        with pytest.raises(ConstraintViolationError):
            await database.transfer.receive_rows(
                "contract_accounts", pages_of([[{**rows[0], "id": "4", "email": "4"}], [rows[0]]])
            )
        assert len(await accounts(database.open_reader())) == 3
        for wrong in ("nothing", "duolog_events", 'contract_accounts" --'):
            with pytest.raises(StatementError):
                await database.transfer.receive_rows(wrong, pages_of([[{"id": "1"}]]))
            with pytest.raises(StatementError):
                _ = [page async for page in database.transfer.table_rows(wrong)]
