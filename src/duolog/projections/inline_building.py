"""Building the view of an inline projection over a log that has events already."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final, Protocol

from duolog.dispatch.shield import shielded
from duolog.errors import InlineViewNotBuiltError, LeaseLostError, SwitchBlockedError
from duolog.eventstore.filters import EventFilter
from duolog.messages.envelope import RecordedEvent
from duolog.projections.inline_views import ALWAYS_CURRENT, InlineViews, is_built, wanted_types
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewSession
from duolog.projections.views import ViewGenerations
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.generations import Generation, Role, live_of
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import merge_all
from duolog.subscriptions.source import SubscriptionSource

_LEASE_SECONDS: Final = 30.0
_SLICE: Final = 500
_PATIENCE: Final = 10.0
_SHORTEST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.2
_SWITCH_SECONDS: Final = 60.0


class BuiltViews(ViewGenerations, Protocol):
    """Prepares, opens and switches views; what it raises is said at the database's port."""

    async def prepare(self, projection: type[Projection], lease: Lease | None, /) -> Sequence[Checkpoint]:
        """Create a projection's first generation where there is none; an owner's call makes anew one without tables."""
        ...

    async def missing_tables(self, projection: type[Projection], generation: Generation, /) -> Sequence[str]:
        """Return the tables that a projection declares and a generation of it lacks."""
        ...

    def open(self, projection: type[Projection], share: Share, role: Role, /) -> ViewSession:
        """Open the session for one batch of a share."""
        ...


class InlineBuilding:
    """Makes inline views show what the log has.

    A view is built in slices, which a kill interrupts without harm: the first one of its name in its place, another
    version in a shadow while the former one is read and written as ever. When the shadow is near the log's end it takes
    the former one's place, and that one is dropped, as nobody writes it any more. Then comes the last slice: while it
    is applied nobody can append, and with it the view counts as built. Between the switch and that, a moment later,
    units that would write the view are refused; so are those of the former version from then on.

    Args:
        views: applies events.
        generations: prepares, opens and switches views.
        source: the log, checkpoints and leases; every database is one.
    """

    __slots__ = ("_generations", "_source", "_views")

    def __init__(self, views: InlineViews, generations: BuiltViews, source: SubscriptionSource) -> None:
        self._views = views
        self._generations = generations
        self._source = source

    async def check(self) -> None:
        """Refuse to go on with a view that does not show the log; one that has nothing to show is built at once.

        Raises:
            InlineViewNotBuiltError: the log has events that a view does not show.
            StatementError: the DDL of a view is wrong.
            ViewNotEmptyError: a view that never ran here would begin with rows.
            DatabaseError: the database failed.
        """
        for projection in self._views.projections:
            async with asyncio.timeout(_PATIENCE):  # processes that start together: one builds, the others wait
                while not await self._is_shown(projection):
                    if (await self._source.store.read_all(limit=1, filter=_wanted(projection))).events:
                        raise InlineViewNotBuiltError(subscription=projection.name, version=projection.version)
                    try:
                        await self.build(projection)
                    except LeaseLostError:
                        await _pause()

    async def build(self, projection: type[Projection]) -> None:
        """Build a view, or go on where that was interrupted; does nothing if it is built.

        One whose tables are gone, as in a database to which only the log was moved, is built from the beginning. One
        that was divided has one share again.

        Raises:
            InlineProjectionError: a method raised, or the database refused what it wrote.
            LeaseLostError: somebody else builds it.
            SwitchBlockedError: the former view's tables were in use for a minute.
            SwitchRefusedError: something undeclared hangs on the former view's tables.
            ViewNotEmptyError: a view that never ran here would begin with rows.
            DatabaseError: the database failed.
        """
        live = await self._live(projection)
        if live is not None and live.version != projection.version:
            shadow = await self._generations.create_shadow(projection)
            await self._advance(projection, shadow)
            await self._generations.finish_load(projection, shadow.number)
            await self._switch(projection, shadow)
        elif live is None:
            await self._generations.prepare(projection, None)
        else:
            await self._mend(projection, live)
        if is_built(projection, await self._source.checkpoints.read(projection.name)):
            return
        live = await self._live(projection)
        if live is None or live.version != projection.version:
            message = f"somebody else has given {projection.name!r} another version"
            raise LeaseLostError(message)
        await self._drop_others(projection, live)
        await self._advance(projection, live)

    async def _is_shown(self, projection: type[Projection]) -> bool:
        """Tell whether a view shows the log: a checkpoint that says so may have come without the tables."""
        if not is_built(projection, await self._source.checkpoints.read(projection.name)):
            return False
        live = await self._live(projection)
        return live is not None and not await self._generations.missing_tables(projection, live)

    async def _mend(self, projection: type[Projection], live: Generation) -> None:
        """Make a view whole that was divided, and let one that lost a table begin anew."""
        shares = [each.share for each in await self._source.checkpoints.read(projection.name)]
        is_missing = bool(await self._generations.missing_tables(projection, live))
        if len(shares) == 1 and not is_missing:
            return
        async with AsyncExitStack() as stack:
            leases: list[Lease] = []
            for share in shares:
                leases += [lease := await self._lease(share)]
                stack.push_async_callback(self._release, lease)
            if is_missing:
                await self._generations.prepare(projection, leases[0])
                return
            await merge_all(self._source.shares, leases)

    async def _live(self, projection: type[Projection]) -> Generation | None:
        there = await self._source.generations.read(projection.name)
        return live_of(there)

    async def _switch(self, projection: type[Projection], shadow: Generation) -> None:
        """Let queries read the shadow; that it is behind, as every position is, is put right a moment later."""
        until = asyncio.get_running_loop().time() + _SWITCH_SECONDS
        while True:
            try:
                await self._generations.switch(projection, shadow.number, accept_behind=True)
            except SwitchBlockedError:
                if asyncio.get_running_loop().time() >= until:
                    raise
                await _pause()
            else:
                return

    async def _drop_others(self, projection: type[Projection], live: Generation) -> None:
        """Drop what nobody writes any more, so that nobody goes back to it."""
        for each in await self._source.generations.read(projection.name):
            if each.number != live.number:
                await self._generations.drop(projection, each.number)

    async def _advance(self, projection: type[Projection], generation: Generation) -> None:
        """Bring a generation near the log's end; if it is live, to its end for good."""
        share = Share(projection.name, generation.number)
        leases = self._source.leases
        lease = await self._lease(share)
        try:
            checkpoint = await self._source.checkpoints.read_share(share)
            position = ALWAYS_CURRENT if checkpoint is None else checkpoint.position
            while position < ALWAYS_CURRENT:
                await leases.renew((lease,), seconds=_LEASE_SECONDS)
                page = await self._source.store.read_all(after=position, limit=_SLICE, filter=_wanted(projection))
                is_near = len(page.events) < _SLICE
                if is_near and generation.role is not Role.LIVE:
                    return
                through = ALWAYS_CURRENT if is_near else page.through
                move = CheckpointMove(share, projection.version, lease.token, position, through)
                await self._slice(projection, generation, page.events, move)
                position = through
        finally:
            await self._release(lease)

    async def _lease(self, share: Share) -> Lease:
        lease = await self._source.leases.acquire(share, owner_name(), seconds=_LEASE_SECONDS)
        if lease is None:
            message = f"somebody else builds {share.subscription!r}"
            raise LeaseLostError(message, hint="Wait for it; if it died, its lease ends after half a minute.")
        return lease

    async def _release(self, lease: Lease) -> None:
        await shielded(self._source.leases.release(lease))

    async def _slice(
        self,
        projection: type[Projection],
        generation: Generation,
        events: Sequence[RecordedEvent],
        move: CheckpointMove,
    ) -> None:
        """Apply one slice in one transaction; the last one holds those out who append."""
        session = self._generations.open(projection, move.share, generation.role)
        try:
            if move.new == ALWAYS_CURRENT:
                events = await session.hold_appends(move.old, _wanted(projection))
            await self._views.apply(projection, events, session)
            await session.commit(move.over(events))
        finally:
            await shielded(session.close())


async def _pause() -> None:
    await asyncio.sleep(random.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE))  # noqa: S311 - jitter keeps no secret


def _wanted(projection: type[Projection]) -> EventFilter:
    return EventFilter.of(types=sorted(wanted_types(projection)))
