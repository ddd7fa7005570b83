"""Runs the reactors and process managers of one process."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

from duolog.errors import ConfigurationError
from duolog.process_managers.page_processor import ReactionPorts, ReactorPageProcessor
from duolog.process_managers.process_manager import Reactor
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Following
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.status import SubscriptionStatus
from duolog.subscriptions.supervisor import Subscription, SubscriptionSupervisor

VERSION = 1
"""Of every reactor's checkpoint: what they did is never done again, so that no release makes a checkpoint anew."""


class ReactorRuntime:
    """Works on reactors and process managers, beside other processes that do: each is one share.

    Args:
        reactors: their classes.
        ports: what they need.
        source: the log, and the records of those who follow it.
        progress: the board on which waiting is done.
        only: names of those that this process works on; None for all. Of the others it only notes where they begin.
    """

    def __init__(
        self,
        reactors: Sequence[type[Reactor]],
        ports: ReactionPorts,
        *,
        source: SubscriptionSource,
        progress: Progress,
        only: Collection[str] | None = None,
    ) -> None:
        self._subscriptions = [_subscription(ReactorPageProcessor(reactor, ports)) for reactor in reactors]
        # With a name of its own: a member says at once everything that it works on.
        self._chosen = [each for each in self._subscriptions if only is None or each.name in only]
        self._supervisor = SubscriptionSupervisor(self._chosen, source=source, progress=progress, owner=owner_name())

    async def create(self) -> None:
        """Make missing checkpoints, before any event of this process is recorded; `start` does it as well.

        Raises:
            DatabaseError: the database failed.
        """
        for subscription in self._subscriptions:
            await subscription.prepare()

    async def start(self) -> None:
        """Start; returns when every one runs, waits for its owner, or has failed once.

        Raises:
            DatabaseError: the database failed.
        """
        await self.create()
        try:
            if self._chosen:
                await self._supervisor.start()
        except asyncio.CancelledError:
            await self.stop(seconds=0)
            raise

    async def stop(self, *, seconds: float) -> None:
        """Stop all: running pages end, leases are released. May be called twice, and without `start`.

        Args:
            seconds: after so long running pages are rolled back instead.
        """
        await self._supervisor.stop(seconds=seconds)

    def statuses(self) -> tuple[SubscriptionStatus, ...]:
        """Return what each reactor and process manager that this process works on is doing here."""
        return self._supervisor.statuses()


def _subscription(processor: ReactorPageProcessor) -> Subscription:
    def follow(share: Share) -> Following:
        return Following(share, VERSION, processor.filter, processor)

    return Subscription(processor.name, VERSION, processor.create, follow)


def check_names(reactors: Sequence[type[Reactor]], others: Sequence[str]) -> None:
    """Refuse two subscriptions of one name.

    Args:
        reactors: reactors and process managers.
        others: names of projections.

    Raises:
        ConfigurationError: two share a name, which stands for one checkpoint.
    """
    counts = Counter([*(reactor.name for reactor in reactors), *others])
    doubled = [reactor.name for reactor in reactors if counts[reactor.name] > 1]
    if doubled:
        message = f"two subscriptions share the name {doubled[0]!r}"
        raise ConfigurationError(message, hint="A name stands for one checkpoint; give each its own.")
