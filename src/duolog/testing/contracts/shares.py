"""The contract of shares: each has its own checkpoint and lease, and they are divided and joined without a loss."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.errors import CheckpointConflictError, ConfigurationError, LeaseLostError
from duolog.eventstore.streams import partition_of
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.members import Work
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.processed import STRETCH, Processed
from duolog.subscriptions.share import Buckets, Share

HOUR: Final = 3_600.0
NAME: Final = "contract_view"
VIEW: Final = View(NAME, 1, {NAME: f"CREATE TABLE {NAME} (id TEXT PRIMARY KEY)"}, partitions=2)
LOWER: Final = Share(NAME, 1, Buckets(0, 127))
UPPER: Final = Share(NAME, 1, Buckets(128, 255))


async def _leased(database: Database, share: Share, owner: str = "one") -> Lease:
    lease = await database.leases.acquire(share, owner, seconds=HOUR)
    assert lease is not None
    return lease


async def _move(
    database: Database, lease: Lease, old: int, new: int, *row: str, processed: Processed | None = None
) -> None:
    session = database.open_view(VIEW, lease.share)
    try:
        for each in row:
            await session.execute(f"INSERT INTO {NAME} (id) VALUES (:id)", {"id": each})  # noqa: S608 - a constant
        await session.commit(CheckpointMove(lease.share, 1, lease.token, old, new, processed or Processed()))
    finally:
        await session.close()


async def _layout(database: Database) -> list[tuple[str, int]]:
    return [(str(each.share.buckets), each.position) for each in await database.checkpoints.read(NAME)]


class ShareContract:
    """Every backend divides views in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_a_view_starts_with_as_many_shares_as_it_declares(self, database: Database) -> None:
        """They cover all buckets, each at the beginning; once there, what is declared later changes nothing."""
        prepared = await database.prepare_view(VIEW)
        assert [each.share for each in prepared] == [LOWER, UPPER]
        assert [each.share for each in await database.prepare_view(replace(VIEW, partitions=5))] == [LOWER, UPPER]
        assert await database.checkpoints.read_share(UPPER) == prepared[1]
        assert await database.checkpoints.read_share(Share(NAME)) is None
        with pytest.raises(ConfigurationError):
            await database.prepare_view(View("other_view", 1, {}, partitions=257))

    async def test_shares_move_by_themselves(self, database: Database) -> None:
        """Owners of two shares write to one view, and neither's move concerns the other."""
        await database.prepare_view(VIEW)
        lower, upper = await _leased(database, LOWER), await _leased(database, UPPER, "two")
        await asyncio.gather(_move(database, lower, 0, 7, "a"), _move(database, upper, 0, 9, "b"))
        assert await _layout(database) == [("0..127", 7), ("128..255", 9)]
        with pytest.raises(CheckpointConflictError):
            await _move(database, replace(lower, share=UPPER, token=0), 9, 10)

    async def test_changes_count_the_commits_that_wrote(self, database: Database) -> None:
        """A move that writes nothing leaves the number as it is; one that writes rows or parks makes it greater."""
        await database.prepare_view(VIEW)
        lease = await _leased(database, LOWER)
        await _move(database, lease, 0, 7)
        assert [each.changes for each in await database.checkpoints.read(NAME)] == [0, 0]
        await _move(database, lease, 7, 8, "a")
        session = database.open_view(VIEW, LOWER)
        parked = ParkedEvent(NAME, "", "user-1", 8, "t", ParkReason.UNDECODABLE)
        await session.commit(CheckpointMove(LOWER, 1, lease.token, 8, 8), [parked])
        assert [each.changes for each in await database.checkpoints.read(NAME)] == [2, 0]

    async def test_parked_keys_are_those_of_the_share(self, database: Database) -> None:
        """A share is told of the keys in its buckets only."""
        await database.prepare_view(VIEW)
        lease = await _leased(database, LOWER)
        session = database.open_view(VIEW, LOWER)
        keys = [f"user-{number}" for number in range(20)]
        events = [ParkedEvent(NAME, "", key, at, "t", ParkReason.UNDECODABLE) for at, key in enumerate(keys, 1)]
        await session.commit(CheckpointMove(LOWER, 1, lease.token, 0, 30), events)
        low = {("", key) for key in keys if partition_of("", key) < 128}
        assert 0 < len(low) < len(keys)
        assert await database.parking.keys(LOWER) == low
        assert await database.parking.keys(Share(NAME)) == {("", key) for key in keys}

    async def test_leases_are_renewed_together(self, database: Database) -> None:
        """Those that are still held get more time; those that expired or were taken over are left out."""
        shares = [Share(NAME, 1, buckets) for buckets in Buckets.parts(4)]
        held = [await _leased(database, share) for share in shares[:2]]
        expired = await database.leases.acquire(shares[2], "one", seconds=0)
        taken = await _leased(database, shares[3])
        assert expired is not None
        await database.leases.acquire(shares[3], "two", seconds=HOUR, take_over=True)
        renewed = await database.leases.renew([*held, expired, taken], seconds=2 * HOUR)
        assert [each.share for each in renewed] == shares[:2]
        assert [each.token for each in renewed] == [each.token for each in held]
        assert all(new.expires_at >= old.expires_at + HOUR for new, old in zip(renewed, held, strict=True))
        assert await database.leases.renew([], seconds=HOUR) == []

    async def test_a_survey_tells_who_holds_what(self, database: Database) -> None:
        """Shares come with their holders, as far as leases have not expired, and members with what they work on."""
        await database.prepare_view(VIEW)
        await _leased(database, LOWER)
        assert await database.leases.acquire(UPPER, "two", seconds=0) is not None
        work = Work(NAME, 1)
        await database.members.beat("two", [work, Work("other_view", 3)], seconds=HOUR)
        await database.members.beat("one", [work], seconds=HOUR)
        await database.members.beat("late", [work], seconds=0)
        survey = await database.shares.survey()
        assert [(each.share, each.version, each.role, each.position, each.owner) for each in survey.shares] == [
            (LOWER, 1, Role.LIVE, 0, "one"),
            (UPPER, 1, Role.LIVE, 0, None),
        ]
        assert dict(survey.members) == {work: ["one", "two"], Work("other_view", 3): ["two"]}
        await database.members.beat("two", [Work("other_view", 3)], seconds=HOUR)
        await database.members.leave("one")
        await database.members.leave("one")
        assert dict((await database.shares.survey()).members) == {Work("other_view", 3): ["two"]}

    async def test_a_split_copies_the_position(self, database: Database) -> None:
        """Both halves go on from it; the lease on the share is that on its lower half, and the upper half is free."""
        await database.prepare_view(replace(VIEW, partitions=1))
        lease = await _leased(database, Share(NAME))
        await _move(database, lease, 0, 7, "a")
        assert await database.shares.split(lease) == (LOWER, UPPER)
        assert await _layout(database) == [("0..127", 7), ("128..255", 7)]
        await _move(database, replace(lease, share=LOWER), 7, 8, "b")
        await _move(database, await _leased(database, UPPER, "two"), 7, 9, "c")
        with pytest.raises(CheckpointConflictError):
            await _move(database, lease, 8, 9, "d")
        with pytest.raises(LeaseLostError):
            await database.shares.split(lease)
        with pytest.raises(ConfigurationError):
            await database.shares.split(replace(lease, share=Share(NAME, 1, Buckets(3, 3))))

    async def test_equal_neighbours_are_merged(self, database: Database) -> None:
        """The lease on the lower one is that on both; their former owners commit nothing."""
        await database.prepare_view(VIEW)
        lower, upper = await _leased(database, LOWER), await _leased(database, UPPER)
        await _move(database, lower, 0, 7, "a")
        with pytest.raises(ConfigurationError):
            await database.shares.merge(lower, upper)
        with pytest.raises(ConfigurationError):
            await database.shares.merge(upper, lower)
        await _move(database, upper, 0, 7, "b")
        assert await database.shares.merge(lower, upper) == Share(NAME)
        assert await _layout(database) == [("0..255", 7)]
        assert [each.changes for each in await database.checkpoints.read(NAME)] == [2]
        for former in (lower, upper):
            with pytest.raises(CheckpointConflictError):
                await _move(database, former, 7, 8, "c")
        await _move(database, replace(lower, share=Share(NAME)), 7, 8, "c")

    async def test_a_former_owner_divides_nothing(self, database: Database) -> None:
        """A token that is not the latest one neither splits nor merges."""
        await database.prepare_view(VIEW)
        former, upper = await _leased(database, LOWER), await _leased(database, UPPER)
        assert await database.leases.acquire(LOWER, "two", seconds=HOUR, take_over=True) is not None
        with pytest.raises(LeaseLostError):
            await database.shares.split(former)
        with pytest.raises(LeaseLostError):
            await database.shares.merge(former, upper)
        assert await _layout(database) == [("0..127", 0), ("128..255", 0)]

    async def test_what_is_processed_is_counted(self, database: Database) -> None:
        """Counts add up within a stretch of the log; a completed one is kept, and so is what a split or merge ends."""
        await database.prepare_view(replace(VIEW, partitions=1))
        lease = await _leased(database, Share(NAME))
        first, second, third = Processed.of([1, 2]), Processed.of([9]), Processed.of([STRETCH + 1])
        await _move(database, lease, 0, 5, processed=first)
        await _move(database, lease, 5, 9, processed=second)
        (checkpoint,) = await database.checkpoints.read(NAME)
        assert (checkpoint.counted_after, checkpoint.processed) == (0, Processed.of([9, 1, 2]))
        await _move(database, lease, 9, STRETCH + 1, processed=third)
        (checkpoint,) = await database.checkpoints.read(NAME)
        assert (checkpoint.counted_after, checkpoint.processed) == (9, third)
        lower, upper = await database.shares.split(lease)
        halves = [replace(lease, share=lower), await _leased(database, upper)]
        for half in halves:
            await _move(database, half, STRETCH + 1, STRETCH + 8, processed=Processed.of([STRETCH + half.token]))
        await database.shares.merge(*halves)
        (checkpoint,) = await database.checkpoints.read(NAME)
        assert (checkpoint.counted_after, checkpoint.processed.count) == (STRETCH + 8, 0)
        stretches = await database.checkpoints.stretches(NAME, 1)
        assert [(str(each.share.buckets), each.after, each.through, each.processed.count) for each in stretches] == [
            ("0..255", 0, 9, 3),
            ("0..255", 9, STRETCH + 1, 1),
            ("0..127", STRETCH + 1, STRETCH + 8, 1),
            ("128..255", STRETCH + 1, STRETCH + 8, 1),
        ]
        assert stretches[0].processed == Processed.of([1, 2, 9])

    async def test_a_refused_move_counts_nothing(self, database: Database) -> None:
        """Neither a count nor a completed stretch is left of a batch that was refused."""
        await database.prepare_view(VIEW)
        lease = await _leased(database, LOWER)
        await _move(database, lease, 0, 5, processed=Processed.of([1]))
        with pytest.raises(CheckpointConflictError):
            await _move(database, replace(lease, token=0), 5, STRETCH + 1, processed=Processed.of([9]))
        assert await database.checkpoints.stretches(NAME, 1) == []
        checkpoint = await database.checkpoints.read_share(LOWER)
        assert checkpoint is not None
        assert checkpoint.processed == Processed.of([1])
