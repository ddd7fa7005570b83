"""Several processes advance one view, each its part, and together they show what one would have shown."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import ClassVar

import pytest

from duolog.admin.projection_audit import audit_projection
from duolog.admin.share_division import merge_shares, split_shares
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.read.position_token import PositionToken
from duolog.read.position_wait import PositionWait
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkReason
from duolog.subscriptions.processed import Processed
from duolog.subscriptions.share import Buckets, Share
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AmountMoved,
    BalanceProjection,
    Worker,
    folded,
    view,
)


class DividedProjection(BalanceProjection):
    name, version, partitions = "balances_view", 1, 4


class OwnerProjection(Projection):
    """How much each owner moved, whatever the accounts: rows are fed by several streams."""

    name, version, partitions = "owners_view", 1, 4
    tables: ClassVar[Mapping[str, str]] = {
        "owners_view": "CREATE TABLE owners_view (owner TEXT PRIMARY KEY, opened INTEGER NOT NULL, last TEXT NOT NULL)"
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    @classmethod
    def partition_key(cls, event: AccountOpened) -> str:
        if event.owner == "nobody":
            message = "nobody owns it"
            raise LookupError(message)
        return event.owner

    async def on_opened(self, event: AccountOpened, recorded: RecordedEvent) -> None:
        if event.owner == "bad":
            message = "bad"
            raise ValueError(message)
        opened = await self._db.fetch_value(
            "SELECT opened FROM owners_view WHERE owner = :owner", {"owner": event.owner}
        )
        await self._db.execute(
            "INSERT INTO owners_view (owner, opened, last) VALUES (:owner, :opened, :last)"
            " ON CONFLICT (owner) DO UPDATE SET opened = excluded.opened, last = excluded.last",
            {"owner": event.owner, "opened": (opened or 0) + 1, "last": recorded.stream},
        )


async def eventually(holds: Callable[[], bool], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - other tasks change it, and none of them tells
            await asyncio.sleep(0.01)


def held(worker: Worker) -> int:
    return len(worker.runtime.statuses()[0].shares)


async def write(worker: Worker, count: int) -> list[tuple[str, object]]:
    history: list[tuple[str, object]] = []
    for number in range(count):
        account = f"account-{number % 20}"
        happened = AccountOpened("ann") if number < 20 else AmountMoved(BAD_AMOUNT if number == 90 else number % 7)
        history.append((account, happened))
        await worker.append(account, happened)
    return history


@pytest.fixture
async def workers(database: Database) -> AsyncIterator[list[Worker]]:
    made = [Worker(database, [DividedProjection]) for _ in range(3)]
    yield made
    for worker in made:
        await worker.runtime.stop(seconds=5)


async def test_shares_spread_over_those_who_join_and_come_back_when_they_leave(workers: list[Worker]) -> None:
    first, second, third = workers
    await first.runtime.start()
    assert held(first) == 4
    await second.runtime.start()
    await eventually(lambda: (held(first), held(second)) == (2, 2))
    await third.runtime.start()
    await eventually(lambda: sorted(map(held, workers)) == [1, 1, 2])
    await first.runtime.stop(seconds=5)
    await eventually(lambda: held(second) + held(third) == 4)
    assert {held(second), held(third)} == {2}


async def test_many_owners_show_what_one_would_have_shown(workers: list[Worker]) -> None:
    writing = asyncio.create_task(write(workers[0], 200))
    for worker in workers:
        await worker.runtime.start()
    history = await writing
    await workers[0].caught_up()
    expected = folded(history)
    assert await workers[0].balances() == expected.balances
    assert len(await workers[0].parked()) == len(expected.parked)
    audits = await audit_projection(workers[0].database, DividedProjection, workers[0].codec)
    assert not any(found.differences for found in audits)
    assert sum(found.count for found in audits) == 200


async def test_a_dead_owners_shares_are_taken_within_a_lease_and_a_fifth(database: Database) -> None:
    worker = Worker(database, [DividedProjection])
    await worker.prepare_view(DividedProjection)
    for buckets in Buckets.parts(4):
        share = Share(DividedProjection.name, 1, buckets)
        assert await database.leases.acquire(share, "elsewhere/-/1/1", seconds=worker.pace.lease) is not None
    began = asyncio.get_running_loop().time()
    async with worker:
        assert held(worker) == 0
        await eventually(lambda: held(worker) == 4)
        assert asyncio.get_running_loop().time() - began < 1.2 * worker.pace.lease + 0.2


async def test_a_divided_view_that_lost_its_table_begins_anew_in_every_share(database: Database) -> None:
    """Whichever share's owner finds it missing; a database to which only the log was moved has none of it."""
    async with Worker(database, [DividedProjection]) as worker:
        history = await write(worker, 60)
        await worker.caught_up()
    drop = Statement(f"DROP TABLE {next(iter(DividedProjection.tables))}")
    await database.committer.commit(SealedWork(statements=(drop,)))
    async with Worker(database, [DividedProjection]) as worker:
        await worker.caught_up()
        assert await worker.balances() == folded(history).balances


async def test_a_share_that_is_taken_over_is_given_up_and_got_back(database: Database) -> None:
    async with Worker(database, [DividedProjection]) as worker:
        share = Share(DividedProjection.name, 1, Buckets(64, 127))
        taken = await database.leases.acquire(share, "operator", seconds=60, take_over=True)
        assert taken is not None
        await eventually(lambda: held(worker) == 3 or any(each.error for each in worker.runtime.statuses()[0].shares))
        await database.leases.release(taken)
        await write(worker, 60)
        await worker.caught_up()
        await eventually(lambda: held(worker) == 4)


async def test_a_query_waits_for_the_shares_of_its_tokens_streams_only(database: Database) -> None:
    """A share whose owner stands still holds back who wrote to its streams, and nobody else."""
    worker = Worker(database, [DividedProjection])
    await worker.prepare_view(DividedProjection)
    stuck = Share(DividedProjection.name, 1, Buckets(0, 63))
    assert await database.leases.acquire(stuck, "elsewhere/-/1/1", seconds=60) is not None
    wait = PositionWait(database.store, database.parking, worker.progress)
    async with worker:
        position = await worker.append("account-1", AccountOpened("ann"))
        (event,) = (await database.store.read_all()).events
        streams = frozenset({event.partition})
        other = frozenset({200 if event.partition < 128 else 70})
        for buckets, is_stuck in ((frozenset({3}), True), (other, False), (streams, event.partition < 64)):
            token = PositionToken(database.store.log_id, position, position, buckets)
            waiting = asyncio.create_task(wait.until([DividedProjection], token, 30))
            done, _ = await asyncio.wait({waiting}, timeout=0.3 if is_stuck else 5)
            assert bool(done) is not is_stuck
            waiting.cancel()
            await asyncio.wait({waiting})


async def test_a_declared_key_keeps_its_events_in_order_over_streams(database: Database) -> None:
    """Each key is applied by the share that has its bucket; one that fails stops alone, whatever its streams."""
    workers = [Worker(database, [OwnerProjection]) for _ in range(2)]
    for worker in workers:
        await worker.runtime.start()
    try:
        for number in range(60):
            await workers[0].append(f"account-{number}", AccountOpened(f"owner {number % 6}"))
        bad = [await workers[0].append(f"account-{number}", AccountOpened("bad")) for number in (90, 91)]
        lost = await workers[0].append("account-92", AccountOpened("nobody"))
        garbled = await workers[0].append("account-93", NewEvent(uuid7(), "account.opened", 1, b'{"owner":7}'))
        await workers[0].caught_up()
        reader = database.open_reader()
        rows = await reader.fetch("SELECT owner, opened, last FROM owners_view ORDER BY owner")
        await reader.close()
        assert [tuple(row.values()) for row in rows] == [
            (f"owner {number}", 10, f"account-{54 + number}") for number in range(6)
        ]
        assert await workers[0].parked() == [
            ("bad", bad[0], ParkReason.HANDLER_RAISED),
            ("bad", bad[1], ParkReason.BEHIND_PARKED),
            ("account-92", lost, ParkReason.HANDLER_RAISED),
            ("account-93", garbled, ParkReason.UNDECODABLE),
        ]
        found = await audit_projection(database, OwnerProjection, workers[0].codec)
        assert sum(each.count for each in found) == 64
        assert not any(each.differences for each in found)
    finally:
        for worker in workers:
            await worker.runtime.stop(seconds=5)


async def test_views_are_split_and_merged_while_they_are_worked_on(database: Database) -> None:
    async with Worker(database) as worker:
        writing = asyncio.create_task(write(worker, 300))
        assert len(await split_shares(database, BalanceProjection.name)) == 2
        assert len(await split_shares(database, BalanceProjection.name)) == 4
        await eventually(lambda: held(worker) == 4)
        assert len(await merge_shares(database, BalanceProjection, worker.shares)) == 2
        history = await writing
        assert len(await merge_shares(database, BalanceProjection, worker.shares)) == 1
        with pytest.raises(ConfigurationError, match="one share"):
            await merge_shares(database, BalanceProjection, worker.shares)
        await worker.caught_up()
        expected = folded(history)
        assert await worker.balances() == expected.balances
        assert len(await worker.parked()) == len(expected.parked)
        (found,) = await audit_projection(database, BalanceProjection, worker.codec)
        assert (found.differences, found.count) == ([], 300)


async def test_shares_at_different_positions_are_brought_together(database: Database) -> None:
    worker = Worker(database, [DividedProjection])
    await worker.prepare_view(DividedProjection)
    history = await write(worker, 60)
    lease = await database.leases.acquire(Share(DividedProjection.name, 1, Buckets(0, 63)), "one", seconds=60)
    assert lease is not None
    following = worker.shares.following(DividedProjection, lease.share)
    position = await following.processor.begin(lease)
    page = await database.store.read_all(after=position, filter=following.filter, limit=4)
    move = CheckpointMove(lease.share, 1, lease.token, position, page.through)
    await following.processor.apply(page, move.over(page.events))
    merged = await merge_shares(database, DividedProjection, worker.shares)
    assert [str(share.buckets) for share in merged] == ["0..127", "128..255"]
    assert [each.position for each in await database.checkpoints.read(DividedProjection.name)] == [page.through, 0]
    async with worker:
        await worker.caught_up()
        assert await worker.balances() == folded(history).balances
    for found in await audit_projection(database, DividedProjection, worker.codec):
        assert not found.differences


async def test_an_audit_tells_where_something_was_left_out(database: Database) -> None:
    """A checkpoint that was moved past an event, or over one twice, is not as the log."""
    worker = Worker(database, [DividedProjection])
    async with worker:
        await write(worker, 60)
        await worker.caught_up()
    share = Share(DividedProjection.name, 1, Buckets(0, 63))
    checkpoint = await database.checkpoints.read_share(share)
    assert checkpoint is not None
    session = database.open_view(view(DividedProjection), share)
    through = checkpoint.position + 1
    await session.commit(CheckpointMove(share, 1, checkpoint.token, checkpoint.position, through, Processed.of([5])))
    await session.close()
    first, *others = await audit_projection(database, DividedProjection, worker.codec)
    (difference,) = first.differences
    assert (difference.after, difference.through, difference.buckets) == (0, through, "0..63")
    assert difference.processed == difference.logged + 1
    assert not any(each.differences for each in others)
    with pytest.raises(ConfigurationError):
        await audit_projection(database, OwnerProjection, worker.codec)
