"""The contract of `Leases`: one owner at a time, by the database's clock, each with a greater token."""

import asyncio

from duolog.database.port import Database
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share

HOUR = 3_600.0
VIEW = Share("users_view")


async def _acquired(database: Database, owner: str, *, seconds: float = HOUR) -> Lease:
    lease = await database.leases.acquire(VIEW, owner, seconds=seconds)
    assert lease is not None
    return lease


class LeaseContract:
    """Every backend gives leases in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_a_lease_has_one_holder(self, database: Database) -> None:
        """While one owner holds a lease, no other one gets it."""
        lease = await _acquired(database, "one")
        assert (lease.share, lease.owner) == (VIEW, "one")
        assert lease.token >= 1
        assert await database.leases.acquire(VIEW, "two", seconds=HOUR) is None
        assert [held.owner for held in await database.leases.read_all()] == ["one"]

    async def test_one_of_many_gets_it(self, database: Database) -> None:
        """Of owners that ask side by side exactly one gets the lease."""
        asked = [database.leases.acquire(VIEW, f"owner {number}", seconds=HOUR) for number in range(8)]
        leases = await asyncio.gather(*asked)
        assert len([lease for lease in leases if lease is not None]) == 1

    async def test_subscriptions_are_leased_separately(self, database: Database) -> None:
        """Different subscriptions may have different owners; leases are listed by subscription."""
        for subscription, owner in (("b", "one"), ("a", "two")):
            assert await database.leases.acquire(Share(subscription), owner, seconds=HOUR) is not None
        assert [(held.subscription, held.owner) for held in await database.leases.read_all()] == [
            ("a", "two"),
            ("b", "one"),
        ]

    async def test_its_holder_renews_it(self, database: Database) -> None:
        """The holder keeps its token and gets more time."""
        lease = await _acquired(database, "one")
        renewed = await _acquired(database, "one", seconds=2 * HOUR)
        assert renewed.token == lease.token
        assert renewed.expires_at >= lease.expires_at + HOUR * 1_000_000

    async def test_a_released_lease_is_free(self, database: Database) -> None:
        """The next owner need not wait, and has a greater token."""
        lease = await _acquired(database, "one")
        await database.leases.release(lease)
        assert (await _acquired(database, "two")).token > lease.token

    async def test_an_expired_lease_is_free(self, database: Database) -> None:
        """When its time is over another owner gets it, with a greater token."""
        lease = await _acquired(database, "one", seconds=0)
        taken = await _acquired(database, "two")
        assert taken.token > lease.token
        assert await database.leases.acquire(VIEW, "one", seconds=HOUR) is None

    async def test_a_former_owner_comes_back_with_a_new_token(self, database: Database) -> None:
        """An owner whose lease has expired is a new owner, even if nobody was in between."""
        lease = await _acquired(database, "one", seconds=0)
        assert (await _acquired(database, "one")).token > lease.token

    async def test_a_former_owner_releases_nothing(self, database: Database) -> None:
        """Releasing a lease that somebody else has taken does nothing."""
        lease = await _acquired(database, "one", seconds=0)
        await _acquired(database, "two")
        await database.leases.release(lease)
        assert await database.leases.acquire(VIEW, "three", seconds=HOUR) is None

    async def test_releasing_twice_does_nothing(self, database: Database) -> None:
        """A lease may be given back twice."""
        lease = await _acquired(database, "one")
        await database.leases.release(lease)
        await database.leases.release(lease)
        assert (await _acquired(database, "two")).token > lease.token

    async def test_a_lease_can_be_taken_over(self, database: Database) -> None:
        """An operator takes an unexpired lease, with a greater token; its former holder neither renews nor releases."""
        lease = await _acquired(database, "one")
        taken = await database.leases.acquire(VIEW, "operator", seconds=HOUR, take_over=True)
        assert taken is not None
        assert (taken.owner, taken.token > lease.token) == ("operator", True)
        assert await database.leases.acquire(VIEW, "one", seconds=HOUR) is None
        await database.leases.release(lease)
        assert [held.owner for held in await database.leases.read_all()] == ["operator"]
