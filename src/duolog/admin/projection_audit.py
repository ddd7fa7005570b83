"""Comparing what the shares of a view have processed with the log."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from duolog.codec.event_codec import EventCodec
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.projections.event_keys import EventKeys
from duolog.projections.projection import Projection
from duolog.projections.shares import share_filter
from duolog.subscriptions.generations import Generation
from duolog.subscriptions.processed import NOTHING, Processed, Stretch
from duolog.subscriptions.share import Share

_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A stretch of the log that a share has not processed as the log has it.

    Attributes:
        after: it begins above this position.
        through: and ends with this one.
        buckets: the share's buckets then, like ``0..127``.
        logged: how many events of it the share should have processed.
        processed: how many it has; if that is the same number, they were other ones.
    """

    after: int
    through: int
    buckets: str
    logged: int
    processed: int


@dataclass(frozen=True, slots=True)
class ShareAudit:
    """What an audit of one share has found.

    Attributes:
        subscription: the projection's name.
        generation: number of its generation.
        buckets: its buckets, like ``0..127``.
        after: what is at or below this position was processed before counting began, and cannot be compared.
        through: the position that was compared last.
        count: how many positions it has processed, of those that were compared.
        digest: of these positions, 16 hexadecimal digits.
        differences: where the log has others; none if all is well.
    """

    subscription: str
    generation: int
    buckets: str
    after: int
    through: int
    count: int
    digest: str
    differences: Sequence[Difference]


async def audit_projection(database: Database, projection: type[Projection], codec: EventCodec) -> Sequence[ShareAudit]:
    """Compare what a projection's generations of its code's version have processed with the log.

    Each share counts the positions that it has applied or parked, in the transactions that did it and in stretches of
    65,536 positions: a difference is known as exactly as that. Splits and merges end stretches, too.

    Args:
        database: an open database; it is only read.
        projection: the projection's class, which says what it wants.
        codec: decodes events, where the projection declares a key.

    Returns:
        What was found of each share, by generation and bucket.

    Raises:
        ConfigurationError: it has no generation of its code's version.
        DatabaseError: it cannot be read.
    """
    generations = [
        each for each in await database.generations.read(projection.name) if each.version == projection.version
    ]
    if not generations:
        message = f"no view {projection.name!r} of version {projection.version} has been built on this database"
        raise ConfigurationError(message, hint="`duolog projections status` shows which there are.")
    audits: list[ShareAudit] = []
    for generation in generations:
        audits += await _Audit(database, projection, EventKeys(projection, codec)).run(generation)
    return audits


class _Audit:
    def __init__(self, database: Database, projection: type[Projection], keys: EventKeys) -> None:
        self._database = database
        self._projection = projection
        self._keys = keys

    async def run(self, generation: Generation) -> list[ShareAudit]:
        # Checkpoints first: what a share ends after that is above what is compared.
        checkpoints = [
            each
            for each in await self._database.checkpoints.read_all()
            if each.share.key[:2] == (generation.subscription, generation.number)
        ]
        ended = await self._database.checkpoints.stretches(generation.subscription, generation.number)
        audits: list[ShareAudit] = []
        for checkpoint in checkpoints:
            share = checkpoint.share
            current = Stretch(share, checkpoint.counted_after, checkpoint.position, checkpoint.processed)
            # An ended stretch of a share that was wider or narrower is told with the share that has its first bucket.
            own = [
                each
                for each in ended
                if each.share.buckets.lo in share.buckets.numbers and each.through <= checkpoint.counted_after
            ]
            audits.append(await self._compare(share, [*own, current]))
        return audits

    async def _compare(self, share: Share, stretches: Sequence[Stretch]) -> ShareAudit:
        differences: list[Difference] = []
        total = NOTHING
        for stretch in stretches:
            logged = await self._logged(stretch)
            total += stretch.processed
            if logged != stretch.processed:
                counts = logged.count, stretch.processed.count
                differences.append(Difference(stretch.after, stretch.through, f"{stretch.share.buckets}", *counts))
        first, last = min(each.after for each in stretches), stretches[-1].through
        name, digest = share.subscription, f"{total.digest:016x}"
        return ShareAudit(name, share.generation, f"{share.buckets}", first, last, total.count, digest, differences)

    async def _logged(self, stretch: Stretch) -> Processed:
        logged = NOTHING
        async for positions in self._positions(stretch):
            logged += Processed.of(positions)
        return logged

    async def _positions(self, stretch: Stretch) -> AsyncGenerator[Sequence[int], None]:
        wanted, at = share_filter(self._projection, stretch.share), stretch.after
        while at < stretch.through:
            page = await self._database.store.read_all(after=at, limit=_PAGE, filter=wanted)
            events = [event for event in page.events if event.position <= stretch.through]
            if self._projection.is_keyed():
                buckets = stretch.share.buckets
                events = [event for event in events if buckets.hold(event.tenant, self._keys.read(event).key)]
            yield [event.position for event in events]
            if page.through <= at:
                return
            at = page.through
