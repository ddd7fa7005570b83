"""Runs the reactors and process managers of one process."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from duolog.errors import ConfigurationError
from duolog.process_managers.page_processor import ReactionPorts, ReactorPageProcessor
from duolog.process_managers.process_manager import Reactor
from duolog.subscriptions.leases import Leases
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Subscription, SubscriptionRunner
from duolog.subscriptions.status import SubscriptionStatus

VERSION = 1
"""Of every reactor's checkpoint: what they did is never done again, so that no release makes a checkpoint anew."""


class ReactorRuntime:
    """One runner for each reactor and process manager; they share nothing, so that one's trouble stops no other.

    Args:
        reactors: their classes.
        ports: what they need.
        leases: who may advance them.
        progress: the board on which waiting is done.
        owner: name of this process.
    """

    def __init__(
        self,
        reactors: Sequence[type[Reactor]],
        ports: ReactionPorts,
        *,
        leases: Leases,
        progress: Progress,
        owner: str,
    ) -> None:
        self._processors = [ReactorPageProcessor(reactor, ports) for reactor in reactors]
        self._runners = [
            SubscriptionRunner(
                Subscription(reactor.name, VERSION, processor.filter),
                processor,
                store=ports.store,
                leases=leases,
                progress=progress,
                owner=owner,
            )
            for reactor, processor in zip(reactors, self._processors, strict=True)
        ]

    async def create(self) -> None:
        """Make missing checkpoints, before any event of this process is recorded; `start` does it as well.

        Raises:
            DatabaseError: the database failed.
        """
        for processor in self._processors:
            await processor.create()

    async def start(self) -> None:
        """Start; returns when every one runs, waits for its owner, or has failed once.

        Raises:
            DatabaseError: the database failed.
        """
        await self.create()
        try:
            await asyncio.gather(*(runner.start() for runner in self._runners))
        except asyncio.CancelledError:
            await self.stop(seconds=0)
            raise

    async def stop(self, *, seconds: float) -> None:
        """Stop all: running pages end, leases are released. May be called twice, and without `start`.

        Args:
            seconds: after so long running pages are rolled back instead.
        """
        await asyncio.gather(*(runner.stop(seconds=seconds) for runner in self._runners))

    def statuses(self) -> tuple[SubscriptionStatus, ...]:
        """Return what each runner of this process is doing."""
        return tuple(runner.status for runner in self._runners)


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
