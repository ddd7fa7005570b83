"""The right to advance a share: one owner at a time, fenced by a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from duolog.subscriptions.share import Share


@dataclass(frozen=True, slots=True)
class Lease:
    """One owner's right to advance a share.

    Attributes:
        share: the share.
        owner: who holds it.
        token: grows with every new owner; a former owner's token makes its writes fail.
        expires_at: microseconds since 1970, by the database's clock.
    """

    share: Share
    owner: str
    token: int
    expires_at: int

    @property
    def subscription(self) -> str:
        """The subscription's name."""
        return self.share.subscription


class Leases(Protocol):
    """Gives out leases, by the database's clock. A lease is on a share's first bucket, wherever the share ends."""

    async def acquire(self, share: Share, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a share.

        Args:
            share: the share.
            owner: who asks; the holder of an unexpired lease renews it and keeps its token.
            seconds: how long it is to last from now.
            take_over: take it from whoever holds it, with a greater token; the former owner's next commit or renewal
                fails, and it starts again from what is stored.

        Returns:
            The lease, or None while another owner holds it (never with ``take_over``).
        """
        ...

    async def renew(self, leases: Sequence[Lease], *, seconds: float) -> Sequence[Lease]:
        """Renew leases, all of them in one statement.

        Args:
            leases: what their holder believes to hold.
            seconds: how long they are to last from now.

        Returns:
            Those that it still holds, with their new time; one that has expired, or is somebody else's, is left out.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back, so that the next owner need not wait; does nothing if it is not held any more."""
        ...

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by share; also those that have expired and that nobody has taken since."""
        ...
