"""The loop that advances one subscription: take the lease, follow the log, apply, move the checkpoint."""

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass
from typing import Final

from duolog.errors import DatabaseError, LeaseLostError
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventPage, EventStore
from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.failure import error_text
from duolog.subscriptions.leases import Lease, Leases
from duolog.subscriptions.page_processor import PageProcessor
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import RunnerState, SubscriptionStatus

_RELEASE_SECONDS: Final = 1.0
_logger: Final = logging.getLogger("duolog.subscriptions")


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is to be followed, and by which code.

    Attributes:
        share: whose checkpoint and lease it has.
        version: version of the code.
        filter: which events it wants.
    """

    share: Share
    version: int
    filter: EventFilter


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a runner, in seconds, and the size of its pages.

    Attributes:
        lease: how long a lease lasts; it is renewed at a third of that. A dead owner's work resumes within 1.2 leases.
        idle: how long the checkpoint may stay behind where nothing wanted came; a busy log of unwanted events costs
            one write in that time.
        first_pause: pause after the first failure.
        last_pause: longest pause between failures.
        batch: at most so many events a page.
    """

    lease: float = 5.0
    idle: float = 0.05
    first_pause: float = 0.05
    last_pause: float = 5.0
    batch: int = 500


class SubscriptionRunner:
    """Advances one subscription for as long as it is the owner, and asks to become the owner for as long as it is not.

    It never ends by itself: whatever fails is logged once per run of failures, and tried again from the stored
    checkpoint after a growing pause. A former owner does no harm, since its lease's token makes its commits fail.

    Args:
        subscription: what is followed.
        processor: applies the pages.
        store: the log.
        leases: who may advance it.
        progress: the board on which queries of this process wait.
        owner: name of this runner, unlike any other's.
        pace: times and sizes.
    """

    def __init__(
        self,
        subscription: Subscription,
        processor: PageProcessor,
        *,
        store: EventStore,
        leases: Leases,
        progress: Progress,
        owner: str,
        pace: Pace | None = None,
    ) -> None:
        self._subscription = subscription
        self._processor = processor
        self._store = store
        self._leases = leases
        self._progress = progress
        self._owner = owner
        self._pace = pace or Pace()
        self._backoff = Backoff(first=self._pace.first_pause, last=self._pace.last_pause)
        self._state = RunnerState.STOPPED
        self._error = ""
        self._failing = False
        self._position = 0  # where the checkpoint is
        self._through = 0  # up to where nothing more is wanted
        self._page = asyncio.Lock()  # held while the checkpoint moves
        self._advance_due = asyncio.Event()
        self._tried = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> SubscriptionStatus:
        """What it is doing."""
        name, version = self._subscription.share.subscription, self._subscription.version
        return SubscriptionStatus(name, version, self._owner, self._state, self._through, self._error)

    async def start(self) -> None:
        """Start; returns when it follows the log, waits for another owner, or has failed for the first time."""
        self._state = RunnerState.WAITING
        self._task = asyncio.create_task(self._run(), name=f"subscription {self._subscription.share}")
        await self._tried.wait()

    async def stop(self, *, seconds: float) -> None:
        """Stop: let the running page end, release the lease. May be called twice.

        Args:
            seconds: after so long the running page is rolled back instead.
        """
        self._stopping.set()
        task = self._task
        if task is None:
            return
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            task.cancel()
        _, running = await asyncio.wait({task}, timeout=2 * _RELEASE_SECONDS)
        if running:
            _logger.error("subscription %s does not stop; it is left alone", self._subscription.share)

    async def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    await self._attempt()
                except LeaseLostError as error:
                    _logger.info("subscription %s: %s", self._subscription.share, error.message)
                    await self._pause_after(error, RunnerState.WAITING)
                except Exception as error:  # a runner that dies silently would stop its view for good
                    if not self._failing:
                        name = self._subscription.share
                        _logger.warning("subscription %s failed; it goes on trying", name, exc_info=error)
                    self._failing = True
                    await self._pause_after(error, RunnerState.BACKING_OFF)
        finally:
            self._state = RunnerState.STOPPED
            self._tried.set()

    async def _attempt(self) -> None:
        lease = await self._acquire()
        if lease is None:
            self._state = RunnerState.WAITING
            self._forget_failures()
            self._tried.set()
            await self._pause(self._pace.lease * random.uniform(0.1, 0.2))  # noqa: S311 - jitter keeps no secret
            return
        try:
            await self._own(lease)
        finally:
            await self._release(lease)  # whatever ended it: another process may succeed where this one fails

    async def _own(self, lease: Lease) -> None:
        work = [asyncio.create_task(part) for part in (self._follow(lease), self._renew(lease), self._advance(lease))]
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = {*work, stopping}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                async with self._page:  # the running page ends first
                    pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._progress.disowned(self._subscription.share)
        errors = [error for task in work if not task.cancelled() and (error := task.exception()) is not None]
        if errors:
            raise errors[0]
        if not self._stopping.is_set():
            message = "following the log ended by itself"
            raise DatabaseError(message)

    async def _follow(self, lease: Lease) -> None:
        self._position = self._through = await self._processor.begin(lease)
        self._progress.moved(self._subscription.share, self._position)
        self._state = RunnerState.RUNNING
        self._tried.set()
        pages = self._store.subscribe(after=self._position, batch=self._pace.batch, filter=self._subscription.filter)
        async with contextlib.aclosing(pages):
            async for page in pages:
                await self._take(page, lease)
                if self._stopping.is_set():
                    return

    async def _take(self, page: EventPage, lease: Lease) -> None:
        if page.events:
            async with self._page:
                await self._apply(page, lease)
        elif page.through > self._through:
            # The view is already what it will be at that position, so queries of this process need not wait.
            self._through = page.through
            self._progress.moved(self._subscription.share, page.through)
            self._advance_due.set()

    async def _advance(self, lease: Lease) -> None:
        while True:
            await self._advance_due.wait()
            self._advance_due.clear()
            await asyncio.sleep(self._pace.idle)
            async with self._page:
                if self._through > self._position:
                    await self._apply(EventPage((), self._through), lease)

    async def _apply(self, page: EventPage, lease: Lease) -> None:
        share, version = self._subscription.share, self._subscription.version
        move = CheckpointMove(share, version, lease.token, self._position, page.through)
        await self._processor.apply(page, move.over(page.events))
        self._position = page.through
        self._through = max(self._through, page.through)
        self._progress.moved(self._subscription.share, self._through)
        self._recovered()

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._pace.lease / 3)
            try:
                renewed = await self._acquire()
            except DatabaseError as error:
                # Two more attempts fit into the lease's time; and a lease that was lost shows at the next commit.
                _logger.debug("subscription %s: the lease was not renewed: %s", self._subscription.share, error.message)
                continue
            if renewed is None or renewed.token != lease.token:
                message = f"another owner has taken {self._subscription.share} over"
                raise LeaseLostError(message)
            self._recovered()

    async def _acquire(self) -> Lease | None:
        return await self._leases.acquire(self._subscription.share, self._owner, seconds=self._pace.lease)

    async def _release(self, lease: Lease) -> None:
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._leases.release(lease)
        except Exception as error:  # it expires by itself
            _logger.debug("subscription %s: the lease was not released", self._subscription.share, exc_info=error)

    async def _pause_after(self, error: Exception, state: RunnerState) -> None:
        self._state = state
        self._error = error_text(error)
        self._tried.set()
        await self._pause(self._backoff.pause())

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _recovered(self) -> None:
        if self._failing:
            _logger.info("subscription %s works again", self._subscription.share)
        self._forget_failures()

    def _forget_failures(self) -> None:
        self._failing = False
        self._error = ""
        self._backoff.reset()
