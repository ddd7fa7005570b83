"""Members: the processes that work on subscriptions, so that each can see how much of the work is its own."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class Work:
    """What a member works on: every generation of a subscription that has its code's version.

    Attributes:
        subscription: the subscription's name.
        version: the code's version.
    """

    subscription: str
    version: int


class Members(Protocol):
    """Says who is there, by the database's clock."""

    async def beat(self, owner: str, work: Collection[Work], *, seconds: float) -> None:
        """Say that a process is there; in one statement.

        Args:
            owner: its name, as in its leases.
            work: what it works on; what is left out, it works on no more.
            seconds: for how long, from now, if it is not heard of again.
        """
        ...

    async def leave(self, owner: str) -> None:
        """Say that a process goes; does nothing if it is not there."""
        ...
