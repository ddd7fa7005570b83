"""The contract of what views have come to: it grows with every change, and belongs to the snapshot it is read in."""

from dataclasses import replace
from typing import Final

from duolog.database.port import Database, View
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import Buckets, Share
from duolog.tables.view_changes import ViewChanges, ViewVersion

NAME: Final = "contract_view"
VIEW: Final = View(NAME, 1, {NAME: f"CREATE TABLE {NAME} (id TEXT PRIMARY KEY)"}, partitions=2)
LOWER: Final = Share(NAME, 1, Buckets(0, 127))
UPPER: Final = Share(NAME, 1, Buckets(128, 255))
COUNT: Final = f"SELECT count(*) FROM {NAME}"  # noqa: S608 - a constant


async def _leased(database: Database, share: Share) -> Lease:
    lease = await database.leases.acquire(share, "one", seconds=3_600.0)
    assert lease is not None
    return lease


async def _move(database: Database, lease: Lease, old: int, new: int, *rows: str) -> None:
    session = database.open_view(VIEW, lease.share)
    try:
        for each in rows:
            await session.execute(f"INSERT INTO {NAME} (id) VALUES (:id)", {"id": each})  # noqa: S608 - a constant
        await session.commit(CheckpointMove(lease.share, 1, lease.token, old, new))
    finally:
        await session.close()


async def _changes(database: Database) -> ViewChanges:
    return (await database.view_changes([NAME]))[NAME]


async def _version(database: Database) -> ViewVersion:
    return (await _changes(database)).version


class ViewChangesContract:
    """Every backend counts changes in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_a_view_that_never_ran_is_left_out(self, database: Database) -> None:
        """Those that are there are told, in the order of nothing."""
        await database.prepare_view(VIEW)
        assert set(await database.view_changes([NAME, "other_view"])) == {NAME}
        assert not await database.view_changes(["other_view"])
        assert not await database.view_changes([])

    async def test_it_grows_only_with_what_is_written(self, database: Database) -> None:
        """A move without a write leaves it; a write of any share, and a parked event, make it greater."""
        await database.prepare_view(VIEW)
        lower, upper = await _leased(database, LOWER), await _leased(database, UPPER)
        begun = await _version(database)
        await _move(database, lower, 0, 7)
        await _move(database, upper, 0, 9)
        assert await _changes(database) == ViewChanges(begun, 7)
        await _move(database, upper, 9, 10, "a")
        written = await _version(database)
        await _move(database, lower, 7, 8, "b")
        again = await _version(database)
        session = database.open_view(VIEW, LOWER)
        parked = ParkedEvent(NAME, "", "user-1", 8, "t", ParkReason.UNDECODABLE)
        await session.commit(CheckpointMove(LOWER, 1, lower.token, 8, 8), [parked])
        assert begun < written < again < await _version(database)

    async def test_dividing_and_joining_shares_never_makes_it_less(self, database: Database) -> None:
        """What was heard of a view stays the least that it has come to, however it is divided."""
        await database.prepare_view(VIEW)
        lower, upper = await _leased(database, LOWER), await _leased(database, UPPER)
        await _move(database, lower, 0, 5, "a")
        await _move(database, upper, 0, 5, "b")
        versions = [await _version(database)]
        await database.shares.split(lower)
        versions.append(await _version(database))
        halves = [await _leased(database, share) for share in LOWER.halves()]
        await database.shares.merge(*halves)
        versions.append(await _version(database))
        joined = await _leased(database, LOWER)
        await _move(database, joined, 5, 6, "c")
        versions.append(await _version(database))
        assert versions == sorted(versions)
        assert versions[-2] < versions[-1]

    async def test_another_generation_is_later(self, database: Database) -> None:
        """A switch, the way back and a view that begins again are each told from everything before."""
        await database.prepare_view(replace(VIEW, partitions=1))
        versions = [await _version(database)]
        shadow = await database.create_shadow(replace(VIEW, version=2, partitions=1))
        versions.append(await _version(database))
        assert versions[0] == versions[1]
        await database.switch_view(replace(VIEW, version=2), shadow.number)
        versions.append(await _version(database))
        await database.switch_view(VIEW, 1, accept_behind=True)
        versions.append(await _version(database))
        leases = [await _leased(database, Share(NAME, number)) for number in (1, shadow.number)]
        await database.forget_view(NAME, leases=leases, tables=[NAME])
        await database.prepare_view(replace(VIEW, partitions=1))
        versions.append(await _version(database))
        assert versions[1] < versions[2] < versions[3] < versions[4]

    async def test_a_snapshot_tells_what_its_own_rows_have_come_to(self, database: Database) -> None:
        """What is committed after its first read changes neither the rows nor what is said of them."""
        await database.prepare_view(VIEW)
        lower = await _leased(database, LOWER)
        await _move(database, lower, 0, 1, "a")
        before = await _changes(database)
        reader = database.open_reader()
        try:
            assert (await reader.view_changes([NAME]))[NAME] == before
            await _move(database, lower, 1, 2, "b")
            again, rows = (await reader.view_changes([NAME]))[NAME], await reader.fetch_value(COUNT)
        finally:
            await reader.close()
        after = await _changes(database)
        assert before.version < after.version
        assert (again, rows) == ((before, 1) if database.features.snapshot_reads else (after, 2))
