"""How far the projections of a database are, and who advances them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from duolog.database.port import Database
from duolog.projections.inline_views import ALWAYS_CURRENT
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.delay import delay_after
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShareStatus:
    """Where one share of a projection's view stands.

    Attributes:
        buckets: which of the 256 buckets it has, like ``0..127``.
        position: last position of the log that it has applied or parked.
        lag: positions of the log above that.
        owner: who may advance it; None if nobody took the lease, or gave it back.
        leased_until: until when, by the database's clock; None without an owner. A past time means that the owner
            died or is about to renew.
        updated_at: when it moved last, by the database's clock; None if it never did.
    """

    buckets: str
    position: int
    lag: int
    owner: str | None
    leased_until: datetime | None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """Where one generation of a projection's view stands; as far as the least of its shares.

    Attributes:
        name: the projection's name.
        generation: number of the generation.
        role: what it is there for: live, shadow or previous.
        version: version of the code that builds it.
        position: last position of the log that all shares have applied or parked.
        lag: positions of the log above that.
        lag_seconds: age of the oldest event above that, in seconds by the clock of this machine; 0 if there is none.
        updated_at: when a share moved last, by the database's clock; None if none ever did.
        owner: who may advance its first share; see ``shares``.
        leased_until: until when; see ``shares``.
        parked: how many events are set aside of the live generation; 0 of others.
        shares: its shares, by bucket.
        inline: whoever appends writes it, so that it is at the log's end always.
        paused_by: who paused the projection; None if it is not paused.
        paused_since: since when it is paused, by the database's clock.
        rate: positions of the log that it passed in a second while it was looked at; None if it was not.
    """

    name: str
    version: int
    position: int
    lag: int
    updated_at: datetime | None
    owner: str | None
    leased_until: datetime | None
    parked: int
    lag_seconds: float = 0.0
    generation: int = 1
    role: str = Role.LIVE.value
    shares: Sequence[ShareStatus] = ()
    inline: bool = False
    paused_by: str | None = None
    paused_since: datetime | None = None
    rate: float | None = None

    def is_owned(self, now: datetime) -> bool:
        """Tell whether somebody holds the lease on every share at a time."""
        return all(each.leased_until is not None and each.leased_until > now for each in self.shares)


async def projection_statuses(database: Database) -> Sequence[ProjectionStatus]:
    """Tell where the live views of all projections stand, by name.

    Args:
        database: an open database; it is only read.

    Raises:
        DatabaseError: it cannot be read.
    """
    return [each for each in await generation_statuses(database) if each.role == Role.LIVE.value]


async def generation_statuses(database: Database) -> Sequence[ProjectionStatus]:
    """Tell where all generations of all views stand, by name and number; otherwise like `projection_statuses`."""
    # The head is read first: a checkpoint read later can only be above it, never look further behind than it is.
    head = await database.store.head()
    generations, checkpoints, leases, parked, pauses = await asyncio.gather(
        database.generations.read_all(),
        database.checkpoints.read_all(),
        database.leases.read_all(),
        database.parking.counts(),
        database.pauses.read(),
    )
    owners = {lease.share.key: lease for lease in leases}
    statuses: list[ProjectionStatus] = []
    for generation in generations:
        own = [each for each in checkpoints if each.share.key[:2] == (generation.subscription, generation.number)]
        shares = [_share_status(each, owners.get(each.share.key), head) for each in own]
        if not shares:
            continue
        paused = pauses.get(generation.subscription)
        position, updated_at = min(each.position for each in shares), max(each.updated_at for each in own)
        statuses.append(
            ProjectionStatus(
                name=generation.subscription,
                generation=generation.number,
                paused_by=None if paused is None else paused.by,
                paused_since=None if paused is None else _time(paused.since),
                role=generation.role.value,
                version=generation.version,
                position=position,
                lag=max(0, head - position),
                lag_seconds=await delay_after(database.store, position) if position < head else 0.0,
                updated_at=_time(updated_at) if updated_at else None,
                owner=shares[0].owner,
                leased_until=shares[0].leased_until,
                parked=parked.get(generation.subscription, 0) if generation.role is Role.LIVE else 0,
                shares=shares,
                inline=all(each.position == ALWAYS_CURRENT for each in own),
            )
        )
    return statuses


async def generation_rates(database: Database, *, seconds: float) -> Sequence[ProjectionStatus]:
    """Tell where all generations stand after some time, and how fast they came there; else like `generation_statuses`.

    Args:
        database: an open database; it is only read.
        seconds: for how long to look, above 0.
    """
    loop = asyncio.get_running_loop()
    before, began = await generation_statuses(database), loop.time()
    await asyncio.sleep(seconds)
    after, lasted = await generation_statuses(database), loop.time() - began
    were = {(each.name, each.generation): each.position for each in before}
    return [
        replace(each, rate=max(0, each.position - were.get((each.name, each.generation), each.position)) / lasted)
        for each in after
    ]


def _share_status(checkpoint: Checkpoint, lease: Lease | None, head: int) -> ShareStatus:
    return ShareStatus(
        buckets=str(checkpoint.share.buckets),
        position=head if checkpoint.position == ALWAYS_CURRENT else checkpoint.position,
        lag=max(0, head - checkpoint.position),
        owner=lease.owner if lease else None,
        leased_until=_time(lease.expires_at) if lease else None,
        updated_at=_time(checkpoint.updated_at) if checkpoint.updated_at else None,
    )


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
