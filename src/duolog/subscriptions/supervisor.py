"""Working on subscriptions beside other processes: who is there, which shares are one's own, keeping their leases."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from duolog.errors import DatabaseError
from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.balance import part_of
from duolog.subscriptions.failure import error_text
from duolog.subscriptions.generations import Role
from duolog.subscriptions.members import Work
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import RELEASE_SECONDS, Following, Pace, ShareRunner
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import HeldShare, Survey
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.status import RunnerState, SubscriptionStatus

_logger: Final = logging.getLogger("duolog.subscriptions")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that a process works on: all generations of its code's version.

    Attributes:
        name: its name.
        version: the code's version.
        prepare: creates its first generation where there is none.
        follow: says what is done with a share of it.
    """

    name: str
    version: int
    prepare: Callable[[], Awaitable[object]]
    follow: Callable[[Share], Following]

    @property
    def work(self) -> Work:
        """What other members see of it."""
        return Work(self.name, self.version)


class SubscriptionSupervisor:
    """Takes a fair part of the shares of some subscriptions, renews their leases, and gives up what others lack.

    It never ends by itself: whatever fails is logged, and tried again. All leases of a process are renewed in one
    statement at each heartbeat, a third of the lease's time; at a tenth to a fifth of it who is there and what is free
    is looked at, so that a dead owner's shares are taken within 1.2 leases.

    Args:
        subscriptions: what it works on.
        source: the log, and the records of those who follow it.
        progress: the board on which queries of this process wait.
        owner: name of this process, unlike any other's.
        pace: times and sizes.
        beside: what its process writes by itself, for others to see: inline views.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        source: SubscriptionSource,
        progress: Progress,
        owner: str,
        pace: Pace | None = None,
        beside: Collection[Work] = (),
    ) -> None:
        self._subscriptions = tuple(subscriptions)
        self._work = [*(subscription.work for subscription in subscriptions), *beside]
        self._source = source
        self._progress = progress
        self._owner = owner
        self._pace = pace or Pace()
        self._backoff = Backoff(first=self._pace.first_pause, last=self._pace.last_pause)
        self._runners: dict[Share, ShareRunner] = {}
        self._error = ""
        self._paused: frozenset[str] = frozenset()
        self._roles: dict[Share, Role] = {}
        self._next_beat = 0.0
        self._due = asyncio.Event()
        self._tried = asyncio.Event()
        self._is_stopped = True
        self._task: asyncio.Task[None] | None = None

    def statuses(self) -> tuple[SubscriptionStatus, ...]:
        """Return what each subscription is doing in this process, in their order."""
        return tuple(self._status(subscription) for subscription in self._subscriptions)

    async def start(self) -> None:
        """Start; returns when every share that it could take follows the log or has failed for the first time."""
        self._is_stopped = False
        self._task = asyncio.create_task(self._run(), name=f"subscriptions of {self._owner}")
        await self._tried.wait()

    async def stop(self, *, seconds: float) -> None:
        """Stop: let running pages end, release the leases, and leave. May be called twice, and without `start`.

        Args:
            seconds: after so long running pages are rolled back instead.
        """
        self._is_stopped = True
        task, self._task = self._task, None
        if task is not None:
            self._due.set()
            try:
                # A lease that is being taken now would be nobody's until it expires.
                await asyncio.wait({task}, timeout=min(seconds, RELEASE_SECONDS))
            finally:
                task.cancel()
            await asyncio.wait({task})
        await asyncio.gather(*(runner.stop(seconds=seconds) for runner in self._runners.values()))
        if task is not None and self._work:
            try:
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._source.members.leave(self._owner)
            except Exception as error:  # its heartbeat ends by itself
                _logger.debug("%s has not left", self._owner, exc_info=error)

    async def _run(self) -> None:
        while self._work and not self._is_stopped:
            self._due.clear()
            try:
                await self._look()
            except Exception as error:  # a supervisor that dies silently would stop all views for good
                if not self._error:
                    _logger.warning("subscriptions could not be looked at; it goes on trying", exc_info=error)
                self._error = error_text(error)
                pause = self._backoff.pause()
            else:
                self._error = ""
                self._backoff.reset()
                rests = [rest for runner in self._runners.values() if (rest := runner.rests_for)]
                until = self._pace.lease * random.uniform(0.1, 0.2)  # noqa: S311 - jitter keeps no secret
                pause = min([until, *rests])
            self._tried.set()
            await self._pause(pause)
        self._tried.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._due.wait()
                if not self._is_stopped:
                    await asyncio.sleep(self._pace.first_pause)  # a share was given up: others first

    async def _look(self) -> None:
        await self._beat()
        survey = await self._source.shares.survey()
        known = {each.share.subscription for each in survey.shares}
        missing = [each for each in self._subscriptions if each.name not in known]
        if missing:
            for subscription in missing:
                await self._prepare(subscription)
            survey = await self._source.shares.survey()
        self._paused = frozenset(await self._source.pauses.read())
        by_name = _by_name(survey)
        taken: list[ShareRunner] = []
        for subscription in self._subscriptions:
            shares = by_name.get(subscription.name, ())
            live = [each for each in shares if each.role is Role.LIVE and each.version == subscription.version]
            self._progress.laid_out(subscription.name, [each.share for each in live])
            taken += await self._divide(subscription, shares, survey)
        self._tell_switches(survey)
        gone = self._runners.keys() - {each.share for each in survey.shares}
        for share in gone:
            if self._runners[share].lease is None:
                del self._runners[share]
        if not self._tried.is_set():
            await asyncio.gather(*(runner.tried() for runner in taken))

    def _tell_switches(self, survey: Survey) -> None:
        """Log which of the generations that this process advances have another role now, which took their leases."""
        roles = {each.share: each.role for each in survey.shares if each.share in self._runners}
        switched = {
            (share.subscription, share.generation, role)
            for share, role in roles.items()
            if self._roles.get(share, role) is not role
        }
        for name, generation, role in sorted(switched, key=str):
            _logger.info("view %s was switched: generation %d is %s now", name, generation, role.value)
        self._roles = roles

    async def _prepare(self, subscription: Subscription) -> None:
        try:
            await subscription.prepare()
        except Exception as error:  # one that cannot be made must not stop the others
            _logger.warning("subscription %s cannot be prepared", subscription.name, exc_info=error)

    async def _divide(
        self, subscription: Subscription, shares: Sequence[HeldShare], survey: Survey
    ) -> Sequence[ShareRunner]:
        members = survey.members.get(subscription.work, ())
        own = [each for each in shares if each.version == subscription.version]
        if not own:
            return ()
        if subscription.name in self._paused:
            for share_runner in self._runners.values():
                if share_runner.share.subscription == subscription.name:
                    share_runner.leave()
            return ()
        part = part_of(self._owner, own, members)
        for share in part.release:
            if (runner := self._runners.get(share)) is not None:
                runner.leave()
        taken: list[ShareRunner] = []
        for share in part.take:
            if len(taken) >= part.most:
                break
            runner = self._runners.get(share) or self._make(subscription, share)
            if runner.lease is None and not runner.rests_for and await runner.take():
                taken.append(runner)
        return taken

    def _make(self, subscription: Subscription, share: Share) -> ShareRunner:
        runner = self._runners[share] = ShareRunner(
            subscription.follow(share),
            source=self._source,
            progress=self._progress,
            owner=self._owner,
            pace=self._pace,
            ended=self._due.set,
        )
        return runner

    async def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._next_beat:
            return
        held = {lease: runner for runner in self._runners.values() if (lease := runner.lease) is not None}
        try:
            if held:
                renewed = {
                    each.share: each for each in await self._source.leases.renew([*held], seconds=self._pace.lease)
                }
                for lease, runner in held.items():
                    if runner.lease is lease:
                        runner.renewed(renewed.get(lease.share))
            await self._source.members.beat(self._owner, self._work, seconds=self._pace.lease)
        except DatabaseError as error:
            # Two more attempts fit into the leases' time; and a lease that was lost shows at the next commit.
            _logger.debug("leases were not renewed: %s", error.message)
            return
        self._next_beat = now + self._pace.lease / 3

    def _status(self, subscription: Subscription) -> SubscriptionStatus:
        shares = [
            runner.status
            for share, runner in sorted(self._runners.items())
            if share.subscription == subscription.name
            and (runner.lease is not None or runner.rests_for or runner.status.error or self._is_stopped)
        ]
        states = {each.state for each in shares}
        state = RunnerState.STOPPED if self._is_stopped else RunnerState.WAITING
        if not self._is_stopped:
            for each in (RunnerState.RUNNING, RunnerState.BACKING_OFF):
                state = each if each in states else state
            if self._error and not states:
                state = RunnerState.BACKING_OFF
        if state is RunnerState.WAITING and subscription.name in self._paused:
            state = RunnerState.PAUSED
        running = [each.position for each in shares if each.state is RunnerState.RUNNING]
        error = next((each.error for each in shares if each.error), self._error)
        positions = running or [each.position for each in shares]
        return SubscriptionStatus(
            subscription.name, subscription.version, self._owner, state, min(positions, default=0), error, tuple(shares)
        )


def _by_name(survey: Survey) -> Mapping[str, Sequence[HeldShare]]:
    by_name: dict[str, list[HeldShare]] = {}
    for each in survey.shares:
        by_name.setdefault(each.share.subscription, []).append(each)
    return by_name
