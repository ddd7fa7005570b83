"""How far the projections of a database are, and who advances them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.database.port import Database

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
    checkpoints, leases, parked = await asyncio.gather(
        database.checkpoints.read_all(), database.leases.read_all(), database.parking.counts()
    )
    owners = {lease.subscription: lease for lease in leases}
    statuses: list[ProjectionStatus] = []
    for checkpoint in checkpoints:
        lease = owners.get(checkpoint.subscription)
        statuses.append(
            ProjectionStatus(
                name=checkpoint.subscription,
                version=checkpoint.version,
                position=checkpoint.position,
                lag=max(0, head - checkpoint.position),
                updated_at=_time(checkpoint.updated_at) if checkpoint.updated_at else None,
                owner=lease.owner if lease else None,
                leased_until=_time(lease.expires_at) if lease else None,
                parked=parked.get(checkpoint.subscription, 0),
            )
        )
    return statuses


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
