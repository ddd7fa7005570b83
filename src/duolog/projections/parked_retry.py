"""Applying parked events again, after what made them fail was put right."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from duolog.codec.event_codec import EventCodec
from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError, DatabaseError, LeaseLostError
from duolog.messages.envelope import RecordedEvent
from duolog.projections.handling import Handling
from duolog.projections.poison import Poison
from duolog.projections.projection import Projection
from duolog.projections.retry_attempt import RetryAttempt
from duolog.projections.views import OpenProjection, OpenView
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.failure import Failure, is_transient
from duolog.subscriptions.fingerprint import fingerprint
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare
from duolog.subscriptions.source import SubscriptionSource

_LEASE_SECONDS: Final = 30.0
_logger: Final = logging.getLogger("duolog.projections")


class ParkedRetry:
    """Applies parked events again, a key of a tenant in order and in one transaction.

    The events that could be applied are in the view, and no longer parked, when that transaction commits. The first
    that fails again stays parked with its new error, and so do those behind it. For its time the retry takes the
    leases of the shares concerned from their owners, whose next commit or renewal fails; they then load anew what is
    parked.

    Of keys that failed in the same way (see `fingerprint`), one is tried first, and the others only if it goes on.

    Args:
        projections: the projections' classes.
        source: the log, checkpoints, leases and parked events.
        open_view: opens a projection's view.
        open_projection: builds a projection's instance.
        codec: decodes events, upcast by this release's code.
    """

    def __init__(
        self,
        projections: Sequence[type[Projection]],
        *,
        source: SubscriptionSource,
        open_view: OpenView,
        open_projection: OpenProjection,
        codec: EventCodec,
    ) -> None:
        self._projections: Mapping[str, type[Projection]] = {each.name: each for each in projections}
        self._source = source
        self._open_view = open_view
        self._open_projection = open_projection
        self._codec = codec
        self._owner = owner_name()
        self._poison = Poison()

    async def holding(self, choice: ParkedChoice) -> Sequence[str]:
        """Return the names of the projections that have parked what is chosen.

        Raises:
            DatabaseError: the database failed.
        """
        return [name for name in sorted(self._projections) if await self._read(replace(choice, subscription=name))]

    async def retry(self, choice: ParkedChoice) -> Sequence[RetriedKey]:
        """Apply the chosen parked events again.

        Returns:
            What came of each key, by projection and by the position of its first parked event.

        Raises:
            ConfigurationError: the application has no such projection, or the view is of another version than its code.
            LeaseLostError: somebody else took the projection over meanwhile; the keys before are done.
            DatabaseError: the database failed; the keys before are done.
        """
        return await self._retry_all(choice, skip=False)

    async def skip(self, choice: ParkedChoice, *, by: str) -> Sequence[RetriedKey]:
        """Leave the first parked event of a key out of the view for good, and apply those that wait behind it.

        The view is not the fold of the log any more; who did it, and when, is written to the log file.

        Args:
            choice: the key, and the projection if several have parked it.
            by: who does it.

        Returns:
            What came of the key; nothing if nothing of it is parked.

        Raises:
            ConfigurationError: no key is chosen, or events of several tenants or projections; and as `retry`.
            LeaseLostError: somebody else took the projection over meanwhile; nothing was changed.
            DatabaseError: the database failed; nothing was changed.
        """
        found = {(each.subscription, each.tenant) for each in await self._read(choice)}
        if choice.key is None or len(found) > 1:
            message = "it is not clear whose event is to be skipped"
            raise ConfigurationError(message, hint="Name the key, the projection and the tenant.")
        skipped = await self._retry_all(choice, skip=True)
        for each in skipped:
            where = (each.subscription, each.skipped, each.tenant, each.key, by)
            _logger.warning("projection %s: event %s of tenant %r, key %r was skipped by %s", *where)
        return skipped

    async def _retry_all(self, choice: ParkedChoice, *, skip: bool) -> Sequence[RetriedKey]:
        if choice.subscription is not None and choice.subscription not in self._projections:
            message = f"the application has no projection {choice.subscription!r}"
            raise ConfigurationError(message, hint=f"It has: {', '.join(sorted(self._projections)) or 'none'}.")
        retried: list[RetriedKey] = []
        for name, projection in sorted(self._projections.items()):
            # Looked at first, so that nobody is disturbed where nothing is parked.
            chosen = replace(choice, subscription=name)
            if choice.subscription in (None, name) and await self._read(chosen):
                retried += await self._retry(projection, chosen, skip=skip)
        return retried

    async def _retry(self, projection: type[Projection], choice: ParkedChoice, *, skip: bool) -> Sequence[RetriedKey]:
        retried: list[RetriedKey] = []
        failed: set[str] = set()
        for held in await self._shares(projection):
            # Looked at first, so that no owner is disturbed of whose share nothing is parked.
            if await self._read(choice, held.share):
                retried += await self._retry_share(projection, held, choice, failed, skip=skip)
        return retried

    async def _retry_share(
        self, projection: type[Projection], held: HeldShare, choice: ParkedChoice, failed: set[str], *, skip: bool
    ) -> Sequence[RetriedKey]:
        share = held.share
        lease = await self._take_over(share)
        try:
            checkpoint = await self._source.checkpoints.read_share(share)
            if checkpoint is None:
                raise _lost(share)
            move = CheckpointMove(share, projection.version, lease.token, checkpoint.position, checkpoint.position)
            # Read only now: under this lease no former owner parks anything any more.
            by_key: dict[tuple[str, str], list[ParkedEvent]] = {}
            for event in await self._read(choice, share):
                by_key.setdefault((event.tenant, event.key), []).append(event)
            retried: list[RetriedKey] = []
            for events in by_key.values():
                alike = fingerprint(events[0])
                if alike in failed:
                    retried.append(_held_back(events))
                    continue
                await self._renew(lease)
                retried.append(await self._retry_key(projection, events, move, held.role, skip=skip))
                if retried[-1].position == events[0].position:
                    failed.add(alike)
            return retried
        finally:
            await shielded(self._source.leases.release(lease))

    async def _shares(self, projection: type[Projection]) -> Sequence[HeldShare]:
        """Return the shares of the generations that have the projection's version."""
        there = [
            each for each in (await self._source.shares.survey()).shares if each.share.subscription == projection.name
        ]
        live = next((each for each in there if each.role is Role.LIVE), None)
        if live is None or live.version != projection.version:
            found = "not built" if live is None else f"of version {live.version}"
            message = f"view {projection.name!r} is {found}, and the code is of version {projection.version}"
            raise ConfigurationError(message, hint="Run the application: it builds the view anew, with nothing parked.")
        return [each for each in there if each.version == projection.version]

    async def _retry_key(
        self,
        projection: type[Projection],
        parked: Sequence[ParkedEvent],
        move: CheckpointMove,
        role: Role,
        *,
        skip: bool,
    ) -> RetriedKey:
        recorded = [await self._recorded(event) for event in parked]
        attempt = RetryAttempt(parked, len(parked), int(skip))
        while (failed := await self._try(projection, attempt, recorded, move, role)) is not None:
            # The event that failed may have written in part: those before it are applied anew without it.
            attempt = failed
            await asyncio.sleep(attempt.pause)
        first, left = parked[0], len(parked) - attempt.most
        result = RetriedKey(projection.name, first.tenant, first.key, attempt.most - attempt.skipped, left)
        if skip:
            result = replace(result, skipped=first.position)
        if attempt.failure is None:
            return result
        return replace(result, position=parked[attempt.most].position, error=attempt.failure.error)

    async def _try(
        self,
        projection: type[Projection],
        attempt: RetryAttempt,
        recorded: Sequence[RecordedEvent],
        move: CheckpointMove,
        role: Role,
    ) -> RetryAttempt | None:
        """Apply and commit an attempt; return the next one, with fewer events, if an event failed."""
        session = self._open_view(projection, move.share, role)
        applied = attempt.skipped
        try:
            async with self._open_projection(projection, session) as instance:
                handling = Handling(instance)
                for event in recorded[attempt.skipped : attempt.most]:
                    await handling.each(self._codec.decode_all(event), event)
                    await session.flush()  # so that an error is that of this event
                    applied += 1
            await session.commit(move, attempt.still_parked(), unparked=attempt.unparked())
        except Exception as error:
            if is_transient(error) or attempt.most <= attempt.skipped:
                raise
            tries = attempt.tries_of(applied)
            pause = self._poison.pause(error, tries)
            if pause is not None:
                return replace(attempt, tries=tries + 1, at=applied, pause=pause)
            return replace(attempt, pause=0.0, most=min(applied, attempt.most - 1), failure=Failure.of(error))
        finally:
            await shielded(session.close())
        return None

    async def _recorded(self, parked: ParkedEvent) -> RecordedEvent:
        page = await self._source.store.read_all(after=parked.position - 1, limit=1)
        if not page.events or page.events[0].position != parked.position:
            message = f"the log has no event at position {parked.position}"
            raise DatabaseError(message, hint="The log is not the one in which it was parked.")
        return page.events[0]

    async def _read(self, choice: ParkedChoice, share: Share | None = None) -> Sequence[ParkedEvent]:
        parked = await self._source.parking.read(
            choice.subscription,
            tenant=choice.tenant,
            key=choice.key,
            generation=None if share is None else share.generation,
            limit=None,
        )
        return [each for each in parked if share is None or share.buckets.hold(each.tenant, each.key)]

    async def _take_over(self, share: Share) -> Lease:
        lease = await self._source.leases.acquire(share, self._owner, seconds=_LEASE_SECONDS, take_over=True)
        if lease is None:
            raise _lost(share)
        return lease

    async def _renew(self, lease: Lease) -> None:
        if not await self._source.leases.renew([lease], seconds=_LEASE_SECONDS):
            raise _lost(lease.share)


def _held_back(parked: Sequence[ParkedEvent]) -> RetriedKey:
    first = parked[0]
    return RetriedKey(
        first.subscription,
        first.tenant,
        first.key,
        0,
        len(parked),
        position=first.position,
        error=first.error,
        held_back=True,
    )


def _lost(share: Share) -> LeaseLostError:
    message = f"somebody else took {share} over while its parked events were retried"
    return LeaseLostError(message, hint="Retry again; what was applied is done.")
