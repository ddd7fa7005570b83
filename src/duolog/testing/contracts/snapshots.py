"""The contract of `SnapshotStore`, and of the units of work that write it."""

from collections.abc import Callable

import pytest

from duolog.database.port import Database
from duolog.errors import ConflictError
from duolog.eventstore.appends import Append
from duolog.eventstore.expectations import NO_STREAM, Exactly
from duolog.testing.contracts.samples import new_event, new_events, outcomes
from duolog.write.sealed_work import SealedWork
from duolog.write.snapshots import StoredSnapshot

EVERY_BYTE = bytes(range(256))


def snapshot(stream: str, version: int, data: bytes = EVERY_BYTE) -> StoredSnapshot:
    """Make a snapshot."""
    return StoredSnapshot(stream, version, "thing.state", 1, data)


def unit(stream: str, *, before: int, count: int = 1, tenant: str = "") -> SealedWork:
    """Make a unit that appends to a stream of ``before`` events, and brings the snapshot at its end."""
    appends = (Append(stream, tuple(new_events(count)), Exactly(before)),)
    return SealedWork(tenant, appends=appends, snapshots=(snapshot(stream, before + count),))


class SnapshotContract:
    """Every backend keeps snapshots in this way. Supply a ``database`` fixture: an open, empty `Database`.

    And ``make_database``: a callable that makes another one, unopened, on the same URL.
    """

    async def test_a_stream_without_a_snapshot_has_none(self, database: Database) -> None:
        """Neither an unknown stream nor one with events only."""
        await database.store.append("thing-1", new_events(1))
        assert await database.snapshots.load("thing-1") is None
        assert await database.snapshots.load("thing-2") is None

    async def test_a_snapshot_comes_back_byte_for_byte(self, database: Database) -> None:
        """It is committed with the events that it covers, and comes back as it was."""
        outcome = await database.committer.commit(unit("thing-1", before=0, count=3))
        assert outcome.versions == {"thing-1": 3}
        assert await database.snapshots.load("thing-1") == snapshot("thing-1", 3)

    async def test_the_latest_snapshot_of_a_stream_is_kept(self, database: Database) -> None:
        """A later one takes its place, also of another type and schema; other streams keep theirs."""
        for before in range(3):
            await database.committer.commit(unit("thing-1", before=before))
            await database.committer.commit(unit("thing-2", before=before))
        other = StoredSnapshot("thing-1", 4, "thing.other", 2, b"")
        await database.committer.commit(
            SealedWork(appends=(Append("thing-1", (new_event(),), Exactly(3)),), snapshots=(other,))
        )
        assert await database.snapshots.load("thing-1") == other
        assert await database.snapshots.load("thing-2") == snapshot("thing-2", 3)

    async def test_each_tenant_has_its_own(self, database: Database) -> None:
        """Streams of one name are different streams for each tenant, and so are their snapshots."""
        await database.committer.commit(unit("thing-1", before=0, count=2, tenant="one"))
        await database.committer.commit(unit("thing-1", before=0, count=5, tenant="two"))
        assert await database.snapshots.load("thing-1") is None
        assert await database.snapshots.load("thing-1", tenant="one") == snapshot("thing-1", 2)
        assert await database.snapshots.load("thing-1", tenant="two") == snapshot("thing-1", 5)

    async def test_a_refused_unit_leaves_no_snapshot(self, database: Database) -> None:
        """A snapshot is there if and only if the events are."""
        await database.committer.commit(unit("thing-1", before=0))
        refused = SealedWork(
            appends=(Append("thing-1", tuple(new_events(4)), NO_STREAM),), snapshots=(snapshot("thing-1", 4),)
        )
        with pytest.raises(ConflictError):
            await database.committer.commit(refused)
        assert await database.snapshots.load("thing-1") == snapshot("thing-1", 1)

    async def test_of_many_units_the_winner_brings_the_snapshot(self, database: Database) -> None:
        """Side by side, one unit wins the stream, and its snapshot is the one that is kept."""
        units = [unit("thing-1", before=0, count=count) for count in range(1, 9)]
        committed, errors = await outcomes(database.committer.commit(each) for each in units)
        assert (len(committed), len(errors)) == (1, 7)
        assert await database.snapshots.load("thing-1") == snapshot("thing-1", committed[0].versions["thing-1"])

    async def test_a_held_writer_commits_snapshots_too(self, database: Database) -> None:
        """Whoever holds the writer commits them with the rest."""
        held = await database.committer.hold_writer(seconds=5)
        try:
            await held.commit(unit("thing-1", before=0))
        finally:
            await held.close()
        assert await database.snapshots.load("thing-1") == snapshot("thing-1", 1)

    async def test_snapshots_last_where_the_database_does(
        self, database: Database, make_database: Callable[[], Database]
    ) -> None:
        """A database that is opened again has its snapshots, where it has its log."""
        await database.committer.commit(unit("thing-1", before=0))
        await database.close()
        again = make_database()
        await again.open()
        try:
            expected = snapshot("thing-1", 1) if again.features.durable else None
            assert await again.snapshots.load("thing-1") == expected
        finally:
            await again.close()
