"""Comparing two generations of a view row by row, at one position of the log."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from duolog.admin.share_meeting import CatchUp, share_position, take_over
from duolog.admin.table_difference import TableDifference, TableReader, difference_of
from duolog.database.port import Database
from duolog.errors import ViewBehindError
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share

_READ_SECONDS: Final = 3_600.0
_PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class GenerationDifference:
    """What two generations of a view do not have in common.

    Attributes:
        subscription: the view's name.
        live: number of the live generation.
        other: number of the one that it was compared with.
        position: the position of the log at which both were.
        tables: what was found of each table that one of them has, in their order.
    """

    subscription: str
    live: int
    other: int
    position: int
    tables: Sequence[TableDifference]

    @property
    def is_equal(self) -> bool:
        """Whether queries would find the same."""
        return all(table.is_equal for table in self.tables)


Mask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Makes of a row what may be shown of it."""


async def compare_generations(
    database: Database,
    projection: type[Projection],
    processors: ProjectionShares,
    other: Generation,
    *,
    mask: Mask,
    samples: int = 5,
    seconds: float = 30.0,
) -> GenerationDifference:
    """Compare a generation of a projection's view with the live one.

    For a moment nobody else advances them: both are brought to one position, a snapshot is taken, and their owners go
    on while it is read. Where the live one has another version than the code, it is not advanced here, and the other
    one is brought to where it is.

    Args:
        database: an open database.
        projection: the projection's class.
        processors: makes what applies pages.
        other: the generation; it must have the code's version.
        mask: makes of a sample what may be shown of it.
        samples: so many rows of each kind and table are shown.
        seconds: how long to try to bring them to one position.

    Raises:
        ConfigurationError: there is no live generation.
        ViewBehindError: one could not be brought to where the other is in time.
        LeaseLostError: somebody else took a share over meanwhile.
        DatabaseError: the database failed.
    """
    meeting = _Meeting(database, projection, processors, other)
    reader = database.open_reader(seconds=_READ_SECONDS)
    try:
        async with AsyncExitStack() as stack:
            live, position = await meeting.meet(stack, seconds)
            ours, theirs = await database.stored_tables(live), await database.stored_tables(other)
            for table in (*ours, *theirs):
                await reader.fetch(f"SELECT 1 FROM {table.source} LIMIT 1")  # noqa: S608 - quoted; the snapshot begins
            if database.features.snapshot_reads:
                await stack.aclose()
            tables = TableReader(reader, samples)
            names = dict.fromkeys([each.name for each in (*ours, *theirs)])
            found = [
                await difference_of(
                    tables,
                    next((each for each in ours if each.name == name), None),
                    next((each for each in theirs if each.name == name), None),
                    name,
                )
                for name in names
            ]
        masked = [each.masked(mask) for each in found]
        return GenerationDifference(projection.name, live.number, other.number, position, masked)
    finally:
        await reader.close()


class _Meeting:
    def __init__(
        self, database: Database, projection: type[Projection], processors: ProjectionShares, other: Generation
    ) -> None:
        self._database = database
        self._projection = projection
        self._processors = processors
        self._other = other
        self._owner = owner_name()

    async def meet(self, stack: AsyncExitStack, seconds: float) -> tuple[Generation, int]:
        """Bring both to one position, which nobody leaves before ``stack``; return the live one, and the position."""
        until = asyncio.get_running_loop().time() + seconds
        while True:
            live = await self._live()
            async with AsyncExitStack() as attempt:
                ours = await self._take(live, attempt)
                theirs = await self._take(self._other, attempt)
                leases = [*ours, *theirs]
                where = {lease.share: await share_position(self._database, lease.share) for lease in leases}
                ahead, at = max(where.values()), min(where[lease.share] for lease in ours)
                mine = leases if live.version == self._projection.version else theirs
                rest = [lease.share for lease in leases if lease not in mine]
                if all([await self._is_as_at(share, where[share], ahead) for share in rest]):
                    for lease in mine:
                        await CatchUp(self._database, self._projection, self._processors, leases).bring(lease, ahead)
                    stack.push_async_exit(attempt.pop_all())
                    return live, ahead
            if asyncio.get_running_loop().time() >= until:
                name, number = self._projection.name, live.number
                raise ViewBehindError(view=name, generation=number, position=at, live=ahead)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _is_as_at(self, share: Share, position: int, ahead: int) -> bool:
        """Tell whether a share that cannot be advanced here is what it would be at a later position."""
        wanted = self._processors.following(self._projection, share).filter
        page = await self._database.store.read_all(after=position, limit=1, filter=wanted)
        return not page.events or page.events[0].position > ahead

    async def _live(self) -> Generation:
        there = await self._database.generations.read(self._projection.name)
        (live,) = [each for each in there if each.role is Role.LIVE]
        return live

    async def _take(self, generation: Generation, stack: AsyncExitStack) -> Sequence[Lease]:
        return [
            await take_over(self._database, each.share, self._owner, stack) for each in await self._shares(generation)
        ]

    async def _shares(self, generation: Generation) -> Collection[Checkpoint]:
        key = (generation.subscription, generation.number)
        return [each for each in await self._database.checkpoints.read_all() if each.share.key[:2] == key]
