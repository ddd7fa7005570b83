"""The port of what a subscription does with a page of the log: project it, react to it, relay it."""

from typing import Protocol

from duolog.eventstore.port import EventPage
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.leases import Lease


class PageProcessor(Protocol):
    """Applies pages for the one owner of a subscription. Calls never overlap, and any of them may be cancelled."""

    async def begin(self, lease: Lease) -> int:
        """Get ready as the owner; called whenever the lease was taken, and again after every failure.

        Args:
            lease: the right to advance the subscription.

        Returns:
            The stored position after which to go on.

        Raises:
            LeaseLostError: this release may not advance the subscription any more.
        """
        ...

    async def apply(self, page: EventPage, move: CheckpointMove) -> None:
        """Apply a page and move the checkpoint, so that the two never disagree whatever fails.

        An event that cannot be applied is parked, with the later ones of its key. Whatever is raised makes the runner
        pause, call `begin` again and go on from the stored checkpoint.

        Args:
            page: the next stretch of the log; without events only the checkpoint is to be moved.
            move: from where the checkpoint is to the end of the page. It may be made in several steps.

        Raises:
            LeaseLostError: somebody else advances the subscription.
            DatabaseError: the database failed, so nothing can be said about the events.
        """
        ...
