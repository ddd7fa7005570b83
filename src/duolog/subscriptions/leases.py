"""The right to advance a subscription: one owner at a time, fenced by a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """One owner's right to advance a subscription.

    Attributes:
        subscription: its name.
        owner: who holds it.
        token: grows with every new owner; a former owner's token makes its writes fail.
        expires_at: microseconds since 1970, by the database's clock.
    """

    subscription: str
    owner: str
    token: int
    expires_at: int


class Leases(Protocol):
    """Gives out leases, by the database's clock."""

    async def acquire(self, subscription: str, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        """Take or renew the lease on a subscription.

        Args:
            subscription: its name.
            owner: who asks; the holder of an unexpired lease renews it and keeps its token.
            seconds: how long it is to last from now.
            take_over: take it from whoever holds it, with a greater token; the former owner's next commit or renewal
                fails, and it starts again from what is stored.

        Returns:
            The lease, or None while another owner holds it (never with ``take_over``).
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back, so that the next owner need not wait; does nothing if it is not held any more."""
        ...

    async def read_all(self) -> Sequence[Lease]:
        """Return all leases, by subscription."""
        ...
