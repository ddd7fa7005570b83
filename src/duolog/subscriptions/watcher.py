"""Whoever wants to know what happens to the shares of this process."""

from typing import Protocol

from duolog.subscriptions.share import Share


class Watcher(Protocol):
    """Is told by runners what they do; it must neither wait nor fail."""

    def moved(self, share: Share, position: int) -> None:
        """A share of this process has moved.

        Args:
            share: the share.
            position: it has applied everything that it wants up to there; its checkpoint follows later where there was
                nothing to apply.
        """
        ...

    def processed(self, share: Share, events: int) -> None:
        """So many events of a share were applied or parked, and are committed."""
        ...

    def taken(self, share: Share) -> None:
        """This process has got the lease on a share."""
        ...

    def given_up(self, share: Share, *, lost: bool) -> None:
        """This process does not hold a share any more; with ``lost``, because somebody else does."""
        ...
