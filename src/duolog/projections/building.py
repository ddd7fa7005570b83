"""Building one generation of a projection's view in this process, beside others that help."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from duolog.dispatch.shield import shielded
from duolog.errors import DatabaseError, GenerationGoneError, PoisonEventError
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.subscriptions.members import Work
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Pace, ShareRunner
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare
from duolog.subscriptions.source import SubscriptionSource

BULK: Final = Pace(batch=5_000)
"""Large pages: nobody waits for a generation that no query reads."""

_LOOK_SECONDS: Final = 0.2
_RATE_SECONDS: Final = 10.0
_logger: Final = logging.getLogger("duolog.projections")


@dataclass(frozen=True, slots=True)
class Built:
    """How far a generation is.

    Attributes:
        generation: its number.
        position: the mean position of its shares, by how many buckets they have.
        head: the log's last position.
        rate: positions a second, of late.
        seconds_left: about how long until it is there, at this rate; None if nothing moves.
        owners: who advances its shares.
    """

    generation: int
    position: int
    head: int
    rate: float
    seconds_left: float | None
    owners: tuple[str, ...]

    @property
    def percent(self) -> float:
        """How much of the log is behind it."""
        return 100.0 if self.head == 0 else min(100.0, 100 * self.position / self.head)


Show = Callable[[Built], object]


class GenerationBuilder:
    """Advances the shares of one generation with bulk pages, of those that nobody else advances.

    Used as ``async with``; at its end the leases are given back, and what is built stays, so that another one goes on
    from there. It counts as a member of those who work on the view, so that processes which run the projection leave
    the generation to it and help only with what is above its part.

    Args:
        projection: the projection's class.
        number: the generation's number.
        shares: makes what applies pages.
        source: the log, and the records of those who follow it.
        owner: a name unlike any other's.
        strict: stop at the first event that cannot be applied.
        pace: times and sizes.
    """

    def __init__(
        self,
        projection: type[Projection],
        number: int,
        shares: ProjectionShares,
        source: SubscriptionSource,
        *,
        owner: str,
        strict: bool = False,
        pace: Pace = BULK,
    ) -> None:
        self._projection = projection
        self._number = number
        self._follow = shares.subscription(projection).follow
        self._source = source
        self._owner = owner
        self._strict = strict
        self._pace = pace
        self._progress = Progress(source.checkpoints)
        self._runners: dict[Share, ShareRunner] = {}
        self._beating: asyncio.Task[None] | None = None
        self._seen: list[tuple[float, int]] = []

    async def __aenter__(self) -> Self:
        """Say that it is there, and begin to keep its leases."""
        await self._beat()
        self._beating = asyncio.create_task(self._keep_beating(), name=f"builder of {self._projection.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let running pages end, and give everything back."""
        await shielded(self._leave())

    async def until_near(self, distance: int, show: Show) -> None:
        """Advance until no share is further behind the log's end than a distance.

        Args:
            distance: in positions; with 0, behind the end as it is now.
            show: called with how far it is, a few times a second.

        Raises:
            GenerationGoneError: the generation was dropped.
            PoisonEventError: an event cannot be applied, and it is strict.
            DatabaseError: the database failed.
        """
        head = await self._source.store.head()
        while True:
            shares = await self.advance()
            if self._strict:
                await self._check_nothing_parked()
            positions = [each.position for each in shares]
            head = max(head, await self._source.store.head()) if distance else head
            show(self._built(shares, head))
            if min(positions) >= head - distance:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def advance(self) -> Sequence[HeldShare]:
        """Take what is free of the generation, and return its shares as they were before.

        Raises:
            GenerationGoneError: the generation was dropped.
        """
        there = (await self._source.shares.survey()).shares
        own = [each for each in there if each.share.key[:2] == (self._projection.name, self._number)]
        if not own:
            raise GenerationGoneError(view=self._projection.name, generation=self._number)
        for each in own:
            if each.owner in (None, self._owner):
                await self._take(each.share)
        return own

    async def let_go(self) -> None:
        """Give the leases back, when the running pages have ended; `advance` takes them again."""
        await asyncio.gather(*(runner.stop(seconds=self._pace.lease) for runner in self._runners.values()))
        self._runners.clear()

    async def _take(self, share: Share) -> None:
        runner = self._runners.get(share)
        if runner is None:
            runner = self._runners[share] = ShareRunner(
                self._follow(share),
                source=self._source,
                progress=self._progress,
                owner=self._owner,
                pace=self._pace,
                ended=_nothing,
            )
        if runner.lease is None and not runner.rests_for:
            await runner.take()

    async def _check_nothing_parked(self) -> None:
        parked = await self._source.parking.read(self._projection.name, generation=self._number, limit=1)
        if parked:
            first = parked[0]
            raise PoisonEventError(
                view=self._projection.name, position=first.position, type=first.type, error=first.error
            )

    def _built(self, shares: Sequence[HeldShare], head: int) -> Built:
        width = sum(len(each.share.buckets.numbers) for each in shares)
        position = sum(each.position * len(each.share.buckets.numbers) for each in shares) // width
        now = time.monotonic()
        self._seen = [*(each for each in self._seen if now - each[0] < _RATE_SECONDS), (now, position)]
        (since, before), seconds = self._seen[0], now - self._seen[0][0]
        rate = (position - before) / seconds if since < now else 0.0
        left = max(0, head - position) / rate if rate > 0 else None
        owners = tuple(sorted({each.owner for each in shares if each.owner is not None}))
        return Built(self._number, position, head, rate, left, owners)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._pace.lease / 3)
            try:
                await self._beat()
            except DatabaseError as error:  # two more attempts fit into the leases' time
                _logger.debug("leases were not renewed: %s", error.message)

    async def _beat(self) -> None:
        held = {lease: runner for runner in self._runners.values() if (lease := runner.lease) is not None}
        if held:
            renewed = {each.share: each for each in await self._source.leases.renew([*held], seconds=self._pace.lease)}
            for lease, runner in held.items():
                if runner.lease is lease:
                    runner.renewed(renewed.get(lease.share))
        work = [Work(self._projection.name, self._projection.version)]
        await self._source.members.beat(self._owner, work, seconds=self._pace.lease)

    async def _leave(self) -> None:
        try:
            await self.let_go()
        finally:
            if self._beating is not None:
                self._beating.cancel()
                await asyncio.wait({self._beating})
            await self._source.members.leave(self._owner)


def _nothing() -> None:
    """Do nothing: `advance` looks by itself."""
