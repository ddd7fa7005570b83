"""Advancing one share: follow the log, apply, move the checkpoint, for as long as the lease on it is held."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from duolog.errors import DatabaseError, LeaseLostError, UnknownEventError
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.failure import error_text
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.page_processor import PageProcessor
from duolog.subscriptions.page_size import PageSize
from duolog.subscriptions.prefetch import prefetched
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.status import RunnerState, ShareStatus

RELEASE_SECONDS: Final = 1.0
_logger: Final = logging.getLogger("duolog.subscriptions")


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a runner, in seconds, and the size of its pages.

    Attributes:
        lease: how long a lease lasts; it is renewed at a third of that. A dead owner's work resumes within 1.2 leases.
        idle: how long the checkpoint may stay behind where nothing wanted came; a busy log of unwanted events costs
            one write in that time.
        first_pause: pause after the first failure.
        last_pause: longest pause between failures.
        batch: so many events are read at a time; a page has 8 times as many at most, see `PageSize`.
    """

    lease: float = 5.0
    idle: float = 0.05
    first_pause: float = 0.05
    last_pause: float = 5.0
    batch: int = 500


def _nothing(_: Sequence[RecordedEvent]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Following:
    """What is done with a share.

    Attributes:
        share: the share.
        version: version of the code.
        filter: which events it wants.
        processor: applies the pages.
        foresee: called with events whose page comes soon, while another one is applied.
        pages: where its pages come from, after the stored position, if not from the log; each of them is applied, also
            one without events, and one that goes back.
    """

    share: Share
    version: int
    filter: EventFilter
    processor: PageProcessor
    foresee: Callable[[Sequence[RecordedEvent]], None] = _nothing
    pages: Callable[[int], AsyncGenerator[EventPage, None]] | None = None


class ShareRunner:
    """Advances one share from when its lease was taken until it is lost, given up, or something fails.

    Whatever fails is logged once per run of failures; the lease is released, and the share rests for a growing pause,
    in which another process may succeed. A former owner does no harm: its lease's token makes its commits fail.

    Args:
        following: what is done.
        source: the log, and leases.
        progress: the board on which queries of this process wait.
        owner: name of this process.
        pace: times and sizes.
        ended: called when the share is not held any more.
    """

    def __init__(
        self,
        following: Following,
        *,
        source: SubscriptionSource,
        progress: Progress,
        owner: str,
        pace: Pace,
        ended: Callable[[], object],
    ) -> None:
        self._following = following
        self._source = source
        self._progress = progress
        self._owner = owner
        self._pace = pace
        self._ended = ended
        self._size = PageSize(pace.batch)
        self._backoff = Backoff(first=pace.first_pause, last=pace.last_pause)
        self._state = RunnerState.WAITING
        self._error = ""
        self._failing = False
        self._rests_until = 0.0
        self._position = 0  # where the checkpoint is
        self._through = 0  # up to where nothing more is wanted
        self._page = asyncio.Lock()  # held while the checkpoint moves
        self._advance_due = asyncio.Event()
        self._tried = asyncio.Event()
        self._stopping = asyncio.Event()
        self._lost = asyncio.Event()
        self._lease: Lease | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def share(self) -> Share:
        """The share."""
        return self._following.share

    @property
    def status(self) -> ShareStatus:
        """What it is doing."""
        return ShareStatus(self.share, self._state, self._through, self._error)

    @property
    def lease(self) -> Lease | None:
        """The lease that it holds, and is to be renewed."""
        return self._lease

    @property
    def rests_for(self) -> float:
        """For how long the share is not to be taken again, in seconds: it failed lately; 0 if it may be."""
        return max(0.0, self._rests_until - asyncio.get_running_loop().time())

    @property
    def is_leaving(self) -> bool:
        """Whether it gives the share up as soon as its page has ended."""
        return self._lease is not None and self._stopping.is_set()

    async def take(self) -> bool:
        """Take the share if nobody holds it, and advance it from now on; tell whether it was got.

        Raises:
            DatabaseError: the database failed.
        """
        lease = await self._source.leases.acquire(self.share, self._owner, seconds=self._pace.lease)
        if lease is None:
            return False
        self._lease = lease
        self._progress.taken(self.share)
        self._stopping.clear()
        self._lost.clear()
        self._tried.clear()
        self._task = asyncio.create_task(self._run(lease), name=f"subscription {self.share}")
        return True

    def renewed(self, lease: Lease | None) -> None:
        """Note that the lease was renewed; with None, that it is lost."""
        if lease is None:
            self._lost.set()
        else:
            self._lease = lease
            if self._state is RunnerState.RUNNING:
                self._recovered()

    def leave(self) -> None:
        """Give the share up as soon as its running page has ended."""
        self._stopping.set()

    async def tried(self) -> None:
        """Wait until it follows the log, or has failed."""
        if self._task is not None:
            await self._tried.wait()

    async def stop(self, *, seconds: float) -> None:
        """Give the share up: let the running page end, release the lease. May be called twice.

        Args:
            seconds: after so long the running page is rolled back instead.
        """
        self.leave()
        task = self._task
        if task is not None:
            try:
                await asyncio.wait({task}, timeout=seconds)
            finally:
                task.cancel()
            _, running = await asyncio.wait({task}, timeout=2 * RELEASE_SECONDS)
            if running:
                _logger.error("subscription %s does not stop; it is left alone", self.share)
        self._state = RunnerState.STOPPED

    async def _run(self, lease: Lease) -> None:
        self._state = RunnerState.WAITING
        try:
            await self._own(lease)
        except LeaseLostError as error:  # no failure: so it goes with every switch and division, too
            _logger.info("subscription %s: %s", self.share, error.message)
            self._rest(None, RunnerState.WAITING)
        except UnknownEventError as error:
            if not self._failing:
                _logger.warning("subscription %s: %s", self.share, error.message)
            self._failing = True
            self._rest(error, RunnerState.WAITING)
        except Exception as error:  # a runner that dies silently would stop its view for good
            if not self._failing:
                _logger.warning("subscription %s failed; it goes on trying", self.share, exc_info=error)
            self._failing = True
            self._rest(error, RunnerState.BACKING_OFF)
        else:
            self._state = RunnerState.WAITING
        finally:
            self._tried.set()
            await self._release(lease)  # whatever ended it: another process may succeed where this one fails
            self._lease = None
            self._ended()

    async def _own(self, lease: Lease) -> None:
        work = [asyncio.create_task(part) for part in (self._follow(lease), self._advance(lease))]
        ends = [asyncio.create_task(event.wait()) for event in (self._stopping, self._lost)]
        tasks = {*work, *ends}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set() and not self._lost.is_set():
                async with self._page:  # the running page ends first
                    pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            errors = [error for task in work if not task.cancelled() and (error := task.exception()) is not None]
            lost = self._lost.is_set() or any(isinstance(error, LeaseLostError) for error in errors)
            self._progress.disowned(self.share, lost=lost)
        if errors:
            raise errors[0]
        if self._lost.is_set():
            message = f"another owner, or a switch or division of the view, has taken {self.share}"
            raise LeaseLostError(message)
        if not self._stopping.is_set():
            message = "following the log ended by itself"
            raise DatabaseError(message)

    async def _follow(self, lease: Lease) -> None:
        self._position = self._through = await self._following.processor.begin(lease)
        self._progress.moved(self.share, self._position)
        self._state = RunnerState.RUNNING
        self._tried.set()
        async with contextlib.aclosing(self._pages()) as pages:
            async for page in pages:
                await self._take(page, lease)
                if self._stopping.is_set():
                    return

    def _pages(self) -> AsyncGenerator[EventPage, None]:
        following = self._following
        if following.pages is not None:
            return following.pages(self._position)
        log = self._source.store.subscribe(after=self._position, batch=self._pace.batch, filter=following.filter)
        return prefetched(log, self._size, following.foresee)

    async def _take(self, page: EventPage, lease: Lease) -> None:
        if page.events or self._following.pages is not None:
            async with self._page:
                begun = time.monotonic()
                await self._apply(page, lease)
                self._size.took(len(page.events), time.monotonic() - begun)
        elif page.through > self._through:
            # The view is already what it will be at that position, so queries of this process need not wait.
            self._through = page.through
            self._progress.moved(self.share, page.through)
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
        move = CheckpointMove(self.share, self._following.version, lease.token, self._position, page.through)
        await self._following.processor.apply(page, move.over(page.events))
        self._progress.processed(self.share, len(page.events))
        self._position = page.through
        self._through = page.through if self._following.pages is not None else max(self._through, page.through)
        self._progress.moved(self.share, self._through)
        self._recovered()

    def _recovered(self) -> None:
        if self._failing:
            _logger.info("subscription %s works again", self.share)
        self._failing = False
        self._error = ""
        self._backoff.reset()

    def _rest(self, error: Exception | None, state: RunnerState) -> None:
        self._state = state
        self._error = "" if error is None else error_text(error)
        self._rests_until = asyncio.get_running_loop().time() + self._backoff.pause()

    async def _release(self, lease: Lease) -> None:
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._source.leases.release(lease)
        except Exception as error:  # it expires by itself
            _logger.debug("subscription %s: the lease was not released", self.share, exc_info=error)
