"""How far the projections of a database are, and who advances them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.database.port import Database
from duolog.subscriptions.generations import Role

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """Where one projection stands.

    Attributes:
        name: the projection's name.
        version: version of the code that built its view.
        position: last position of the log that it has applied or parked.
        lag: positions of the log above that.
        updated_at: when it moved last, by the database's clock; None if it never did.
        owner: who may advance it; None if nobody took the lease, or gave it back.
        leased_until: until when, by the database's clock; None without an owner. A past time means that the owner
            died or is about to renew.
        parked: how many events it has set aside.
    """

    name: str
    version: int
    position: int
    lag: int
    updated_at: datetime | None
    owner: str | None
    leased_until: datetime | None
    parked: int

    def is_owned(self, now: datetime) -> bool:
        """Tell whether somebody holds the lease at a time."""
        return self.leased_until is not None and self.leased_until > now


async def projection_statuses(database: Database) -> Sequence[ProjectionStatus]:
    """Tell where all projections of a database stand, by name.

    Args:
        database: an open database; it is only read.

    Raises:
        DatabaseError: it cannot be read.
    """
    # The head is read first: a checkpoint read later can only be above it, never look further behind than it is.
    head = await database.store.head()
    generations, checkpoints, leases, parked = await asyncio.gather(
        database.generations.read_all(),
        database.checkpoints.read_all(),
        database.leases.read_all(),
        database.parking.counts(),
    )
    owners = {lease.share.key: lease for lease in leases}
    statuses: list[ProjectionStatus] = []
    for generation in generations:
        shares = [each for each in checkpoints if each.share.key[:2] == (generation.subscription, generation.number)]
        if generation.role is not Role.LIVE or not shares:
            continue
        position, updated_at = min(each.position for each in shares), max(each.updated_at for each in shares)
        lease = owners.get(shares[0].share.key)
        statuses.append(
            ProjectionStatus(
                name=generation.subscription,
                version=generation.version,
                position=position,
                lag=max(0, head - position),
                updated_at=_time(updated_at) if updated_at else None,
                owner=lease.owner if lease else None,
                leased_until=_time(lease.expires_at) if lease else None,
                parked=parked.get(generation.subscription, 0),
            )
        )
    return statuses


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
